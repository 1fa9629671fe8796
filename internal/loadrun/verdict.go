package loadrun

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"puntuale/internal/clickday"
)

// Outcome is how a run ends.
type Outcome string

// The outcomes, and the exit codes of the program: 0, 1 and 2.
const (
	Pass Outcome = "pass"
	Fail Outcome = "fail"
	Void Outcome = "void" // the run tells nothing: the generator was not good enough
)

// ExitCode is what the program ends with.
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

// Verdict is what the judge found, as verdict.json holds it.
type Verdict struct {
	Outcome Outcome `json:"outcome"`
	Checks  []Check `json:"checks"`
}

// Check is one invariant or one goal.
type Check struct {
	ID      string        `json:"id"` // run (whether the run can be judged at all), I1 … I11, or the name of a goal
	Title   clickday.Text `json:"title"`
	Outcome Outcome       `json:"outcome"`           // Void: it could not be checked
	Looked  int64         `json:"looked"`            // how many things were looked at
	Wrong   int64         `json:"wrong"`             // how many of them are wrong
	Found   clickday.Text `json:"found"`             // one sentence: what was measured or found
	Details []string      `json:"details,omitempty"` // the first few that are wrong
}

// Write stores the verdict in a run directory.
func (v *Verdict) Write(runDir string) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("loadrun: %w", err)
	}
	return writeWhole(filepath.Join(runDir, "verdict.json"), append(b, '\n'))
}

// ReadVerdict reads the verdict of a run; nil if nobody has judged it yet.
func ReadVerdict(runDir string) (*Verdict, error) {
	b, err := os.ReadFile(filepath.Join(runDir, "verdict.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("loadrun: %w", err)
	}
	v := new(Verdict)
	if err := json.Unmarshal(b, v); err != nil {
		return nil, fmt.Errorf("loadrun: verdict: %w", err)
	}
	return v, nil
}
