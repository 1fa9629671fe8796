package crash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"puntuale/internal/client/link"
	"puntuale/internal/wire"
)

const (
	redialEvery = 20 * time.Millisecond
	// refusedWait is shorter than what Retry-After asks for, so that the
	// experiment sees soon when the node takes submissions again.
	refusedWait = 50 * time.Millisecond
)

// Crowd is a number of senders, one keep-alive connection each. What got no
// answer is sent again, the same bytes, as every client does.
type Crowd struct {
	site    *Site
	witness *Witness
	addr    string
	conns   int
	// next returns an envelope, nil when there are no more; concurrent.
	next func() []byte
	// every is the time between two requests of one connection; 0 is as fast
	// as they are answered.
	every time.Duration
	// returning makes senders come back after their connection broke.
	returning bool

	acked   atomic.Int64
	unknown atomic.Int64 // requests that got no answer
	statuses
	milestones
}

// statuses counts answers that were no acknowledgement.
type statuses struct {
	mu     sync.Mutex
	counts map[int]int // guarded by mu
}

func (s *statuses) count(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts == nil {
		s.counts = map[int]int{}
	}
	s.counts[status]++
}

// refused returns how many answers had that status, and how many any other that
// is no acknowledgement.
func (s *statuses) refused(status int) (those, others int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, n := range s.counts {
		if k == status {
			those += n
		} else {
			others += n
		}
	}
	return those, others
}

// milestones lets an experiment wait for acknowledgements.
type milestones struct {
	mu      sync.Mutex
	target  int64         // guarded by mu
	reached chan struct{} // guarded by mu; closed when target acknowledgements are there
	since   time.Time     // guarded by mu; when Mark was called
	marked  bool          // guarded by mu
	late    int           // guarded by mu; acknowledgements of requests sent after Mark
	first   chan time.Time
}

// At returns a channel that is closed at acknowledgement number n.
func (m *milestones) At(n int64) <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.target, m.reached = n, make(chan struct{})
	return m.reached
}

// Mark notes an instant; the channel gets the time of the first acknowledgement
// of a request that was sent after it.
func (m *milestones) Mark(now time.Time) <-chan time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.since, m.marked, m.late, m.first = now, true, 0, make(chan time.Time, 1)
	return m.first
}

// Late returns how many requests sent after Mark were acknowledged.
func (m *milestones) Late() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.late
}

func (m *milestones) pass(n int64, sent, answered time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.reached != nil && n >= m.target {
		close(m.reached)
		m.reached = nil
	}
	if m.marked && sent.After(m.since) {
		if m.late == 0 {
			m.first <- answered
		}
		m.late++
	}
}

// Run sends until ctx ends, there is nothing more to send or, for a crowd that
// does not return, every connection is broken. An acknowledgement that does not
// verify is an error.
func (c *Crowd) Run(ctx context.Context) error {
	group, inner := errgroup.WithContext(ctx)
	for range c.conns {
		group.Go(func() error { return c.sender(inner) })
	}
	return group.Wait()
}

// sender is one of the crowd.
func (c *Crowd) sender(ctx context.Context) error {
	pace := newPace(c.every, c.site.Clock.Now())
	var pending []byte // sent and not answered
	for ctx.Err() == nil {
		conn, err := c.site.dial(ctx, c.addr)
		if err == nil {
			var done bool
			pending, done, err = c.converse(ctx, conn, pending, pace)
			conn.Close() // broken or done with
			if err != nil || done {
				return err
			}
		}
		if !c.returning {
			return nil
		}
		wait(ctx, redialEvery/2+rand.N(redialEvery))
	}
	return nil
}

// converse sends over one connection until it breaks. It returns the envelope
// without an answer, whether there is nothing more to send, and what must not
// happen.
func (c *Crowd) converse(ctx context.Context, conn *link.Conn, pending []byte, pace *pace) ([]byte, bool, error) {
	for ctx.Err() == nil {
		if pending == nil {
			if pending = c.next(); pending == nil {
				return nil, true, nil
			}
		}
		pace.wait(ctx, c.site.Clock.Now())
		sent := c.site.Clock.Now()
		a, err := conn.Submit(ctx, pending)
		if err != nil {
			c.unknown.Add(1)
			return pending, false, nil
		}
		if a.Status != http.StatusOK {
			c.count(a.Status)
			wait(ctx, refusedWait)
		} else {
			if err := c.witness.Heard(wire.IDOf(pending), a.Body); err != nil {
				return nil, false, err
			}
			c.pass(c.acked.Add(1), sent, c.site.Clock.Now())
			pending = nil
		}
		if a.Last {
			return pending, false, nil
		}
	}
	return pending, false, nil
}

// pace spreads the requests of one connection evenly. What was missed while the
// node was away is not made up for.
type pace struct {
	every time.Duration
	due   time.Time
}

func newPace(every time.Duration, now time.Time) *pace {
	p := &pace{every: every, due: now}
	if every > 0 {
		p.due = now.Add(rand.N(every))
	}
	return p
}

func (p *pace) wait(ctx context.Context, now time.Time) {
	if p.every == 0 {
		return
	}
	if late := now.Sub(p.due); late > 100*time.Millisecond {
		p.due = now
	}
	wait(ctx, p.due.Sub(now))
	p.due = p.due.Add(p.every)
}

// wait returns after d or when ctx ends.
func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// pool makes so many envelopes beforehand, on every processor, and returns what
// hands them out.
func (s *Site) pool(n int) func() []byte {
	all := make([][]byte, n)
	var group errgroup.Group
	group.SetLimit(4)
	const chunk = 256
	for from := 0; from < n; from += chunk {
		group.Go(func() error {
			for i := from; i < min(from+chunk, n); i++ {
				all[i] = s.envelope()
			}
			return nil
		})
	}
	group.Wait() // no error can come
	var at atomic.Int64
	return func() []byte {
		i := at.Add(1) - 1
		if i >= int64(n) {
			return nil
		}
		return all[i]
	}
}

// load is a crowd that runs.
type load struct {
	*Crowd
	cancel context.CancelFunc
	ended  chan struct{}
	err    error // set before ended
}

func (c *Crowd) start(ctx context.Context) *load {
	ctx, cancel := context.WithCancel(ctx)
	l := &load{Crowd: c, cancel: cancel, ended: make(chan struct{})}
	go func() {
		l.err = c.Run(ctx)
		close(l.ended)
	}()
	return l
}

// stop ends the crowd and returns what must not have happened.
func (l *load) stop() error {
	l.cancel()
	<-l.ended
	return l.err
}

// until waits for acknowledgement number n.
func (l *load) until(ctx context.Context, n int64) error {
	select {
	case <-l.At(n):
		return nil
	case <-l.ended:
		return errors.Join(fmt.Errorf("crash: the senders ended at acknowledgement %d of %d", l.acked.Load(), n), l.err)
	case <-ctx.Done():
		return ctx.Err()
	}
}
