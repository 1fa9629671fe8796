package forwarder

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/clock"
	"puntuale/internal/queue"
)

// runCopied starts a forwarder that reports copies; the function tells how far.
func runCopied(t *testing.T, j *memoryJournal, q *memoryQueue) (copied func() uint64, stop func()) {
	t.Helper()
	var upTo atomic.Uint64
	f := New(Config{
		Node: 1, Journal: j, Queue: q, Safe: fixed(900), Clock: clock.System{}, Copied: upTo.Store,
		Log: slog.New(slog.DiscardHandler), Metrics: NewMetrics(prometheus.NewRegistry()),
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	return upTo.Load, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

var errFew = fmt.Errorf("%w: %w", queue.ErrUnavailable, queue.ErrFewCopies)

func TestCopiesAreReportedAsFarAsTheyGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, q := newMemoryJournal(), &memoryQueue{mark: &queue.Mark{Journal: 42, LastBatch: 5}}
		j.add(seven...)
		copied, stop := runCopied(t, j, q)
		synctest.Wait()
		if copied() != 7 {
			t.Fatal(copied())
		}
		q.set(func() { q.down = true })
		j.add("8")
		synctest.Wait()
		if copied() != 7 {
			t.Fatal("a queue that is down has a copy")
		}
		q.set(func() { q.down = false })
		time.Sleep(backoffAwaited)
		if copied() != 8 {
			t.Fatal("not tried again soon, though somebody waits", copied())
		}
		q.set(func() { q.wish = &queue.Replay{Journal: 42, Batch: 2} })
		time.Sleep(time.Second)
		if copied() != 8 {
			t.Fatal("sending again took copies back", copied())
		}
		stop()
	})
}

// While copies are lacking the worker is fed, nothing is reported, and nothing is
// sent over and over; when they are back, all of it is sent once more, for the
// server may be another one.
func TestWhatWasSentWithoutCopiesIsSentOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		few := false
		j, q := newMemoryJournal(), &memoryQueue{}
		q.fail = func(int) (error, bool) {
			if few {
				return errFew, true
			}
			return nil, true
		}
		j.add("1", "2")
		copied, stop := runCopied(t, j, q)
		synctest.Wait()
		q.set(func() { few = true })
		j.add("3", "4")
		time.Sleep(time.Minute)
		j.add("5")
		time.Sleep(time.Minute)
		if got := q.got(); !slices.Equal(got, []string{"1", "2", "3", "4", "5"}) || copied() != 2 {
			t.Fatal(got, copied())
		}
		q.set(func() { few = false })
		time.Sleep(time.Second)
		if got := q.got(); !slices.Equal(got[5:], []string{"3", "4", "5"}) || copied() != 5 {
			t.Fatal(got, copied())
		}
		stop()
	})
}

// The copy counts only when the call that sent it again has succeeded too.
func TestCopiesLackingAgainWhileSendingAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outcomes := []error{errFew, nil, errFew, nil, errDown, nil}
		j, q := newMemoryJournal(), &memoryQueue{}
		copied := func() uint64 { return 0 }
		q.fail = func(n int) (error, bool) {
			if n > len(outcomes) {
				return nil, true
			}
			if copied() != 0 {
				t.Errorf("copies up to %d reported before call %d", copied(), n)
			}
			return outcomes[n-1], outcomes[n-1] != errDown
		}
		j.add("1", "2", "3")
		var stop func()
		q.mu.Lock() // no call before copied is in place
		copied, stop = runCopied(t, j, q)
		q.mu.Unlock()
		time.Sleep(5 * time.Second)
		if copied() != 3 {
			t.Fatal(copied(), q.got())
		}
		stop()
	})
}
