package loadjudge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"puntuale/internal/clickday"
)

// Format is the only format of verdict.json so far.
const Format = "puntuale-load-verdict-1"

// FileName is the name of the verdict in the directory of a run.
const FileName = "verdict.json"

// MaxExamples is how many violations of one invariant are told one by one.
const MaxExamples = 20

// Outcome is what a run came to.
type Outcome string

const (
	// Pass: every invariant holds and every goal is met.
	Pass Outcome = "pass"
	// Fail: an invariant is violated or a goal is missed.
	Fail Outcome = "fail"
	// Void: nothing can be said: the generator was late, or the run or what is
	// known of it is incomplete. A violation is a Fail even in such a run.
	Void Outcome = "void"
)

// ExitCode is what a program ends with: 0 pass, 1 fail, 2 void.
func (o Outcome) ExitCode() int {
	switch o {
	case Pass:
		return 0
	case Fail:
		return 1
	default:
		return 2
	}
}

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
	ID    string        `json:"id"` // I1 to I11
	Title clickday.Text `json:"title"`
	State State         `json:"state"`
	// Checked counts what was held against each other, in Unit.
	Checked    int64         `json:"checked"`
	Unit       clickday.Text `json:"unit"`
	Violations int64         `json:"violations"`
	// Examples are the first MaxExamples violations, for engineers, in English.
	Examples []string `json:"examples,omitempty"`
	// Notes say what was left out or counted besides.
	Notes []clickday.Text `json:"notes,omitempty"`
}

// Goal is one figure of the run that somebody asked for.
type Goal struct {
	ID     string        `json:"id"` // the flag without its hyphens: p99, receipts-within, lost…
	Title  clickday.Text `json:"title"`
	Target string        `json:"target"` // such as "≤ 250ms"
	Value  string        `json:"value"`
	Met    bool          `json:"met"`
	// Known is false when the figure was not measured: the run is void.
	Known bool `json:"known"`
}

// Counts are the sums of a run as the judge found them.
type Counts struct {
	Attempts     int64 `json:"attempts"`     // requests sent
	Submissions  int64 `json:"submissions"`  // different envelopes
	Acknowledged int64 `json:"acknowledged"` // submissions with at least one acknowledgement
	Early        int64 `json:"early"`        // attempts answered too_early
	Refused      int64 `json:"refused"`      // attempts refused for another reason
	Unanswered   int64 `json:"unanswered"`   // attempts without an answer
	Lost         int64 `json:"lost"`         // acknowledged and not final
	Doubled      int64 `json:"doubled"`      // there more than once
	Numbered     int64 `json:"numbered"`
	Repeated     int64 `json:"repeated"`
	LedgerRefuse int64 `json:"refused_later"` // leaves of refusals
	Late         int64 `json:"late"`          // leaves behind the watermark
	Receipts     int64 `json:"receipts"`
}

// Verdict is the content of verdict.json.
type Verdict struct {
	Format   string          `json:"format"`
	Run      string          `json:"run"` // name or directory of the run
	Day      string          `json:"day"` // code of the click day
	JudgedAt time.Time       `json:"judged_at"`
	Outcome  Outcome         `json:"outcome"`
	Voids    []clickday.Text `json:"voids,omitempty"` // why it is void
	Counts   Counts          `json:"counts"`
	// Invariants are I1 to I11 in this order, all of them.
	Invariants []Invariant `json:"invariants"`
	Goals      []Goal      `json:"goals,omitempty"`
	// Faults are the scenario that was played during the run, line by line.
	Faults []string `json:"faults,omitempty"`
}

// Headline is the verdict in one sentence.
func (v *Verdict) Headline() clickday.Text {
	switch v.Outcome {
	case Pass:
		return clickday.Text{IT: "Prova superata: gli invarianti valgono e gli obiettivi sono raggiunti.", EN: "Passed: the invariants hold and the goals are met."}
	case Fail:
		return clickday.Text{IT: "Prova non superata.", EN: "Failed."}
	default:
		return clickday.Text{IT: "Prova nulla: non permette di dire né sì né no.", EN: "Void: it allows neither a yes nor a no."}
	}
}

// Marshal returns verdict.json.
func (v *Verdict) Marshal() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("loadjudge: %w", err)
	}
	return b.Bytes(), nil
}

// ErrVerdict says that a file is not a verdict.
var ErrVerdict = errors.New("loadjudge: not a verdict")

// Read reads verdict.json. A missing file is an error that wraps os.ErrNotExist.
func Read(path string) (*Verdict, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("loadjudge: %w", err)
	}
	v := new(Verdict)
	if err := json.Unmarshal(b, v); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrVerdict, path, err)
	}
	if v.Format != Format {
		return nil, fmt.Errorf("%w: %s: format %.40q, want %s", ErrVerdict, path, v.Format, Format)
	}
	return v, nil
}
