package archive

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"puntuale/internal/places"
)

// Bounds of what is searched for: nobody reads further, and the server answers
// whatever is asked.
const (
	maxWords  = 8
	maxRunes  = 60 // of a word
	maxText   = 400
	maxPlaces = 4 // codes that a word stands for
)

// Clean takes out of a text what no input of ours holds, and what is too much.
func Clean(text string) string {
	text = strings.ToValidUTF8(text, "")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	return cut(text, maxText)
}

func cut(text string, runes int) string {
	n := 0
	for i := range text {
		if n == runes {
			return text[:i]
		}
		n++
	}
	return text
}

// WordsOf splits a text that somebody typed into the words of a Query. What
// names a state or a comune, stands for its code too: answers hold codes.
func WordsOf(text string) []string {
	words := PlainWords(text)
	if codes := codesOf(Clean(text)); len(words) > 1 && len(codes) > 0 { // "Costa d'Avorio", "San Marino"
		return []string{words[0] + "|" + strings.Join(codes, "|")}
	}
	for i, w := range words {
		if codes := codesOf(w); len(codes) > 0 {
			words[i] = w + "|" + strings.Join(codes, "|")
		}
	}
	return words
}

// PlainWords splits a text into its first words, each once.
func PlainWords(text string) []string {
	out := []string{}
	for _, w := range strings.FieldsFunc(Clean(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) }) {
		w = cut(w, maxRunes)
		if len(out) < maxWords && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

func codesOf(name string) []string {
	if utf8.RuneCountInString(name) < 4 {
		return nil
	}
	var out []string
	if s, ok := places.StateNamed(name); ok {
		out = append(out, s.Code)
	}
	for _, p := range places.Named(name) {
		if len(out) < maxPlaces && !slices.Contains(out, p.Code) {
			out = append(out, p.Code)
		}
	}
	return out
}
