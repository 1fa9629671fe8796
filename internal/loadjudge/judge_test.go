package loadjudge

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/loadrun"
)

func goals() *Goals {
	return &Goals{P99: 10 * time.Millisecond, ReceiptsWithin: time.Minute, Rate: 50, Unanswered: -1}
}

func outcomes(j *Judgement) map[string]loadrun.Outcome {
	out := map[string]loadrun.Outcome{}
	for _, c := range j.Checks {
		out[c.ID] = c.Outcome
	}
	return out
}

func TestAGoodRunPasses(t *testing.T) {
	j := Judge(world(t), goals())
	if j.Outcome != loadrun.Pass {
		t.Errorf("outcome %s", j.Outcome)
	}
	for _, c := range j.Checks {
		if c.Outcome != loadrun.Pass {
			t.Errorf("%s is %s: %s %q", c.ID, c.Outcome, c.Found.EN, c.Details)
		}
		if c.Looked == 0 && c.ID[0] == 'I' {
			t.Errorf("%s has looked at nothing", c.ID)
		}
	}
	if len(j.Checks) != 1+11+5 {
		t.Errorf("%d checks", len(j.Checks))
	}
}

// spoilt are runs in which one thing went wrong, and the invariant that must say
// so.
var spoilt = []struct {
	name  string
	by    string
	spoil func(e *Evidence)
}{
	{"the node has forgotten an acknowledgement", "I1", func(e *Evidence) { e.Asked[e.ackedAttempt(5).Submission] = nil }},
	{"the node gives another acknowledgement afterwards", "I1", func(e *Evidence) {
		id := e.ackedAttempt(5).Submission
		e.Asked[id] = slices.Clone(e.Asked[id])
		e.Asked[id][130] ^= 1
	}},
	{"an acknowledged submission has no leaf", "I1", func(e *Evidence) { e.Ledger.Leaves = slices.Delete(e.Ledger.Leaves, 59, 60) }},
	{"an acknowledged submission has no row", "I1", func(e *Evidence) { e.Rows = slices.Delete(e.Rows, 8, 9) }},
	{"an acknowledged submission is in no journal", "I1", func(e *Evidence) { e.Records = slices.Delete(e.Records, 8, 9) }},
	{"an acknowledged submission waits for ever", "I1", func(e *Evidence) { e.Rows[8].State = clickday.Sequenced }},
	{"an unanswered submission counts twice", "I2", func(e *Evidence) { e.Ledger.Leaves = append(e.Ledger.Leaves, e.Ledger.Leaves[4]) }},
	{"an unanswered submission has two rows", "I2", func(e *Evidence) { e.Rows = append(e.Rows, e.Rows[4]) }},
	{"a leaf that nobody has sent", "I3", func(e *Evidence) {
		e.Ledger.Leaves = append(e.Ledger.Leaves, ledger.Leaf{Outcome: ledger.Refused, Arrived: opens + int64(time.Second), Submission: clickday.SubmissionID{1}})
	}},
	{"a row that nobody has sent", "I3", func(e *Evidence) { e.Rows = append(e.Rows, Row{Submission: clickday.SubmissionID{1}}) }},
	{"a record that nobody has sent", "I3", func(e *Evidence) {
		e.Records = append(e.Records, Record{Submission: clickday.SubmissionID{1}, Stamp: clickday.Stamp{UnixNano: opens}})
	}},
	{"a row is doubled", "I4", func(e *Evidence) { e.Rows = append(e.Rows, e.Rows[7]) }},
	{"a leaf is doubled", "I4", func(e *Evidence) { e.Ledger.Leaves = append(e.Ledger.Leaves, e.Ledger.Leaves[7]) }},
	{"an application has two numbers", "I4", func(e *Evidence) {
		e.Ledger.Leaves[19].Outcome, e.Ledger.Leaves[19].Number = ledger.Numbered, 1000
	}},
	{"an arrival was moved back in the ledger", "I5", func(e *Evidence) { e.Ledger.Leaves[11].Arrived += 1000 }},
	{"an arrival was moved forward in the ledger", "I5", func(e *Evidence) { e.Ledger.Leaves[11].Arrived -= 1000 }},
	{"the record has another arrival than the ledger", "I5", func(e *Evidence) { e.Rows[11].Arrived += 5000 }},
	{"a leaf names another node", "I5", func(e *Evidence) { e.Ledger.Leaves[11].Node = 2 }},
	{"two leaves have changed places", "I6", func(e *Evidence) {
		l := e.Ledger.Leaves
		l[30], l[31] = l[31], l[30]
	}},
	{"a leaf is called late and is not", "I6", func(e *Evidence) { e.Ledger.Leaves[30].Late = true }},
	{"the journals sort otherwise", "I6", func(e *Evidence) { e.Records[30].Stamp.UnixNano += 40_000_000 }},
	{"the seed is not the committed one", "I6", func(e *Evidence) { e.Seed = bytes.Repeat([]byte{7}, 32) }},
	{"ties are broken the other way", "I6", tiesTheOtherWay},
	{"one sent after the other's acknowledgement stands before it", "I7", func(e *Evidence) {
		for i := range e.Attempts { // the stamps lie: what stands third was sent when all was over
			if e.Attempts[i].Submission == e.Records[2].Submission {
				e.Attempts[i].Sent, e.Attempts[i].Answered = opens+int64(time.Second), opens+int64(2*time.Second)
			}
		}
	}},
	{"a late one stands behind one sent after its acknowledgement", "I7", func(e *Evidence) {
		late := e.Ledger.Leaves[2]
		late.Late = true
		e.Ledger.Leaves = append(slices.Delete(e.Ledger.Leaves, 2, 3), late)
	}},
	{"accepted a nanosecond before the opening", "I8", func(e *Evidence) { e.Day.Opens = e.Records[0].Stamp.UnixNano + 1 }},
	{"accepted at the close", "I8", func(e *Evidence) { e.Day.Closes = e.Records[worldSize-1].Stamp.UnixNano }},
	{"refused as early at the opening", "I8", func(e *Evidence) { e.Attempts[e.early()].ReceivedAt = opens }},
	{"refused as early of an opening that never was", "I8", func(e *Evidence) { e.Attempts[e.early()].OpensAt = opens + 5 }},
	{"what was only early is in the ledger", "I8", func(e *Evidence) {
		l := e.Ledger.Leaves[59]
		l.Submission, l.Outcome, l.Number, l.Reason = e.Attempts[len(e.Attempts)-1].Submission, ledger.Refused, 0, clickday.CodeSignature
		e.Ledger.Leaves = append(e.Ledger.Leaves, l)
	}},
	{"what was only early is acknowledged afterwards", "I8", func(e *Evidence) {
		e.Asked[e.Attempts[len(e.Attempts)-1].Submission] = e.ackedAttempt(0).Ack
	}},
	{"a good one is refused at the door", "I8", func(e *Evidence) {
		a := e.Attempts[0]
		a.Answer, a.Code, a.Ack = Refused, clickday.CodeTicketInvalid, nil
		e.Attempts = append(e.Attempts, a)
	}},
	{"a bad one has a number", "I9", func(e *Evidence) { e.Attempts[0].Bad = true }},
	{"a good one is refused later", "I9", func(e *Evidence) {
		l := &e.Ledger.Leaves[59]
		l.Outcome, l.Number, l.Reason = ledger.Refused, 0, clickday.CodeDocument
		e.Rows[59].State, e.Rows[59].Number = clickday.Refused, 0
	}},
	{"two numbers are exchanged", "I9", func(e *Evidence) { e.swapNumbers(5, 6) }},
	{"a number is missing", "I9", func(e *Evidence) {
		e.Ledger.Leaves[58].Number++
		e.Rows[58].Number++
	}},
	{"the record gives another number", "I9", func(e *Evidence) { e.Rows[5].Number = 1000 }},
	{"a repeat names another number", "I9", func(e *Evidence) { e.Ledger.Leaves[19].Number = 3 }},
	{"the first of an application is passed over", "I9", func(e *Evidence) { e.Ledger.Leaves[18].Outcome = ledger.Repeated }},
	{"the published list is wrong", "I9", func(e *Evidence) { e.Lists = &ListCheck{Rows: 60, Wrong: []string{"row 7"}} }},
	{"an acknowledgement is altered", "I10", func(e *Evidence) {
		a := e.ackedAttempt(9)
		a.Ack = slices.Clone(a.Ack)
		a.Ack[130] ^= 1
	}},
	{"an acknowledgement is that of another", "I10", func(e *Evidence) { e.ackedAttempt(9).Ack = e.ackedAttempt(20).Ack }},
	{"an acknowledgement is cut", "I10", func(e *Evidence) {
		a := e.ackedAttempt(9)
		a.Ack = a.Ack[:100]
	}},
	{"the ledger does not give its root", "I10", func(e *Evidence) { e.Ledger.Wrong = []string{"root"} }},
	{"a journal is damaged", "I10", func(e *Evidence) { e.JournalWrong = []string{"CRC"} }},
	{"a receipt is missing", "I11", func(e *Evidence) { e.Rows[5].Receipts = 0 }},
	{"a receipt is there twice", "I11", func(e *Evidence) { e.Rows[5].Receipts = 2 }},
	{"a PDF is missing and there is no record to ask", "I11", func(e *Evidence) { e.Rows, e.Receipts = nil, slices.Delete(e.Receipts, 5, 6) }},
	{"a PDF does not verify", "I11", func(e *Evidence) { e.Receipts[5].Wrong = "seal" }},
	{"a PDF bears another number", "I11", func(e *Evidence) { e.Receipts[5].Number++ }},
	{"a PDF speaks of another submission", "I11", func(e *Evidence) { e.Receipts[5].Claims = e.Receipts[6].Claims }},
	{"the 99th percentile is over the goal", "p99", func(e *Evidence) { e.Figures.P99 = time.Second }},
	{"a receipt comes too late", "receipts-within", func(e *Evidence) { e.Rows[5].Issued = opens + int64(2*time.Minute) }},
	{"too few a second", "rate", func(e *Evidence) { e.Figures.Accepted = 49 }},
	{"something is lost", "lost", func(e *Evidence) { e.Asked[e.ackedAttempt(5).Submission] = nil }},
	{"something is double", "doubled", func(e *Evidence) { e.Rows = append(e.Rows, e.Rows[7]) }},
}

