package journal

import (
	"context"
	"runtime"
	"sync"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

const (
	// answerers bounds the goroutines that tell waiters, answersShare is how
	// many waiters of a batch one of them takes at a time.
	answerers    = 4
	answersShare = 64
)

// Waiter is somebody who does not wait in a goroutine of his own: waking one for
// each submission would cost more than writing it to the disk.
type Waiter interface {
	// Settled is called once for each Submit that returned true, from a few
	// goroutines that serve everybody: it must not wait for anything.
	Settled(r Receipt)
}

// Receipt is what became of one submission.
type Receipt struct {
	group  *group
	record int
	err    error
}

// Err is nil when the submission may be acknowledged, otherwise what Append
// would have returned.
func (r Receipt) Err() error { return r.err }

// Size returns the length of the acknowledgement in bytes; only without an error.
func (r Receipt) Size() int {
	var path [16][32]byte
	return wire.AcknowledgementSize(len(r.group.tree.AppendPath(path[:0], r.record)))
}

// Append appends the acknowledgement; only without an error.
func (r Receipt) Append(b []byte) []byte { return r.group.appendAcknowledgement(b, r.record) }

// Submit is Append for somebody who does not wait: w is told. It returns false,
// and w hears nothing, for whatever is not a plain new submission; Append then
// says what it is. When ctx ends first, w is told of its cause; a submission may
// share the ctx of another one that waits for the same write.
func (j *Journal) Submit(ctx context.Context, id clickday.SubmissionID, stamp clickday.Stamp, envelope []byte, w Waiter) bool {
	stamp.Node, stamp.Journal = j.opts.Node, j.meta.Journal
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, ok := j.index.get(id); ok {
		return false
	}
	if n := len(j.waiting); n > 0 && j.waiting[n-1].stalled {
		return false
	}
	s, _, err := j.enqueue(id, &stamp, envelope, false)
	if err != nil {
		return false
	}
	s.group.await(ctx, j, s.record, w)
	return true
}

// await takes note of a waiter. Called with the journal's mu held.
func (g *group) await(ctx context.Context, j *Journal, record int, w Waiter) {
	if len(g.waiters) == 0 {
		g.answers = &j.answers
		g.patience = context.AfterFunc(ctx, func() {
			j.mu.Lock()
			defer j.mu.Unlock()
			g.stalled = true
			g.tell(context.Cause(ctx))
		})
	}
	g.waiters = append(g.waiters, waiting{w, record})
}

// waiting is one waiter of a group.
type waiting struct {
	who    Waiter
	record int
}

// settle tells everybody that the group is done. Called with mu held.
func (g *group) settle() {
	close(g.done)
	if len(g.waiters) > 0 {
		g.patience()
		g.tell(g.err)
	}
}

// tell hands the waiters to those who tell them. Called with mu held.
func (g *group) tell(err error) {
	all := g.waiters
	g.waiters = nil
	for len(all) > 0 {
		n := min(len(all), answersShare)
		g.answers.push(answer{g, all[:n], err})
		all = all[n:]
	}
}

// answer is waiters to be told.
type answer struct {
	group *group
	to    []waiting
	err   error
}

func (a *answer) run() {
	for _, w := range a.to {
		w.who.Settled(Receipt{a.group, w.record, a.err})
	}
}

// answering is the queue to those who tell waiters, and the wait for them.
type answering struct {
	mu     sync.Mutex
	more   sync.Cond // of mu
	queue  []answer  // guarded by mu
	closed bool      // guarded by mu
	done   sync.WaitGroup
}

func (a *answering) start() {
	a.more.L = &a.mu
	for range min(answerers, runtime.GOMAXPROCS(0)) {
		a.done.Go(a.run)
	}
}

func (a *answering) push(one answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.queue = append(a.queue, one)
	if a.closed { // too late for those who have gone home
		a.done.Go(a.run)
	}
	a.more.Signal()
}

// run tells waiters until the queue is closed and empty.
func (a *answering) run() {
	for {
		a.mu.Lock()
		for len(a.queue) == 0 && !a.closed {
			a.more.Wait()
		}
		if len(a.queue) == 0 {
			a.mu.Unlock()
			return
		}
		one := a.queue[0]
		a.queue[0] = answer{}
		if a.queue = a.queue[1:]; len(a.queue) == 0 {
			a.queue = nil
		}
		a.mu.Unlock()
		one.run()
	}
}

// close lets everybody be told who is in the queue.
func (a *answering) close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.more.Broadcast()
	a.done.Wait()
}
