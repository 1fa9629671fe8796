package api

import (
	"fmt"
	"math"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"puntuale/internal/clock"
)

// Rate is how often somebody may ask: Burst times at once, then PerSecond.
type Rate struct {
	PerSecond float64
	Burst     int
}

var (
	defaultPerToken   = Rate{PerSecond: 10, Burst: 200}
	defaultPerAddress = Rate{PerSecond: 20, Burst: 400}
)

// maxBuckets bounds the memory of a limiter; beyond it those that are full
// again go, and should none be, all do.
const maxBuckets = 100_000

// limiter is one token bucket per key, in the memory of one process.
type limiter struct {
	name    string // in the headers
	clock   clock.Clock
	rate    Rate
	mu      sync.Mutex
	buckets map[string]*rate.Limiter // guarded by mu
}

func newLimiter(c clock.Clock, name string, r, otherwise Rate) *limiter {
	if r == (Rate{}) {
		r = otherwise
	}
	return &limiter{name: name, clock: c, rate: r, buckets: map[string]*rate.Limiter{}}
}

func (l *limiter) bucket(key string, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[key]
	if b == nil {
		if len(l.buckets) >= maxBuckets {
			l.shrink(now)
		}
		b = rate.NewLimiter(rate.Limit(l.rate.PerSecond), l.rate.Burst)
		l.buckets[key] = b
	}
	return b
}

func (l *limiter) shrink(now time.Time) {
	for key, b := range l.buckets {
		if b.TokensAt(now) >= float64(l.rate.Burst) {
			delete(l.buckets, key)
		}
	}
	if len(l.buckets) >= maxBuckets {
		clear(l.buckets)
	}
}

// count takes one call off the key's account and says what is left in the
// headers; a call too many is refused.
func (l *limiter) count(key string, h http.Header) error {
	now := l.clock.Now()
	b := l.bucket(key, now)
	ok := b.AllowN(now, 1)
	return l.tell(h, b.TokensAt(now), ok)
}

// check is count without taking anything.
func (l *limiter) check(key string, h http.Header) error {
	now := l.clock.Now()
	left := l.bucket(key, now).TokensAt(now)
	return l.tell(h, left, left >= 1)
}

// tell writes the fields of draft-ietf-httpapi-ratelimit-headers: the quota and
// the window in which it fills, what is left, and when it is whole again.
func (l *limiter) tell(h http.Header, left float64, ok bool) error {
	whole := math.Ceil((float64(l.rate.Burst) - left) / l.rate.PerSecond)
	h.Set("RateLimit-Policy", fmt.Sprintf(`"%s";q=%d;w=%d`, l.name, l.rate.Burst, int(math.Ceil(float64(l.rate.Burst)/l.rate.PerSecond))))
	h.Set("RateLimit", fmt.Sprintf(`"%s";r=%d;t=%d`, l.name, max(0, int(left)), max(0, int(whole))))
	if ok {
		return nil
	}
	h.Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil((1-left)/l.rate.PerSecond)))))
	return refuse(codeTooOften)
}

// remoteAddress is the other end of the connection; of IPv6 the network, which
// one customer has whole.
func remoteAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.Unmap().Is4() {
		return host
	}
	network, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return host
	}
	return network.String()
}
