// Package limit slows down callers, one token bucket per remote address, in the
// memory of one process.
package limit

import (
	"net"
	"net/http"
	"sync"

	"golang.org/x/time/rate"

	"puntuale/internal/clock"
)

// maxBuckets bounds the memory; beyond it all buckets start anew.
const maxBuckets = 10_000

// Limiter is safe for concurrent use.
type Limiter struct {
	clock   clock.Clock
	perSec  rate.Limit
	burst   int
	mu      sync.Mutex
	buckets map[string]*rate.Limiter // guarded by mu
}

// New returns a Limiter that lets each address call burst times at once and
// perSecond times a second for ever.
func New(c clock.Clock, perSecond float64, burst int) *Limiter {
	return &Limiter{clock: c, perSec: rate.Limit(perSecond), burst: burst, buckets: map[string]*rate.Limiter{}}
}

// Allow reports whether this request may go on. Behind a proxy all callers share
// the proxy's bucket, because headers that name another address can be forged.
func (l *Limiter) Allow(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	l.mu.Lock()
	b := l.buckets[host]
	if b == nil {
		if len(l.buckets) >= maxBuckets {
			clear(l.buckets)
		}
		b = rate.NewLimiter(l.perSec, l.burst)
		l.buckets[host] = b
	}
	l.mu.Unlock()
	return b.AllowN(l.clock.Now(), 1)
}
