package loadfault

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/loadrun"
)

func TestWrongScenariosAreRefused(t *testing.T) {
	for name, steps := range map[string]string{
		"no such action":      `{"at":"1s","do":"explode","what":"intake"}`,
		"no such program":     `{"at":"1s","do":"kill","what":"nginx"},{"at":"2s","do":"start","what":"nginx"}`,
		"never started":       `{"at":"1s","do":"kill","what":"intake"}`,
		"never killed":        `{"at":"1s","do":"start","what":"intake"}`,
		"killed twice":        `{"at":"1s","do":"kill","what":"redis"},{"at":"2s","do":"kill","what":"redis"},{"at":"3s","do":"start","what":"redis"}`,
		"paused while down":   `{"at":"1s","do":"kill","what":"redis"},{"at":"2s","do":"pause","what":"redis","for":"1s"},{"at":"3s","do":"start","what":"redis"}`,
		"pause without end":   `{"at":"1s","do":"pause","what":"worker"}`,
		"kill with duration":  `{"at":"1s","do":"kill","what":"worker","for":"1s"},{"at":"2s","do":"start","what":"worker"}`,
		"delay by nothing":    `{"at":"1s","do":"delay","what":"clients","for":"1s"}`,
		"delay backwards":     `{"at":"1s","do":"delay","what":"clients","for":"1s","by":"-1s"}`,
		"throttle to nothing": `{"at":"1s","do":"throttle","what":"clients","for":"1s"}`,
		"cut with a rate":     `{"at":"1s","do":"cut","what":"clients","for":"1s","rate":5}`,
		"cut while cut":       `{"at":"1s","do":"cut","what":"clients","for":"2s"},{"at":"2s","do":"cut","what":"clients","for":"2s"}`,
		"not in order":        `{"at":"2s","do":"flush","what":"redis"},{"at":"1s","do":"flush","what":"redis"}`,
		"unknown field":       `{"at":"1s","do":"flush","what":"redis","oops":1}`,
		"not a duration":      `{"at":"soon","do":"flush","what":"redis"}`,
		"opening of redis":    `{"at":"1s","do":"move-opening","what":"redis","by":"1s"}`,
		"nothing at all":      ``,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse([]byte(`{"name":"x","title":{"it":"x","en":"x"},"steps":[` + steps + `]}`)); !errors.Is(err, ErrScenario) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestTheExamplesAreScenarios(t *testing.T) {
	files, err := filepath.Glob("../../loadtest/scenarios/*.json")
	if err != nil || len(files) < 3 {
		t.Fatalf("%q, %v", files, err)
	}
	for _, f := range files {
		s, err := Load(f)
		if err != nil || s.Title.IT == "" || s.Title.EN == "" || s.Name+".json" != filepath.Base(f) {
			t.Errorf("%s: %+v, %v", f, s, err)
		}
	}
}

// deeds notes what it is told to do, and when.
type deeds struct {
	clock clock.Clock
	from  time.Time
	done  []string
	fails string
}

func (d *deeds) do(format string, args ...any) error {
	s := fmt.Sprintf(format, args...)
	d.done = append(d.done, fmt.Sprintf("%s %s", d.clock.Now().Sub(d.from), s))
	if d.fails != "" && strings.HasPrefix(s, d.fails) {
		return errors.New("it cannot be done")
	}
	return nil
}

func (d *deeds) Kill(_ context.Context, p string) error                { return d.do("kill %s", p) }
func (d *deeds) Start(_ context.Context, p string) error               { return d.do("start %s", p) }
func (d *deeds) Freeze(p string) error                                 { return d.do("freeze %s", p) }
func (d *deeds) Thaw(p string) error                                   { return d.do("thaw %s", p) }
func (d *deeds) Flush(context.Context) error                           { return d.do("flush") }
func (d *deeds) MoveOpening(_ context.Context, by time.Duration) error { return d.do("move %s", by) }
func (d *deeds) StepClock(by time.Duration) error                      { return d.do("step %s", by) }
func (d *deeds) Disturb(link string, t Trouble) error {
	return d.do("disturb %s %s %s %d", link, t.What, t.By, t.Rate)
}
func (d *deeds) Heal(link string, t Trouble) error { return d.do("heal %s %s", link, t.What) }

const everything = `{"name":"all","title":{"it":"tutto","en":"everything"},"steps":[
	{"at":"-3s","do":"move-opening","by":"2s"},
	{"at":"1s","do":"kill","what":"intake"},
	{"at":"1500ms","do":"pause","what":"worker","for":"1s"},
	{"at":"2s","do":"start","what":"intake"},
	{"at":"3s","do":"flush","what":"redis"},
	{"at":"4s","do":"cut","what":"clients","for":"500ms"},
	{"at":"5s","do":"delay","what":"redis","for":"1s","by":"50ms"},
	{"at":"5500ms","do":"step-clock","by":"-3s"},
	{"at":"6s","do":"hold","what":"postgres","for":"1s"},
	{"at":"6500ms","do":"throttle","what":"postgres","for":"1s","rate":64},
	{"at":"8s","do":"reset","what":"clients","for":"1s"},
	{"at":"9s","do":"half-open","what":"redis","for":"1s"}]}`

func play(t *testing.T, ctx context.Context, fails string) ([]string, []loadrun.Note, error) {
	s, err := Parse([]byte(everything))
	if err != nil {
		t.Fatal(err)
	}
	opening := clock.System{}.Now().Add(10 * time.Second)
	d := &deeds{clock: clock.System{}, from: opening, fails: fails}
	var notes []loadrun.Note
	err = s.Play(ctx, d, clock.System{}, opening, func(n loadrun.Note) { notes = append(notes, n) })
	return d.done, notes, err
}

func TestEveryStepIsDoneInItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done, notes, err := play(t, t.Context(), "")
		want := []string{
			"-3s move 2s", "1s kill intake", "1.5s freeze worker", "2s start intake", "2.5s thaw worker", "3s flush",
			"4s disturb clients cut 0s 0", "4.5s heal clients cut", "5s disturb redis delay 50ms 0",
			"5.5s step -3s", "6s heal redis delay", "6s disturb postgres hold 0s 0", "6.5s disturb postgres throttle 0s 64", "7s heal postgres hold",
			"7.5s heal postgres throttle", "8s disturb clients reset 0s 0", "9s heal clients reset", "9s disturb redis half-open 0s 0", "10s heal redis half-open",
		}
		slices.Sort(want)
		slices.Sort(done)
		if err != nil || !slices.Equal(done, want) {
			t.Errorf("done %q, %v", done, err)
		}
		if len(notes) != len(want) || notes[1].At != time.Second || notes[1].Kind != "kill" || notes[1].Text.EN != "killed: intake" || notes[1].Text.IT == "" {
			t.Errorf("notes %+v", notes)
		}
	})
}

func TestWhatIsBrokenIsHealedWhenTheRunEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 11_600*time.Millisecond) // 1.6 s after the opening
		defer cancel()
		done, _, err := play(t, ctx, "")
		want := []string{"-3s move 2s", "1s kill intake", "1.5s freeze worker", "1.6s start intake", "1.6s thaw worker"}
		if !errors.Is(err, context.DeadlineExceeded) || !slices.Equal(done, want) {
			t.Errorf("done %q, %v", done, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		done, _, err := play(t, t.Context(), "flush")
		want := []string{"-3s move 2s", "1s kill intake", "1.5s freeze worker", "2s start intake", "2.5s thaw worker", "3s flush"}
		if err == nil || !slices.Equal(done, want) {
			t.Errorf("after a failure: done %q, %v", done, err)
		}
	})
}
