package sample

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"puntuale/internal/forms"
)

// The answers that rules bound are drawn inside what the rules of the model
// leave, so that a changed limit changes the samples with it.

func (g *generator) integer(f *forms.Field) int64 {
	least, most := bounds(f, 1, 40)
	if limit, ok := g.limit("at_most_by", f.ID); ok {
		most = min(most, limit)
	}
	if limit, ok := g.limit("at_least_by", f.ID); ok {
		least = max(least, limit)
	}
	if f.ID == "contract_hours" {
		return min(most, max(least, pick(g.r, 20, 25, 30, 36, 40, 40, 40, most)))
	}
	if f.ID == "season_last_year" {
		return int64(g.today.Year() - 1 - g.r.IntN(4))
	}
	return least + g.r.Int64N(min(most-least, 30)+1)
}

// bounds are those of the field, or what is usual.
func bounds(f *forms.Field, least, most int64) (int64, int64) {
	if f.Min != nil {
		least = *f.Min
	}
	if f.Max != nil {
		most = *f.Max
	}
	return least, max(least, most)
}

// limit finds what the table of a rule says for the second of its fields.
func (g *generator) limit(kind, field string) (int64, bool) {
	for i := range g.m.Rules {
		r := &g.m.Rules[i]
		if r.Kind == kind && r.Fields[len(r.Fields)-1] == field && g.holds(r.When) {
			limit, ok := r.Table[g.a[r.Fields[0]]]
			return limit, ok
		}
	}
	return 0, false
}

func (g *generator) holds(c *forms.Condition) bool {
	return c == nil || slices.Contains(c.In, g.a[c.Field])
}

// money is somewhat more than the least that is allowed, or a share of the most.
func (g *generator) money(f *forms.Field) string {
	least, most := bounds(f, 100, 1_000_000)
	for i := range g.m.Rules {
		r := &g.m.Rules[i]
		if !g.holds(r.When) {
			continue
		}
		switch {
		case r.Kind == "part_at_most" && r.Fields[0] == f.ID:
			most = min(most, g.cents(r.Fields[1])/r.Value)
		case r.Fields[len(r.Fields)-1] == f.ID:
			least = max(least, g.leastBy(r))
		}
	}
	above := min(most-least, max(20_000, least))
	n := least + g.r.Int64N(above+1)
	if whole := (n + 99) / 100 * 100; g.r.IntN(3) > 0 && whole <= most {
		n = whole
	}
	return fmt.Sprintf("%d.%02d", n/100, n%100)
}

// leastBy is what a rule wants its last field to be at least, in cents.
func (g *generator) leastBy(r *forms.Rule) int64 {
	switch r.Kind {
	case "at_least_by":
		return r.Table[g.a[r.Fields[0]]]
	case "sum_times_at_most":
		return r.Value * (g.cents(r.Fields[0]) + g.cents(r.Fields[1]))
	case "part_at_most":
		return r.Value * g.cents(r.Fields[0])
	case "pay_at_least":
		hours, err := strconv.ParseInt(g.a[r.Fields[1]], 10, 64)
		if err != nil {
			return 0
		}
		return (r.Table[g.a[r.Fields[0]]]*min(hours, r.Value) + r.Value - 1) / r.Value
	}
	return 0
}

// cents reads an amount of these answers; none is zero.
func (g *generator) cents(id string) int64 {
	n, err := strconv.ParseInt(strings.Replace(g.a[id], ".", "", 1), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// date lies in the past if the field wants it so, else ahead: documents last
// beyond 2031, work begins within a few months.
func (g *generator) date(f *forms.Field) string {
	for i := range g.m.Rules {
		r := &g.m.Rules[i]
		if len(r.Fields) == 2 && r.Fields[1] == f.ID && (r.Kind == "not_after" || r.Kind == "within_months") {
			if from, err := time.Parse(time.DateOnly, g.a[r.Fields[0]]); err == nil && g.between(f) {
				return from.AddDate(0, 0, 60+g.r.IntN(190)).Format(time.DateOnly)
			}
		}
	}
	switch {
	case f.ID == "season_from":
		return g.today.AddDate(0, 0, -300-g.r.IntN(60)).Format(time.DateOnly)
	case f.Max != nil && *f.Max <= 0:
		return g.today.AddDate(0, 0, int(*f.Max)-30-g.r.IntN(500)).Format(time.DateOnly)
	case f.Min != nil && *f.Min >= 0:
		return day(g.r, 2032, 2035)
	default:
		return g.today.AddDate(0, 0, 40+g.r.IntN(120)).Format(time.DateOnly)
	}
}

// between reports whether a second date is the end of some work, rather than of
// a document.
func (g *generator) between(f *forms.Field) bool { return strings.HasSuffix(f.ID, "_to") }
