package sequencer

import (
	"context"
	"errors"
	"sync"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/queue"
)

var errInjected = errors.New("injected")

func isQueue(err error) bool { return errors.Is(err, queue.ErrUnavailable) }

// faults lets the store fail at its at-th call, counted from 1; 0 is never.
type faults struct {
	mu      sync.Mutex
	calls   int // guarded by mu
	at      int
	applied bool // the call has had its effect
}

// hit reports whether this call is the one.
func (f *faults) hit() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	return f.calls == f.at
}

// faultyTerm is a real term that fails on demand.
type faultyTerm struct {
	Term
	f *faults
}

func (t *faultyTerm) Ingest(ctx context.Context, in *clickday.Intake, now time.Time) (clickday.IntakeCount, error) {
	if !t.f.hit() {
		return t.Term.Ingest(ctx, in, now)
	}
	if t.f.applied {
		if _, err := t.Term.Ingest(ctx, in, now); err != nil {
			return clickday.IntakeCount{}, err
		}
	}
	return clickday.IntakeCount{}, errInjected
}

func (t *faultyTerm) Number(ctx context.Context, limit int, now time.Time) (clickday.NumberCount, error) {
	if !t.f.hit() {
		return t.Term.Number(ctx, limit, now)
	}
	if t.f.applied {
		if _, err := t.Term.Number(ctx, limit, now); err != nil {
			return clickday.NumberCount{}, err
		}
	}
	return clickday.NumberCount{}, errInjected
}
