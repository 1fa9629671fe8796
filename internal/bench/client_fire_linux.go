package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/store"
	"puntuale/internal/client/timing"
)

const (
	// fireEvery is the time between two click days, apartLoaded that on a loaded
	// machine, where one firing must not be what loads it for the next; fireLead is
	// how long before its click day each client starts.
	fireEvery   = 30 * time.Millisecond
	apartLoaded = 100 * time.Millisecond
	fireLead    = 14 * time.Second
	// clockOff is how far a computer's clock may be off.
	clockOff = 5 * time.Second
)

// Firing is one client with one application and a click day of its own.
type Firing struct {
	Late    time.Duration // arrival, by the intake's kernel stamp, after the opening
	Out     time.Duration // how long the network held the request back
	Off     time.Duration // how wrong the computer's clock was
	Sure    time.Duration // how long after the opening it aimed: the error of what it knew of the clock
	Early   int           // requests that the intake refused as too early
	Sent    int
	Stamped bool // by the kernel
	Missing bool // without an acknowledgement
}

// Beyond is the lateness that the network's way out does not explain.
func (f *Firing) Beyond() time.Duration { return f.Late - f.Out }

// Fire has n clients fire at the real intake, each at its own opening. Through
// the network of delays when delayed, else over loopback as it is; the disk of
// each client is a real one unless delayed.
func (g *Ground) Fire(ctx context.Context, n int, delayed bool, progress io.Writer) ([]Firing, error) {
	begin := g.Clock.Now().Add(fireLead + intakeStarts)
	every := apartLoaded
	if delayed {
		every = fireEvery
	}
	opens := make([]time.Time, n)
	for i := range opens {
		opens[i] = begin.Add(time.Duration(i) * every)
	}
	s, err := g.openClientSite(ctx, opens)
	if err != nil {
		return nil, err
	}
	out := make([]Firing, n)
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if errs[i] = pause(ctx, opens[i].Add(-fireLead).Sub(g.Clock.Now())); errs[i] == nil {
				out[i], errs[i] = s.fire(ctx, i, delayed)
			}
		})
	}
	all.Wait()
	fmt.Fprintf(progress, "%d firings, delayed %v\n", n, delayed)
	return out, errors.Join(errors.Join(errs...), s.close())
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// fire is one firing.
func (s *clientSite) fire(ctx context.Context, i int, delayed bool) (Firing, error) {
	r := rand.New(rand.NewPCG(uint64(i), 2026))
	f := Firing{Off: time.Duration(r.Int64N(int64(2*clockOff))) - clockOff}
	rs, err := s.records(ctx, s.days[i].ID, 1)
	if err != nil {
		return f, err
	}
	records := newMemory(rs)
	addr, count := s.peer.Addr, &shots{clk: s.Clock}
	var d *delayer
	if delayed {
		if d, err = newDelayer(addr, uneven(r), s.Clock); err != nil {
			return f, err
		}
		defer d.close()
		addr = d.addr()
	}
	clk := wrong{s.Clock, f.Off}
	if err := s.run(ctx, &s.days[i], addr, records, timing.NewBase(clk), timing.Precise(clk), count); err != nil {
		return f, err
	}
	f.Sent, f.Early, f.Sure = count.sent, count.early, time.Duration(count.aim-s.days[i].Opens)
	if d != nil {
		f.Out = time.Duration(d.lastOut.Load())
	}
	return f, f.read(records.Day(s.days[i].ID)[0], &s.days[i])
}

// read takes the stamp out of the acknowledgement.
func (f *Firing) read(r store.Record, d *clickday.Day) error {
	if r.State != store.Acknowledged {
		f.Missing = true
		return nil
	}
	leaf, err := leafOf(r)
	if err != nil {
		return err
	}
	f.Stamped = leaf.Stamp.Source == clickday.StampKernel
	f.Late = time.Duration(leaf.Stamp.UnixNano - d.Opens)
	return nil
}

// Burners keep every processor busy until they are stopped.
type burners []*exec.Cmd

// burn starts that many busy processes for each processor.
func (g *Ground) burn(each int) (burners, error) {
	var b burners
	for range each * runtime.NumCPU() {
		c := exec.Command(g.Self, "burn")
		c.Stderr, c.SysProcAttr = os.Stderr, ownSession()
		if err := c.Start(); err != nil {
			b.stop()
			return nil, fmt.Errorf("bench: %w", err)
		}
		b = append(b, c)
	}
	return b, nil
}

func (b burners) stop() {
	for _, c := range b {
		c.Process.Kill() // it does nothing else
		c.Wait()         // killed
	}
}

// Burn keeps one processor busy until ctx ends.
func Burn(ctx context.Context) error {
	x := uint64(1)
	for ctx.Err() == nil {
		for range 1_000_000 {
			x = x*6364136223846793005 + 1442695040888963407
		}
	}
	if x == 0 {
		return errors.New("bench: the sum is zero") // keeps the loop from being left out
	}
	return nil
}

// quantile returns the p-th part of the values, 0 of none.
func quantile(values []time.Duration, p float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	v := slices.Sorted(slices.Values(values))
	return v[min(len(v)-1, int(p*float64(len(v))))]
}
