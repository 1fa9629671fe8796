package loadfault

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"puntuale/internal/clickday"
)

// Span is a duration as Go writes it: "250ms", "-3s", "1m30s".
type Span time.Duration

// UnmarshalText reads it.
func (s *Span) UnmarshalText(b []byte) error {
	d, err := time.ParseDuration(string(b))
	*s = Span(d)
	return err
}

// MarshalText writes it.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// Action is what a step does.
type Action string

// The actions. Programs are intake, worker, portal, redis and postgres; links are
// clients (to the intake), redis and postgres (from our programs).
const (
	Kill        Action = "kill"         // SIGKILL to a program
	Start       Action = "start"        // a program again, after kill
	Pause       Action = "pause"        // SIGSTOP to a program for a while
	Flush       Action = "flush"        // FLUSHALL in Redis, as if by mistake
	MoveOpening Action = "move-opening" // by so much, published at this instant
	StepClock   Action = "step-clock"   // the node's time servers are off by so much from now on
	Cut         Action = "cut"          // a link: connections are closed and refused for a while
	Hold        Action = "hold"         // a link: nothing goes through for a while, and nothing is lost
	Delay       Action = "delay"        // a link: everything takes longer by so much for a while
	Throttle    Action = "throttle"     // a link: so many KB a second for each connection, for a while
	Reset       Action = "reset"        // a link: for a while every answer is lost and its connection reset
	HalfOpen    Action = "half-open"    // a link: for a while what is sent is lost; connections stay, and are closed at the end
)

// takes says what an action needs.
type takes struct {
	whats   []string
	lasting bool // needs For
	amount  bool // needs By
	rate    bool // needs Rate
}

var (
	programs = []string{"intake", "worker", "portal", "redis", "postgres"}
	links    = []string{"clients", "redis", "postgres"}
	actions  = map[Action]takes{
		Kill: {whats: programs}, Start: {whats: programs}, Pause: {whats: programs, lasting: true}, Flush: {whats: []string{"redis"}},
		MoveOpening: {amount: true}, StepClock: {amount: true},
		Cut: {whats: links, lasting: true}, Hold: {whats: links, lasting: true}, Delay: {whats: links, lasting: true, amount: true},
		Throttle: {whats: links, lasting: true, rate: true}, Reset: {whats: links, lasting: true}, HalfOpen: {whats: links, lasting: true},
	}
)

// onLink are the actions on links.
var onLink = []Action{Cut, Hold, Delay, Throttle, Reset, HalfOpen}

// Step is one line of a scenario.
type Step struct {
	At   Span   `json:"at"` // from the opening as first published
	Do   Action `json:"do"`
	What string `json:"what,omitempty"` // program or link
	For  Span   `json:"for,omitempty"`
	By   Span   `json:"by,omitempty"`
	Rate int    `json:"rate,omitempty"` // KB/s
}

// Scenario is what a file says.
type Scenario struct {
	Name  string        `json:"name"`
	Title clickday.Text `json:"title"`
	Steps []Step        `json:"steps"` // in order of time
}

// ErrScenario is wrapped by everything that is wrong with a scenario file.
var ErrScenario = errors.New("loadfault: not a scenario")

// Load reads a scenario file.
func Load(path string) (*Scenario, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("loadfault: %w", err)
	}
	s, err := Parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// Parse reads and checks a scenario: JSON without unknown fields.
func Parse(b []byte) (*Scenario, error) {
	s := new(Scenario)
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrScenario, err)
	}
	if d.More() {
		return nil, fmt.Errorf("%w: something follows", ErrScenario)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrScenario, err)
	}
	return s, nil
}

// check refuses what would leave the installation broken, or does nothing.
func (s *Scenario) check() error {
	if s.Name == "" || len(s.Steps) == 0 {
		return errors.New("want a name and at least one step")
	}
	if !slices.IsSortedFunc(s.Steps, func(a, b Step) int { return cmp.Compare(a.At, b.At) }) {
		return errors.New("steps are not in order of time")
	}
	down, until := map[string]bool{}, map[string]Span{}
	for i := range s.Steps {
		st := &s.Steps[i]
		if err := st.check(); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
		if st.For > 0 {
			if key := healedBy(*st); st.At < until[key] {
				return fmt.Errorf("step %d: %s is so already", i+1, st.What)
			} else {
				until[key] = st.At + st.For
			}
		}
		switch {
		case st.Do == Start && !down[st.What]:
			return fmt.Errorf("step %d: %s was not killed before", i+1, st.What)
		case (st.Do == Kill || st.Do == Pause || st.Do == Flush) && down[st.What]:
			return fmt.Errorf("step %d: %s is down", i+1, st.What)
		case st.Do == Kill || st.Do == Start:
			down[st.What] = st.Do == Kill
		}
	}
	for what, is := range down {
		if is {
			return fmt.Errorf("%s is never started again", what)
		}
	}
	return nil
}

func (st *Step) check() error {
	t, ok := actions[st.Do]
	switch {
	case !ok:
		return fmt.Errorf("do %q: no such action", st.Do)
	case len(t.whats) == 0 && st.What != "" || len(t.whats) > 0 && !slices.Contains(t.whats, st.What):
		return fmt.Errorf("%s what %q: want one of %v", st.Do, st.What, t.whats)
	case t.lasting != (st.For > 0) || st.For < 0:
		return fmt.Errorf("%s for %s: want a time above zero exactly with pause and what is done to links", st.Do, time.Duration(st.For))
	case t.amount != (st.By != 0) || st.Do == Delay && st.By < 0:
		return fmt.Errorf("%s by %s: want an amount exactly with move-opening, step-clock and delay", st.Do, time.Duration(st.By))
	case t.rate != (st.Rate > 0) || st.Rate < 0:
		return fmt.Errorf("%s rate %d: want KB a second, above zero, exactly with throttle", st.Do, st.Rate)
	}
	return nil
}

// Needs tells whether a scenario has a step on a link, or with that action.
func (s *Scenario) Needs(link string) bool {
	return slices.ContainsFunc(s.Steps, func(st Step) bool {
		return slices.Contains(onLink, st.Do) && st.What == link
	})
}

// Has tells whether a scenario has a step with that action.
func (s *Scenario) Has(a Action) bool {
	return slices.ContainsFunc(s.Steps, func(st Step) bool { return st.Do == a })
}
