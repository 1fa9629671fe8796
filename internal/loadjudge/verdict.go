package loadjudge

import (
	"fmt"

	"puntuale/internal/clickday"
	"puntuale/internal/loadrun"
)

// MaxExamples is how many violations of one invariant are told one by one.
const MaxExamples = 20

// State is what became of one invariant.
type State string

const (
	// Holds: it was checked, and nothing contradicts it.
	Holds State = "holds"
	// Violated: there is at least one contradiction.
	Violated State = "violated"
	// Unchecked: what it takes was not there. That alone voids no run.
	Unchecked State = "unchecked"
)

// Invariant is one promise of the installation and whether it was kept.
type Invariant struct {
	ID    string // I1 to I11
	Title clickday.Text
	State State
	// Checked counts what was held against each other, in Unit.
	Checked    int64
	Unit       clickday.Text
	Violations int64
	// Examples are the first MaxExamples violations, for engineers.
	Examples []string
	// Notes say what was left out or counted besides.
	Notes []clickday.Text
}

// fail counts a violation and keeps the first ones.
func (i *Invariant) fail(format string, args ...any) {
	i.Violations++
	if len(i.Examples) < MaxExamples {
		i.Examples = append(i.Examples, fmt.Sprintf(format, args...))
	}
}

func (i *Invariant) note(it, en string, args ...any) {
	i.Notes = append(i.Notes, clickday.Text{IT: fmt.Sprintf(it, args...), EN: fmt.Sprintf(en, args...)})
}

// check is the invariant as verdict.json has it.
func (i *Invariant) check() loadrun.Check {
	c := loadrun.Check{ID: i.ID, Title: i.Title, Outcome: loadrun.Pass, Looked: i.Checked, Wrong: i.Violations, Details: i.Examples}
	c.Found = clickday.Text{
		IT: fmt.Sprintf("%s confronti (%s), nessuna contraddizione.", loadrun.Grouped(i.Checked), i.Unit.IT),
		EN: fmt.Sprintf("%s comparisons (%s), no contradiction.", loadrun.Grouped(i.Checked), i.Unit.EN),
	}
	switch i.State {
	case Violated:
		c.Outcome = loadrun.Fail
		c.Found = clickday.Text{
			IT: fmt.Sprintf("%s confronti (%s), %s contraddizioni.", loadrun.Grouped(i.Checked), i.Unit.IT, loadrun.Grouped(i.Violations)),
			EN: fmt.Sprintf("%s comparisons (%s), %s contradictions.", loadrun.Grouped(i.Checked), i.Unit.EN, loadrun.Grouped(i.Violations)),
		}
	case Unchecked:
		c.Outcome = loadrun.Void
		c.Found = clickday.Text{IT: "Non verificato: mancano i dati.", EN: "Not checked: the data for it is not there."}
	}
	for _, n := range i.Notes {
		c.Found.IT, c.Found.EN = c.Found.IT+" "+n.IT, c.Found.EN+" "+n.EN
	}
	return c
}

// Judgement is a verdict and the sums behind it.
type Judgement struct {
	loadrun.Verdict
	Counts Counts
}

// Counts are the sums of a run as the judge found them.
type Counts struct {
	Attempts, Submissions    int64 // requests sent, different envelopes
	Acknowledged             int64 // submissions with at least one acknowledgement
	Early, Refused           int64 // attempts answered too_early, refused for another reason
	Unanswered               int64 // attempts without an answer
	Lost                     int64 // acknowledged and not final
	Doubled                  int64 // there more than once
	Numbered, Repeated, Late int64 // leaves
	RefusedLater             int64 // leaves of refusals
}

// headline is the line that a person reads first.
func headline(o loadrun.Outcome) clickday.Text {
	switch o {
	case loadrun.Pass:
		return clickday.Text{IT: "Prova superata: gli invarianti valgono e gli obiettivi sono raggiunti.", EN: "Passed: the invariants hold and the goals are met."}
	case loadrun.Fail:
		return clickday.Text{IT: "Prova non superata.", EN: "Failed."}
	default:
		return clickday.Text{IT: "Prova nulla: non permette di dire né sì né no.", EN: "Void: it allows neither a yes nor a no."}
	}
}
