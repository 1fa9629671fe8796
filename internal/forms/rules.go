package forms

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"puntuale/internal/codicefiscale"
	"puntuale/internal/places"
)

// ruleKind is one kind of rule over several fields: which types of fields it
// takes, whether it needs a value or a table, and when it holds.
type ruleKind struct {
	types []FieldType
	value bool
	table bool
	holds func(c *checker, r *Rule) bool
	// limit is what {limit} in the text stands for, as a person writes it.
	limit func(c *checker, r *Rule) string
}

// Kinds of fields that a rule takes where several types will do.
const (
	anyKey    FieldType = "choice or boolean"
	anyAmount FieldType = "integer or money"
)

func fits(want, got FieldType) bool {
	switch want {
	case anyKey:
		return got == TypeChoice || got == TypeBoolean
	case anyAmount:
		return got == TypeInteger || got == TypeMoney
	}
	return got == want
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
	// The second date is at most Value months after the first.
	"within_months": {types: []FieldType{TypeDate, TypeDate}, value: true, holds: func(c *checker, r *Rule) bool {
		return !c.date(r.Fields[1]).After(c.monthsLater(r))
	}, limit: func(c *checker, r *Rule) string { return c.monthsLater(r).Format("02/01/2006") }},
	// Value times the sum of the first two amounts is not more than the third.
	"sum_times_at_most": {types: []FieldType{TypeMoney, TypeMoney, TypeMoney}, value: true, holds: func(c *checker, r *Rule) bool {
		return c.sumTimes(r) <= c.amount(r.Fields[2])
	}, limit: func(c *checker, r *Rule) string { return showEuros(c.sumTimes(r)) }},
	// The second answer is not more, or not less, than the table says for the first.
	"at_most_by": {types: []FieldType{anyKey, anyAmount}, table: true, holds: func(c *checker, r *Rule) bool {
		limit, set := r.Table[c.a[r.Fields[0]]]
		return !set || c.number(r.Fields[1]) <= limit
	}, limit: (*checker).tableLimit},
	"at_least_by": {types: []FieldType{anyKey, anyAmount}, table: true, holds: func(c *checker, r *Rule) bool {
		limit, set := r.Table[c.a[r.Fields[0]]]
		return !set || c.number(r.Fields[1]) >= limit
	}, limit: (*checker).tableLimit},
	// The pay of a month, the last field, is not less than the table says for the
	// first, in proportion to the hours of a week, of which Value are full time.
	"pay_at_least": {types: []FieldType{anyKey, TypeInteger, TypeMoney}, value: true, table: true, holds: func(c *checker, r *Rule) bool {
		return c.amount(r.Fields[2]) >= c.leastPay(r)
	}, limit: func(c *checker, r *Rule) string { return showEuros(c.leastPay(r)) }},
}

func (c *checker) monthsLater(r *Rule) time.Time {
	return c.date(r.Fields[0]).AddDate(0, int(r.Value), 0)
}

func (c *checker) sumTimes(r *Rule) int64 {
	return r.Value * (c.amount(r.Fields[0]) + c.amount(r.Fields[1]))
}

// leastPay is in cents, rounded up; hours beyond full time count as full time.
func (c *checker) leastPay(r *Rule) int64 {
	hours := min(c.number(r.Fields[1]), r.Value)
	return (r.Table[c.a[r.Fields[0]]]*hours + r.Value - 1) / r.Value
}

func (c *checker) tableLimit(r *Rule) string {
	limit := r.Table[c.a[r.Fields[0]]]
	if c.m.byID[r.Fields[1]].field.Type == TypeMoney {
		return showEuros(limit)
	}
	return strconv.FormatInt(limit, 10)
}

func showEuros(cents int64) string { return italianMoney(euros(cents)) + " €" }

// rule says nothing unless all its fields are answered and right by themselves.
func (c *checker) rule(r *Rule) {
	if r.When != nil && !slices.Contains(r.When.In, c.a[r.When.Field]) {
		return
	}
	for _, id := range r.Fields {
		if !c.good(id) {
			return
		}
	}
	kind := ruleKinds[r.Kind]
	if kind.holds(c, r) {
		return
	}
	text := r.Text
	if kind.limit != nil {
		limit := kind.limit(c, r)
		text.IT, text.EN = strings.ReplaceAll(text.IT, "{limit}", limit), strings.ReplaceAll(text.EN, "{limit}", limit)
	}
	c.add(c.m.lastAsked(r), text)
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

// number is the value of an integer, or the cents of an amount.
func (c *checker) number(id string) int64 {
	if c.m.byID[id].field.Type == TypeMoney {
		return c.amount(id)
	}
	n, err := strconv.ParseInt(c.a[id], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (c *checker) amount(id string) int64 {
	n, err := cents(c.a[id])
	if err != nil {
		return 0
	}
	return n
}
