package receipt

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/go-pdf/fpdf"
	"golang.org/x/text/unicode/norm"

	"puntuale/internal/fonts"
)

// A PDF font with one byte per character costs next to nothing to write, where
// the two-byte fonts of fpdf parse and cut the whole typeface anew for every
// document (about 5 ms each). So the letters of Italian have one alphabet per
// weight, cut and compressed once per process; what else a document needs is
// collected in the first pass and cut for that document.

const (
	ascii       = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
	italian     = "ÀÈÉÌÒÙàèéìòù"
	punctuation = "‘’“”–—…·°ªº±€«»"

	firstCode = 32
	capacity  = 256 - firstCode
)

// weight is how heavy a text is printed.
type weight int

const (
	normal weight = iota
	strong
)

var usual = sync.OnceValue(func() [2]*alphabet {
	return [2]*alphabet{
		newAlphabet("n", fonts.Regular(), ascii+italian+punctuation),
		newAlphabet("s", fonts.SemiBold(), ascii+italian+punctuation),
	}
})

// alphabet is an 8-bit font: up to 224 letters of one face. It never changes.
type alphabet struct {
	family     string // its name within fpdf
	code       map[rune]byte
	definition []byte // JSON, as fpdf wants it
	file       []byte // compressed TrueType
}

func newAlphabet(family string, face *fonts.Face, letters string) *alphabet {
	a := &alphabet{family: family, code: map[rune]byte{}}
	runes := []rune(letters)
	widths := make([]int, 256)
	for i, r := range runes {
		a.code[r] = byte(firstCode + i)
		widths[firstCode+i] = face.Width(r)
	}
	differences := differences(runes)
	slices.Sort(runes)
	font := face.Subset(runes)
	a.file = compress(font)
	a.definition = define(family, face, differences, widths, font)
	return a
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

// compressors are kept, because each holds close to a megabyte.
var compressors = sync.Pool{New: func() any { return zlib.NewWriter(nil) }}

func compress(b []byte) []byte {
	var out bytes.Buffer
	w := compressors.Get().(*zlib.Writer)
	defer compressors.Put(w)
	w.Reset(&out)
	w.Write(b) // a bytes.Buffer never fails
	w.Close()
	return out.Bytes()
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

// glyph is one letter of a shaped text.
type glyph struct {
	letter   rune
	width    int       // thousandths of the font size
	alphabet *alphabet // nil in the first pass for rare letters
	code     byte
}

// letters shapes the texts of one document.
type letters struct {
	rare   map[*fonts.Face]map[rune]bool // collected in the first pass
	extra  map[*fonts.Face][]*alphabet   // their alphabets in the second
	shaped [2]map[string][]glyph         // by weight and text: each is shaped four times or more
}

func newLetters() *letters {
	l := &letters{rare: map[*fonts.Face]map[rune]bool{}}
	l.forget()
	return l
}

func (l *letters) forget() { l.shaped = [2]map[string][]glyph{{}, {}} }

// shape turns a text into glyphs, which the caller must not change.
func (l *letters) shape(w weight, text string) []glyph {
	glyphs, ok := l.shaped[w][text]
	if !ok {
		glyphs = l.set(w, writable(text))
		l.shaped[w][text] = glyphs
	}
	return glyphs
}

// set chooses the typeface of a text. One that its typeface cannot write whole
// is set in the fallback whole, since mixed words look broken.
func (l *letters) set(w weight, text string) []glyph {
	face, base := [2]*fonts.Face{fonts.Regular(), fonts.SemiBold()}[w], usual()[w]
	for _, r := range text {
		if !face.Has(r) {
			face, base = fonts.Fallback(), nil
			break
		}
	}
	out := make([]glyph, 0, len(text))
	for _, r := range text {
		out = append(out, l.glyph(face, base, r))
	}
	return out
}

func (l *letters) glyph(face *fonts.Face, base *alphabet, r rune) glyph {
	g := glyph{letter: r, width: face.Width(r)}
	if base != nil {
		if code, ok := base.code[r]; ok {
			g.alphabet, g.code = base, code
			return g
		}
	}
	for _, a := range l.extra[face] {
		if code, ok := a.code[r]; ok {
			g.alphabet, g.code = a, code
			return g
		}
	}
	if l.rare[face] == nil {
		l.rare[face] = map[rune]bool{}
	}
	l.rare[face][r] = true
	return g
}

// addTo ends the first pass: it cuts the alphabets of the rare letters and
// gives all alphabets to the document.
func (l *letters) addTo(pdf *fpdf.Fpdf) error {
	l.extra = map[*fonts.Face][]*alphabet{}
	base := usual()
	all := base[:]
	for i, face := range []*fonts.Face{fonts.Regular(), fonts.SemiBold(), fonts.Fallback()} {
		var runes []rune
		for r := range l.rare[face] {
			runes = append(runes, r)
		}
		slices.Sort(runes)
		for part := range slices.Chunk(runes, capacity) {
			a := newAlphabet(fmt.Sprintf("x%d-%d", i, len(l.extra[face])), face, string(part))
			l.extra[face] = append(l.extra[face], a)
			all = append(all, a)
		}
	}
	for _, a := range all {
		pdf.AddFontFromBytes(a.family, "", a.definition, a.file)
	}
	if err := pdf.Error(); err != nil {
		return fmt.Errorf("receipt: fonts: %w", err)
	}
	if len(l.rare) > 0 {
		l.forget() // those were shaped without an alphabet
	}
	return nil
}

// fallbackScripts can be set letter by letter, left to right. Other scripts
// that DejaVu has need joining or run to the left.
var fallbackScripts = []*unicode.RangeTable{unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Common, unicode.Inherited}

// writable brings a text into the form that can be set: composed, one space
// between words, nothing invisible, and [U+4E2D] for what we have no letter for:
// a reader must see that something stands there, and what.
func writable(text string) string {
	text = norm.NFC.String(strings.Join(strings.Fields(text), " "))
	plain := true
	for _, r := range text {
		plain = plain && r < 0x7F && r >= ' '
	}
	if plain {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Cf, r) || unicode.IsControl(r): // joiners, direction marks
		case fonts.Regular().Has(r) || fonts.Fallback().Has(r) && unicode.IsOneOf(fallbackScripts, r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "[U+%04X]", r)
		}
	}
	return b.String()
}
