package forms

import (
	"slices"
	"time"

	"puntuale/internal/clickday"
)

// Check returns everything that is wrong with all pages, in the order of the
// questions. Today is taken as the date it shows in its own location.
func (m *Model) Check(a Answers, today time.Time) []Issue {
	var out []Issue
	for i := range m.Pages {
		out = append(out, m.CheckPage(m.Pages[i].ID, a, today)...)
	}
	return out
}

// CheckPage returns what is wrong with one page: its fields, the tax codes that
// stand on it, and the rules of which it asks the last field. An unknown page has
// no issues. Answers are expected to have gone through Clean.
func (m *Model) CheckPage(page string, a Answers, today time.Time) []Issue {
	p, ok := m.Page(page)
	if !ok {
		return nil
	}
	c := &checker{m: m, a: a, page: page, today: dateOf(today), bad: make(map[string]bool)}
	for i := range p.Fields {
		c.field(&p.Fields[i])
	}
	for i := range m.TaxCodeChecks {
		if m.PageOf(m.TaxCodeChecks[i].TaxCode) == page {
			c.taxCode(&m.TaxCodeChecks[i])
		}
	}
	for i := range m.Rules {
		if r := &m.Rules[i]; m.PageOf(m.lastAsked(r)) == page {
			c.rule(r)
		}
	}
	return c.issues
}

// lastAsked returns the field of a rule that is asked last: where a person
// learns of it.
func (m *Model) lastAsked(r *Rule) string {
	return slices.MaxFunc(r.Fields, func(a, b string) int { return m.byID[a].pos - m.byID[b].pos })
}

// State tells how far the answers are: ToComplete while something required is
// missing, ToValidate while something is wrong, else Ready.
func (m *Model) State(a Answers, today time.Time) clickday.ApplicationState {
	issues := m.Check(a, today)
	if len(issues) == 0 {
		return clickday.Ready
	}
	for i := range issues {
		if issues[i].Missing {
			return clickday.ToComplete
		}
	}
	return clickday.ToValidate
}

// checker gathers the issues of one page.
type checker struct {
	m      *Model
	a      Answers
	page   string
	today  time.Time
	bad    map[string]bool // fields that have an issue already
	issues []Issue
}

func (c *checker) add(field string, t clickday.Text) {
	c.bad[field] = true
	c.issues = append(c.issues, Issue{Page: c.page, Field: field, Text: t})
}

func (c *checker) field(f *Field) {
	if !c.m.Asked(c.a, f) {
		return
	}
	v := c.a[f.ID]
	if v == "" {
		if f.Required {
			c.add(f.ID, textMissing(f))
			c.issues[len(c.issues)-1].Missing = true
		}
		return
	}
	if t, ok := checks[f.Type](c, f, v); !ok {
		c.add(f.ID, t)
	}
}

// good reports whether a field is asked, answered and, as far as its own type
// goes, right: only then do checks over several fields say anything.
func (c *checker) good(id string) bool {
	f, ok := c.m.Field(id)
	if !ok || c.bad[id] || c.a[id] == "" || !c.m.Asked(c.a, f) {
		return false
	}
	_, right := checks[f.Type](c, f, c.a[id])
	return right
}

// dateOf is midnight UTC of the calendar date that t shows.
func dateOf(t time.Time) time.Time {
	y, mo, d := t.Date()
	return time.Date(y, mo, d, 0, 0, 0, 0, time.UTC)
}
