package loadteam

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/loadgen"
	"puntuale/internal/loadrun"
)

const (
	senders  = 7
	requests = 60
)

// whole makes a part in which envelope i is sent by sender i mod 7, every third
// twice.
func whole(t *testing.T) *loadrun.Part {
	t.Helper()
	p, err := loadrun.NewPart(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	w, err := p.NewEnvelopeWriter()
	if err != nil {
		t.Fatal(err)
	}
	var plan []loadrun.Request
	for i := range uint32(requests) {
		w.Add(fmt.Appendf(nil, "envelope %d", i), loadrun.Entry{Submission: clickday.SubmissionID{byte(i)}})
		plan = append(plan, loadrun.Request{At: time.Duration(i) * time.Millisecond, Envelope: i, Sender: i % senders, Kind: loadrun.Good})
		if i%3 == 0 {
			plan = append(plan, loadrun.Request{At: time.Duration(i)*time.Millisecond + 1, Envelope: i, Sender: i % senders, Kind: loadrun.Repeat})
		}
	}
	if err := errors.Join(w.Close(), p.WritePlan(plan)); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAPartIsSharedOutWhole(t *testing.T) {
	parts, err := Split(whole(t), t.TempDir(), 3)
	if err != nil {
		t.Fatal(err)
	}
	of := map[uint32]int{} // the part of each sender
	sent := map[string]int{}
	for n, p := range parts {
		plan, err := p.Plan()
		if err != nil {
			t.Fatal(err)
		}
		entries, err := p.Entries()
		if err != nil {
			t.Fatal(err)
		}
		f, err := p.Envelopes()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if !slices.IsSortedFunc(plan, func(a, b loadrun.Request) int { return int(a.At - b.At) }) {
			t.Errorf("part %d is not in order of time", n)
		}
		for _, r := range plan {
			if other, ok := of[r.Sender]; ok && other != n {
				t.Errorf("sender %d is in the parts %d and %d", r.Sender, n, other)
			}
			of[r.Sender] = n
			e := entries[r.Envelope]
			b := make([]byte, e.Size)
			if _, err := f.ReadAt(b, e.Offset); err != nil || string(b) != fmt.Sprintf("envelope %d", e.Submission[0]) {
				t.Errorf("part %d has %q as envelope of %d: %v", n, b, e.Submission[0], err)
			}
			sent[string(b)]++
		}
	}
	if len(of) != senders || len(sent) != requests || sent["envelope 3"] != 2 || sent["envelope 4"] != 1 {
		t.Errorf("%d senders, %d envelopes, %v", len(of), len(sent), sent)
	}
}

// shifted is a clock that is wrong.
type shifted time.Duration

func (s shifted) Now() time.Time { return clock.System{}.Now().Add(time.Duration(s)) }

// fake answers for the target.
type fake struct {
	part    *loadrun.Part
	clock   clock.Clock
	opening chan time.Time // by the machine's real clock
	err     error
	moves   chan time.Duration // buffered; what is fired waits for one
	live    loadgen.Live
}

func (f *fake) Move(by time.Duration) { f.moves <- by }

func (f *fake) Live() *loadgen.Live { return &f.live }

func (f *fake) Fire(_ context.Context, opening time.Time) error {
	f.opening <- clock.System{}.Now().Add(opening.Sub(f.clock.Now()))
	if f.moves != nil && <-f.moves != 3*time.Second {
		return errors.New("it was moved by something else")
	}
	plan, err := f.part.Plan()
	if err != nil || f.err != nil {
		return errors.Join(err, f.err)
	}
	out, err := f.part.AnswersFile()
	if err != nil {
		return err
	}
	for i := range plan {
		a := loadrun.Answer{Request: uint32(i), Sent: plan[i].At, Done: plan[i].At + 1, Status: 200, Body: []byte("ack")}
		if _, err := out.Write(a.Append(nil)); err != nil {
			return err
		}
	}
	return out.Close()
}

// meet starts a controller for two agents.
func meet(t *testing.T, key Key) (*Controller, string, string) {
	t.Helper()
	dir := t.TempDir()
	parts, err := Split(whole(t), dir, 2)
	if err != nil {
		t.Fatal(err)
	}
	c, at, err := NewController("127.0.0.1:0", key, Job{Targets: []string{"http://127.0.0.1:1"}, Conns: 5, Patience: time.Second}, parts, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, at.String(), dir
}

func agent(t *testing.T, at string, key Key, wrong time.Duration, openings chan time.Time, fails error) *Agent {
	return movedAgent(t, at, key, wrong, openings, fails, nil)
}

func movedAgent(t *testing.T, at string, key Key, wrong time.Duration, openings chan time.Time, fails error, moves chan time.Duration) *Agent {
	return &Agent{Controller: at, Key: key, Dir: t.TempDir(), Clock: shifted(wrong),
		Load: func(_ context.Context, job *Job, p *loadrun.Part) (Gun, error) {
			if job.Conns != 3 || len(job.Targets) != 1 {
				return nil, fmt.Errorf("job %+v", job)
			}
			return &fake{part: p, clock: shifted(wrong), opening: openings, err: fails, moves: moves}, nil
		}}
}

func TestATeamBeginsTogetherAndIsCollected(t *testing.T) {
	key := Key{1}
	c, at, dir := meet(t, key)
	openings, ended := make(chan time.Time, 2), make(chan error, 2)
	for _, wrong := range []time.Duration{3 * time.Second, -time.Hour} {
		go func() {
			ended <- movedAgent(t, at, key, wrong, openings, nil, make(chan time.Duration, 1)).Run(t.Context())
		}()
	}
	skew, err := c.Ready(t.Context())
	if err != nil || skew <= 0 || skew > 2*BoundMax || c.Joined() != 2 {
		t.Fatalf("skew %s, %d agents, %v", skew, c.Joined(), err)
	}
	opening := clock.System{}.Now().Add(time.Minute)
	c.Start(opening)
	c.Move(3 * time.Second)
	if err := c.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if off := (<-openings).Sub(opening).Abs(); off > BoundMax {
			t.Errorf("an agent begins %s off", off)
		}
	}
	parts, err := loadrun.Parts(dir)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, p := range parts {
		for a, err := range p.Answers() {
			if err != nil || !bytes.Equal(a.Body, []byte("ack")) {
				t.Fatal(a, err)
			}
			n++
		}
	}
	if n != requests+requests/3 {
		t.Errorf("%d answers", n)
	}
	if err := agent(t, at, key, 0, openings, nil).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "every part has its agent") {
		t.Errorf("a third agent: %v", err)
	}
}

func TestAFailureOfOneEndsTheRun(t *testing.T) {
	key := Key{1}
	c, at, _ := meet(t, key)
	openings, ended := make(chan time.Time, 2), make(chan error, 2)
	for _, fails := range []error{nil, errors.New("it rains in")} {
		go func() { ended <- agent(t, at, key, 0, openings, fails).Run(t.Context()) }()
	}
	if _, err := c.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Start(clock.System{}.Now())
	if err := c.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "it rains in") {
		t.Errorf("the controller says %v", err)
	}
	if err := errors.Join(<-ended, <-ended); err == nil {
		t.Error("the agent that failed says nothing")
	}
}

func TestStrangersAreKeptOut(t *testing.T) {
	_, at, _ := meet(t, Key{1})
	err := agent(t, at, Key{2}, 0, nil, nil).Run(t.Context())
	if !errors.Is(err, ErrStranger) {
		t.Errorf("an agent with another key: %v", err)
	}
	// One that does not mind whom it talks to is refused by the controller.
	other := Key{2}
	config, err := other.tls()
	if err != nil {
		t.Fatal(err)
	}
	config.VerifyConnection = nil
	if answered(t, at, config) {
		t.Error("the controller talks to a stranger")
	}
	config.Certificates = nil
	if answered(t, at, config) {
		t.Error("the controller talks to somebody without a certificate")
	}
}

func TestKeysAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := WriteKey(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	a, err := ReadKey(path)
	if err != nil || a == (Key{}) {
		t.Errorf("key %x, %v", a, err)
	}
	if WriteKey(path) == nil {
		t.Error("a key is overwritten")
	}
	if err := os.WriteFile(path, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKey(path); err == nil {
		t.Error("a short key is taken")
	}
}
