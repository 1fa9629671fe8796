package codicefiscale

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Person is what a code is made of.
type Person struct {
	Surname string
	Name    string // may be empty, for who has a single name
	Sex     string // "M" or "F"
	Birth   time.Time
	Place   string // code of the comune or foreign state of birth, "H501"
}

// Part is one part of a code that personal data can contradict.
type Part string

// The parts, in the order in which they stand in a code.
const (
	Surname   Part = "surname"
	Name      Part = "name"
	BirthDate Part = "birth_date"
	Sex       Part = "sex"
	Place     Part = "place"
)

// Compute returns the code of a person, without omocodia. It fails where sex,
// place or date are not of their form.
func Compute(p Person) (string, error) {
	if p.Sex != "M" && p.Sex != "F" {
		return "", fmt.Errorf("codicefiscale: sex %q: want M or F", p.Sex)
	}
	if !placeCode(p.Place) {
		return "", fmt.Errorf("codicefiscale: place %q: want a letter and three digits", p.Place)
	}
	if p.Birth.IsZero() {
		return "", errors.New("codicefiscale: no date of birth")
	}
	y, m, d := p.Birth.Date()
	if p.Sex == "F" {
		d += 40
	}
	s := surnameLetters(p.Surname) + nameLetters(p.Name) +
		fmt.Sprintf("%02d%c%02d", y%100, months[m-1], d) + p.Place
	return s + string(checkCharacter(s)), nil
}

// Compare returns the parts in which the code differs from a person's data, up
// to omocodia; none means that the code can be that person's.
func (c Code) Compare(p Person) []Part {
	var out []Part
	if c.plain[0:3] != surnameLetters(p.Surname) {
		out = append(out, Surname)
	}
	if c.plain[3:6] != nameLetters(p.Name) {
		out = append(out, Name)
	}
	if !c.Born(p.Birth) {
		out = append(out, BirthDate)
	}
	if c.Sex() != p.Sex {
		out = append(out, Sex)
	}
	if c.BirthPlace() != p.Place {
		out = append(out, Place)
	}
	return out
}

// Omocode returns the n-th variant (1 to 127) of a plain code, as the Revenue
// Agency gives them: the bits of n, lowest first, say which digits, from the
// right, become letters.
func Omocode(plain string, n int) (string, error) {
	c, err := Parse(plain)
	if err != nil {
		return "", err
	}
	if n < 1 || n > 127 {
		return "", fmt.Errorf("codicefiscale: variant %d: want 1 to 127", n)
	}
	b := []byte(c.plain)
	for bit := range len(digitsAt) {
		if n&(1<<bit) != 0 {
			at := digitsAt[len(digitsAt)-1-bit]
			b[at] = omocodia[b[at]-'0']
		}
	}
	return string(b) + string(checkCharacter(string(b))), nil
}

// surnameLetters takes consonants, then vowels, then X.
func surnameLetters(s string) string {
	consonants, vowels := split(s)
	return (consonants + vowels + "XXX")[:3]
}

// nameLetters does the same, but of four or more consonants leaves out the
// second.
func nameLetters(s string) string {
	consonants, vowels := split(s)
	if len(consonants) >= 4 {
		return consonants[:1] + consonants[2:4]
	}
	return (consonants + vowels + "XXX")[:3]
}

// split returns the consonants and the vowels of a name, in their order, as
// letters A to Z.
func split(s string) (consonants, vowels string) {
	var cs, vs strings.Builder
	for _, r := range fold(s) {
		switch {
		case strings.ContainsRune("AEIOU", r):
			vs.WriteRune(r)
		case r >= 'A' && r <= 'Z':
			cs.WriteRune(r)
		}
	}
	return cs.String(), vs.String()
}

// special are the Latin letters that do not come apart into a letter and marks.
var special = strings.NewReplacer(
	"Đ", "D", "Ð", "D", "Ø", "O", "Ł", "L", "Ħ", "H", "Ŧ", "T", "Þ", "TH",
	"ß", "SS", "ẞ", "SS", "Æ", "AE", "Œ", "OE", "ı", "I", "Ə", "E", "Ŋ", "N",
)

// fold writes a name in capital letters without accents.
func fold(s string) string {
	s = special.Replace(strings.ToUpper(s))
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s))
}

func placeCode(s string) bool {
	return len(s) == 4 && s[0] >= 'A' && s[0] <= 'Z' && isDigits(s[1:])
}
