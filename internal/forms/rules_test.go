package forms_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"puntuale/internal/forms"
)

// TestEveryCrossCheckCanFail changes ready applications, for each rule of each
// model, so that the rule does not hold: its text must come up, with the limit
// filled in. Where the limits of the fields forbid it before, those must speak.
func TestEveryCrossCheckCanFail(t *testing.T) {
	everyModel(t, func(t *testing.T, m *forms.Model) {
		list := samples(m, 41, 150)
		for i := range m.Rules {
			r := &m.Rules[i]
			if !slices.ContainsFunc(list, func(a forms.Answers) bool { return fails(t, m, r, a) }) {
				t.Errorf("%s of %v never fails", r.Kind, r.Fields)
			}
		}
	})
}

// fails breaks a rule in one application, if it can, and reports whether the
// checks say so.
func fails(t *testing.T, m *forms.Model, r *forms.Rule, a forms.Answers) bool {
	for _, id := range r.Fields {
		if a[id] == "" {
			return false
		}
	}
	broken := maps.Clone(a)
	if !breakers[r.Kind](m, r, broken) {
		return false
	}
	last, _, _ := strings.Cut(r.Text.IT, "{limit}")
	for _, issue := range m.Check(broken, today) {
		if strings.HasPrefix(issue.Text.IT, last) && slices.Contains(r.Fields, issue.Field) {
			if strings.Contains(issue.Text.IT+issue.Text.EN, "{") {
				t.Errorf("%s: %q", r.Kind, issue.Text.IT)
			}
			return true
		}
	}
	return impliedByFields(m, r) && len(m.Check(broken, today)) > 0
}

// impliedByFields reports whether the first date lies before today and the second
// after it already.
func impliedByFields(m *forms.Model, r *forms.Rule) bool {
	if r.Kind != "not_after" {
		return false
	}
	first, _ := m.Field(r.Fields[0])
	second, _ := m.Field(r.Fields[1])
	return first.Max != nil && second.Min != nil && *first.Max <= *second.Min
}

// breakers make a rule of their kind fail, or return false where it cannot be
// done with these answers.
var breakers = map[string]func(m *forms.Model, r *forms.Rule, a forms.Answers) bool{
	"not_after": func(_ *forms.Model, r *forms.Rule, a forms.Answers) bool {
		a[r.Fields[1]] = moved(a[r.Fields[0]], 0, 0, -1)
		return true
	},
	"within_months": func(_ *forms.Model, r *forms.Rule, a forms.Answers) bool {
		a[r.Fields[1]] = moved(a[r.Fields[0]], 0, int(r.Value), 1)
		return true
	},
	"age_at_least": func(_ *forms.Model, r *forms.Rule, a forms.Answers) bool {
		a[r.Fields[0]] = moved(today.Format(time.DateOnly), -int(r.Value), 0, 1)
		return true
	},
	"must_be_yes": func(_ *forms.Model, r *forms.Rule, a forms.Answers) bool {
		a[r.Fields[0]] = "no"
		return true
	},
	"not_the_same_person": makeSame,
	"part_at_most": func(_ *forms.Model, r *forms.Rule, a forms.Answers) bool {
		a[r.Fields[0]] = money(cents(a[r.Fields[1]])/r.Value + 1)
		return true
	},
	"sum_times_at_most": func(_ *forms.Model, r *forms.Rule, a forms.Answers) bool {
		a[r.Fields[2]] = money(r.Value*(cents(a[r.Fields[0]])+cents(a[r.Fields[1]])) - 1)
		return true
	},
	"at_most_by": func(m *forms.Model, r *forms.Rule, a forms.Answers) bool { return beyond(m, r, a, 1) },
	"at_least_by": func(m *forms.Model, r *forms.Rule, a forms.Answers) bool {
		return beyond(m, r, a, -1)
	},
	"pay_at_least": func(_ *forms.Model, r *forms.Rule, a forms.Answers) bool {
		if r.When != nil && !slices.Contains(r.When.In, a[r.When.Field]) {
			return false
		}
		hours, _ := strconv.ParseInt(a[r.Fields[1]], 10, 64)
		least := r.Table[a[r.Fields[0]]] * min(hours, r.Value) / r.Value
		a[r.Fields[2]] = money(least - 1)
		return true
	},
}

// beyond puts the second answer one above or below its limit.
func beyond(m *forms.Model, r *forms.Rule, a forms.Answers, by int64) bool {
	limit, ok := r.Table[a[r.Fields[0]]]
	f, _ := m.Field(r.Fields[1])
	a[f.ID] = fmt.Sprint(limit + by)
	if f.Type == forms.TypeMoney {
		a[f.ID] = money(limit + by)
	}
	return ok
}

// makeSame turns the second person into the first, as far as both are asked.
func makeSame(m *forms.Model, r *forms.Rule, a forms.Answers) bool {
	first, second := personOf(m, r.Fields[0]), personOf(m, r.Fields[1])
	if first == nil || second == nil || a[first.BirthState] == "" {
		return false
	}
	from := []string{first.Surname, first.Name, first.Sex, first.BirthDate, first.BirthState, first.TaxCode}
	for i, to := range []string{second.Surname, second.Name, second.Sex, second.BirthDate, second.BirthState, second.TaxCode} {
		a[to] = a[from[i]]
	}
	if f, _ := m.Field(second.BirthState); f.When != nil {
		a[f.When.Field] = f.When.In[0]
	}
	return true
}

func personOf(m *forms.Model, taxCode string) *forms.TaxCodeCheck {
	for i := range m.TaxCodeChecks {
		if m.TaxCodeChecks[i].TaxCode == taxCode {
			return &m.TaxCodeChecks[i]
		}
	}
	return nil
}

func moved(date string, years, months, days int) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		panic(err) // samples hold dates in dates
	}
	return t.AddDate(years, months, days).Format(time.DateOnly)
}

func cents(v string) int64 {
	n, err := strconv.ParseInt(strings.Replace(v, ".", "", 1), 10, 64)
	if err != nil {
		panic(err) // samples hold amounts in amounts
	}
	return n
}

func money(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }
