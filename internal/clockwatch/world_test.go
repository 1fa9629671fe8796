package clockwatch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
)

// peer is a time server of a simulated network: how far its clock is from UTC,
// or what it does instead of answering.
type peer struct {
	offset time.Duration
	drift  float64       // its clock's, from when it was last told
	width  time.Duration // root distance of its answers
	silent bool
	kiss   string
	since  time.Time // when offset was set
	asked  []time.Time
}

// world is a machine with a bad clock among time servers, inside a bubble of
// synctest: true time is the bubble's.
type world struct {
	t     *testing.T
	clk   clock.Clock
	start time.Time
	watch *Watch
	log   *bytes.Buffer
	ended chan error

	mu    sync.Mutex
	error time.Duration // of the machine's clock, at since
	drift float64
	since time.Time
	peers map[string]*peer
	days  []clickday.Day
}

// run starts a watch of the peers in a bubble. Its answers take 20 ms.
func run(t *testing.T, dir string, peers map[string]*peer, then func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, clk: clock.System{}, peers: peers, log: new(bytes.Buffer), ended: make(chan error, 1)}
		w.start = w.clk.Now()
		w.since = w.start
		cfg := Config{
			Poll: 64 * time.Second, Policy: policy, Dir: dir, Log: slog.New(slog.NewTextHandler(w.log, nil)),
			Query: w.query, Read: w.read, Days: w.calendar,
		}
		for i := range len(peers) {
			name := fmt.Sprint("server-", i+1)
			peers[name].since = w.start
			cfg.Servers = append(cfg.Servers, name)
		}
		var err error
		if w.watch, err = New(cfg); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		go func() { w.ended <- w.watch.Run(ctx) }()
		then(w)
		stop()
		if err := <-w.ended; err != nil {
			t.Error(err)
		}
	})
}

// honest returns n peers that tell the truth to 5 ms.
func honest(n int) map[string]*peer {
	out := map[string]*peer{}
	for i := range n {
		out[fmt.Sprint("server-", i+1)] = &peer{width: 5 * ms}
	}
	return out
}

// wrong is how far the machine's clock is ahead of UTC. The caller holds mu.
func (w *world) wrong() time.Duration {
	return w.error + time.Duration(w.drift*float64(w.clk.Now().Sub(w.since)))
}

func (w *world) read() (Reading, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.clk.Now()
	raw := now.Sub(w.start) + time.Duration(w.drift*float64(now.Sub(w.since)))
	return Reading{Real: now.Add(w.wrong()).UnixNano(), Raw: int64(raw)}, nil
}

func (w *world) calendar() []clickday.Day {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.days
}

func (w *world) query(ctx context.Context, name string) (Answer, error) {
	w.mu.Lock()
	p := w.peers[name]
	p.asked = append(p.asked, w.clk.Now())
	silent, kiss := p.silent, p.kiss
	w.mu.Unlock()
	wait := 20 * ms
	if silent {
		wait = queryTimeout
	}
	select {
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	case <-time.After(wait):
	}
	switch {
	case silent:
		return Answer{}, errors.New("no answer")
	case kiss != "":
		return Answer{Kiss: kiss}, errors.New("kiss of death")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	his := p.offset + time.Duration(p.drift*float64(w.clk.Now().Sub(p.since)))
	return Answer{Offset: his - w.wrong(), Distance: p.width}, nil
}

// pass lets time go by and returns what is known then.
func (w *world) pass(d time.Duration) *View {
	w.t.Helper()
	time.Sleep(d)
	synctest.Wait()
	return w.watch.View()
}

// set puts the machine's clock forward.
func (w *world) set(by time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.error += by
}

// change changes peers under the lock.
func (w *world) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// wants checks level and bound, and that the truth lies within the bound.
func (w *world) wants(l Level, v *View) {
	w.t.Helper()
	if v.Level != l {
		w.t.Fatalf("%v (%s), want %v; %+v", v.Level, v.Reason, l, v)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if v.Agreeing > 0 && w.wrong().Abs() > v.Bound {
		w.t.Fatalf("the clock is wrong by %v, the bound is %v", w.wrong(), v.Bound)
	}
}

// lines counts lines of the log that contain a text.
func (w *world) lines(text string) int {
	n := 0
	for line := range strings.Lines(w.log.String()) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}
