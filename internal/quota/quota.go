// Package quota decides who gets a place: tables of places, the order in which
// applications are served, and what becomes of places that nobody wanted. All of
// it is pure and deterministic, so that anybody with the published list comes to
// the same result. docs/allocation.md says the same in words.
//
//	quota.go     groups of applications, and tables of places
//	tables.go    the two CSV files that an operator publishes
//	policy.go    who is served first: order of arrival, or a draw
//	rule.go      policy and reallocation as one line of a list
//	allocate.go  who is admitted
//	rounds.go    reallocation of unused places
package quota

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Any stands in a group for a part that does not matter.
const Any = "any"

// maxCode is the longest name of a nationality group or sector, in bytes.
const maxCode = 24

// MaxPlaces bounds the places of one table, so that sums never overflow.
const MaxPlaces = 1 << 40

// Group names those who compete for the same places: nationality group, sector
// and province with strokes between, each of them "any" when it does not matter: "AL|any|MI".
type Group string

// Everybody is the group of all that no other row of the table names.
const Everybody Group = "any|any|any"

// Dimension is one of the three parts of a group.
type Dimension int

const (
	Nationality Dimension = iota
	Sector
	Province
)

var dimensionNames = [...]string{"nationality", "sector", "province"}

// String returns the name, as rules write it.
func (d Dimension) String() string { return dimensionNames[d] }

// Names are the parts of a group, by dimension.
type Names [3]string

// ErrGroup means that a text is no group.
var ErrGroup = errors.New("quota: not a group of the form nationality|sector|province")

// Group joins the parts; parts that are not valid make ErrGroup.
func (n Names) Group() (Group, error) {
	for _, name := range n {
		if !validCode(name) {
			return "", fmt.Errorf("%w: %q: want any or at most %d letters, digits, hyphens and underscores", ErrGroup, name, maxCode)
		}
	}
	return n.join(), nil
}

func (n Names) join() Group { return Group(n[0] + "|" + n[1] + "|" + n[2]) }

// ParseGroup accepts only what Names.Group returns.
func ParseGroup(s string) (Group, error) {
	parts := strings.Split(s, "|")
	if len(parts) != 3 {
		return "", fmt.Errorf("%w: %q", ErrGroup, s)
	}
	return Names{parts[0], parts[1], parts[2]}.Group()
}

// Names returns the parts of a valid group.
func (g Group) Names() Names {
	var n Names
	copy(n[:], strings.SplitN(string(g), "|", 3))
	return n
}

// widen returns the group with one part replaced by any.
func (g Group) widen(d Dimension) Group {
	n := g.Names()
	n[d] = Any
	return n.join()
}

// wider returns the group itself and every wider one, the narrowest first; of
// two that name as many parts, the one that names the nationality comes first,
// then the one that names the sector.
func (g Group) wider() []Group {
	own := g.Names()
	var out []Group
	for _, keep := range keepOrder {
		n := Names{Any, Any, Any}
		for d := range n {
			if keep[d] {
				n[d] = own[d]
			}
		}
		if w := n.join(); !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// keepOrder is the order in which a row is looked for: which parts it names.
var keepOrder = [8][3]bool{
	{true, true, true},
	{true, true, false}, {true, false, true}, {false, true, true},
	{true, false, false}, {false, true, false}, {false, false, true},
	{false, false, false},
}

// named returns how many parts are not any.
func (g Group) named() int {
	n := 0
	for _, name := range g.Names() {
		if name != Any {
			n++
		}
	}
	return n
}

func validCode(s string) bool {
	if s == "" || len(s) > maxCode {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// Row is one row of a table: the places of one group.
type Row struct {
	Group  Group
	Places int64
}

// Table holds the places of a click day. It does not change, and its zero value
// means that the day has no quotas.
type Table struct {
	rows   []Row // sorted by group
	places map[Group]int64
}

// NewTable checks the rows. When none of them is for Everybody, one without
// places is added, so that every application has a group. No rows at all make
// the table of a day without quotas.
func NewTable(rows []Row) (Table, error) {
	if len(rows) == 0 {
		return Table{}, nil
	}
	t := Table{rows: slices.Clone(rows), places: make(map[Group]int64, len(rows)+1)}
	var total int64
	for _, r := range rows {
		if _, err := ParseGroup(string(r.Group)); err != nil {
			return Table{}, err
		}
		if _, twice := t.places[r.Group]; twice {
			return Table{}, fmt.Errorf("quota: group %s stands twice", r.Group)
		}
		if r.Places < 0 || r.Places > MaxPlaces || total > MaxPlaces-r.Places {
			return Table{}, fmt.Errorf("quota: group %s has %d places: want 0 or more, and at most %d in all", r.Group, r.Places, int64(MaxPlaces))
		}
		total += r.Places
		t.places[r.Group] = r.Places
	}
	if _, ok := t.places[Everybody]; !ok {
		t.rows = append(t.rows, Row{Everybody, 0})
		t.places[Everybody] = 0
	}
	slices.SortFunc(t.rows, func(a, b Row) int { return strings.Compare(string(a.Group), string(b.Group)) })
	return t, nil
}

// Empty reports whether the day has no quotas.
func (t Table) Empty() bool { return len(t.rows) == 0 }

// Rows returns the rows by group; callers do not change them.
func (t Table) Rows() []Row { return t.rows }

// Total returns the places of all groups.
func (t Table) Total() int64 {
	var sum int64
	for _, r := range t.rows {
		sum += r.Places
	}
	return sum
}

// Find returns the group in which an application competes: the row that names
// most of its parts; of two such rows, the one with its nationality, then the
// one with its sector. A day without quotas has no groups: "".
func (t Table) Find(n Names) Group {
	if t.Empty() {
		return ""
	}
	for _, g := range n.join().wider() {
		if _, ok := t.places[g]; ok {
			return g
		}
	}
	return Everybody
}
