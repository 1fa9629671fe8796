package loadjudge

import (
	"bytes"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/wire"
)

// everyOkIsFinal is I1: what was acknowledged is still acknowledged, in the
// journal, decided in the ledger and in the record.
func (c *court) everyOkIsFinal() Invariant {
	inv := Invariant{ID: "I1", Unit: submissionsUnit(), Title: clickday.Text{
		IT: "Nulla di ciò che è stato riscontrato è andato perso", EN: "Nothing that was acknowledged is lost"}}
	if c.e.Asked == nil && c.e.Ledger == nil {
		inv.State = Unchecked
		return inv
	}
	durable, rows := c.recordsByID(), c.rowsByID()
	for i := range c.subs {
		s := &c.subs[i]
		if s.acks == 0 {
			continue
		}
		inv.Checked++
		before := inv.Violations
		c.stillAcknowledged(&inv, s)
		if _, l := c.leaf(s.id); l == nil && c.e.Ledger != nil {
			inv.fail("%s was acknowledged and has no leaf in the ledger", s.id)
		}
		if c.e.Records != nil && len(durable[s.id]) == 0 {
			inv.fail("%s was acknowledged and is in no journal", s.id)
		}
		if c.e.Rows != nil {
			finalRow(&inv, s, rows[s.id])
		}
		if inv.Violations > before {
			c.counts.Lost++
		}
	}
	return inv
}

// stillAcknowledged asks that the node stands by what it has said.
func (c *court) stillAcknowledged(inv *Invariant, s *sub) {
	if c.e.Asked == nil {
		return
	}
	again := c.e.Asked[s.id]
	if len(again) == 0 {
		inv.fail("%s was acknowledged, and no node knows it afterwards", s.id)
		return
	}
	a, err := wire.ParseAcknowledgement(again)
	switch {
	case err != nil:
		inv.fail("%s: the acknowledgement given afterwards cannot be read: %v", s.id, err)
	case a.Leaf.ID != s.id:
		inv.fail("%s: the acknowledgement given afterwards is that of %s", s.id, a.Leaf.ID)
	case a.Leaf.Stamp.UnixNano > s.stamp.UnixNano:
		inv.fail("%s was acknowledged as of %d and afterwards as of %d", s.id, s.stamp.UnixNano, a.Leaf.Stamp.UnixNano)
	case a.Leaf.Stamp.UnixNano == s.stamp.UnixNano && !bytes.Equal(again, c.ackOf(s)):
		inv.fail("%s: the acknowledgement given afterwards has other bytes", s.id)
	}
}

// ackOf returns the bytes of the acknowledgement with the earliest stamp.
func (c *court) ackOf(s *sub) []byte {
	if c.earliest == nil {
		c.earliest = make(map[clickday.SubmissionID]int, len(c.parsed))
		for i, a := range c.parsed {
			id := c.e.Attempts[i].Submission
			if have, ok := c.earliest[id]; !ok || a.Leaf.Stamp.UnixNano < c.parsed[have].Leaf.Stamp.UnixNano {
				c.earliest[id] = i
			}
		}
	}
	return c.e.Attempts[c.earliest[s.id]].Ack
}

func finalRow(inv *Invariant, s *sub, rows []*Row) {
	if len(rows) == 0 {
		inv.fail("%s was acknowledged and is not in the record", s.id)
		return
	}
	switch rows[0].State {
	case clickday.Receipted, clickday.Repeated, clickday.Refused:
	default:
		inv.fail("%s was acknowledged and is still %q in the record", s.id, rows[0].State)
	}
}

func (c *court) recordsByID() map[clickday.SubmissionID][]*Record {
	out := make(map[clickday.SubmissionID][]*Record, len(c.e.Records))
	for i := range c.e.Records {
		r := &c.e.Records[i]
		out[r.Submission] = append(out[r.Submission], r)
	}
	return out
}

func (c *court) rowsByID() map[clickday.SubmissionID][]*Row {
	out := make(map[clickday.SubmissionID][]*Row, len(c.e.Rows))
	for i := range c.e.Rows {
		r := &c.e.Rows[i]
		out[r.Submission] = append(out[r.Submission], r)
	}
	return out
}

