package forms

import (
	"time"

	"puntuale/internal/codicefiscale"
	"puntuale/internal/places"
)

// ruleKind is one kind of rule over several fields: which types of fields it
// takes, whether it needs a value, and when it holds.
type ruleKind struct {
	types []FieldType
	value bool
	holds func(c *checker, r *Rule) bool
}

// ruleKinds are all the kinds that a model may use.
var ruleKinds = map[string]ruleKind{
	// The first date is not later than the second.
	"not_after": {types: []FieldType{TypeDate, TypeDate}, holds: func(c *checker, r *Rule) bool {
		return !c.date(r.Fields[0]).After(c.date(r.Fields[1]))
	}},
	// Value times the first amount is not more than the second.
	"part_at_most": {types: []FieldType{TypeMoney, TypeMoney}, value: true, holds: func(c *checker, r *Rule) bool {
		return r.Value*c.amount(r.Fields[0]) <= c.amount(r.Fields[1])
	}},
	// Whoever was born on this date is at least Value years old today.
	"age_at_least": {types: []FieldType{TypeDate}, value: true, holds: func(c *checker, r *Rule) bool {
		return !c.date(r.Fields[0]).AddDate(int(r.Value), 0, 0).After(c.today)
	}},
	// The answer is yes: a declaration without which there is no application.
	"must_be_yes": {types: []FieldType{TypeBoolean}, holds: func(c *checker, r *Rule) bool {
		return c.a[r.Fields[0]] == "yes"
	}},
	// The two tax codes differ.
	"not_the_same_person": {types: []FieldType{TypeTaxCode, TypeTaxCode}, holds: func(c *checker, r *Rule) bool {
		return c.a[r.Fields[0]] != c.a[r.Fields[1]]
	}},
}

// rule says nothing unless all its fields are answered and right by themselves.
func (c *checker) rule(r *Rule) {
	for _, id := range r.Fields {
		if !c.good(id) {
			return
		}
	}
	if !ruleKinds[r.Kind].holds(c, r) {
		c.add(c.m.lastAsked(r), r.Text)
	}
}

// taxCode checks a birth place against the birth date, and the code against
// the personal data as far as they are answered. A provisional code of 11 digits
// holds no personal data.
func (c *checker) taxCode(t *TaxCodeCheck) {
	place := c.birthPlace(t)
	if !c.good(t.TaxCode) || codicefiscale.ValidProvisional(c.a[t.TaxCode]) {
		return
	}
	code, err := codicefiscale.Parse(c.a[t.TaxCode])
	if err != nil {
		return // checkTaxCode has said so
	}
	for _, id := range []string{t.Surname, t.Name, t.Sex, t.BirthDate} {
		if !c.good(id) {
			return
		}
	}
	if place == "" {
		return
	}
	parts := code.Compare(codicefiscale.Person{
		Surname: c.a[t.Surname], Name: c.a[t.Name], Sex: c.a[t.Sex],
		Birth: c.date(t.BirthDate), Place: place,
	})
	if len(parts) > 0 {
		c.add(t.TaxCode, textTaxCodeDiffers(parts))
	}
}

// birthPlace returns the code of the place of birth, or "" where it is missing,
// wrong or not of that date.
func (c *checker) birthPlace(t *TaxCodeCheck) string {
	if c.good(t.BirthState) {
		return c.a[t.BirthState]
	}
	if !c.good(t.BirthPlace) || !c.good(t.BirthDate) {
		return ""
	}
	code, born := c.a[t.BirthPlace], c.date(t.BirthDate)
	if places.ComuneOn(code, born) {
		return code
	}
	if p, ok := places.Comune(code); ok {
		c.add(t.BirthPlace, textBirthPlace(p, born))
	}
	return ""
}

// date and amount read answers that good has let through.
func (c *checker) date(id string) time.Time {
	t, err := time.Parse(time.DateOnly, c.a[id])
	if err != nil {
		return time.Time{}
	}
	return t
}

func (c *checker) amount(id string) int64 {
	n, err := cents(c.a[id])
	if err != nil {
		return 0
	}
	return n
}
