package sequencer

import (
	"context"
	"sync"
	"time"

	"puntuale/internal/queue"
)

const (
	askAgainMin  = 2 * time.Second
	askAgainMax  = 30 * time.Second
	trimInterval = 5 * time.Second
)

// mender has missing batches appended again.
type mender struct {
	known    map[uint64]uint64 // by journal: a batch that is certainly there, recorded or not
	asked    queue.Replay
	standing bool      // a request may lie in the queue
	next     time.Time // do not ask before
	wait     time.Duration
}

// newMender supposes that the process before has left a request behind.
func newMender() mender {
	return mender{known: make(map[uint64]uint64), standing: true, wait: askAgainMin}
}

// expect notes that the journal has batches up to this one.
func (l *lane) expect(journal, batch uint64) {
	l.mender.known[journal] = max(l.mender.known[journal], batch)
}

// missing returns the first batch that is known and not recorded, that of the
// node's present journal rather than any other.
func (l *lane) missing(present uint64) (queue.Replay, bool) {
	var r queue.Replay
	found := false
	for journal, known := range l.mender.known {
		last := l.journals[journal].LastBatch
		if known <= last {
			delete(l.mender.known, journal)
			continue
		}
		if !found || journal == present {
			r, found = queue.Replay{Journal: journal, Batch: last + 1}, true
		}
	}
	return r, found
}

// mend asks for what is missing, withdraws the request as soon as its first
// batch has been seen, so that the node does not start over and over, and asks
// again, less and less often, while nothing moves.
func (l *lane) mend(ctx context.Context, h *haul, present uint64) error {
	m, now := &l.mender, l.s.Clock.Now()
	want, gap := l.missing(present)
	if m.standing && (!gap || h.sighted[m.asked]) {
		if err := l.s.Queue.ClearReplay(ctx, l.node); err != nil {
			return err
		}
		m.standing = false
	}
	switch {
	case !gap:
		m.wait, m.next = askAgainMin, time.Time{}
	case len(h.batches) > 0 && !m.next.IsZero(): // the answer is coming in
		m.wait = askAgainMin
		m.next = now.Add(m.wait)
	}
	if !gap || now.Before(m.next) {
		return nil
	}
	if err := l.s.Queue.RequestReplay(ctx, l.node, want); err != nil {
		return err
	}
	m.asked, m.standing = want, true
	m.next = now.Add(m.wait)
	m.wait = min(2*m.wait, askAgainMax)
	l.s.Metrics.Replays.Inc()
	l.s.Log.Warn("batches are missing in the queue; asked the node for them", "node", l.node,
		"journal", want.Journal, "from_batch", want.Batch)
	return nil
}

// trimmer lets the queue drop what has been recorded for some time. It is safe
// for concurrent use.
type trimmer struct {
	keep time.Duration
	mu   sync.Mutex
	done []checkpoint // oldest first; guarded by mu
	next time.Time    // of those who trim
	last string       // position that was trimmed through, of those who trim
}

type checkpoint struct {
	at       time.Time
	position string
}

// committed notes a recorded position: always the newest, and behind it about
// one per interval.
func (t *trimmer) committed(now time.Time, position string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.done); n > 1 && now.Sub(t.done[n-2].at) < trimInterval {
		t.done = t.done[:n-1]
	}
	t.done = append(t.done, checkpoint{now, position})
}

// trim drops what was recorded longer ago than the retention, which may only
// cost a replay: every dropped entry is in the record, and in the journal.
func (l *lane) trim(ctx context.Context) error {
	t, now := l.trimmer, l.s.Clock.Now()
	position, ok := t.ripe(now)
	if !ok {
		return nil
	}
	if err := l.s.Queue.Trim(ctx, l.node, position); err != nil {
		return err
	}
	t.next, t.last = now.Add(trimInterval), position
	return nil
}

// ripe returns through where the queue may drop entries. What it says again after
// a failure is the same or more.
func (t *trimmer) ripe(now time.Time) (position string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.done) == 0 || now.Before(t.next) {
		return "", false
	}
	n := 0
	for n < len(t.done) && now.Sub(t.done[n].at) >= t.keep {
		n++
	}
	if n == 0 {
		return "", false
	}
	position = t.done[n-1].position
	t.done = t.done[n-1:]
	return position, position != t.last
}
