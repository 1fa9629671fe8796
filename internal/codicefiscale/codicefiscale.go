// Package codicefiscale reads, checks, computes and compares Italian tax codes
// (decree of 23 December 1976): the 16 characters of persons, omocodia
// included, the 11 digits of provisional codes, companies and VAT numbers.
// Whether a place code existed on the birth date is the caller's to check
// (package places).
package codicefiscale

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Length is the number of characters of a person's code.
const Length = 16

// Why a code was refused; compare with errors.Is.
var (
	ErrLength = errors.New("codicefiscale: want 16 characters")
	ErrFormat = errors.New("codicefiscale: letter or digit in the wrong place")
	ErrCheck  = errors.New("codicefiscale: check character does not match")
	ErrDate   = errors.New("codicefiscale: no such day of birth")
)

const (
	// months gives a letter to each month.
	months = "ABCDEHLMPRST"
	// omocodia gives the letter that stands for each digit where two people
	// would share a code.
	omocodia = "LMNPQRSTUV"
	letters  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// digitsAt are the seven places of digits; omocodia replaces them from the
// right.
var digitsAt = [...]int{6, 7, 9, 10, 12, 13, 14}

// Code is a person's code, taken apart. The zero value is no code.
type Code struct {
	text  string // as given, normalised
	plain string // 15 characters with digits for omocodia letters, no check character
}

// Normalize puts a code as people and certificates write it into its own form:
// upper case, no spaces, no "TINIT-" or "IT:" in front.
func Normalize(s string) string {
	s = strings.Map(upper, strings.Join(strings.Fields(s), ""))
	for {
		cut := strings.TrimPrefix(strings.TrimPrefix(s, "TINIT-"), "IT:")
		if cut == s {
			return s
		}
		s = cut
	}
}

// upper leaves letters other than a to z alone: none of them is in a code.
func upper(r rune) rune {
	if r >= 'a' && r <= 'z' {
		return r - 'a' + 'A'
	}
	return r
}

// Parse reads a normalised code of 16 characters: form, check character, day of
// birth. Errors are one of ErrLength, ErrFormat, ErrCheck and ErrDate.
func Parse(s string) (Code, error) {
	if n := utf8.RuneCountInString(s); n != Length {
		return Code{}, fmt.Errorf("%w, got %d", ErrLength, n)
	}
	if len(s) != Length {
		return Code{}, ErrFormat
	}
	plain, ok := withDigits(s[:Length-1])
	if !ok || strings.IndexByte(letters, s[Length-1]) < 0 || strings.IndexByte(months, plain[8]) < 0 {
		return Code{}, ErrFormat
	}
	if s[Length-1] != checkCharacter(s[:Length-1]) {
		return Code{}, ErrCheck
	}
	c := Code{text: s, plain: plain}
	if d := c.day(); d < 1 || d > daysIn(c.month(), c.year()) {
		return Code{}, ErrDate
	}
	return c, nil
}

// withDigits puts digits for the letters of omocodia into the first 15
// characters; false if a letter or digit stands in the wrong place.
func withDigits(s string) (string, bool) {
	b := []byte(s)
	for _, i := range digitsAt {
		if d := strings.IndexByte(omocodia, b[i]); d >= 0 {
			b[i] = '0' + byte(d)
		}
	}
	for i, c := range b {
		class := letters
		if wantsDigit(i) {
			class = "0123456789"
		}
		if strings.IndexByte(class, c) < 0 {
			return "", false
		}
	}
	return string(b), true
}

// String returns the code as it was given to Parse.
func (c Code) String() string { return c.text }

// Plain returns the code without omocodia: two codes of one person have the
// same plain form.
func (c Code) Plain() string {
	if c.plain == "" {
		return ""
	}
	return c.plain + string(checkCharacter(c.plain))
}

// Omocodia reports whether letters stand for digits, so that the code was given
// to tell two people apart.
func (c Code) Omocodia() bool { return c.text != c.Plain() }

// Sex is "M" or "F".
func (c Code) Sex() string {
	if c.plain[9] >= '4' {
		return "F"
	}
	return "M"
}

// BirthPlace is the code of the comune or state of birth, "H501".
func (c Code) BirthPlace() string { return c.plain[11:15] }

// Born reports whether the code is that of someone born on this day; the code
// holds the last two digits of the year alone.
func (c Code) Born(t time.Time) bool {
	y, m, d := t.Date()
	return c.year() == y%100 && c.month() == m && c.day() == d
}

func (c Code) year() int { return number(c.plain[6:8]) }

func (c Code) month() time.Month {
	return time.Month(strings.IndexByte(months, c.plain[8]) + 1)
}

// day is the day of the month, without the 40 that is added for women.
func (c Code) day() int {
	d := number(c.plain[9:11])
	if d > 40 {
		d -= 40
	}
	return d
}

func wantsDigit(i int) bool {
	for _, at := range digitsAt {
		if i == at {
			return true
		}
	}
	return false
}

func number(s string) int { return int(s[0]-'0')*10 + int(s[1]-'0') }

// daysIn takes the year without its century. 00 counts as a leap year, which
// 2000 was.
func daysIn(m time.Month, year int) int {
	return time.Date(2000+year, m+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// odd are the values of a character in an odd place (the first, third, …), by
// its digit or its letter's position.
var odd = [...]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}

// checkCharacter is the 16th character for 15 letters and digits.
func checkCharacter(s string) byte {
	sum := 0
	for i := range len(s) {
		v := int(s[i] - '0')
		if s[i] >= 'A' {
			v = int(s[i] - 'A')
		}
		if i%2 == 0 {
			v = odd[v]
		}
		sum += v
	}
	return 'A' + byte(sum%26)
}
