package bulk

import (
	"fmt"
	"maps"
	"slices"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
)

// Old is an application of an earlier year, read with a model of today: columns
// that it does not know became questions of a model of their own, so that what
// cannot be taken over can be named.
type Old struct {
	Model   *forms.Model
	Answers forms.Answers
}

// Archived reads an application of an earlier year from the columns of the file
// it came in. What is not a header of the model is kept as text.
func Archived(m *forms.Model, columns map[string]string) Old {
	known, _ := names(m)
	raw := forms.Answers{}
	other := forms.Page{ID: "archive_columns"}
	extra := forms.Answers{}
	for _, header := range slices.Sorted(maps.Keys(columns)) {
		value := columns[header]
		if value == "" || ignored(header) {
			continue
		}
		if f := known[fold(unquoteFormula(header))]; f != nil {
			if v := cell(f, value); raw[f.ID] == "" {
				raw[f.ID] = v
			}
			continue
		}
		id := fmt.Sprintf("archive_column_%d", len(other.Fields))
		other.Fields = append(other.Fields, forms.Field{ID: id, Label: clickday.Text{IT: header, EN: header}, Type: forms.TypeText, MaxLength: maxCell})
		extra[id] = value
	}
	answers := m.Clean(raw)
	for _, f := range fieldsOf(m) {
		if raw[f.ID] == "" || answers[f.ID] != "" {
			continue
		}
		id := fmt.Sprintf("archive_column_%d", len(other.Fields)) // not asked with these answers
		other.Fields = append(other.Fields, forms.Field{ID: id, Label: f.Label, Type: forms.TypeText, MaxLength: maxCell})
		extra[id] = raw[f.ID]
	}
	maps.Copy(answers, extra)
	return Old{m.With(other), answers}
}

// Fits counts the columns that a model asks for: which model of today an
// application of a model that is gone is most like.
func Fits(m *forms.Model, columns map[string]string) int {
	known, _ := names(m)
	n := 0
	for header := range columns {
		if known[fold(unquoteFormula(header))] != nil {
			n++
		}
	}
	return n
}
