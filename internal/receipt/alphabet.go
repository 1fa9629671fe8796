package receipt

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/go-pdf/fpdf"
	"github.com/klauspost/compress/zlib"

	"puntuale/internal/fonts"
)

// A PDF font with one byte per character costs next to nothing to write, where
// the two-byte fonts of fpdf parse and cut the whole typeface anew for every
// document (about 5 ms each). So the letters of Italian have one alphabet per
// weight, cut and compressed once per process; what else a document needs is
// collected while it is set, cut once per set of letters, and kept for the next.

const (
	ascii       = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
	italian     = "ÀÈÉÌÒÙàèéìòù"
	punctuation = "‘’“”–—…·°ªº±€«»"

	firstCode = 32
	capacity  = 256 - firstCode
)

// typeface is one of the faces of package fonts.
type typeface uint8

const (
	regularFace typeface = iota
	semiBoldFace
	fallbackFace
	typefaces
)

var faces = sync.OnceValue(func() [typefaces]*fonts.Face {
	return [...]*fonts.Face{fonts.Regular(), fonts.SemiBold(), fonts.Fallback()}
})

// usual are the alphabets of Italian.
var usual = sync.OnceValue(func() [2]*alphabet {
	return [...]*alphabet{
		newAlphabet(fonts.Regular(), ascii+italian+punctuation),
		newAlphabet(fonts.SemiBold(), ascii+italian+punctuation),
	}
})

// alphabet is an 8-bit font: up to 224 letters of one face. It never changes.
type alphabet struct {
	family     string // its name within fpdf
	resource   string // its name on the pages, "/F" and 40 digits
	code       map[rune]uint8
	definition []byte // JSON, as fpdf wants it
	file       []byte // compressed TrueType
}

func newAlphabet(face *fonts.Face, letters string) *alphabet {
	a := &alphabet{code: map[rune]uint8{}}
	runes := []rune(letters)
	widths := make([]int, 256)
	for i, r := range runes {
		a.code[r] = uint8(firstCode + i)
		widths[firstCode+i] = face.Width(r)
	}
	differences := differences(runes)
	slices.Sort(runes)
	font := face.Subset(runes)
	a.file = compressFont(font)
	a.family = strings.ToLower(tag(font))
	a.definition = define(a.family, face, differences, widths, font)
	a.resource = resourceOf(a)
	return a
}

var resourcePattern = regexp.MustCompile(`/F[0-9a-f]{40}`)

// resourceOf asks fpdf for the name that it gives the font, which is a hash of
// the definition and the same in every document.
func resourceOf(a *alphabet) string {
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetCompression(false)
	pdf.AddFontFromBytes(a.family, "", a.definition, a.file)
	pdf.AddPage()
	pdf.SetFont(a.family, "", 10)
	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		panic(fmt.Sprintf("receipt: the PDF library refuses a font of ours: %v", err))
	}
	return resourcePattern.FindString(out.String())
}

// differences names the glyphs by code, from the first that is not where
// Windows Latin 1 has it, as all of ASCII is.
func differences(runes []rune) string {
	same := 0
	for same < len(ascii) && same < len(runes) && runes[same] == rune(ascii[same]) {
		same++
	}
	var names strings.Builder
	fmt.Fprint(&names, firstCode+same)
	for _, r := range runes[same:] {
		names.WriteString(" /" + fonts.GlyphName(r))
	}
	return names.String()
}

// define writes the font definition that fpdf reads.
func define(family string, face *fonts.Face, names string, widths []int, font []byte) []byte {
	desc := fpdf.FontDescType{Ascent: face.Ascent, Descent: face.Descent, CapHeight: face.CapHeight,
		Flags: fpdf.FontFlagNonsymbolic, StemV: 80, MissingWidth: face.Width(0)}
	box := &desc.FontBBox
	box.Xmin, box.Ymin, box.Xmax, box.Ymax = face.Box[0], face.Box[1], face.Box[2], face.Box[3]
	b, err := json.Marshal(map[string]any{
		"Tp": "TrueType", "Name": tag(font) + "+" + face.Name, "Desc": desc, "Cw": widths,
		"Diff": names, "File": family + ".z", "OriginalSize": len(font),
	})
	if err != nil {
		panic(fmt.Sprintf("receipt: numbers and strings do not marshal: %v", err))
	}
	return b
}

// tag returns the six letters that mark a subset font in a PDF.
func tag(font []byte) string {
	sum := sha256.Sum256(font)
	for i, b := range sum[:6] {
		sum[i] = 'A' + b%26
	}
	return string(sum[:6])
}

// keptAlphabets is how many sets of rare letters are remembered; each takes
// about 8 KiB, and names of one country share theirs.
const keptAlphabets = 2048

// rareAlphabets remembers the alphabets of rare letters.
var rareAlphabets = struct {
	sync.Mutex
	kept map[rareSet]*alphabet // guarded by the mutex
}{kept: map[rareSet]*alphabet{}}

type rareSet struct {
	face    typeface
	letters string // sorted
}

// rareAlphabet returns the alphabet of a set, cut now or before.
func rareAlphabet(s rareSet) *alphabet {
	r := &rareAlphabets
	r.Lock()
	a := r.kept[s]
	r.Unlock()
	if a != nil {
		return a
	}
	a = newAlphabet(faces()[s.face], s.letters)
	r.Lock()
	defer r.Unlock()
	if len(r.kept) >= keptAlphabets {
		clear(r.kept)
	}
	r.kept[s] = a
	return a
}

// compressFont takes its time, because an alphabet is kept for many documents.
func compressFont(b []byte) []byte {
	var out bytes.Buffer
	w, err := zlib.NewWriterLevel(&out, zlib.BestCompression)
	if err != nil {
		panic(fmt.Sprintf("receipt: the library has no best compression: %v", err))
	}
	w.Write(b) // a bytes.Buffer never fails
	w.Close()
	return out.Bytes()
}

// compressors are kept, because each holds close to a megabyte.
var compressors = sync.Pool{New: func() any { return zlib.NewWriter(nil) }}

func compress(b []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(b)/2 + 64)
	w := compressors.Get().(*zlib.Writer)
	defer compressors.Put(w)
	w.Reset(&out)
	w.Write(b) // a bytes.Buffer never fails
	w.Close()
	return out.Bytes()
}
