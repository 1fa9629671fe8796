package loadjudge

import (
	"slices"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/loadrun"
	"puntuale/internal/wire"
)

// Judge checks every invariant and goal. Evidence is only read; judging a
// million attempts takes some hundred megabytes besides.
func Judge(e *Evidence, g *Goals) *Judgement {
	c := newCourt(e)
	j := new(Judgement)
	j.Checks = append(j.Checks, c.run())
	for _, check := range []func() Invariant{
		c.everyOkIsFinal, c.unknownAtMostOnce, c.nothingUnsent, c.oneRowPerID, c.stampsAreKept, c.rankRecomputed,
		c.realTime, c.openingIsExact, c.numbersWithoutGap, c.proofsVerify, c.oneReceiptEach,
	} {
		i := settle(check())
		j.Checks = append(j.Checks, i.check())
	}
	goals := g.check(c)
	j.Checks = append(j.Checks, goals...)
	j.Counts = c.counts
	j.Outcome = outcomeOf(j.Checks, goals)
	return j
}

// settle gives an invariant the state that follows from what was counted.
func settle(i Invariant) Invariant {
	switch {
	case i.Violations > 0:
		i.State = Violated
	case i.State == "":
		i.State = Holds
	}
	return i
}

// outcomeOf sums up. A violated invariant is a failure however incomplete the
// run was; a goal that was missed in a run that is void tells nothing.
func outcomeOf(checks, goals []loadrun.Check) loadrun.Outcome {
	is := func(o loadrun.Outcome) func(loadrun.Check) bool {
		return func(c loadrun.Check) bool { return c.Outcome == o }
	}
	invariants := checks[1 : len(checks)-len(goals)]
	switch {
	case slices.ContainsFunc(invariants, is(loadrun.Fail)):
		return loadrun.Fail
	case checks[0].Outcome == loadrun.Void || slices.ContainsFunc(goals, is(loadrun.Void)):
		return loadrun.Void
	case slices.ContainsFunc(goals, is(loadrun.Fail)):
		return loadrun.Fail
	default:
		return loadrun.Pass
	}
}

// sub is what the generators know of one submission.
type sub struct {
	id          clickday.SubmissionID
	application clickday.ApplicationID
	attempts    int32
	unknown     int32 // attempts without an answer
	acks        int32
	bad         bool
	// first is when it was first sent, acked when its first acknowledgement was
	// whole, and by which generator each.
	first, acked       int64
	firstGen, ackedGen uint16
	// stamp is the earliest one of its acknowledgements.
	stamp clickday.Stamp
}

// court has the evidence in the order in which the checks need it.
type court struct {
	e      *Evidence
	grain  time.Duration
	subs   []sub
	at     map[clickday.SubmissionID]int32 // into subs
	leaves map[clickday.SubmissionID]leavesOf
	// parsed are the acknowledgements that could be read, by attempt.
	parsed map[int]wire.Acknowledgement
	// earliest is the attempt with the earliest stamp of each submission, once
	// it was needed.
	earliest map[clickday.SubmissionID]int
	counts   Counts
}

// leavesOf are the positions of a submission's leaves, -1 for none.
type leavesOf struct {
	final, refused int32
	more           int32 // leaves beyond one refusal and one decision after it
}

func newCourt(e *Evidence) *court {
	c := &court{e: e, grain: e.Day.Grain(), at: make(map[clickday.SubmissionID]int32, len(e.Attempts)), parsed: map[int]wire.Acknowledgement{}}
	for i := range e.Attempts {
		c.attempt(i)
	}
	c.counts.Attempts, c.counts.Submissions = int64(len(e.Attempts)), int64(len(c.subs))
	if e.Ledger != nil {
		c.indexLeaves()
	}
	return c
}

func (c *court) attempt(i int) {
	a := &c.e.Attempts[i]
	at, ok := c.at[a.Submission]
	if !ok {
		at = int32(len(c.subs))
		c.at[a.Submission] = at
		c.subs = append(c.subs, sub{id: a.Submission, application: a.Application, first: a.Sent, firstGen: a.Generator, bad: a.Bad})
	}
	s := &c.subs[at]
	s.attempts++
	if a.Sent < s.first {
		s.first, s.firstGen = a.Sent, a.Generator
	}
	switch a.Answer {
	case NoAnswer:
		s.unknown++
		c.counts.Unanswered++
	case TooEarly:
		c.counts.Early++
	case Refused:
		c.counts.Refused++
	case Acknowledged:
		c.acknowledged(i, a, s)
	}
}

