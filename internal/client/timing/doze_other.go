//go:build !linux

package timing

import "time"

const (
	// alert is how long before the instant the thread gets precedence, and spin
	// how long before it stops sleeping: all of that time, for Go's timers, which
	// other threads serve, are a millisecond late, on a busy machine several.
	alert = 5 * time.Millisecond
	spin  = alert
)

// doze is not called where spin is all of alert.
func doze(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	<-t.C
}