func (e *Evidence) early() int {
	return slices.IndexFunc(e.Attempts, func(a Attempt) bool { return a.Answer == TooEarly })
}

// tiesTheOtherWay puts two arrivals into the same microsecond, in the order that
// the seed does not give.
func tiesTheOtherWay(e *Evidence) {
	c := newCourt(e)
	a, b := c.rank(e.Records[40].Submission, 0), c.rank(e.Records[41].Submission, 0)
	if a.compare(&b) < 0 {
		e.Ledger.Leaves[40], e.Ledger.Leaves[41] = e.Ledger.Leaves[41], e.Ledger.Leaves[40]
	}
	for _, i := range []int{40, 41} {
		e.Ledger.Leaves[i].Arrived = clickday.Bucket(e.Records[40].Stamp.UnixNano, 0)
	}
}

func TestEveryInvariantCanFail(t *testing.T) {
	failed := map[string]bool{}
	for _, s := range spoilt {
		t.Run(s.name, func(t *testing.T) {
			e := world(t)
			s.spoil(e)
			j := Judge(e, goals())
			if j.Outcome != loadrun.Fail {
				t.Errorf("outcome %s", j.Outcome)
			}
			if got := outcomes(j)[s.by]; got != loadrun.Fail {
				t.Errorf("%s says %s", s.by, got)
			}
			failed[s.by] = true
		})
	}
	for _, c := range Judge(world(t), goals()).Checks[1:] {
		if !failed[c.ID] {
			t.Errorf("no test has made %s fail", c.ID)
		}
	}
}

