package sending

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/store"
	"puntuale/internal/client/timing"
	"puntuale/internal/wire"
)

// slowRepeat is the shortest pause after an answer that only time can change.
const slowRepeat = 250 * time.Millisecond

// judge decides what an answer means for an item.
func (w *worker) judge(ctx context.Context, q *queue, it *item, n int, a Answer) {
	if a.Status == http.StatusOK {
		rec, err := w.s.acknowledged(it.record, n, a.Body)
		if err == nil {
			w.s.keep(ctx, q, it, rec)
			return
		}
		// Whoever answered, it was not provably the node: it does not count.
		it.unsure = true
		w.s.trouble(err)
		q.again(it, max(slowRepeat, timing.Backoff(it.tries-1)))
		return
	}
	p := wire.ParseProblem(a.Body)
	w.s.log().Info("refused for now or for good", "application", it.record.Application, "code", p.Code, "status", a.Status)
	switch {
	case p.Code == clickday.CodeTooEarly || p.Code == clickday.CodeSuspended:
		w.notNow(ctx, q, it, n, p)
	case clickday.MeaningOf(p.Code).Again:
		// A 5xx leaves it open whether this attempt was stored (docs/protocol.md §5).
		it.unsure = it.unsure || a.Status >= http.StatusInternalServerError
		w.s.trouble(&wire.Error{Code: p.Code, Detail: p.Detail})
		q.again(it, max(a.RetryAfter, timing.Backoff(it.tries-1)))
	default:
		w.refuse(ctx, q, it, p.Code)
	}
}

// acknowledged checks an acknowledgement against the node's key and returns
// the record that holds it.
func (s *sender) acknowledged(r store.Record, n int, body []byte) (store.Record, error) {
	ack, err := wire.ParseAcknowledgement(body)
	if err == nil {
		err = ack.Check(wire.IDOf(r.Envelope), s.Nodes[n].Public)
	}
	if err == nil && ack.Leaf.Stamp.Node != s.Nodes[n].ID {
		err = fmt.Errorf("acknowledgement of node %d", ack.Leaf.Stamp.Node)
	}
	if err != nil {
		return r, fmt.Errorf("answer of intake node %d does not count: %w", s.Nodes[n].ID, err)
	}
	r.State, r.Acknowledgement = store.Acknowledged, body
	r.Arrived, r.Bound, r.Node = ack.Leaf.Stamp.UnixNano, ack.Leaf.Stamp.Bound, ack.Leaf.Stamp.Node
	return r, nil
}

// notNow handles an answer that says "before the opening" or "suspended": the
// node's calendar or its clock is not what we thought.
func (w *worker) notNow(ctx context.Context, q *queue, it *item, n int, p wire.Problem) {
	if p.Code == clickday.CodeTooEarly && p.OpensAt > 0 {
		w.s.movedTo(p.OpensAt)
	}
	w.s.estimators[n].Reset()
	if err := errors.Join(w.refreshCalendar(ctx, n), w.sample(ctx, n)); err != nil {
		w.s.trouble(err)
	}
	if _, err := w.ready(ctx, n); !errors.Is(err, errOver) {
		pause := timing.Backoff(it.tries - 1)
		if p.Code == clickday.CodeSuspended {
			pause = max(slowRepeat, pause)
		}
		q.again(it, pause)
		return
	}
	rec := it.record
	if !it.unsure { // the node has said that this attempt was not stored
		rec.State = store.Armed
	}
	w.s.keep(ctx, q, it, rec)
}

// refuse makes a refusal final, unless an earlier attempt may have arrived:
// then the nodes are asked for its acknowledgement first.
func (w *worker) refuse(ctx context.Context, q *queue, it *item, code clickday.Code) {
	if it.unsure {
		rec, found, err := w.lookUp(ctx, it.record)
		if found {
			w.s.keep(ctx, q, it, rec)
			return
		}
		if err != nil {
			w.s.trouble(err)
			q.again(it, timing.Backoff(it.tries))
			return
		}
	}
	rec := it.record
	rec.State, rec.Code = store.Refused, code
	w.s.keep(ctx, q, it, rec)
}

// lookUp asks every node for the acknowledgement of a submission. Found with
// the record that holds it; not found only when every node has said so; an
// error when one of them could not be asked.
func (w *worker) lookUp(ctx context.Context, r store.Record) (store.Record, bool, error) {
	var missing error
	for n := range w.s.Nodes {
		a, err := w.status(ctx, n, r.ID())
		if err != nil {
			missing = errors.Join(missing, err)
			continue
		}
		if a.Status == http.StatusOK {
			rec, err := w.s.acknowledged(r, n, a.Body)
			if err == nil {
				return rec, true, nil
			}
			missing = errors.Join(missing, err)
		} else if p := wire.ParseProblem(a.Body); p.Code != clickday.CodeNotFound {
			missing = errors.Join(missing, fmt.Errorf("intake node %d: status: %s", w.s.Nodes[n].ID, p.Code))
		}
	}
	return r, false, missing
}

func (w *worker) status(ctx context.Context, n int, id clickday.SubmissionID) (Answer, error) {
	l, err := w.link(ctx, n)
	if err != nil {
		return Answer{}, err
	}
	a, err := l.Status(ctx, id)
	if err != nil || a.Last {
		w.drop(n, LinkLost)
	}
	return a, err
}
