package forwarder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/queue"
)

// memoryJournal is a journal of named batches.
type memoryJournal struct {
	mu      sync.Mutex
	frames  []string
	waiting int64 // earliest stamp that waits for the disk; 0 is none
	changed chan struct{}
}

func newMemoryJournal() *memoryJournal { return &memoryJournal{changed: make(chan struct{})} }

func (j *memoryJournal) add(names ...string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.frames = append(j.frames, names...)
	close(j.changed)
	j.changed = make(chan struct{})
}

func (j *memoryJournal) ID() uint64 { return 42 }

func (j *memoryJournal) Frames(after uint64, _ int) ([][]byte, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out [][]byte
	for _, f := range j.frames[after:] {
		if out = append(out, []byte(f)); len(out) == 3 {
			break
		}
	}
	return out, nil
}

func (j *memoryJournal) LastBatch() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return uint64(len(j.frames))
}

func (j *memoryJournal) Settled(at int64) (int64, uint64) {
	last := j.LastBatch()
	if j.waiting != 0 {
		at = min(at, j.waiting)
	}
	return at, last
}

func (j *memoryJournal) Changed(after uint64) <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	if uint64(len(j.frames)) > after {
		c := make(chan struct{})
		close(c)
		return c
	}
	return j.changed
}

// memoryQueue is a queue that fails in both ways.
type memoryQueue struct {
	mu     sync.Mutex
	stream []string
	mark   *queue.Mark
	marks  []queue.Mark
	wish   *queue.Replay
	// fail is asked before each Append: what it returns is the error, and
	// whether the append has its effect all the same.
	fail func(n int) (err error, applied bool)
	n    int
	down bool
}

var errDown = fmt.Errorf("%w: down", queue.ErrUnavailable)

func (q *memoryQueue) Append(_ context.Context, _ clickday.NodeID, frames [][]byte, mark queue.Mark) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.n++
	err, applied := error(nil), true
	if q.down {
		return errDown
	}
	if q.fail != nil {
		err, applied = q.fail(q.n)
	}
	if applied {
		for _, f := range frames {
			q.stream = append(q.stream, string(f))
		}
		q.mark = &mark
		q.marks = append(q.marks, mark)
	}
	return err
}

func (q *memoryQueue) WantedReplay(context.Context, clickday.NodeID) (queue.Replay, bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.down {
		return queue.Replay{}, false, errDown
	}
	if q.wish == nil {
		return queue.Replay{}, false, nil
	}
	return *q.wish, true, nil
}

func (q *memoryQueue) LastMark(context.Context, clickday.NodeID) (queue.Mark, bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.down {
		return queue.Mark{}, false, errDown
	}
	if q.mark == nil {
		return queue.Mark{}, false, nil
	}
	return *q.mark, true, nil
}

func (q *memoryQueue) set(change func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	change()
}

func (q *memoryQueue) got() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.stream)
}

func (q *memoryQueue) all() []queue.Mark {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.marks)
}

func (q *memoryQueue) last() queue.Mark {
	q.mu.Lock()
	defer q.mu.Unlock()
	return *q.mark
}

// run starts a forwarder inside a synctest bubble; the result ends it.
func run(t *testing.T, j *memoryJournal, q *memoryQueue, safe func() int64) (stop func() error) {
	t.Helper()
	f := New(Config{
		Node: 1, Journal: j, Queue: q, Safe: safe, Clock: clock.System{},
		Log: slog.New(slog.DiscardHandler), Metrics: NewMetrics(prometheus.NewRegistry()),
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	return func() error { cancel(); return <-done }
}

func fixed(at int64) func() int64 { return func() int64 { return at } }

// distinct drops repeats, as the worker does, and keeps the order.
func distinct(in []string) []string {
	var out []string
	for _, s := range in {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

var seven = []string{"1", "2", "3", "4", "5", "6", "7"}

func TestEverythingIsSentInOrderAndThenTheMarkMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, q := newMemoryJournal(), &memoryQueue{}
		j.add(seven...)
		stop := run(t, j, q, fixed(900))
		synctest.Wait()
		if got := q.got(); !slices.Equal(got, seven) {
			t.Fatal(got)
		}
		for _, m := range q.all() {
			if m.Watermark != 0 && m.LastBatch != 7 {
				t.Fatalf("watermark before everything was sent: %+v", m)
			}
		}
		if m := q.last(); m != (queue.Mark{Watermark: 900, Journal: 42, LastBatch: 7}) {
			t.Fatalf("%+v", m)
		}
		j.add("8")
		synctest.Wait() // at once, without waiting for a tick
		if got := q.got(); got[len(got)-1] != "8" {
			t.Fatal(got)
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestWhatWaitsForTheDiskHoldsTheWatermark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, q := newMemoryJournal(), &memoryQueue{}
		j.waiting = 500
		stop := run(t, j, q, fixed(900))
		synctest.Wait()
		if m := q.last(); m.Watermark != 500 {
			t.Fatalf("%+v", m)
		}
		stop()
	})
}

// Each failure of Append, in both ways: nothing is lost, the order holds after
// repeats are dropped, no mark goes back.
func TestAFailedAppendIsTriedAgain(t *testing.T) {
	for name, applied := range map[string]bool{"failed, not applied": false, "failed, but applied": true} {
		for failing := 1; failing <= 4; failing++ {
			t.Run(fmt.Sprintf("%s, call %d", name, failing), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					j := newMemoryJournal()
					q := &memoryQueue{fail: func(n int) (error, bool) {
						if n == failing || n == failing+1 {
							return errDown, applied
						}
						return nil, true
					}}
					j.add(seven...)
					stop := run(t, j, q, fixed(900))
					time.Sleep(3 * time.Second)
					if got := distinct(q.got()); !slices.Equal(got, seven) {
						t.Fatal(got)
					}
					if !applied && len(q.got()) != 7 {
						t.Fatal("sent twice without need", q.got())
					}
					forward(t, q)
					if err := stop(); err != nil {
						t.Fatal(err)
					}
				})
			})
		}
	}
}