func TestWhatCannotBeJudgedIsVoid(t *testing.T) {
	for name, spoil := range map[string]func(e *Evidence, g *Goals){
		"nothing was sent": func(e *Evidence, g *Goals) {
			*e = Evidence{Ledger: &Ledger{}, Day: e.Day, Figures: e.Figures}
			g.ReceiptsWithin = 0
		},
		"the intake was not asked":     func(e *Evidence, _ *Goals) { e.Asked = nil },
		"the ledger was not read":      func(e *Evidence, _ *Goals) { e.Ledger = nil },
		"the generator was late":       func(e *Evidence, _ *Goals) { e.Voids = []clickday.Text{{IT: "tardi", EN: "late"}} },
		"a late generator misses":      func(e *Evidence, _ *Goals) { e.Voids, e.Figures.P99 = []clickday.Text{{EN: "late"}}, time.Hour },
		"a goal was not measured":      func(e *Evidence, _ *Goals) { e.Figures.Measured = false },
		"receipts are asked for blind": func(e *Evidence, _ *Goals) { e.Rows = nil },
	} {
		t.Run(name, func(t *testing.T) {
			e, g := world(t), goals()
			spoil(e, g)
			if j := Judge(e, g); j.Outcome != loadrun.Void {
				t.Errorf("outcome %s: %v", j.Outcome, outcomes(j))
			}
		})
	}
}

func TestAViolationInAVoidRunIsAFailure(t *testing.T) {
	e := world(t)
	e.Voids = []clickday.Text{{EN: "late"}}
	e.Rows = append(e.Rows, e.Rows[7])
	if j := Judge(e, goals()); j.Outcome != loadrun.Fail {
		t.Errorf("outcome %s", j.Outcome)
	}
}

