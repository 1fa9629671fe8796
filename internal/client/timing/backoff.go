package timing

import (
	"math/rand/v2"
	"time"
)

const (
	backoffFirst = 50 * time.Millisecond
	backoffStart = 250 * time.Millisecond
	backoffMax   = 15 * time.Second
)

// Backoff returns how long to wait before repeat number attempt (0, 1, …):
// anything from nothing to a ceiling of 50 ms, 250 ms, 500 ms, … 15 s. The full
// jitter keeps half a million clients from coming back together.
func Backoff(attempt int) time.Duration { return rand.N(backoffCeiling(attempt)) }

func backoffCeiling(attempt int) time.Duration {
	switch {
	case attempt <= 0:
		return backoffFirst
	case attempt > 7:
		return backoffMax
	default:
		return min(backoffStart<<(attempt-1), backoffMax)
	}
}

// Jitter returns d give or take a quarter.
func Jitter(d time.Duration) time.Duration { return d - d/4 + rand.N(d/2+1) }
