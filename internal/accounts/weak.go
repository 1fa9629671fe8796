package accounts

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MinChosen is the shortest password that a person may choose, in characters.
const MinChosen = 12

// Weakness is why a password may not be chosen; empty for none.
type Weakness string

// The weaknesses. There are no rules about kinds of characters: they make
// passwords hard to remember and easy to guess.
const (
	TooShort Weakness = "short"
	TooLong  Weakness = "long"
	Common   Weakness = "common"   // a well-known one, or made of one well-known word
	Personal Weakness = "personal" // made of the person's own data
)

//go:embed common.txt
var commonFile string

// commonWords are what well-known passwords are made of, the longest first, so
// that "password" is found before "pass".
var commonWords = sync.OnceValue(func() []string {
	var out []string
	for line := range strings.Lines(commonFile) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return out
})

// Weak says what is wrong with a new password. own are words that its owner's
// acquaintances know: e-mail address, names, codice fiscale.
func Weak(password string, own ...string) Weakness {
	switch n := utf8.RuneCountInString(norm.NFC.String(password)); {
	case n < MinChosen:
		return TooShort
	case len(password) > maxPassword || !utf8.ValidString(password):
		return TooLong
	}
	plain := letters(password)
	if few(password) || run(strings.ToLower(password)) || run(plain) || oneWord(plain) {
		return Common
	}
	rest := strings.ToLower(password)
	for _, word := range personalWords(own) {
		rest = strings.ReplaceAll(rest, word, "")
	}
	if rest != strings.ToLower(password) && utf8.RuneCountInString(strings.TrimFunc(rest, notLetter)) < 4 {
		return Personal
	}
	return ""
}

func personalWords(own []string) []string {
	var out []string
	for _, o := range own {
		o = strings.ToLower(o)
		words := append(strings.FieldsFunc(o, notLetter), strings.FieldsFunc(o, func(r rune) bool { return r == '@' || r == ' ' })...)
		for _, w := range words {
			if utf8.RuneCountInString(w) >= 3 {
				out = append(out, w)
			}
		}
	}
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return out
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }

// few reports whether hardly any different characters are used.
func few(s string) bool {
	seen := map[rune]bool{}
	for _, r := range strings.ToLower(s) {
		seen[r] = true
	}
	return len(seen) < 5
}

// asLetter undoes what people write for letters.
var asLetter = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i", "€", "e")

// letters is the password with the usual disguises of letters taken off within
// words: digits and signs at the end stay what they are.
func letters(s string) string {
	s = strings.ToLower(s)
	end := len(strings.TrimRightFunc(s, notLetter))
	start := len(s) - len(strings.TrimLeftFunc(s, notLetter))
	if start >= end {
		return s
	}
	return s[:start] + asLetter.Replace(s[start:end]) + s[end:]
}

// rows are sequences that fingers or memory run along.
var rows = []string{"qwertyuiop", "asdfghjkl", "zxcvbnm", "qazwsxedcrfvtgbyhnujmikolp", "1qaz2wsx3edc4rfv5tgb6yhn", "abcdefghijklmnopqrstuvwxyz", "01234567890", "!\"£$%&/()="}

// run reports whether the password is made of a few pieces of such sequences.
func run(s string) bool {
	pieces := 0
	for s != "" {
		n := longestRun(s)
		if n < 3 {
			return false
		}
		s, pieces = s[n:], pieces+1
	}
	return pieces <= 5
}

func longestRun(s string) int {
	best := 0
	for _, row := range rows {
		for _, way := range []string{row, reversed(row)} {
			n := 0
			if at := strings.IndexByte(way, s[0]); at >= 0 {
				for n < len(s) && at+n < len(way) && s[n] == way[at+n] {
					n++
				}
			}
			best = max(best, n)
		}
	}
	return best
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// oneWord reports whether the password is one common word, however often, with
// digits and signs around.
func oneWord(s string) bool {
	found, rest := "", strings.TrimFunc(s, notLetter)
	if rest == "" {
		return len(s) < 16 // digits only: dates and telephone numbers
	}
	for rest != "" {
		word := leadingWord(rest)
		if word == "" || found != "" && word != found {
			return false
		}
		found, rest = word, strings.TrimLeftFunc(rest[len(word):], notLetter)
	}
	return true
}

func leadingWord(s string) string {
	for _, w := range commonWords() {
		if strings.HasPrefix(s, w) {
			return w
		}
	}
	return ""
}
