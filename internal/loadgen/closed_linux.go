package loadgen

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"puntuale/internal/clock"
)

// Closed is a run in which every connection sends the next request as soon as it
// has the answer to the last, for as long as it lasts and the pool gives.
type Closed struct {
	Addr string // plain HTTP on loopback
	Head []byte // of every request, ready to be followed by an envelope
	Pool *Pool
	// First and Count say which envelopes of the pool are sent.
	First, Count int
	Conns        int
	Threads      int           // each drives a share of the connections; 1 if 0
	Lasting      time.Duration // no new request after that
	// Check, if not nil, judges every answer; body is only valid during the
	// call. Several threads call it.
	Check func(envelope int, status int, body []byte) error
	Clock clock.Clock
}

// Outcome is what came of a closed run.
type Outcome struct {
	Answers int // that Check accepted
	Failed  int // connections that broke, and answers that were refused
	Elapsed time.Duration
	Latency Histogram
	Err     error // the first failure, if any
}

// Rate returns answers a second.
func (o *Outcome) Rate() float64 { return float64(o.Answers) / o.Elapsed.Seconds() }

// closedRun is what the threads share.
type closedRun struct {
	*Closed
	next  atomic.Int64 // envelope to send
	end   time.Time
	start chan struct{} // closed when all connections stand
}

// Run connects, then sends until the time is up or the envelopes are, and waits
// for the last answers.
func (c *Closed) Run(ctx context.Context) (*Outcome, error) {
	if err := errors.Join(checkConns(c.Conns), c.checkRange()); err != nil {
		return nil, err
	}
	addr, err := loopback(c.Addr)
	if err != nil {
		return nil, err
	}
	run := &closedRun{Closed: c, start: make(chan struct{})}
	run.next.Store(int64(c.First))
	workers := make([]*worker, max(1, c.Threads))
	defer func() {
		for _, w := range workers {
			w.close()
		}
	}()
	for i := range workers {
		share := (c.Conns + len(workers) - 1 - i) / len(workers)
		to := &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}
		if workers[i], err = newWorker(run, to, share); err != nil {
			return nil, err
		}
	}
	return run.drive(ctx, workers)
}

func (c *Closed) checkRange() error {
	if c.First < 0 || c.Count < 1 || c.First+c.Count > c.Pool.Len() {
		return fmt.Errorf("loadgen: envelopes %d to %d of a pool of %d", c.First, c.First+c.Count, c.Pool.Len())
	}
	return nil
}

func (r *closedRun) drive(ctx context.Context, workers []*worker) (*Outcome, error) {
	var group errgroup.Group
	for _, w := range workers {
		group.Go(func() error {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			return w.loop(ctx)
		})
	}
	began := r.Clock.Now()
	r.end = began.Add(r.Lasting)
	close(r.start)
	err := group.Wait()
	out := &Outcome{Elapsed: r.Clock.Now().Sub(began)}
	for _, w := range workers {
		out.Answers += w.answers
		out.Failed += w.failed
		out.Latency.Merge(&w.latency)
		if out.Err == nil {
			out.Err = w.err
		}
	}
	return out, err
}

// take returns the next envelope to send, or -1.
func (r *closedRun) take(now time.Time) int {
	if now.After(r.end) {
		return -1
	}
	if n := int(r.next.Add(1) - 1); n < r.First+r.Count {
		return n
	}
	return -1
}
