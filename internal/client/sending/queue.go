package sending

import (
	"context"
	"slices"
	"sync"
	"time"

	"puntuale/internal/client/store"
)

// item is one application on its way. It belongs to the goroutine that took it
// from the queue.
type item struct {
	record store.Record
	tries  int
	// unsure says that an earlier attempt may have arrived, so that a refusal
	// is final only when no node knows the submission.
	unsure bool
	due    int64 // local instant of the next attempt, for the queue
}

// queue hands items to the workers, in order, each when it is due.
type queue struct {
	now func() int64
	// ctx ends with the last item: nobody waits for a connection any more.
	ctx context.Context
	end context.CancelFunc

	// judging are the acknowledgements being checked and put on disk, each by a
	// goroutine of its own that holds a place in judges.
	judging sync.WaitGroup
	judges  chan struct{}

	mu      sync.Mutex
	waiting []*item       // guarded by mu
	open    int           // guarded by mu; items neither finished nor put on hold
	changed chan struct{} // guarded by mu; closed and replaced at every change
}

func newQueue(ctx context.Context, now func() int64, items []*item) *queue {
	for _, it := range items {
		it.due = 0
	}
	q := &queue{now: now, waiting: slices.Clone(items), open: len(items), changed: make(chan struct{}), judges: make(chan struct{}, judgesMax)}
	q.ctx, q.end = context.WithCancel(ctx)
	return q
}

// judgesMax is how many acknowledgements are looked at at the same time, beside
// the connections, which go on with the next application meanwhile.
const judgesMax = 4

// later runs f beside the connections.
func (q *queue) later(f func()) {
	q.judging.Go(func() {
		q.judges <- struct{}{}
		defer func() { <-q.judges }()
		f()
	})
}

// next blocks until an item is due. False when all are finished or ctx ends.
func (q *queue) next(ctx context.Context) (*item, bool) {
	for ctx.Err() == nil {
		it, wait, changed, open := q.take()
		if it != nil {
			return it, true
		}
		if !open {
			return nil, false
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-t.C:
		}
		t.Stop()
	}
	return nil, false
}

func (q *queue) take() (_ *item, wait time.Duration, changed <-chan struct{}, open bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.now()
	wait = time.Hour // until something changes
	for i, it := range q.waiting {
		if it.due <= now {
			q.waiting = slices.Delete(q.waiting, i, i+1)
			return it, 0, nil, true
		}
		wait = min(wait, time.Duration(it.due-now))
	}
	return nil, wait, q.changed, q.open > 0
}

// again puts an item back, due after a pause.
func (q *queue) again(it *item, pause time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	it.due = q.now() + int64(pause)
	q.waiting = append(q.waiting, it)
	q.broadcast()
}

// done takes an item out for good.
func (q *queue) done(*item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.open--; q.open == 0 {
		q.end()
	}
	q.broadcast()
}

func (q *queue) broadcast() {
	close(q.changed)
	q.changed = make(chan struct{})
}
