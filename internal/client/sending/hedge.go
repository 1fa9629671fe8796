package sending

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	// hedgeAfter is how long a node may keep silent before the same envelope goes
	// to another one beside it, at random up to hedgeSpread later.
	hedgeAfter  = time.Second
	hedgeSpread = time.Second
)

// reply is what came of one submission.
type reply struct {
	answer Answer
	node   int
	err    error
}

// submit sends an item to a node, and when that keeps silent to the next one as
// well: whichever answers first has answered, and the earliest arrival counts
// whoever does. It returns the answer and whose it is. The connections that are
// of no more use are dropped.
func (w *worker) submit(ctx context.Context, n int, l Link, it *item) (Answer, int, error) {
	first, stop := context.WithCancel(ctx)
	defer stop()
	beside := make(chan reply, 1)
	second, stopSecond := context.WithCancel(ctx)
	defer stopSecond()
	silence := newSilence(len(w.s.Nodes) > 1, func() {
		r := w.submitBeside(second, w.s.next(n), it)
		if r.err == nil {
			stop()
		}
		beside <- r
	})
	w.s.note(w, n, LinkSending)
	a, err := l.Submit(first, it.record.Envelope)
	one := reply{a, n, err}
	w.tidy(one)
	if !silence.broken() {
		return one.answer, one.node, one.err
	}
	if one.err == nil {
		stopSecond()
	}
	two := <-beside
	if one.err != nil && two.err == nil {
		it.unsure = true // of the silent one it is not known
		one = two
	}
	return one.answer, one.node, one.err
}

// submitBeside sends an item to another node while the first keeps silent.
func (w *worker) submitBeside(ctx context.Context, n int, it *item) reply {
	l, err := w.ready(ctx, n)
	if err != nil {
		return reply{node: n, err: err}
	}
	w.s.log().Info("a node keeps silent: the same envelope goes to another", "application", it.record.Application, "node", w.s.Nodes[n].ID)
	w.s.note(w, n, LinkSending)
	a, err := l.Submit(ctx, it.record.Envelope)
	r := reply{a, n, err}
	w.tidy(r)
	return r
}

// tidy drops a connection that broke or is the node's last word.
func (w *worker) tidy(r reply) {
	if r.err != nil || r.answer.Last {
		w.drop(r.node, LinkLost)
		return
	}
	w.s.note(w, r.node, LinkWarm)
}

// silence calls f once when it has lasted too long.
type silence struct{ t *time.Timer }

func newSilence(wanted bool, f func()) silence {
	if !wanted {
		return silence{}
	}
	return silence{time.AfterFunc(hedgeAfter+rand.N(hedgeSpread), f)}
}

// broken ends the silence and reports whether f was called.
func (s silence) broken() bool { return s.t != nil && !s.t.Stop() }
