// Package verdict is what a verification says: which checks were made, what
// each of them came to, and every finding with its place, what is wrong there
// and what that means; in Italian and English, as text or as JSON.
//
//	verdict.go  Report, Check, Finding, Fact
//	print.go    a report as text
package verdict

import (
	"fmt"

	"puntuale/internal/clickday"
)

// State is what became of a check.
type State string

const (
	// Proven: it was computed, and agrees.
	Proven State = "proven"
	// Wrong: it was computed, and does not agree; there is a finding for it.
	Wrong State = "wrong"
	// Open: it cannot be checked with what is there. That is no fault.
	Open State = "open"
)

// Check is one question and its answer.
type Check struct {
	ID     string        `json:"id"` // stable; docs/verify.md lists them
	State  State         `json:"state"`
	Title  clickday.Text `json:"title"`
	Detail clickday.Text `json:"detail"`
}

// Finding is one thing that is wrong.
type Finding struct {
	Check string `json:"check"` // ID of the check that failed
	// Line is the line of the file, from 1; 0 where there is no line.
	Line  int64         `json:"line,omitempty"`
	What  clickday.Text `json:"what"`
	Means clickday.Text `json:"means"`
}

// Fact is something that the file says, for a person to compare.
type Fact struct {
	ID    string        `json:"id"`
	Label clickday.Text `json:"label"`
	Value string        `json:"value"` // for programs
	// Words say the value to a person, where the value itself does not.
	Words clickday.Text `json:"words,omitzero"`
}

// Say returns the value in a language.
func (f *Fact) Say(lang string) string {
	if w := f.Words.In(lang); w != "" {
		return w
	}
	return f.Value
}

// Report is the outcome of a verification.
type Report struct {
	Kind     string    `json:"kind"` // "list", "receipt", "acknowledgement", "extension"
	Verdict  State     `json:"verdict"`
	Facts    []Fact    `json:"facts"`
	Checks   []Check   `json:"checks"`
	Findings []Finding `json:"findings"`
	// More counts the findings that are left out: of each check the first
	// MaxFindings are kept.
	More int64 `json:"more,omitempty"`

	found map[string]int // findings by check
}

// MaxFindings is how many findings of one check are kept.
const MaxFindings = 20

// New returns an empty report of that kind.
func New(kind string) *Report {
	return &Report{Kind: kind, Facts: []Fact{}, Checks: []Check{}, Findings: []Finding{}, found: map[string]int{}}
}

// Say returns a text in both languages, formatted with the same arguments.
func Say(it, en string, args ...any) clickday.Text {
	if len(args) == 0 {
		return clickday.Text{IT: it, EN: en}
	}
	return clickday.Text{IT: fmt.Sprintf(it, args...), EN: fmt.Sprintf(en, args...)}
}

// Fact adds a fact.
func (r *Report) Fact(id string, label clickday.Text, value string) {
	r.Facts = append(r.Facts, Fact{ID: id, Label: label, Value: value})
}

// FactInWords adds a fact whose value is a word for programs.
func (r *Report) FactInWords(id string, label clickday.Text, value string, words clickday.Text) {
	r.Facts = append(r.Facts, Fact{id, label, value, words})
}

// Find adds a finding.
func (r *Report) Find(f Finding) {
	r.found[f.Check]++
	if r.found[f.Check] > MaxFindings {
		r.More++
		return
	}
	r.Findings = append(r.Findings, f)
}

// Found reports whether there is a finding for a check.
func (r *Report) Found(check string) bool { return r.found[check] > 0 }

// Settle adds a check that is Wrong if it has findings, else Proven.
func (r *Report) Settle(id string, title, detail clickday.Text) {
	state := Proven
	if r.Found(id) {
		state = Wrong
		detail = Say("Qualcosa non torna: si veda che cosa.", "Something is wrong: see what.")
	}
	r.Checks = append(r.Checks, Check{id, state, title, detail})
}

// Leave adds a check that could not be made, and why.
func (r *Report) Leave(id string, title, why clickday.Text) {
	r.Checks = append(r.Checks, Check{id, Open, title, why})
}

// Close sets the verdict: Wrong with any finding, else Proven.
func (r *Report) Close() *Report {
	r.Verdict = Proven
	if len(r.Findings) > 0 {
		r.Verdict = Wrong
	}
	return r
}

// OK reports whether nothing is wrong.
func (r *Report) OK() bool { return r.Verdict == Proven }
