// Package order decides: it puts the submissions of one click day that are ripe
// into their rank (unit of arrival, then tie) and says what becomes of each:
// numbered, repeated or refused. It is pure computation, so that the record, the
// simulations and a reader of the ledger can all be held to the same rule.
package order

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
)

// Rank is a place in the order of one click day.
type Rank struct {
	Bucket int64    // beginning of the unit of arrival, nanoseconds since 1970
	Tie    [32]byte // ledger.Tie
}

// Compare orders ranks.
func (r Rank) Compare(o Rank) int {
	return cmp.Or(cmp.Compare(r.Bucket, o.Bucket), bytes.Compare(r.Tie[:], o.Tie[:]))
}

// Candidate is a submission that is to be decided.
type Candidate struct {
	Submission  clickday.SubmissionID
	Application clickday.ApplicationID
	Account     clickday.AccountID
	Stamp       clickday.Stamp // Journal and Sequence do not matter
	Reason      clickday.Code  // why it is refused already, or empty
	Number      int64          // what its application has already, or 0
}

// Decision is what becomes of a candidate.
type Decision struct {
	Index   int // of the candidate, as it was given
	Rank    Rank
	Outcome ledger.Outcome
	Number  int64         // its own when numbered, its application's when repeated, 0 when refused
	Reason  clickday.Code // when refused
	Late    bool          // something of a higher rank had been decided before
}

// Last is the leaf that came last in the order, late ones apart.
type Last struct {
	Rank  Rank
	Node  clickday.NodeID
	Bound time.Duration
}

// Day is where the order of a click day stands. Decide moves it on.
type Day struct {
	Grain  time.Duration
	Seed   []byte
	Number int64 // the last one given
	Last   *Last // nil before the first leaf
	// Left is how many more numbers an account may have on this day; accounts
	// that are not in it have no limit. Decide counts it down.
	Left map[clickday.AccountID]int
}

// Decide decides about all candidates, who must be all that arrived before some
// end of a unit and had not been decided. It returns the decisions in order and
// how many neighbours are too close for their clocks: of different nodes, and
// their units not further apart than the sum of their clocks' bounds.
func (d *Day) Decide(candidates []Candidate) (out []Decision, closePairs int64) {
	out = make([]Decision, len(candidates))
	for i := range candidates {
		c := &candidates[i]
		out[i] = Decision{Index: i, Rank: Rank{clickday.Bucket(c.Stamp.UnixNano, d.Grain), ledger.Tie(d.Seed, c.Submission)}}
	}
	slices.SortFunc(out, func(a, b Decision) int { return a.Rank.Compare(b.Rank) })
	has := make(map[clickday.ApplicationID]int64)
	for i := range out {
		c := &candidates[out[i].Index]
		d.settle(&out[i], c, has)
		if d.place(&out[i], c) {
			closePairs++
		}
	}
	return out, closePairs
}

// settle says what becomes of the next one in order.
func (d *Day) settle(o *Decision, c *Candidate, has map[clickday.ApplicationID]int64) {
	number := max(c.Number, has[c.Application])
	left, limited := d.Left[c.Account]
	switch {
	case c.Reason != "":
		o.Outcome, o.Reason = ledger.Refused, c.Reason
	case number != 0:
		o.Outcome, o.Number = ledger.Repeated, number
	case limited && left <= 0:
		o.Outcome, o.Reason = ledger.Refused, clickday.CodeAccountLimit
	default:
		d.Number++
		o.Outcome, o.Number = ledger.Numbered, d.Number
		has[c.Application] = d.Number
		if limited {
			d.Left[c.Account] = left - 1
		}
	}
}

// place compares with the last in order, and takes its place unless it is late.
func (d *Day) place(o *Decision, c *Candidate) (near bool) {
	if d.Last != nil && o.Rank.Compare(d.Last.Rank) < 0 {
		o.Late = true
		return false
	}
	now := Last{o.Rank, c.Stamp.Node, c.Stamp.Bound}
	near = d.Last != nil && d.Last.near(&now)
	d.Last = &now
	return near
}

// near compares as the ledger shows it: bounds in whole microseconds, upwards.
func (l *Last) near(next *Last) bool {
	up := func(d time.Duration) int64 {
		return int64((d + time.Microsecond - 1) / time.Microsecond * time.Microsecond)
	}
	return l.Node != next.Node && next.Rank.Bucket-l.Rank.Bucket < up(l.Bound)+up(next.Bound)
}

// Leaf is the decision as the ledger has it.
func (o *Decision) Leaf(c *Candidate) ledger.Leaf {
	return ledger.Leaf{
		Outcome: o.Outcome, Number: o.Number, Arrived: o.Rank.Bucket, Source: c.Stamp.Source, Clock: c.Stamp.Clock,
		Bound: c.Stamp.Bound, Node: c.Stamp.Node, Late: o.Late, Submission: c.Submission, Reason: o.Reason,
	}
}

// Floor is the end of what may be decided below a watermark: the last boundary
// of a unit that is not after it, so that no unit is ever split.
func Floor(watermark int64, grain time.Duration) int64 { return clickday.Bucket(watermark, grain) }
