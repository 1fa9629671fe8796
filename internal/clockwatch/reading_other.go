//go:build !linux

package clockwatch

import (
	"sync"
	"time"

	"puntuale/internal/clock"
)

var started = sync.OnceValue(clock.System{}.Now)

// ReadClocks reads the clock of the machine and the monotonic one of the runtime,
// which takes the place of Linux's raw clock here.
func ReadClocks() (Reading, error) {
	from, now := started(), clock.System{}.Now()
	return Reading{Real: now.UnixNano(), Raw: int64(now.Sub(from)/time.Nanosecond) + 1}, nil
}
