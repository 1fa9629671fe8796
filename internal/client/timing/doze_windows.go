package timing

import (
	"context"
	"time"

	"golang.org/x/sys/windows"

	"puntuale/internal/clock"
)

const (
	// alert is how long before the instant the wait moves from Go's timers, which
	// other threads serve, to a thread with precedence that sleeps by itself.
	alert = 400 * time.Millisecond
	// spin is how long before the instant that thread stops sleeping: a sleep ends
	// with a tick of the system's timer, up to 16 ms late.
	spin = 20 * time.Millisecond
)

// Ready has nothing to ask for here: Windows gives precedence to everybody.
func Ready(context.Context) (end func()) { return func() {} }

// finish waits for the instant and goes on on the same thread.
func finish(ctx context.Context, clk clock.Clock, until time.Time, a *attention) error {
	for {
		left := until.Sub(clk.Now())
		if left <= 0 {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		a.raise()
		if left > spin {
			windows.SleepEx(uint32((left-spin)/time.Millisecond)+1, false)
		}
	}
}
