package quota

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Placement is what became of one entry.
type Placement struct {
	Admitted bool
	// Rank is the place in the order of its own group, from 1.
	Rank int64
	// Round is 0 for a place of the own group, else the round of the
	// reallocation that admitted it.
	Round int
	// Source is the group whose places it got, when admitted: the own one in
	// round 0, else the wider one that unused places had gone to.
	Source Group
}

// Count is the account of one group. As a holder of places it satisfies
// Places + Received = Used + Given + Unused; as a group of applications
// Demand = Own + Reallocated + Waiting.
type Count struct {
	Group    Group
	Places   int64 // in the table
	Received int64 // unused places of narrower groups that came in
	Given    int64 // unused places that went to a wider group
	Used     int64 // places taken, by whomever
	Unused   int64 // places left at the end

	Demand      int64 // applications
	Own         int64 // admitted to places of their own group
	Reallocated int64 // admitted to unused places of others
	Waiting     int64 // not admitted at the moment
}

// NoRace reports whether the group had a place for everybody.
func (c *Count) NoRace() bool { return c.Demand <= c.Places }

// Move is one step of the reallocation.
type Move struct {
	Round    int // from 1
	From, To Group
	Places   int64
}

// Result is a finished allocation.
type Result struct {
	Placements []Placement // of the entries, in the order in which they were given
	Counts     []Count     // by group, wider groups that received places included
	Moves      []Move      // in the order in which they were made
	NoRace     bool        // in no group were there more applications than places
}

var (
	// ErrSeed means that a draw cannot be made yet.
	ErrSeed = errors.New("quota: this rule draws lots, and the seed is not revealed yet")
	// ErrNoTable means that there is nothing to allocate.
	ErrNoTable = errors.New("quota: the day has no quotas")
	// ErrRace means that a rule claims no-race wrongly.
	ErrRace = errors.New("quota: the rule says no-race, but a group has more applications than places")
)

// Allocate gives the places of a table to entries. Every entry's group must be
// a row of the table, and no number may stand twice. It needs about 150 bytes of
// memory for each entry and does not change the entries.
func Allocate(t Table, rule Rule, seed []byte, entries []Entry) (*Result, error) {
	if t.Empty() {
		return nil, ErrNoTable
	}
	if rule.Policy.NeedsSeed() && len(seed) == 0 {
		return nil, ErrSeed
	}
	a, err := newAllocation(t, rule, seed, entries)
	if err != nil {
		return nil, err
	}
	noRace := true
	for _, g := range a.groups {
		c := a.counts[g]
		noRace = noRace && c.NoRace()
		a.fill(g, []Group{g}, 0)
	}
	if rule.NoRace && !noRace {
		return nil, ErrRace
	}
	for i, d := range rule.Rounds {
		a.reallocate(i+1, d)
	}
	return a.result(entries, noRace)
}

// allocation is the work in progress.
type allocation struct {
	groups  []Group // of the table, sorted
	counts  map[Group]*Count
	queues  map[Group][]int32 // who waits, by rank in order
	order   []Entry           // in the order in which they are served
	placed  []Placement       // parallel to order
	moves   []Move
	numbers map[int64]int32 // number to index in order
}

func newAllocation(t Table, rule Rule, seed []byte, entries []Entry) (*allocation, error) {
	a := &allocation{
		counts: make(map[Group]*Count, len(t.rows)), queues: make(map[Group][]int32, len(t.rows)),
		order: slices.Clone(entries), placed: make([]Placement, len(entries)), numbers: make(map[int64]int32, len(entries)),
	}
	for _, r := range t.rows {
		a.groups = append(a.groups, r.Group)
		a.counts[r.Group] = &Count{Group: r.Group, Places: r.Places, Unused: r.Places}
	}
	rule.Policy.Order(a.order, seed)
	for i := range a.order {
		e := &a.order[i]
		c := a.counts[e.Group]
		if c == nil {
			return nil, fmt.Errorf("quota: number %d competes in group %q, which the table does not have", e.Number, e.Group)
		}
		if _, twice := a.numbers[e.Number]; twice {
			return nil, fmt.Errorf("quota: number %d stands twice", e.Number)
		}
		a.numbers[e.Number] = int32(i)
		c.Demand++
		c.Waiting++
		a.placed[i].Rank = c.Demand
		a.queues[e.Group] = append(a.queues[e.Group], int32(i))
	}
	return a, nil
}

// fill gives the unused places of a holder to those who wait in some groups, in
// the order of the policy. Nobody who has a place is touched.
func (a *allocation) fill(holder Group, from []Group, round int) {
	free := a.counts[holder]
	if free.Unused == 0 {
		return
	}
	waiting := a.queues[from[0]]
	if len(from) > 1 {
		waiting = nil
		for _, g := range from {
			waiting = append(waiting, a.queues[g]...)
		}
		slices.Sort(waiting)
	}
	n := int(min(free.Unused, int64(len(waiting))))
	for _, i := range waiting[:n] {
		p := &a.placed[i]
		p.Admitted, p.Round, p.Source = true, round, holder
		c := a.counts[a.order[i].Group]
		c.Waiting--
		if round == 0 {
			c.Own++
		} else {
			c.Reallocated++
		}
	}
	free.Used += int64(n)
	free.Unused -= int64(n)
	for _, g := range from {
		a.queues[g] = slices.DeleteFunc(a.queues[g], func(i int32) bool { return a.placed[i].Admitted })
	}
}

func (a *allocation) result(entries []Entry, noRace bool) (*Result, error) {
	r := &Result{Placements: make([]Placement, len(entries)), Moves: a.moves, NoRace: noRace}
	for i := range entries {
		r.Placements[i] = a.placed[a.numbers[entries[i].Number]]
	}
	for _, c := range a.counts {
		r.Counts = append(r.Counts, *c)
	}
	slices.SortFunc(r.Counts, func(x, y Count) int { return strings.Compare(string(x.Group), string(y.Group)) })
	return r, nil
}
