package intake

import (
	"context"
	"net"
	"time"

	"golang.org/x/time/rate"

	"puntuale/internal/arrival"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
)

// The time around an opening in which handshakes are rationed: who comes late
// to the opening must not take the processor from those who came in time.
const (
	rationBefore = time.Minute
	rationAfter  = 10 * time.Minute
)

// handshakeLimit rations the new TLS handshakes of one listener around the
// openings of the calendar. Safe for concurrent use.
type handshakeLimit struct {
	bucket   *rate.Limiter
	calendar *Calendar
	clock    clock.Clock
	wait     time.Duration   // how long a connection may wait for its turn
	over     context.Context // ends all waiting
}

func newHandshakeLimit(perSecond int, wait time.Duration, calendar *Calendar, clk clock.Clock, over context.Context) *handshakeLimit {
	return &handshakeLimit{rate.NewLimiter(rate.Limit(perSecond), max(1, perSecond/10)), calendar, clk, wait, over}
}

// turn waits until a connection may begin its handshake; false means that its
// turn would come too late. While it waits it holds no watermark back: before
// the handshake no byte of it can belong to a request.
func (h *handshakeLimit) turn(c net.Conn) bool {
	now := h.clock.Now()
	if !aroundOpening(h.calendar.Current(), now) {
		return true
	}
	r := h.bucket.ReserveN(now, 1)
	delay := r.DelayFrom(now)
	if delay > h.wait {
		r.CancelAt(now)
		return false
	}
	if delay == 0 {
		return true
	}
	arrival.Park(c, true)
	defer arrival.Park(c, false)
	t := time.NewTimer(delay)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-h.over.Done():
		return false
	}
}

// aroundOpening reports whether a click day has just opened or is about to.
func aroundOpening(t *Timetable, now time.Time) bool {
	if t == nil {
		return false
	}
	for i := range t.Days {
		d := &t.Days[i]
		opens := time.Unix(0, d.Opens)
		if d.State != clickday.DayClosed && !now.Before(opens.Add(-rationBefore)) && now.Before(opens.Add(rationAfter)) {
			return true
		}
	}
	return false
}
