package timestamping

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/clock"
	"puntuale/internal/ledger"
)

// shelf is a store whose next calls can fail before or after they have worked.
type shelf struct {
	mu     sync.Mutex
	heads  []ledger.Head // newest of each ledger
	saved  map[string]string
	lookup error
	before error // of the next SaveTimestamp: failed, not applied
	after  error // likewise: failed, but applied
}

func (s *shelf) UnstampedHeads(context.Context) ([]ledger.Head, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []ledger.Head
	for _, h := range s.heads {
		if _, ok := s.saved[string(h.Note)]; !ok {
			out = append(out, h)
		}
	}
	err := s.lookup
	s.lookup = nil
	return out, err
}

func (s *shelf) SaveTimestamp(_ context.Context, h *ledger.Head, token []byte, _ time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, after := s.before, s.after
	s.before, s.after = nil, nil
	if before != nil {
		return before
	}
	if _, ok := s.saved[string(h.Note)]; !ok {
		s.saved[string(h.Note)] = string(token)
	}
	return after
}

// token is what is stored for a note, "" for nothing.
func (s *shelf) token(note string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saved[note]
}

func (s *shelf) grow(day string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.heads {
		if h := &s.heads[i]; h.Origin == day {
			h.Size++
			h.Note = fmt.Appendf(nil, "%s %d", day, h.Size)
		}
	}
}

// oracle answers at once, with a token that says how often it was asked.
type oracle struct {
	mu    sync.Mutex
	asked []string    // guarded by mu
	times []time.Time // guarded by mu
	fail  func(note string) error
}

// notes is what it was asked about so far.
func (o *oracle) notes() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.asked)
}

func (o *oracle) Ask(_ context.Context, about []byte) ([]byte, Token, error) {
	now := clock.System{}.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked, o.times = append(o.asked, string(about)), append(o.times, now)
	if o.fail != nil {
		if err := o.fail(string(about)); err != nil {
			return nil, Token{}, err
		}
	}
	return fmt.Appendf(nil, "token %d", len(o.asked)), Token{Time: now}, nil
}

type bench struct {
	*shelf
	oracle *oracle
	job    *Job
	reg    *prometheus.Registry
}

// value reads a metric of one value.
func (b *bench) value(t *testing.T, name string) float64 {
	t.Helper()
	families, err := b.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			m := f.GetMetric()[0]
			return m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	t.Fatal("no metric " + name)
	return 0
}

func newBench(t *testing.T, days ...string) *bench {
	t.Helper()
	b := &bench{shelf: &shelf{saved: map[string]string{}}, oracle: &oracle{}, reg: prometheus.NewRegistry()}
	for _, d := range days {
		b.heads = append(b.heads, ledger.Head{Origin: d, Size: 1, Note: []byte(d + " 1")})
	}
	var err error
	b.job, err = New(Config{
		Store: b.shelf, Asker: b.oracle, Log: slog.New(slog.DiscardHandler), Metrics: NewMetrics(b.reg), Every: time.Minute, Timeout: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// run lets the job work in a bubble, where time passes when all sleep.
func (b *bench) run(t *testing.T, while func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.job.Run(ctx) }()
	synctest.Wait()
	while()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestOnlyTheNewestHeadIsAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "A", "B")
		b.run(t, func() {
			b.grow("A")
			b.grow("A")
			time.Sleep(3 * time.Minute)
			synctest.Wait()
		})
		if want := []string{"A 1", "B 1", "A 3"}; !slices.Equal(b.oracle.notes(), want) {
			t.Errorf("asked %q, want %q", b.oracle.notes(), want)
		}
		if got := b.value(t, "puntuale_ledgers_without_timestamp"); got != 0 {
			t.Error("missing:", got)
		}
	})
}

func TestFailuresAreTriedAgainWithBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "A", "B")
		var down atomic.Bool
		down.Store(true)
		b.oracle.fail = func(note string) error {
			if down.Load() && note == "A 1" {
				return ErrRefused
			}
			return nil
		}
		b.run(t, func() {
			time.Sleep(20 * time.Minute)
			synctest.Wait()
			if b.token("B 1") == "" || b.token("A 1") != "" {
				t.Error("one day's failure kept the other from its token")
			}
			failed := len(b.oracle.notes()) - 1
			if got := b.value(t, "puntuale_timestamp_failures_total"); failed < 5 || failed > 20 || int(got) != failed {
				t.Errorf("failed %d times in 20 minutes, counted %v", failed, got)
			}
			if got := b.value(t, "puntuale_ledgers_without_timestamp"); got != 1 {
				t.Error("missing:", got)
			}
			down.Store(false)
			time.Sleep(backOffMax)
			synctest.Wait()
		})
		if b.token("A 1") == "" {
			t.Error("no token after the authority came back")
		}
		for i := 2; i < len(b.oracle.times); i++ {
			if gap := b.oracle.times[i].Sub(b.oracle.times[i-1]); gap > backOffMax {
				t.Errorf("gap of %s", gap)
			}
		}
	})
}

func TestFailuresOfTheStore(t *testing.T) {
	boom := errors.New("connection lost")
	for name, arm := range map[string]func(*shelf){
		"lookup":              func(s *shelf) { s.lookup = boom },
		"save, not applied":   func(s *shelf) { s.before = boom },
		"save, but applied":   func(s *shelf) { s.after = boom },
		"lookup and the save": func(s *shelf) { s.lookup, s.after = boom, boom },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, "A")
				arm(b.shelf)
				b.run(t, func() {
					time.Sleep(time.Minute)
					synctest.Wait()
				})
				if b.token("A 1") == "" || len(b.oracle.notes()) > 2 {
					t.Errorf("saved %q, asked %q", b.token("A 1"), b.oracle.notes())
				}
			})
		})
	}
}

func TestSettings(t *testing.T) {
	for _, every := range []time.Duration{0, time.Millisecond, 25 * time.Hour} {
		if _, err := New(Config{Every: every}); err == nil {
			t.Errorf("%s was taken", every)
		}
	}
}
