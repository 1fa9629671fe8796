package loadjudge

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"slices"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
)

// stampsAreKept is I5: the arrival that counts is the one that was acknowledged,
// or that of an earlier attempt.
func (c *court) stampsAreKept() Invariant {
	inv := Invariant{ID: "I5", Unit: submissionsUnit(), Title: clickday.Text{
		IT: "L’arrivo che conta è quello riscontrato", EN: "The arrival that counts is the one acknowledged"}}
	if c.e.Ledger == nil {
		inv.State = Unchecked
		return inv
	}
	durable, rows := c.recordsByID(), c.rowsByID()
	for i := range c.subs {
		s := &c.subs[i]
		_, l := c.leaf(s.id)
		if s.acks == 0 || l == nil {
			continue
		}
		inv.Checked++
		acked := c.bucket(s.stamp.UnixNano)
		switch {
		case l.Arrived > acked:
			inv.fail("%s was acknowledged as of %d and counts as of %d", s.id, acked, l.Arrived)
		case l.Arrived < acked && s.attempts == 1 && c.e.Records == nil:
			inv.fail("%s was sent once, acknowledged as of %d and counts as of %d", s.id, acked, l.Arrived)
		case l.Arrived == acked && l.Node != s.stamp.Node && s.acks == 1:
			inv.fail("%s was acknowledged by node %d and counts as of node %d", s.id, s.stamp.Node, l.Node)
		}
		if c.e.Records != nil && !slices.ContainsFunc(durable[s.id], func(r *Record) bool { return c.sameAs(r, l) }) {
			inv.fail("%s counts as of %d, which is in no journal", s.id, l.Arrived)
		}
		if r := rows[s.id]; len(r) > 0 && c.bucket(r[0].Arrived) != l.Arrived {
			inv.fail("%s counts as of %d in the ledger and of %d in the record", s.id, l.Arrived, r[0].Arrived)
		}
	}
	return inv
}

// sameAs reports whether a leaf speaks of that record.
func (c *court) sameAs(r *Record, l *ledger.Leaf) bool {
	return c.bucket(r.Stamp.UnixNano) == l.Arrived && r.Stamp.Node == l.Node && r.Stamp.Source == l.Source && r.Stamp.Clock == l.Clock
}

// rank is a place in the order: unit of arrival, then tie. It is computed here
// anew, on purpose.
type rank struct {
	bucket int64
	tie    [sha256.Size]byte
	id     clickday.SubmissionID
}

func (c *court) rank(id clickday.SubmissionID, unixNano int64) rank {
	r := rank{bucket: c.bucket(unixNano), id: id}
	if c.e.Seed != nil {
		r.tie = sha256.Sum256(slices.Concat(c.e.Seed, id[:]))
	}
	return r
}

func (r *rank) compare(o *rank) int {
	return cmp.Or(cmp.Compare(r.bucket, o.bucket), bytes.Compare(r.tie[:], o.tie[:]))
}

// rankRecomputed is I6: whoever sorts the arrivals gets the same list.
func (c *court) rankRecomputed() Invariant {
	inv := Invariant{ID: "I6", Unit: leavesUnit(), Title: clickday.Text{
		IT: "La graduatoria ricalcolata è la stessa", EN: "The order recomputed is the same"}}
	if c.e.Ledger == nil {
		inv.State = Unchecked
		return inv
	}
	if c.e.Seed == nil {
		inv.note("Il seme dei pari merito è ancora segreto: l’ordine entro la stessa unità non è ricalcolato.",
			"The seed of ties is still secret: order within one unit is not recomputed.")
	} else if sha256.Sum256(c.e.Seed) != c.e.Day.TieCommitment {
		inv.fail("the seed is not the one that the calendar has committed to")
	}
	var last *rank
	for i := range c.e.Ledger.Leaves {
		l := &c.e.Ledger.Leaves[i]
		inv.Checked++
		r := c.rank(l.Submission, l.Arrived)
		behind := last != nil && r.compare(last) < 0
		switch {
		case behind && !l.Late:
			inv.fail("leaf %d (%s) stands behind leaves that it precedes", i, l.Submission)
		case !behind && l.Late && c.e.Seed != nil:
			inv.fail("leaf %d (%s) is said to be late and is not", i, l.Submission)
		}
		if !behind {
			last = &r
		}
	}
	c.sortedJournals(&inv)
	if c.counts.Late > 0 {
		inv.note("%d sono arrivati dopo la soglia e stanno in coda, come dichiarato.", "%d came in behind the watermark and stand behind, as declared.", c.counts.Late)
	}
	return inv
}