func (c *court) acknowledged(i int, a *Attempt, s *sub) {
	ack, err := wire.ParseAcknowledgement(a.Ack)
	if err != nil {
		return // I10 tells of it
	}
	c.parsed[i] = ack
	if s.acks == 0 {
		c.counts.Acknowledged++
	}
	if s.acks == 0 || a.Answered < s.acked {
		s.acked, s.ackedGen = a.Answered, a.Generator
	}
	if s.acks == 0 || ack.Leaf.Stamp.UnixNano < s.stamp.UnixNano {
		s.stamp = ack.Leaf.Stamp
	}
	s.acks++
}

func (c *court) indexLeaves() {
	c.leaves = make(map[clickday.SubmissionID]leavesOf, len(c.e.Ledger.Leaves))
	for i := range c.e.Ledger.Leaves {
		l := &c.e.Ledger.Leaves[i]
		at, ok := c.leaves[l.Submission]
		if !ok {
			at = leavesOf{-1, -1, 0}
		}
		switch {
		case at.final >= 0: // nothing may follow a decision
			at.more++
		case l.Outcome != ledger.Refused:
			at.final = int32(i)
		case at.refused >= 0:
			at.more++
		default:
			at.refused = int32(i)
		}
		c.leaves[l.Submission] = at
		c.countLeaf(l)
	}
}

func (c *court) countLeaf(l *ledger.Leaf) {
	switch l.Outcome {
	case ledger.Numbered:
		c.counts.Numbered++
	case ledger.Repeated:
		c.counts.Repeated++
	default:
		c.counts.RefusedLater++
	}
	if l.Late {
		c.counts.Late++
	}
}

// leaf returns the leaf that decides about a submission, the refusal if there is
// no other.
func (c *court) leaf(id clickday.SubmissionID) (int32, *ledger.Leaf) {
	at, ok := c.leaves[id]
	switch {
	case !ok:
		return -1, nil
	case at.final >= 0:
		return at.final, &c.e.Ledger.Leaves[at.final]
	default:
		return at.refused, &c.e.Ledger.Leaves[at.refused]
	}
}

// bucket is the unit of arrival that an instant falls into.
func (c *court) bucket(unixNano int64) int64 { return clickday.Bucket(unixNano, c.grain) }

// run says whether there is enough to judge by.
func (c *court) run() loadrun.Check {
	out := loadrun.Check{ID: "run", Outcome: loadrun.Pass, Looked: c.counts.Attempts,
		Title: clickday.Text{IT: "La prova è valida", EN: "The run is valid"},
		Found: clickday.Text{IT: "Il generatore è stato puntuale e la prova è completa.", EN: "The generator was on time and the run is complete."}}
	why := slices.Clone(c.e.Voids)
	say := func(it, en string) { why = append(why, clickday.Text{IT: it, EN: en}) }
	if len(c.e.Attempts) == 0 {
		say("Non è stato inviato nulla.", "Nothing was sent.")
	}
	if c.e.Asked == nil && c.counts.Acknowledged > 0 {
		say("L’accettazione non è stata interrogata dopo la prova.", "The intake was not asked after the run.")
	}
	if c.e.Ledger == nil {
		say("Il registro del giorno non è stato letto.", "The ledger of the day was not read.")
	}
	if len(why) == 0 {
		return out
	}
	out.Outcome, out.Wrong, out.Found = loadrun.Void, int64(len(why)), why[0]
	for _, w := range why[1:] {
		out.Found.IT, out.Found.EN = out.Found.IT+" "+w.IT, out.Found.EN+" "+w.EN
	}
	return out
}

func submissionsUnit() clickday.Text { return clickday.Text{IT: "invii", EN: "submissions"} }
func leavesUnit() clickday.Text      { return clickday.Text{IT: "righe del registro", EN: "leaves"} }