// forward checks that no mark ever went back and the last one is complete.
func forward(t *testing.T, q *memoryQueue) {
	t.Helper()
	q.mu.Lock()
	defer q.mu.Unlock()
	var before queue.Mark
	for _, m := range q.marks {
		if m.Watermark < before.Watermark || m.LastBatch < before.LastBatch {
			t.Fatalf("mark went back from %+v to %+v", before, m)
		}
		before = m
	}
	if before.Watermark != 900 || before.LastBatch != 7 {
		t.Fatalf("last mark %+v", before)
	}
}

func TestAQueueThatIsDownAtTheStartDoesNotMatter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, q := newMemoryJournal(), &memoryQueue{down: true}
		j.add(seven...)
		stop := run(t, j, q, fixed(900))
		time.Sleep(time.Minute)
		q.set(func() { q.down = false })
		time.Sleep(2 * backoffMost)
		if got := q.got(); !slices.Equal(got, seven) {
			t.Fatal(got)
		}
		stop()
	})
}

func TestARestartGoesOnAfterTheLastMark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, q := newMemoryJournal(), &memoryQueue{mark: &queue.Mark{Watermark: 800, Journal: 42, LastBatch: 5}}
		j.add(seven...)
		stop := run(t, j, q, fixed(100)) // the new process knows less than the old one promised
		synctest.Wait()
		if got := q.got(); !slices.Equal(got, []string{"6", "7"}) {
			t.Fatal(got)
		}
		if m := q.last(); m.Watermark != 800 || m.LastBatch != 7 {
			t.Fatalf("%+v", m)
		}
		stop()
	})
}

func TestAnotherJournalIsSentFromItsBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, q := newMemoryJournal(), &memoryQueue{mark: &queue.Mark{Watermark: 800, Journal: 41, LastBatch: 900}}
		j.add(seven...)
		stop := run(t, j, q, fixed(900))
		synctest.Wait()
		if got := q.got(); !slices.Equal(got, seven) {
			t.Fatal(got)
		}
		if m := q.last(); m.Journal != 42 || m.LastBatch != 7 {
			t.Fatalf("%+v", m)
		}
		stop()
	})
}

func TestAJournalThatLostPromisedBatchesStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, q := newMemoryJournal(), &memoryQueue{mark: &queue.Mark{Journal: 42, LastBatch: 8}}
		j.add(seven...)
		stop := run(t, j, q, fixed(900))
		synctest.Wait()
		if err := stop(); !errors.Is(err, ErrForked) || len(q.got()) != 0 {
			t.Fatal(err, q.got())
		}
	})
}

func TestTheWorkersWishIsGrantedOnceAndThenInsistedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, q := newMemoryJournal(), &memoryQueue{}
		j.add(seven...)
		stop := run(t, j, q, fixed(900))
		synctest.Wait()
		q.set(func() { q.stream, q.mark, q.wish = nil, nil, &queue.Replay{Journal: 42, Batch: 3} }) // FLUSHALL, and a worker that has 2
		time.Sleep(time.Second)
		if got := q.got(); !slices.Equal(got, seven[2:]) {
			t.Fatal(got)
		}
		forward(t, q)
		time.Sleep(insist) // the wish still stands: it was flushed again
		if got := q.got(); len(got) != 10 {
			t.Fatal(got)
		}
		q.set(func() { q.wish = nil })
		time.Sleep(time.Second)
		q.set(func() { q.wish = &queue.Replay{Journal: 42, Batch: 3} })
		time.Sleep(lookEvery + markEvery)
		if got := q.got(); len(got) != 15 {
			t.Fatal("a new wish with the old number is not granted at once", got)
		}
		q.set(func() { q.wish = &queue.Replay{Journal: 41, Batch: 1} })
		time.Sleep(time.Second)
		if got := q.got(); len(got) != 15 {
			t.Fatal("a wish for another journal was granted", got)
		}
		stop()
	})
}

func TestFlushSendsTheRest(t *testing.T) {
	j, q := newMemoryJournal(), &memoryQueue{}
	j.add(seven...)
	f := New(Config{
		Node: 1, Journal: j, Queue: q, Safe: fixed(900), Clock: clock.System{},
		Log: slog.New(slog.DiscardHandler), Metrics: NewMetrics(prometheus.NewRegistry()),
	})
	if err := f.Flush(t.Context()); err != nil || !slices.Equal(q.got(), seven) {
		t.Fatal(q.got(), err)
	}
}