// sortedJournals sorts what the journals hold and compares it with the ledger, as
// far as that has no late leaves and no second ones.
func (c *court) sortedJournals(inv *Invariant) {
	if c.e.Records == nil || c.e.Seed == nil {
		return
	}
	first := make(map[clickday.SubmissionID]int64, len(c.e.Records))
	for i := range c.e.Records {
		r := &c.e.Records[i]
		if at, ok := first[r.Submission]; !ok || r.Stamp.UnixNano < at {
			first[r.Submission] = r.Stamp.UnixNano
		}
	}
	var listed []clickday.SubmissionID
	for i := range c.e.Ledger.Leaves {
		l := &c.e.Ledger.Leaves[i]
		if at := c.leaves[l.Submission]; l.Late || at.final >= 0 && at.refused >= 0 || at.more > 0 {
			delete(first, l.Submission) // its place does not follow from its arrival alone
			continue
		}
		listed = append(listed, l.Submission)
	}
	sorted := make([]rank, 0, len(first))
	for id, at := range first {
		sorted = append(sorted, c.rank(id, at))
	}
	slices.SortFunc(sorted, func(a, b rank) int { return a.compare(&b) })
	if len(sorted) != len(listed) {
		inv.fail("the journals hold %d submissions to be ranked, the ledger %d", len(sorted), len(listed))
		return
	}
	for i := range sorted {
		if sorted[i].id != listed[i] {
			inv.fail("place %d of the sorted journals is %s, of the ledger %s", i, sorted[i].id, listed[i])
		}
	}
}

// moment is a submission on the time line of those who sent.
type moment struct {
	sub   *sub
	leaf  *ledger.Leaf
	place int64 // first position of its unit of arrival
}

// realTime is I7: nobody is ranked before somebody whose acknowledgement was
// there before he sent. One pass over both orders; arrivals within one unit
// count as simultaneous.
func (c *court) realTime() Invariant {
	inv := Invariant{ID: "I7", Unit: submissionsUnit(), Title: clickday.Text{
		IT: "Chi è stato riscontrato prima che un altro inviasse gli sta davanti", EN: "Who was acknowledged before another sent stands before him"}}
	if c.e.Ledger == nil {
		inv.State = Unchecked
		return inv
	}
	all := c.moments()
	inv.Checked = int64(len(all))
	acked := slices.DeleteFunc(slices.Clone(all), func(m moment) bool { return m.sub.acks == 0 })
	generators := map[uint16]bool{}
	for i := range all {
		generators[all[i].sub.firstGen] = true
	}
	for g := range generators { // their own clocks need no margin
		mine := func(m moment) bool { return m.sub.firstGen != g }
		heard := func(m moment) bool { return m.sub.ackedGen != g }
		c.inversions(&inv, slices.DeleteFunc(slices.Clone(all), mine), slices.DeleteFunc(slices.Clone(acked), heard), 0)
	}
	if len(generators) > 1 {
		c.inversions(&inv, all, acked, int64(c.e.Skew))
	}
	return inv
}

func (c *court) moments() []moment {
	place := make([]int64, len(c.e.Ledger.Leaves))
	at, bucket := int64(0), int64(-1)
	for i := range c.e.Ledger.Leaves {
		l := &c.e.Ledger.Leaves[i]
		switch {
		case l.Late:
			place[i] = int64(i)
			continue
		case l.Arrived != bucket:
			at, bucket = int64(i), l.Arrived
		}
		place[i] = at
	}
	var out []moment
	for i := range c.subs {
		if pos, l := c.leaf(c.subs[i].id); l != nil {
			out = append(out, moment{&c.subs[i], l, place[pos]})
		}
	}
	return out
}

// inversions goes along the sends and knows of each the worst place among those
// acknowledged before it. Two nodes whose clocks cannot tell two arrivals apart
// may have them either way; the ledger counts such pairs.
func (c *court) inversions(inv *Invariant, sends, acks []moment, margin int64) {
	slices.SortFunc(sends, func(a, b moment) int { return cmp.Compare(a.sub.first, b.sub.first) })
	slices.SortFunc(acks, func(a, b moment) int { return cmp.Compare(a.sub.acked, b.sub.acked) })
	worst := map[clickday.NodeID]moment{} // of each node the one furthest behind
	next := 0
	for i := range sends {
		a := &sends[i]
		for ; next < len(acks) && acks[next].sub.acked+margin < a.sub.first; next++ {
			b := acks[next]
			if w, ok := worst[b.leaf.Node]; !ok || b.place > w.place {
				worst[b.leaf.Node] = b
			}
		}
		for node, b := range worst {
			if a.place >= b.place || a.sub == b.sub {
				continue
			}
			if node != a.leaf.Node && b.leaf.Arrived-a.leaf.Arrived <= int64(a.leaf.Bound+b.leaf.Bound) {
				continue
			}
			inv.fail("%s stands before %s, whose acknowledgement was there %d ns before it was sent",
				a.sub.id, b.sub.id, a.sub.first-b.sub.acked)
		}
	}
}
