package loadjudge

import (
	"puntuale/internal/clickday"
)

// openingIsExact is I8: nothing is accepted with an arrival before the opening,
// nothing is refused as early from the opening on, and what was only early is
// stored nowhere. To the nanosecond.
func (c *court) openingIsExact() Invariant {
	inv := Invariant{ID: "I8", Unit: clickday.Text{IT: "arrivi", EN: "arrivals"}, Title: clickday.Text{
		IT: "L’apertura è esatta: prima nulla, dopo tutto", EN: "The opening is exact: nothing before, everything after"}}
	var silent int64
	for i := range c.e.Attempts {
		a := &c.e.Attempts[i]
		ack, ok := c.parsed[i]
		switch {
		case ok:
			inv.Checked++
			c.withinDay(&inv, "acknowledged", a.Submission, ack.Leaf.Stamp.UnixNano)
		case a.Answer == Refused && !a.Bad && !temporary[a.Code]:
			inv.Checked++
			inv.fail("%s is good and was refused: %s", a.Submission, a.Code)
		case a.Answer == TooEarly && (a.ReceivedAt == 0 || a.OpensAt == 0):
			silent++
		case a.Answer == TooEarly:
			inv.Checked++
			if a.ReceivedAt >= a.OpensAt {
				inv.fail("%s was refused as early at %d, from the opening at %d on", a.Submission, a.ReceivedAt, a.OpensAt)
			}
			if !c.inForce(a.OpensAt, a.ReceivedAt) {
				inv.fail("%s was refused as early at %d, of an opening at %d that was not in force", a.Submission, a.ReceivedAt, a.OpensAt)
			}
		}
	}
	for i := range c.e.Records {
		inv.Checked++
		c.withinDay(&inv, "journalled", c.e.Records[i].Submission, c.e.Records[i].Stamp.UnixNano)
	}
	if c.e.Ledger != nil {
		for i := range c.e.Ledger.Leaves {
			inv.Checked++
			l := &c.e.Ledger.Leaves[i]
			if l.Arrived < c.bucket(c.opened(l.Arrived+int64(c.grain)-1)) || l.Arrived >= c.e.Day.Closes {
				inv.fail("%s is in the ledger with the arrival %d, outside of the day", l.Submission, l.Arrived)
			}
		}
	}
	c.earlyIsNowhere(&inv)
	if silent > 0 {
		inv.note("%d rifiuti non dicono l’ora di arrivo.", "%d refusals do not tell their arrival.", silent)
	}
	return inv
}

// temporary are refusals that a good submission may meet.
var temporary = map[clickday.Code]bool{
	clickday.CodeSuspended: true, clickday.CodeClockNotTrusted: true, clickday.CodeTooLate: true,
}

// inForce reports whether a node can have gone by that opening then.
func (c *court) inForce(opens, at int64) bool {
	for i := range c.e.Openings {
		if o := &c.e.Openings[i]; o.Opens == opens && o.InForce(at) {
			return true
		}
	}
	return len(c.e.Openings) == 0 && opens == c.e.Day.Opens
}

// opened is the earliest opening that a node can have gone by then. An opening
// may be put off after it was: what was accepted in between stays.
func (c *court) opened(at int64) int64 {
	first, found := c.e.Day.Opens, false
	for i := range c.e.Openings {
		if o := &c.e.Openings[i]; o.InForce(at) && (!found || o.Opens < first) {
			first, found = o.Opens, true
		}
	}
	return first
}

func (c *court) withinDay(inv *Invariant, how string, id clickday.SubmissionID, unixNano int64) {
	switch opened := c.opened(unixNano); {
	case unixNano < opened:
		inv.fail("%s was %s as of %d, %d ns before the opening", id, how, unixNano, opened-unixNano)
	case unixNano >= c.e.Day.Closes:
		inv.fail("%s was %s as of %d, %d ns after the close", id, how, unixNano, unixNano-c.e.Day.Closes)
	}
}

// earlyIsNowhere looks for what was refused at every attempt.
func (c *court) earlyIsNowhere(inv *Invariant) {
	early := map[clickday.SubmissionID]bool{}
	for i := range c.e.Attempts {
		a := &c.e.Attempts[i]
		was, known := early[a.Submission]
		early[a.Submission] = (was || !known) && (a.Answer == TooEarly || a.Answer == Refused)
	}
	nowhere := func(where string, id clickday.SubmissionID) {
		if early[id] {
			inv.fail("%s was refused at every attempt and is in the %s", id, where)
		}
	}
	for id := range c.leaves {
		nowhere("ledger", id)
	}
	for i := range c.e.Records {
		nowhere("journal", c.e.Records[i].Submission)
	}
	for i := range c.e.Rows {
		nowhere("record", c.e.Rows[i].Submission)
	}
	for id, ack := range c.e.Asked {
		if len(ack) > 0 {
			nowhere("intake’s memory", id)
		}
	}
}
