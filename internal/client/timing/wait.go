package timing

import (
	"context"
	"time"

	"puntuale/internal/clock"
)

const (
	// precedence is how long it lasts after the instant, for the request has to
	// leave, and calmFor how long the garbage collector waits.
	precedence = 50 * time.Millisecond
	calmFor    = 300 * time.Millisecond
)

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

// Precise sleeps until shortly before the instant, gives the thread it then runs
// on precedence, and spins the rest. The caller goes on on that very thread. Where
// Ready was called before, precedence comes from there.
func Precise(clk clock.Clock) Wait {
	sleep := Sleep(clk)
	return func(ctx context.Context, until time.Time) error {
		if first := until.Add(-alert); clk.Now().Before(first) {
			if err := sleep(ctx, first); err != nil {
				return err
			}
		}
		stayCalm()
		defer time.AfterFunc(calmFor, calmOver)
		var a attention
		defer time.AfterFunc(precedence, a.end)
		if until.Sub(clk.Now()) <= 0 {
			return nil
		}
		return finish(ctx, clk, until, &a)
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
