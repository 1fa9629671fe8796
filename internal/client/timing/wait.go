package timing

import (
	"context"
	"runtime"
	"time"

	"puntuale/internal/clock"
)

// spin is how long before the instant the wait stops sleeping: a sleeping
// goroutine is woken a millisecond late, on a busy machine several, a spinning
// one is not.
const spin = 5 * time.Millisecond

// Wait returns at the given clock reading, never before, or with the error of ctx.
type Wait func(ctx context.Context, until time.Time) error

// Sleep waits with a timer alone. It is what tests under synctest use, where
// spinning would never let the time move on.
func Sleep(clk clock.Clock) Wait {
	return func(ctx context.Context, until time.Time) error {
		t := time.NewTimer(until.Sub(clk.Now()))
		defer t.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
			return nil
		}
	}
}

// Precise sleeps until shortly before the instant and spins the rest, on a
// thread of its own.
func Precise(clk clock.Clock) Wait {
	sleep := Sleep(clk)
	return func(ctx context.Context, until time.Time) error {
		if err := sleep(ctx, until.Add(-spin)); err != nil {
			return err
		}
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer raise()()
		for clk.Now().Before(until) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		return nil
	}
}

// Pause waits d with a timer, or until ctx ends.
func Pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
