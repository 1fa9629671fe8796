package bulk

import (
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
)

// Read reads a file of applications of a model. It never fails: what is wrong
// stands in the table. Today is the date that answers are checked against, known
// the worker's passports that the applicant has applications for already.
func Read(m *forms.Model, raw []byte, today time.Time, known map[string]bool) *Table {
	t := &Table{Model: m}
	text, alphabet, wrong, ok := decode(raw)
	if !ok {
		t.Problems = []Problem{{Text: wrong}}
		return t
	}
	sep, rest := comma(text)
	t.Alphabet, t.Comma = alphabet, sep
	first := 0
	if len(rest) < len(text) {
		first = 1
	}
	lines, problem := records(rest, sep, first)
	if problem != nil {
		t.Problems = []Problem{*problem}
		return t
	}
	if len(lines) == 0 {
		t.Problems = []Problem{{Text: textEmpty}}
		return t
	}
	t.readHeader(lines[0])
	if t.Fatal() != nil {
		return t
	}
	if len(lines) == 1 {
		t.Problems = append(t.Problems, Problem{Text: textNoRows})
		return t
	}
	t.readRows(lines[1:], today)
	t.compare(known)
	return t
}

func (t *Table) readRows(lines []record, today time.Time) {
	t.Rows = make([]Row, 0, len(lines))
	for _, l := range lines {
		r := Row{Line: l.line, Cells: l.cells}
		if len(l.cells) > len(t.Header) && !blank(l.cells[len(t.Header):]) {
			r.Problems = append(r.Problems, Problem{Line: l.line, Text: textTooManyCells(len(l.cells), len(t.Header))})
		}
		t.fill(&r, today)
		t.Rows = append(t.Rows, r)
	}
}

// fill reads the cells of a row and checks the answers. What is missing makes
// the application one to complete; what is wrong makes the row a bad one.
func (t *Table) fill(r *Row, today time.Time) {
	raw := make(forms.Answers, len(t.columns))
	at := make(map[string]int, len(t.columns))
	for i, f := range t.columns {
		if f == nil || i >= len(r.Cells) {
			continue
		}
		at[f.ID] = i
		if v := cell(f, r.Cells[i]); v != "" {
			raw[f.ID] = v
		}
	}
	if len(raw) == 0 {
		r.Problems = append(r.Problems, Problem{Line: r.Line, Text: textEmptyRow})
		return
	}
	r.Answers = t.Model.Clean(raw)
	for i, f := range t.columns {
		if f != nil && raw[f.ID] != "" && r.Answers[f.ID] == "" {
			r.Problems = append(r.Problems, Problem{Line: r.Line, Column: t.Header[i], Value: shorten(r.Cells[i]), Text: textNotAsked, Notice: true})
		}
	}
	r.State = clickday.Ready
	for _, issue := range t.Model.Check(r.Answers, today) {
		if issue.Missing {
			r.State = clickday.ToComplete
			continue
		}
		p := Problem{Line: r.Line, Text: issue.Text}
		if i, ok := at[issue.Field]; ok {
			p.Column, p.Value = t.Header[i], shorten(r.Cells[i])
		}
		r.Problems = append(r.Problems, p)
	}
	if r.State == clickday.ToComplete {
		r.Problems = append(r.Problems, Problem{Line: r.Line, Text: textIncomplete, Notice: true})
	}
}

// compare finds rows that stand twice, and passports that do.
func (t *Table) compare(known map[string]bool) {
	rows := map[[32]byte]int{}
	passports := map[string]int{}
	column := ""
	if i := slices.IndexFunc(t.columns, func(f *forms.Field) bool { return f != nil && f.ID == forms.PassportField }); i >= 0 {
		column = t.Header[i]
	}
	for i := range t.Rows {
		r := &t.Rows[i]
		if len(r.Answers) == 0 {
			continue
		}
		sum := fingerprint(t.Model, r.Answers)
		if line, twice := rows[sum]; twice {
			r.Problems = append(r.Problems, Problem{Line: r.Line, Text: textSameRow(line)})
			continue
		}
		rows[sum] = r.Line
		passport := r.Answers[forms.PassportField]
		if passport == "" {
			continue
		}
		if line, twice := passports[passport]; twice {
			r.Problems = append(r.Problems, Problem{Line: r.Line, Column: column, Value: passport, Text: textSamePassport(line), Notice: true})
		} else if known[passport] {
			r.Problems = append(r.Problems, Problem{Line: r.Line, Column: column, Value: passport, Text: textKnownPassport, Notice: true})
		}
		passports[passport] = r.Line
	}
}

// fingerprint is the same for the same answers.
func fingerprint(m *forms.Model, a forms.Answers) [32]byte {
	var b strings.Builder
	for i := range m.Pages {
		for j := range m.Pages[i].Fields {
			b.WriteString(a[m.Pages[i].Fields[j].ID])
			b.WriteByte(0)
		}
	}
	return sha256.Sum256([]byte(b.String()))
}
