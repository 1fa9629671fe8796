package quota

import (
	"cmp"
	"slices"
	"strings"
)

// reallocate makes one round: every group's unused places go to the group in
// which one part is any, and from there to those who wait in any group that it
// covers. Narrower holders give first, so that a place stays as near as it can
// to what it was meant for.
func (a *allocation) reallocate(round int, d Dimension) {
	holders := a.collect(round, d)
	covered := a.covered(holders)
	for _, h := range holders {
		if from := covered[h]; len(from) > 0 {
			a.fill(h, from, round)
		}
	}
}

// collect moves the unused places and returns the groups that hold some now,
// the narrowest first.
func (a *allocation) collect(round int, d Dimension) []Group {
	givers := make([]Group, 0, len(a.counts))
	for g, c := range a.counts {
		if c.Unused > 0 && g.widen(d) != g {
			givers = append(givers, g)
		}
	}
	slices.SortFunc(givers, func(x, y Group) int { return strings.Compare(string(x), string(y)) })
	for _, g := range givers {
		from, to := a.counts[g], g.widen(d)
		if a.counts[to] == nil {
			a.counts[to] = &Count{Group: to}
		}
		n := from.Unused
		from.Unused, from.Given = 0, from.Given+n
		a.counts[to].Received += n
		a.counts[to].Unused += n
		a.moves = append(a.moves, Move{round, g, to, n})
	}
	var holders []Group
	for g, c := range a.counts {
		if c.Unused > 0 {
			holders = append(holders, g)
		}
	}
	slices.SortFunc(holders, func(x, y Group) int {
		return cmp.Or(cmp.Compare(y.named(), x.named()), strings.Compare(string(x), string(y)))
	})
	return holders
}

// covered returns, for each holder, the groups within it in which somebody waits.
func (a *allocation) covered(holders []Group) map[Group][]Group {
	out := make(map[Group][]Group, len(holders))
	for _, h := range holders {
		out[h] = nil
	}
	for _, g := range a.groups {
		if len(a.queues[g]) == 0 {
			continue
		}
		for _, w := range g.wider() {
			if _, ok := out[w]; ok {
				out[w] = append(out[w], g)
			}
		}
	}
	return out
}
