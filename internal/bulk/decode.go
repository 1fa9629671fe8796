package bulk

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"puntuale/internal/clickday"
)

// record is one line of a table with where it begins.
type record struct {
	line  int
	cells []string
}

// decode turns the bytes of a file into text. Spreadsheets in Italy write
// Windows-1252 unless told otherwise, or UTF-16 ("Unicode text").
func decode(raw []byte) (text, alphabet string, wrong clickday.Text, ok bool) {
	switch {
	case len(raw) > MaxBytes:
		return "", "", textTooLarge, false
	case len(bytes.TrimSpace(raw)) == 0:
		return "", "", textEmpty, false
	case bytes.HasPrefix(raw, []byte("PK\x03\x04")), bytes.HasPrefix(raw, []byte("\xd0\xcf\x11\xe0")):
		return "", "", textWorkbook, false
	case bytes.HasPrefix(raw, []byte("\xff\xfe")), bytes.HasPrefix(raw, []byte("\xfe\xff")):
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(raw)
		if err != nil {
			return "", "", textNoText, false
		}
		raw, alphabet = out, "UTF-16"
	default:
		raw, alphabet = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")), "UTF-8"
	}
	if bytes.IndexByte(raw, 0) >= 0 {
		return "", "", textNoText, false
	}
	if !utf8.Valid(raw) {
		out, err := charmap.Windows1252.NewDecoder().Bytes(raw)
		if err != nil {
			return "", "", textNoText, false
		}
		raw, alphabet = out, "Windows-1252"
	}
	return string(raw), alphabet, clickday.Text{}, true
}

// separators in the order of preference: the semicolon is what spreadsheets write
// where the comma is decimal.
var separators = []rune{';', '\t', ','}

// comma returns the separator of a text: the one that stands most often outside
// quotes in its first line that is not empty, where Excel's "sep=;" has the word.
func comma(text string) (rune, string) {
	first, rest, _ := strings.Cut(text, "\n")
	if v, ok := strings.CutPrefix(strings.TrimRight(first, "\r"), "sep="); ok && utf8.RuneCountInString(v) == 1 {
		r, _ := utf8.DecodeRuneInString(v)
		for _, s := range separators {
			if r == s {
				return r, rest
			}
		}
	}
	counts := map[rune]int{}
	quoted, begun := false, false
	for _, r := range text {
		switch {
		case r == '"':
			quoted = !quoted
		case quoted:
		case r == '\n' && begun:
			return most(counts), text
		case r == '\n', r == '\r', r == ' ':
			continue
		default:
			counts[r]++
		}
		begun = true
	}
	return most(counts), text
}

func most(counts map[rune]int) rune {
	best := separators[0]
	for _, s := range separators[1:] {
		if counts[s] > counts[best] {
			best = s
		}
	}
	return best
}

// records cuts a text into lines and cells. Empty lines are left out, and so are
// lines below the first whose first cell begins with "#": those are for people.
// A quote within a cell that has none around it is taken as it stands.
func records(text string, comma rune, first int) ([]record, *Problem) {
	out, problem, err := parse(text, comma, first, false)
	if errors.Is(err, csv.ErrBareQuote) {
		out, problem, err = parse(text, comma, first, true)
	}
	if err == nil {
		return out, problem
	}
	line := 0
	var at *csv.ParseError
	if errors.As(err, &at) {
		line = at.StartLine + first
	}
	return nil, &Problem{Line: line, Text: textQuotes}
}

func parse(text string, comma rune, first int, lazy bool) ([]record, *Problem, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = comma, lazy, -1
	var out []record
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil, nil
		}
		if err != nil {
			return nil, nil, err
		}
		line, _ := r.FieldPos(0)
		line += first
		if p := tooWide(cells, line, lazy); p != nil {
			return nil, p, nil
		}
		if blank(cells) || len(out) > 0 && strings.HasPrefix(strings.TrimSpace(cells[0]), "#") {
			continue
		}
		if len(out) > MaxRows {
			return nil, &Problem{Line: line, Text: textTooManyRows}, nil
		}
		out = append(out, record{line, cells})
	}
}

// tooWide finds what no table of ours has. Where quotes are taken as they stand,
// a line break within a cell means one that was never closed.
func tooWide(cells []string, line int, lazy bool) *Problem {
	if len(cells) > maxColumns {
		return &Problem{Line: line, Text: textTooManyColumns}
	}
	for _, c := range cells {
		if len(c) > maxCell {
			return &Problem{Line: line, Value: shorten(c), Text: textLongCell}
		}
		if lazy && strings.Contains(c, "\n") {
			return &Problem{Line: line, Value: shorten(c), Text: textQuotes}
		}
	}
	return nil
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// shorten keeps what is shown of a cell to a line.
func shorten(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}
