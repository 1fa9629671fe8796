package fonts_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"unicode"

	"puntuale/internal/fonts"
)

const titilliumCan = "ABCxyz 0123456789 àèéìòù ÀÈÉÌÒÙ ëË çÇ șȘțȚăĂâî ąćęłńóśźż šđčžğış “” ’ – …"
const onlyFallbackCan = "ếữạọ ʿʾ ḥṭṣ ā"

func TestCoverage(t *testing.T) {
	for _, face := range []*fonts.Face{fonts.Regular(), fonts.SemiBold(), fonts.Fallback()} {
		for _, r := range titilliumCan {
			if !face.Has(r) {
				t.Errorf("%s lacks %q", face.Name, r)
			}
		}
		if face.Has('中') || face.Has(0) {
			t.Errorf("%s claims what it cannot write", face.Name)
		}
	}
	for _, r := range onlyFallbackCan {
		if !fonts.Fallback().Has(r) {
			t.Errorf("fallback lacks %q", r)
		}
	}
}

// Every letter that a face claims to have can be seen.
func TestNoLetterIsInvisible(t *testing.T) {
	for _, face := range []*fonts.Face{fonts.Regular(), fonts.SemiBold(), fonts.Fallback()} {
		for r := rune(0x21); r < 0xFFFF; r++ {
			if face.Has(r) && face.Width(r) == 0 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
				t.Errorf("%s: %q (%U) has no width", face.Name, r, r)
			}
		}
	}
	if fonts.Regular().Has('Ţ') || !fonts.Fallback().Has('Ţ') {
		t.Error("Ţ is empty in Titillium Web, and must come from the fallback")
	}
}

func TestMetricsArePlausible(t *testing.T) {
	for _, face := range []*fonts.Face{fonts.Regular(), fonts.SemiBold(), fonts.Fallback()} {
		if face.Width('i') >= face.Width('m') || face.Width('m') < 500 || face.Width('m') > 1100 {
			t.Errorf("%s: i is %d, m is %d wide", face.Name, face.Width('i'), face.Width('m'))
		}
		if face.Width('0') != face.Width('7') {
			t.Errorf("%s: digits differ in width, columns of numbers will not align", face.Name)
		}
		if face.CapHeight < 600 || face.CapHeight > 800 || face.Ascent < face.CapHeight || face.Descent > -100 {
			t.Errorf("%s: capitals %d, ascent %d, descent %d", face.Name, face.CapHeight, face.Ascent, face.Descent)
		}
	}
}

// A subset is a font again, with the same widths, for its characters only.
func TestSubsetReadsBack(t *testing.T) {
	for _, face := range []*fonts.Face{fonts.Regular(), fonts.Fallback()} {
		runes := sorted("Agnès è “già” ţș ë\u00a0i")
		cut := face.Subset(runes)
		again, err := fonts.Parse("again", cut)
		if err != nil {
			t.Fatal(err)
		}
		for r := rune(1); r < 0xFFFF; r++ {
			want := slices.Contains(runes, r) && face.Has(r)
			if again.Has(r) != want {
				t.Fatalf("%s: subset has %q: %v, want %v", face.Name, r, again.Has(r), want)
			}
			if want && again.Width(r) != face.Width(r) {
				t.Errorf("%s: %q is %d wide, was %d", face.Name, r, again.Width(r), face.Width(r))
			}
		}
		if again.Box != face.Box || again.Ascent != face.Ascent {
			t.Errorf("%s: the metrics changed", face.Name)
		}
		if !bytes.Equal(cut, face.Subset(runes)) {
			t.Errorf("%s: two subsets of the same runes differ", face.Name)
		}
		if len(cut) > 8000 {
			t.Errorf("%s: %d bytes for %d characters", face.Name, len(cut), len(runes))
		}
		if twice := again.Subset(runes); !bytes.Equal(twice, cut) {
			t.Errorf("%s: the subset of a subset differs: %d bytes, %d", face.Name, len(twice), len(cut))
		}
	}
}

func TestParseRefusesWhatIsNoFont(t *testing.T) {
	whole := fonts.Regular().Subset(sorted("Abc"))
	for _, n := range []int{0, 3, 11, 40, 200, len(whole) / 2} {
		if _, err := fonts.Parse("cut", whole[:n]); !errors.Is(err, fonts.ErrFormat) {
			t.Errorf("first %d bytes: %v", n, err)
		}
	}
	collection := append([]byte("ttcf"), whole[4:]...)
	if _, err := fonts.Parse("collection", collection); !errors.Is(err, fonts.ErrFormat) {
		t.Errorf("collection: %v", err)
	}
}

func sorted(s string) []rune {
	runes := []rune(s)
	slices.Sort(runes)
	return slices.Compact(runes)
}
