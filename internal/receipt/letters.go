package receipt

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"puntuale/internal/fonts"
)

// weight is how heavy a text is printed.
type weight int

const (
	normal weight = iota
	strong
)

// glyph is one letter of a shaped text.
type glyph struct {
	letter rune
	width  uint16 // thousandths of the font size
	face   typeface
	code   uint8 // in the usual alphabet of the face, 0 for a rare letter
}

// common finds the glyphs of the letters of Italian below U+0100 by weight.
var common = sync.OnceValue(func() *[2][256]glyph {
	var out [2][256]glyph
	for face := range out {
		for r, code := range usual()[face].code {
			if int(r) < len(out[face]) {
				out[face][r] = glyph{r, uint16(faces()[face].Width(r)), typeface(face), code}
			}
		}
	}
	return &out
})

// letters shapes the texts of one document and collects the rare letters.
type letters struct {
	arena []glyph
	rare  [typefaces]map[rune]bool
	extra [typefaces]map[rune]*alphabet // after cut
}

// shape turns a text into glyphs, which the caller must not change. A text that
// its typeface cannot write whole is set in the fallback whole, since mixed words
// look broken.
func (l *letters) shape(w weight, text string) []glyph {
	if glyphs, ok := l.shapeUsual(w, text); ok {
		return glyphs
	}
	text = writable(text)
	if glyphs, ok := l.shapeUsual(w, text); ok {
		return glyphs
	}
	return l.shapeRare(typeface(w), text)
}

// shapeUsual shapes a text that is writable and has only letters of the usual
// alphabet, as nearly all have.
func (l *letters) shapeUsual(w weight, text string) ([]glyph, bool) {
	if cap(l.arena)-len(l.arena) < len(text) {
		l.arena = make([]glyph, 0, max(8192, len(text)))
	}
	start, table := len(l.arena), &common()[w]
	space := text != "" // as if one stood before
	for _, r := range text {
		var g glyph
		if r >= 0 && int(r) < len(table) {
			g = table[r]
		} else if code, ok := usual()[w].code[r]; ok {
			g = glyph{r, uint16(faces()[w].Width(r)), typeface(w), code}
		}
		if g.code == 0 || r == ' ' && space {
			l.arena = l.arena[:start]
			return nil, false
		}
		space = r == ' '
		l.arena = append(l.arena, g)
	}
	if space {
		l.arena = l.arena[:start]
		return nil, false
	}
	return l.arena[start:len(l.arena):len(l.arena)], true
}

// shapeRare shapes a text with letters that are not common.
func (l *letters) shapeRare(face typeface, text string) []glyph {
	for _, r := range text {
		if !faces()[face].Has(r) {
			face = fallbackFace
			break
		}
	}
	out := make([]glyph, 0, len(text))
	for _, r := range text {
		g := glyph{letter: r, width: uint16(faces()[face].Width(r)), face: face}
		if face != fallbackFace {
			g.code = usual()[face].code[r]
		}
		if g.code == 0 {
			if l.rare[face] == nil {
				l.rare[face] = map[rune]bool{}
			}
			l.rare[face][r] = true
		}
		out = append(out, g)
	}
	return out
}

// cut gives the rare letters alphabets, and returns all alphabets of the document.
func (l *letters) cut() []*alphabet {
	base := usual()
	all := base[:]
	for face := range typefaces {
		l.extra[face] = map[rune]*alphabet{}
		runes := slices.Sorted(maps.Keys(l.rare[face]))
		for part := range slices.Chunk(runes, capacity) {
			a := rareAlphabet(rareSet{face, string(part)})
			all = append(all, a)
			for _, r := range part {
				l.extra[face][r] = a
			}
		}
	}
	return all
}

// place returns in which alphabet, and where in it, a glyph is.
func (l *letters) place(g glyph) (*alphabet, uint8) {
	if g.code != 0 {
		return usual()[g.face], g.code
	}
	a := l.extra[g.face][g.letter]
	return a, a.code[g.letter]
}

// fallbackScripts can be set letter by letter, left to right. Other scripts
// that DejaVu has need joining or run to the left.
var fallbackScripts = []*unicode.RangeTable{unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Common, unicode.Inherited}

// writable brings a text into the form that can be set: composed, one space
// between words, nothing invisible, and [U+4E2D] for what we have no letter for:
// a reader must see that something stands there, and what.
func writable(text string) string {
	text = norm.NFC.String(strings.Join(strings.Fields(text), " "))
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