// unknownAtMostOnce is I2: what got no answer counts once or not at all.
func (c *court) unknownAtMostOnce() Invariant {
	inv := Invariant{ID: "I2", Unit: submissionsUnit(), Title: clickday.Text{
		IT: "Ciò che non ha avuto risposta conta al più una volta", EN: "What got no answer counts at most once"}}
	if c.e.Ledger == nil {
		inv.State = Unchecked
		return inv
	}
	rows := c.rowsByID()
	var stored int64
	for i := range c.subs {
		s := &c.subs[i]
		if s.unknown == 0 {
			continue
		}
		inv.Checked++
		if at, ok := c.leaves[s.id]; ok {
			stored++
			if at.more > 0 {
				inv.fail("%s got no answer and has %d leaves too many", s.id, at.more)
			}
		}
		if n := len(rows[s.id]); n > 1 {
			inv.fail("%s got no answer and is %d times in the record", s.id, n)
		}
	}
	if inv.Checked > 0 {
		inv.note("%d erano comunque arrivati.", "%d had arrived all the same.", stored)
	}
	return inv
}

// nothingUnsent is I3: what is final was sent.
func (c *court) nothingUnsent() Invariant {
	inv := Invariant{ID: "I3", Unit: leavesUnit(), Title: clickday.Text{
		IT: "Nulla compare senza essere stato inviato", EN: "Nothing appears that was not sent"}}
	if c.e.Ledger == nil || c.e.Shared {
		inv.State = Unchecked
		if c.e.Shared {
			inv.note("Altri possono avere inviato a questo click day.", "Others may have sent to this click day.")
		}
		return inv
	}
	unsent := func(where string, id clickday.SubmissionID) {
		inv.Checked++
		if _, ok := c.at[id]; !ok {
			inv.fail("%s is in the %s and nobody has sent it", id, where)
		}
	}
	for i := range c.e.Ledger.Leaves {
		unsent("ledger", c.e.Ledger.Leaves[i].Submission)
	}
	for i := range c.e.Records {
		unsent("journal", c.e.Records[i].Submission)
	}
	for i := range c.e.Rows {
		unsent("record", c.e.Rows[i].Submission)
	}
	return inv
}

// oneRowPerID is I4: one decision for each submission, one number for each
// application.
func (c *court) oneRowPerID() Invariant {
	inv := Invariant{ID: "I4", Unit: submissionsUnit(), Title: clickday.Text{
		IT: "Ogni invio conta una volta, ogni domanda ha un solo numero", EN: "Every submission counts once, every application has one number"}}
	if c.e.Ledger == nil && c.e.Rows == nil {
		inv.State = Unchecked
		return inv
	}
	for id, at := range c.leaves {
		inv.Checked++
		if at.more > 0 {
			c.counts.Doubled++
			inv.fail("%s has %d leaves too many in the ledger", id, at.more)
		}
	}
	for id, rows := range c.rowsByID() {
		inv.Checked++
		if len(rows) > 1 {
			c.counts.Doubled++
			inv.fail("%s is %d times in the record", id, len(rows))
		}
	}
	c.oneNumberEach(&inv)
	return inv
}

func (c *court) oneNumberEach(inv *Invariant) {
	applications := c.applications()
	has := make(map[clickday.ApplicationID]int64)
	give := func(where string, id clickday.SubmissionID, number int64) {
		app, ok := applications[id]
		if !ok {
			return // sent by others; I3 tells of it
		}
		if old, ok := has[app]; ok && old != number {
			c.counts.Doubled++
			inv.fail("application %s has the numbers %d and %d in the %s", app, old, number, where)
		}
		has[app] = number
	}
	if c.e.Ledger != nil {
		for i := range c.e.Ledger.Leaves {
			if l := &c.e.Ledger.Leaves[i]; l.Outcome == ledger.Numbered {
				give("ledger", l.Submission, l.Number)
			}
		}
	}
	for i := range c.e.Rows {
		if r := &c.e.Rows[i]; r.Number > 0 {
			give("record", r.Submission, r.Number)
		}
	}
}

// applications tells whose each known submission is.
func (c *court) applications() map[clickday.SubmissionID]clickday.ApplicationID {
	out := make(map[clickday.SubmissionID]clickday.ApplicationID, len(c.subs))
	for i := range c.e.Rows {
		out[c.e.Rows[i].Submission] = c.e.Rows[i].Application
	}
	for i := range c.e.Records {
		out[c.e.Records[i].Submission] = c.e.Records[i].Application
	}
	for i := range c.subs {
		out[c.subs[i].id] = c.subs[i].application
	}
	return out
}
