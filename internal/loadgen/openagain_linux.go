package loadgen

import (
	"cmp"
	"slices"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/loadrun"
	"puntuale/internal/wire"
)

// When an opening is moved, what has not been sent moves with it, and what was
// refused as early because of it is sent again at the opening that the refusal
// names: mini-clients do the same.

// shift is one move of the opening. Requests that were due before At are not
// touched by it.
type shift struct{ at, by time.Duration }

// noticed is how long all threads have to learn of a move before it counts.
const noticed = 50 * time.Millisecond

// Move says that the opening is so much later, or earlier, than it was. From any
// goroutine, while Run goes on.
func (p *Prepared) Move(by time.Duration) {
	r := p.run
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []shift
	if old := r.shifts.Load(); old != nil {
		list = slices.Clone(*old)
	}
	list = append(list, shift{r.Clock.Now().Sub(r.Opening) + noticed, by})
	r.shifts.Store(&list)
	r.Live.Moved.Add(int64(by))
}

// due is when request i of the plan is to be sent. A move does not put one before
// the instant at which the move was learnt.
func (r *openRun) due(i int) time.Duration {
	at := r.Plan[i].At
	if list := r.shifts.Load(); list != nil {
		for _, s := range *list {
			if at >= s.at {
				at = max(at+s.by, s.at)
			}
		}
	}
	return at
}

// again is a request that is sent once more.
type again struct {
	at    time.Duration
	index int
	tries int
}

// againMax is how often a request is sent again before its refusal stands.
const againMax = 5

// postpone plans a request anew that was refused because the opening was moved;
// false when it was not.
func (w *openWorker) postpone(c *openConn, now time.Duration, body []byte) bool {
	q := &w.run.Plan[c.request]
	p := wire.ParseProblem(body)
	if q.Kind == loadrun.Early || p.Code != clickday.CodeTooEarly || p.ReceivedAt == 0 || p.OpensAt <= p.ReceivedAt || c.tries >= againMax {
		return false
	}
	at := now + time.Duration(p.OpensAt-p.ReceivedAt) + max(0, q.Skew) + q.Delay // both are the node's clock
	a := again{at, c.request, c.tries + 1}
	i, _ := slices.BinarySearchFunc(w.again, a, func(x, y again) int { return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.index, y.index)) })
	w.again = slices.Insert(w.again, i, a)
	return true
}

// repeatDue sends what is to be sent again, as long as connections are free.
func (w *openWorker) repeatDue(now time.Duration) {
	n := 0
	for n < min(len(w.again), roundMax) && w.again[n].at <= now {
		c := w.idle.pop()
		if c == nil {
			break
		}
		a := w.again[n]
		c.tries = a.tries
		w.sendAt(c, a.index, a.at, false)
		n++
	}
	w.again = w.again[n:]
}
