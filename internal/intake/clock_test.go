package intake

import (
	"context"
	"encoding/hex"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clockwatch"
	"puntuale/internal/clockwatch/ntptest"
	"puntuale/internal/wire"
)

// clocked is a node that watches its clock with time servers on loopback.
type clocked struct {
	*world
	watch   *clockwatch.Watch
	servers []*ntptest.Server
	ahead   atomic.Int64 // how far the watch is taken into the future, in nanoseconds
}

func startClocked(t *testing.T, dir string, manners ...ntptest.Manner) *clocked {
	t.Helper()
	c := new(clocked)
	var addrs []string
	for _, m := range manners {
		s := ntptest.Start(t, m)
		c.servers, addrs = append(c.servers, s), append(addrs, s.Addr)
	}
	c.world = startWith(t, dir, false, func(cfg *Config) {
		var err error
		c.watch, err = clockwatch.New(clockwatch.Config{
			Servers: addrs, Poll: 16 * time.Second, Policy: clockwatch.Policy{OK: 50 * time.Millisecond, Refuse: 250 * time.Millisecond},
			Dir: dir, Log: slog.New(slog.DiscardHandler), Read: c.read,
			Days: func() []clickday.Day {
				if t := cfg.Calendar.Current(); t != nil {
					return t.Days
				}
				return nil
			},
		})
		must(t, err)
		cfg.ClockState, cfg.ClockAccepts = c.watch.State, c.watch.Accepts
	})
	c.publish(uint64(wall.Now().UnixNano()))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.watch.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		must(t, <-done)
	})
	return c
}

func (c *clocked) read() (clockwatch.Reading, error) {
	r, err := clockwatch.ReadClocks()
	r.Real, r.Raw = r.Real+c.ahead.Load(), r.Raw+c.ahead.Load()
	return r, err
}

// until takes the watch into the future, a poll at a time, until something holds.
func (c *clocked) until(what string, holds func(v *clockwatch.View) bool) {
	c.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(60 * time.Second)
	for !holds(c.watch.View()) {
		select {
		case <-tick.C:
			c.ahead.Add(int64(time.Second))
		case <-timeout:
			c.t.Fatalf("never: %s; %+v", what, c.watch.View())
		}
	}
}

func (c *clocked) behave(manners ...ntptest.Manner) {
	for i, m := range manners {
		c.servers[i].Behave(m)
	}
}

// nodeTime asks for the node's clock.
func (c *clocked) nodeTime() wire.TimeAnswer {
	c.t.Helper()
	nonce := [wire.NonceSize]byte{1, 2, 3}
	a := c.get(wire.PathTime + "?nonce=" + hex.EncodeToString(nonce[:]))
	answer, err := wire.OpenTime(a.body, nonce, nodePublic)
	must(c.t, err)
	return answer
}

var (
	honest  = []ntptest.Manner{{}, {}, {}}
	lying   = []ntptest.Manner{{Offset: 5 * time.Second}, {Offset: -5 * time.Second}, {Offset: 10 * time.Second}}
	isOK    = func(v *clockwatch.View) bool { return v.Level == clockwatch.OK }
	nothing = func(v *clockwatch.View) bool { return v.Agreeing == 0 }
)

func TestStampsCarryTheBoundOfTheClock(t *testing.T) {
	c := startClocked(t, t.TempDir(), honest...)
	c.until("ok", isOK)
	ack, _ := c.accepted(envelopeFor(t, dayOpen))
	if s := ack.Leaf.Stamp; s.Clock != clickday.ClockOK || s.Bound < time.Millisecond || s.Bound > 50*time.Millisecond {
		t.Fatalf("%+v", s)
	}
	if a := c.nodeTime(); a.Clock != clickday.ClockOK || a.Bound < time.Millisecond || a.Bound > 50*time.Millisecond {
		t.Fatalf("%+v", a)
	}
}

// A click day does not open by a clock on which nobody agrees; once it is open,
// also after a restart, it stays so, and the stamps tell.
func TestTheClockDecidesOnlyTheOpening(t *testing.T) {
	dir := t.TempDir()
	c := startClocked(t, dir, lying...)
	c.until("all have answered", func(v *clockwatch.View) bool { return v.Servers[0].Heard && v.Servers[1].Heard && v.Servers[2].Heard })
	env := envelopeFor(t, dayOpen)
	a := c.post(env)
	if p := a.problem(); a.status != 503 || p.Code != clickday.CodeClockNotTrusted || a.header.Get("Retry-After") == "" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a := c.nodeTime(); a.Clock != clickday.ClockRefused {
		t.Fatalf("the node does not open and does not say so: %+v", a)
	}
	id := wire.IDOf(env)
	if a := c.get(wire.PathSubmit + "/" + hex.EncodeToString(id[:])); a.status != 404 {
		t.Fatalf("refused, and yet %d %s", a.status, a.body)
	}
	if a := c.post(envelopeFor(t, dayEarly)); a.problem().Code != clickday.CodeTooEarly {
		t.Fatalf("%s", a.body)
	}

	c.behave(honest...)
	c.until("ok", isOK)
	_, first := c.accepted(env)

	c.behave(lying...)
	c.until("nobody agrees", nothing)
	ack, _ := c.accepted(envelopeFor(t, dayOpen))
	if s := ack.Leaf.Stamp; s.Clock != clickday.ClockRefused || s.Bound != 0 {
		t.Fatalf("%+v", s)
	}
	if a := c.nodeTime(); a.Clock != clickday.ClockRefused {
		t.Fatalf("%+v", a)
	}

	c.stop()
	c = startClocked(t, dir, lying...)
	c.until("all have answered", func(v *clockwatch.View) bool { return v.Servers[0].Heard && v.Servers[1].Heard && v.Servers[2].Heard })
	ack, _ = c.accepted(envelopeFor(t, dayOpen))
	if s := ack.Leaf.Stamp; s.Clock != clickday.ClockRefused {
		t.Fatalf("%+v", s)
	}
	if a := c.post(env); string(a.body) != string(first) {
		t.Fatal("a repeat has another answer")
	}
}
