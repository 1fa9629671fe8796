package clockwatch

import (
	"cmp"
	"slices"
	"time"
)

// Interval is what one server says: UTC minus the machine's clock lies between
// Low and High, if the server tells the truth.
type Interval struct {
	Server    int // index of the server
	Low, High time.Duration
}

// Agreement is what at least k servers have in common.
type Agreement struct {
	// Offset is UTC minus the machine's clock: the middle of where most servers
	// agree.
	Offset time.Duration
	// Low and High contain every offset that k or more servers allow. The true
	// one lies between them as long as k servers tell the truth, whichever those are.
	Low, High time.Duration
	Agreeing  []int // servers that agree, ascending
	False     []int // falsetickers: servers whose interval misses the agreement
}

// Bound is the greatest distance from UTC that the clock can have.
func (a *Agreement) Bound() time.Duration { return max(a.Low.Abs(), a.High.Abs()) }

// edge is the beginning (+1) or the end (-1) of an interval.
type edge struct {
	at   time.Duration
	kind int
}

// agree looks for the offsets that most intervals contain (Marzullo 1984; RFC
// 5905, 11.2.1); ok is false if those are fewer than k.
func agree(in []Interval, k int) (a Agreement, ok bool) {
	edges := edgesOf(in)
	var lo, hi time.Duration // where most agree
	depth, most := 0, 0
	reached := false
	for i, e := range edges {
		depth += e.kind
		if e.kind > 0 && depth > most {
			most, lo, hi = depth, e.at, edges[i+1].at
		}
		if e.kind > 0 && depth == k && !reached {
			a.Low, reached = e.at, true
		}
		if e.kind < 0 && depth == k-1 {
			a.High = e.at
		}
	}
	if most < k || k < 1 {
		return Agreement{}, false
	}
	a.Offset = lo + (hi-lo)/2
	for _, i := range in {
		if i.High < lo || i.Low > hi {
			a.False = append(a.False, i.Server)
		} else {
			a.Agreeing = append(a.Agreeing, i.Server)
		}
	}
	return a, true
}

// edgesOf sorts the ends of the intervals; intervals that touch overlap.
func edgesOf(in []Interval) []edge {
	out := make([]edge, 0, 2*len(in))
	for _, i := range in {
		out = append(out, edge{i.Low, +1}, edge{i.High, -1})
	}
	slices.SortFunc(out, func(a, b edge) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(b.kind, a.kind))
	})
	return out
}