// What is odd and allowed must not be held against the installation.
func TestWhatIsAllowedPasses(t *testing.T) {
	for name, change := range map[string]func(e *Evidence){
		"the opening was moved before anybody was accepted": func(e *Evidence) {
			early := &e.Attempts[e.early()]
			early.OpensAt = opens - 1_400_000
			e.Openings = []loadrun.Opening{{Opens: opens - 1_400_000, Until: early.ReceivedAt}, {Opens: opens, From: early.ReceivedAt}}
		},
		"the opening was put off when some had been accepted": func(e *Evidence) {
			after := e.Records[len(e.Records)-1].Stamp.UnixNano
			e.Openings = []loadrun.Opening{{Opens: opens, Until: after + 1}, {Opens: after + 5, From: after + 1}}
			e.Day.Opens = after + 5
		},
		"without journals, record and seed": func(e *Evidence) { e.Records, e.Rows, e.Seed = nil, nil, nil },
		"others have sent too": func(e *Evidence) {
			e.Shared, e.Records, e.Rows = true, nil, nil
			e.Ledger.Leaves = append(e.Ledger.Leaves, ledger.Leaf{Outcome: ledger.Refused, Arrived: opens + int64(time.Second), Submission: clickday.SubmissionID{1}})
		},
		"refused first and accepted later": func(e *Evidence) {
			l := e.Ledger.Leaves[0]
			l.Outcome, l.Number, l.Reason = ledger.Refused, 0, clickday.CodeUnknownSeal
			e.Ledger.Leaves = slices.Insert(e.Ledger.Leaves, 0, l)
		},
		"a copy turned out to be earlier": func(e *Evidence) {
			e.Records[10].Stamp.UnixNano -= 100_000
			e.Ledger.Leaves[10].Arrived, e.Rows[10].Arrived = clickday.Bucket(e.Records[10].Stamp.UnixNano, 0), e.Records[10].Stamp.UnixNano
		},
	} {
		t.Run(name, func(t *testing.T) {
			e, g := world(t), goals()
			change(e)
			if e.Rows == nil {
				g.ReceiptsWithin = 0
			}
			j := Judge(e, g)
			if j.Outcome != loadrun.Pass {
				t.Errorf("outcome %s", j.Outcome)
				for _, c := range j.Checks {
					t.Logf("%s %s %s %q", c.ID, c.Outcome, c.Found.EN, c.Details)
				}
			}
		})
	}
}

func TestTwoNodesWithinTheirBoundsMayStandEitherWay(t *testing.T) {
	e := world(t)
	id := e.Records[30].Submission
	for i := range e.Attempts {
		if e.Attempts[i].Submission == id { // sent when the one behind it had been acknowledged
			e.Attempts[i].Sent = e.Records[31].Stamp.UnixNano + 600_000
		}
	}
	e.Ledger.Leaves[30].Node = 2
	for bound, want := range map[time.Duration]int64{time.Microsecond: 1, 2 * time.Millisecond: 0} {
		e.Ledger.Leaves[30].Bound = bound
		if i := newCourt(e).realTime(); i.Violations != want {
			t.Errorf("bound %s: %d violations %q", bound, i.Violations, i.Examples)
		}
	}
}

func TestClocksOfTwoGeneratorsHaveAMargin(t *testing.T) {
	e := world(t)
	id := e.Records[30].Submission
	for i := range e.Attempts {
		if e.Attempts[i].Submission == id {
			e.Attempts[i].Generator, e.Attempts[i].Sent = 1, e.Records[31].Stamp.UnixNano+600_000
		}
	}
	for skew, want := range map[time.Duration]int64{0: 1, time.Millisecond: 0} {
		e.Skew = skew
		if i := newCourt(e).realTime(); i.Violations != want {
			t.Errorf("skew %s: %d violations %q", skew, i.Violations, i.Examples)
		}
	}
}

func TestAnOpeningCountsWhileItIsInForce(t *testing.T) {
	e := world(t)
	middle := e.Records[len(e.Records)/2].Stamp.UnixNano
	e.Openings = []loadrun.Opening{{Opens: opens, Until: middle}, {Opens: middle + int64(time.Hour), From: middle}}
	if i := newCourt(e).openingIsExact(); i.Violations == 0 {
		t.Error("what was accepted before the opening that had been put off is not seen")
	}
	e = world(t)
	early := &e.Attempts[e.early()]
	early.OpensAt = opens + 1
	e.Openings = []loadrun.Opening{{Opens: opens}, {Opens: opens + 1, From: early.ReceivedAt + 1}}
	if i := newCourt(e).openingIsExact(); i.Violations == 0 {
		t.Error("a refusal that names an opening which was not published yet is not seen")
	}
}
