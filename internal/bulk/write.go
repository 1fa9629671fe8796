package bulk

import (
	"bytes"
	"encoding/csv"
	"strings"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
)

// bom makes spreadsheets read UTF-8 as such.
const bom = "\ufeff"

// Exported is an application as it is exported.
type Exported struct {
	ID      clickday.ApplicationID
	State   string // in words
	Number  string // protocol number, or empty
	Answers forms.Answers
}

// table writes CSV as spreadsheets in Italy read it: UTF-8 with its mark,
// semicolons, CRLF; no cell is a formula.
func table(rows [][]string) []byte {
	var b bytes.Buffer
	b.WriteString(bom)
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = ';', true
	for _, r := range rows {
		safe := make([]string, len(r))
		for i, c := range r {
			safe[i] = quoteFormula(strings.ReplaceAll(c, "\x00", ""))
		}
		w.Write(safe) // a buffer takes everything
	}
	w.Flush()
	return b.Bytes()
}

// fieldsOf lists the fields of a model in the order in which they are asked.
func fieldsOf(m *forms.Model) []*forms.Field {
	var out []*forms.Field
	for i := range m.Pages {
		for j := range m.Pages[i].Fields {
			out = append(out, &m.Pages[i].Fields[j])
		}
	}
	return out
}

// Export writes applications of one model as a file that Read takes back.
func Export(m *forms.Model, list []Exported, lang string) []byte {
	fields := fieldsOf(m)
	_, ambiguous := names(m)
	head := []string{idHeader, stateHeader, numberHeader}
	for _, f := range fields {
		head = append(head, headerOf(f, lang, ambiguous))
	}
	rows := [][]string{head}
	for i := range list {
		e := &list[i]
		row := []string{e.ID.String(), e.State, e.Number}
		for _, f := range fields {
			row = append(row, shown(m, f, e.Answers[f.ID], lang))
		}
		rows = append(rows, row)
	}
	return table(rows)
}

// shown is an answer as a person reads it and Read takes it.
func shown(m *forms.Model, f *forms.Field, v, lang string) string {
	switch f.Type {
	case forms.TypeChoice, forms.TypeBoolean, forms.TypeState:
		if words := m.Show(f, v, lang); cell(f, words) == v || f.Type != forms.TypeChoice {
			return words
		}
		return v // the words would be read as another option
	}
	return m.Input(f, v)
}

// Template returns an empty file for a model: the questions, below them what is
// expected. The second line is for people and is not read.
func Template(m *forms.Model, lang string) []byte {
	_, ambiguous := names(m)
	var head, help []string
	for i, f := range fieldsOf(m) {
		head = append(head, headerOf(f, lang, ambiguous))
		hint := hintOf(m, f, lang)
		if i == 0 {
			hint = "# " + hint
		}
		help = append(help, hint)
	}
	return table([][]string{head, help})
}

// hintOf says what a column takes.
func hintOf(m *forms.Model, f *forms.Field, lang string) string {
	var parts []string
	switch {
	case f.Required && f.When == nil:
		parts = append(parts, hintRequired.In(lang))
	case f.When != nil:
		on, _ := m.Field(f.When.Field)
		var values []string
		for _, v := range f.When.In {
			values = append(values, m.Show(on, v, lang))
		}
		parts = append(parts, hintWhen(on.Label.In(lang), strings.Join(values, " / ")).In(lang))
	default:
		parts = append(parts, hintOptional.In(lang))
	}
	if hint, ok := typeHints[f.Type]; ok {
		parts = append(parts, hint.In(lang))
	}
	if f.Type == forms.TypeChoice {
		var options []string
		for i := range f.Options {
			options = append(options, f.Options[i].Label.In(lang))
		}
		parts = append(parts, strings.Join(options, " / "))
	}
	return strings.Join(append(parts, f.Help.In(lang)), " – ")
}

// Report returns the rows that were not taken, with a further column that says
// why: mended, that file can be sent by itself. What else is worth knowing stands
// in lines that begin with "#" and are not read.
func (t *Table) Report(lang string) []byte {
	rows := [][]string{append([]string{errorsHeader.In(lang)}, t.Header...)}
	for i := range t.Problems {
		rows = append(rows, []string{"# " + t.Problems[i].In(lang)})
	}
	for i := range t.Rows {
		r := &t.Rows[i]
		if !r.Good() {
			rows = append(rows, append([]string{words(r.Problems, lang)}, r.Cells...))
			continue
		}
		for j := range r.Problems {
			rows = append(rows, []string{reportNotice(r.Line, r.Problems[j].In(lang), lang)})
		}
	}
	return table(rows)
}

func words(list []Problem, lang string) string {
	var out []string
	for i := range list {
		out = append(out, list[i].In(lang))
	}
	return strings.Join(out, " | ")
}
