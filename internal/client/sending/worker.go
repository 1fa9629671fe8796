package sending

import (
	"context"
	"errors"
	"net/http"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/timing"
)

// worker owns one connection per node and sends one application at a time.
type worker struct {
	s       *sender
	index   int
	standby bool   // keeps a connection to the second node too
	links   []Link // by position of the node; nil when not connected
	first   []byte // envelope that it will probably send first; nil for none
	due     int64  // local instant at which the connection is used next, while waiting
	shunned int64  // local instant until which the second node is left alone
}

// link returns the warm connection to a node, or makes one.
func (w *worker) link(ctx context.Context, n int) (Link, error) {
	if w.links[n] == nil {
		w.s.show(w, n, LinkConnecting)
		l, err := w.s.Nodes[n].Dial(ctx, w.first)
		if err != nil {
			w.s.show(w, n, LinkLost)
			return nil, err
		}
		w.links[n] = l
		w.s.show(w, n, LinkWarm)
	}
	return w.links[n], nil
}

// drop closes a connection that is of no more use.
func (w *worker) drop(n int, st LinkState) {
	if w.links[n] == nil {
		return
	}
	if err := w.links[n].Close(); err != nil {
		w.s.log().Debug("close connection", "node", w.s.Nodes[n].ID, "err", err)
	}
	w.links[n] = nil
	w.s.show(w, n, st)
}

func (w *worker) close() {
	for n := range w.links {
		w.drop(n, LinkNone)
	}
}

// tendStandby looks after the connection to the node that takes over. It is not
// worth being late for, nor being told of at every look.
func (w *worker) tendStandby(ctx context.Context) {
	now := w.s.Base.Now()
	if now < w.shunned {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, standbyPatience)
	defer cancel()
	if err := w.sample(ctx, w.s.next(w.s.home)); err != nil {
		w.s.log().Info("second node", "err", err)
		w.shunned = now + int64(timing.Jitter(standbyAgain))
	}
}

// sample exchanges the time with a node and follows its calendar. The signed
// answer names the calendar's version, so the calendar itself is fetched only
// when it is newer than ours.
func (w *worker) sample(ctx context.Context, n int) error {
	l, err := w.link(ctx, n)
	if err != nil {
		return err
	}
	sample, answer, err := l.Time(ctx)
	if err != nil {
		w.drop(n, LinkLost)
		return err
	}
	w.s.estimators[n].Add(sample)
	if answer.CalendarVersion > w.s.Calendars.Current().Version {
		return w.refreshCalendar(ctx, n)
	}
	return nil
}

// refreshCalendar fetches the node's calendar and offers it.
func (w *worker) refreshCalendar(ctx context.Context, n int) error {
	l, err := w.link(ctx, n)
	if err != nil {
		return err
	}
	signed, err := l.Calendar(ctx)
	if err != nil {
		w.drop(n, LinkLost)
		return err
	}
	changed, err := w.s.Calendars.Offer(signed)
	if changed {
		w.s.log().Info("calendar changed", "version", w.s.Calendars.Current().Version)
	}
	return err
}

// work takes items from the queue until none is left.
func (w *worker) work(ctx context.Context, q *queue) {
	w.join(q.ctx)
	for {
		it, ok := q.next(ctx)
		if !ok {
			return
		}
		w.attempt(ctx, q, it)
	}
}

// join connects a worker that has no connection, before it takes an item that
// another could send at once.
func (w *worker) join(ctx context.Context) {
	for _, l := range w.links {
		if l != nil {
			return
		}
	}
	if w.index == 0 {
		return // somebody has to try, whatever comes of it
	}
	if _, err := w.link(ctx, w.s.home); err != nil {
		w.s.log().Info("connection", "err", err)
	}
}

// attempt makes one try for an item and puts it where it belongs.
func (w *worker) attempt(ctx context.Context, q *queue, it *item) {
	n := w.s.nodeFor(it)
	it.tries++
	w.first = it.record.Envelope
	l, err := w.ready(ctx, n)
	if errors.Is(err, errOver) {
		q.done(it) // the run goes on with what the day's end asks for
		return
	}
	if err != nil {
		w.s.trouble(err)
		q.again(it, w.s.pause(it))
		return
	}
	answer, n, err := w.submit(ctx, n, l, it)
	if err != nil {
		it.unsure = true
		w.s.trouble(err)
		q.again(it, w.s.pause(it))
		return
	}
	if answer.Status == http.StatusOK {
		// The connection does not wait for a signature and a disk.
		q.later(func() { w.judge(ctx, q, it, n, answer) })
		return
	}
	w.judge(ctx, q, it, n, answer)
}

// pause is how long an item waits that could not be sent, or whose answer was
// lost: not at all while there is a node that has not been tried.
func (s *sender) pause(it *item) time.Duration {
	if it.tries < len(s.Nodes) {
		return 0
	}
	return timing.Backoff(it.tries - len(s.Nodes))
}

// errOver means that the day is no longer open.
var errOver = errors.New("the click day is not open")

// ready returns a connection to a node whose clock has certainly reached the
// opening. errOver when the day is closed or suspended.
func (w *worker) ready(ctx context.Context, n int) (Link, error) {
	l, err := w.link(ctx, n)
	if err != nil {
		return nil, err
	}
	e, known := w.s.estimate(n)
	if !known {
		if err := w.sample(ctx, n); err != nil {
			return nil, err
		}
		if e, known = w.s.estimate(n); !known {
			return nil, errors.New("the node's clock gave no usable answer")
		}
		l = w.links[n]
	}
	day := w.s.day()
	if day == nil {
		return nil, errOver
	}
	phase := day.PhaseAt(e.Node(w.s.Base.Now()))
	if phase == clickday.PhaseAfter || phase == clickday.PhaseSuspended {
		return nil, errOver
	}
	aim := e.Aim(day.Opens)
	wait := time.Duration(aim - w.s.Base.Now())
	switch {
	case wait <= 0:
		return l, nil
	case phase == clickday.PhaseBefore && wait > time.Second:
		return nil, errOver // the opening has moved: wait for it properly
	default:
		return l, w.s.Wait(ctx, w.s.Base.At(aim))
	}
}
