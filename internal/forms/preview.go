package forms

import (
	"strings"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/places"
)

// Preview returns the answered questions page by page, in the words of lang
// ("en", else Italian), as they are shown and printed. Pages without an answer
// are left out.
func (m *Model) Preview(a Answers, lang string) []Section {
	var out []Section
	for i := range m.Pages {
		p := &m.Pages[i]
		var rows []Row
		for j := range p.Fields {
			f := &p.Fields[j]
			if v := a[f.ID]; v != "" && m.Asked(a, f) {
				rows = append(rows, Row{Label: f.Label.In(lang), Value: m.Show(f, v, lang)})
			}
		}
		if len(rows) > 0 {
			out = append(out, Section{Title: p.Title.In(lang), Rows: rows})
		}
	}
	return out
}

// SummaryOf returns what stands for employer and worker in lists.
func (m *Model) SummaryOf(a Answers) (employer, worker string) {
	return m.join(a, m.Summary.Employer), m.join(a, m.Summary.Worker)
}

func (m *Model) join(a Answers, ids []string) string {
	var parts []string
	for _, id := range ids {
		if f, ok := m.Field(id); ok && a[id] != "" && m.Asked(a, f) {
			parts = append(parts, a[id])
		}
	}
	return strings.Join(parts, " ")
}

var yesNo = map[string]clickday.Text{
	"yes": {IT: "Sì", EN: "Yes"},
	"no":  {IT: "No", EN: "No"},
}

// Show writes one canonical answer as a person reads it: "31/12/2026",
// "1.234,50 €", "Roma (RM)" (comune or province), the label of an option. A text that is not
// canonical is returned as it stands.
func (m *Model) Show(f *Field, value, lang string) string {
	switch f.Type {
	case TypeMoney:
		if _, err := cents(value); err == nil {
			return italianMoney(value) + " €"
		}
	case TypeBoolean:
		if t, ok := yesNo[value]; ok {
			return t.In(lang)
		}
	case TypeChoice:
		for i := range f.Options {
			if f.Options[i].Value == value {
				return f.Options[i].Label.In(lang)
			}
		}
	case TypeProvince:
		if p, ok := places.Province(value); ok {
			return p.Name + " (" + p.Code + ")"
		}
	case TypeState:
		if s, ok := places.State(value); ok {
			return s.NameIn(lang)
		}
	default:
		return m.Input(f, value)
	}
	return value
}

// Input writes one canonical answer as it stands in an input of a page, where
// Clean reads it back: "31/12/2026", "1.234,50", "Roma (RM)". Choices, yes/no
// and states keep their codes.
func (m *Model) Input(f *Field, value string) string {
	switch f.Type {
	case TypeDate:
		if t, err := time.Parse(time.DateOnly, value); err == nil {
			return t.Format("02/01/2006")
		}
	case TypeMoney:
		if _, err := cents(value); err == nil {
			return italianMoney(value)
		}
	case TypePlace:
		if p, ok := places.Comune(value); ok {
			return p.Label()
		}
	}
	return value
}

// italianMoney turns "1234.50" into "1.234,50".
func italianMoney(v string) string {
	whole, rest, _ := strings.Cut(v, ".")
	var b strings.Builder
	for i, r := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte('.')
		}
		b.WriteRune(r)
	}
	return b.String() + "," + rest
}
