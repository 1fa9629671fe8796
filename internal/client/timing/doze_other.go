//go:build !linux && !windows

package timing

import (
	"context"
	"time"

	"puntuale/internal/clock"
)

// alert is how long before the instant the thread gets precedence and stops
// sleeping, for Go's timers, which other threads serve, are a millisecond late, on
// a busy machine several.
const alert = 5 * time.Millisecond

// Ready has nothing to ask for here: the wait takes its precedence by itself.
func Ready(context.Context) (end func()) { return func() {} }

// finish spins until the instant, and goes on on the same thread.
func finish(ctx context.Context, clk clock.Clock, until time.Time, a *attention) error {
	for until.Sub(clk.Now()) > 0 {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		a.raise()
	}
	return nil
}
