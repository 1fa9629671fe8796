package loadfault

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/loadrun"
)

// Broken is what a scenario is played on. Calls come one after the other.
type Broken interface {
	// Kill ends a program with SIGKILL; Start starts it again and waits until it
	// answers.
	Kill(ctx context.Context, program string) error
	Start(ctx context.Context, program string) error
	// Freeze stops a program where it is, Thaw lets it go on.
	Freeze(program string) error
	Thaw(program string) error
	// Flush empties Redis.
	Flush(ctx context.Context) error
	// MoveOpening publishes the day with another opening.
	MoveOpening(ctx context.Context, by time.Duration) error
	// StepClock lets the node's time servers be wrong by so much.
	StepClock(by time.Duration) error
	// Disturb begins a trouble of a link, Heal ends it.
	Disturb(link string, t Trouble) error
	Heal(link string, t Trouble) error
}

// event is one thing to do: a step, or its end.
type event struct {
	at   time.Duration
	step Step
	end  bool
}

// events are the steps and the ends of those that last, in order of time.
func (s *Scenario) events() []event {
	var out []event
	for _, st := range s.Steps {
		out = append(out, event{at: time.Duration(st.At), step: st})
		if st.For > 0 {
			out = append(out, event{at: time.Duration(st.At + st.For), step: st, end: true})
		}
	}
	slices.SortStableFunc(out, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	return out
}

// Play does the steps at their instants, each when the one before is done, and
// calls note after each with when it was really done. When ctx ends, or after an
// error, what is under way is healed and nothing more is broken.
func (s *Scenario) Play(ctx context.Context, b Broken, clk clock.Clock, opening time.Time, note func(loadrun.Note)) error {
	var failed error
	open := map[string]bool{} // what has to be healed
	for _, e := range s.events() {
		healing := e.end || e.step.Do == Start
		name := string(e.step.What) + " " + string(e.step.Do)
		if failed == nil {
			failed = wait(ctx, clk, opening.Add(e.at))
		}
		if failed != nil && !(healing && open[healedBy(e.step)]) {
			continue
		}
		err := e.do(context.WithoutCancel(ctx), b)
		if err != nil {
			err = fmt.Errorf("loadfault: %s: %w", name, err)
			if failed == nil {
				failed = err
			}
			continue
		}
		open[healedBy(e.step)] = !healing
		note(loadrun.Note{At: clk.Now().Sub(opening), Kind: e.kind(), Text: e.text()})
	}
	return failed
}

// healedBy names what a step breaks and another one heals.
func healedBy(st Step) string {
	if st.Do == Start {
		st.Do = Kill
	}
	return string(st.Do) + " " + st.What
}

func wait(ctx context.Context, clk clock.Clock, until time.Time) error {
	t := time.NewTimer(until.Sub(clk.Now()))
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *event) do(ctx context.Context, b Broken) error {
	st := &e.step
	switch st.Do {
	case Kill:
		return b.Kill(ctx, st.What)
	case Start:
		return b.Start(ctx, st.What)
	case Pause:
		if e.end {
			return b.Thaw(st.What)
		}
		return b.Freeze(st.What)
	case Flush:
		return b.Flush(ctx)
	case MoveOpening:
		return b.MoveOpening(ctx, time.Duration(st.By))
	case StepClock:
		return b.StepClock(time.Duration(st.By))
	}
	t := Trouble{What: st.Do, By: time.Duration(st.By), Rate: st.Rate}
	if e.end {
		return b.Heal(st.What, t)
	}
	return b.Disturb(st.What, t)
}

func (e *event) kind() string {
	if e.end {
		return "end of " + string(e.step.Do)
	}
	return string(e.step.Do)
}

var whats = map[string]clickday.Text{
	"intake": {IT: "accettazione", EN: "intake"}, "worker": {IT: "worker", EN: "worker"}, "portal": {IT: "portale", EN: "portal"},
	"redis": {IT: "Redis", EN: "Redis"}, "clients": {IT: "rete dei mittenti", EN: "senders' network"}, "postgres": {IT: "PostgreSQL", EN: "PostgreSQL"},
}

// words are the actions on a program or link (%s) and by an amount (%s).
var words = map[Action]clickday.Text{
	Kill: {IT: "ucciso: %s", EN: "killed: %s"}, Start: {IT: "riavviato: %s", EN: "started again: %s"},
	Pause: {IT: "congelato: %s", EN: "frozen: %s"}, Flush: {IT: "svuotato: %s", EN: "emptied: %s"},
	Cut: {IT: "collegamento interrotto: %s", EN: "link cut: %s"}, Hold: {IT: "collegamento muto: %s", EN: "link held: %s"},
	Reset:    {IT: "risposte perse, connessioni azzerate: %s", EN: "answers lost, connections reset: %s"},
	HalfOpen: {IT: "collegamento aperto a metà, ciò che si invia va perso: %s", EN: "link half open, what is sent is lost: %s"},
}

func (e *event) text() clickday.Text {
	st, what := &e.step, whats[e.step.What]
	by := loadrun.Duration(time.Duration(st.By))
	switch {
	case e.end:
		return clickday.Text{IT: "di nuovo normale: " + what.IT, EN: "back to normal: " + what.EN}
	case st.Do == MoveOpening:
		return clickday.Text{IT: "apertura spostata di " + by.IT, EN: "opening moved by " + by.EN}
	case st.Do == StepClock:
		return clickday.Text{IT: "server dell’ora errati di " + by.IT, EN: "time servers wrong by " + by.EN}
	case st.Do == Delay:
		return clickday.Text{IT: fmt.Sprintf("ritardo di %s per verso: %s", by.IT, what.IT), EN: fmt.Sprintf("delay of %s each way: %s", by.EN, what.EN)}
	case st.Do == Throttle:
		return clickday.Text{IT: fmt.Sprintf("solo %d KB/s per connessione: %s", st.Rate, what.IT), EN: fmt.Sprintf("only %d KB/s for each connection: %s", st.Rate, what.EN)}
	}
	w := words[st.Do]
	return clickday.Text{IT: fmt.Sprintf(w.IT, what.IT), EN: fmt.Sprintf(w.EN, what.EN)}
}

// Plan tells what Play would do, in order.
func (s *Scenario) Plan() []loadrun.Note {
	var out []loadrun.Note
	for _, e := range s.events() {
		out = append(out, loadrun.Note{At: e.at, Kind: e.kind(), Text: e.text()})
	}
	return out
}
