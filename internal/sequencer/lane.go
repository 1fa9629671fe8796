package sequencer

import (
	"context"
	"crypto/ed25519"
	"errors"
	"maps"
	"slices"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/queue"
)

// lane takes the stream of one node. One goroutine uses it.
type lane struct {
	s    *Sequencer
	t    Term
	node clickday.NodeID
	key  ed25519.PublicKey

	position  string                              // in the queue, of the last entry dealt with
	journals  map[uint64]clickday.JournalProgress // as recorded
	watermark int64                               // as recorded, or 0
	promised  time.Time                           // when a watermark was last recorded
	mender    mender
	trimmer   trimmer
}

func newLane(s *Sequencer, t Term, node clickday.NodeID, key ed25519.PublicKey, all []clickday.JournalProgress) *lane {
	l := &lane{
		s: s, t: t, node: node, key: key, journals: make(map[uint64]clickday.JournalProgress),
		mender: newMender(), trimmer: trimmer{keep: s.Retention},
	}
	for _, p := range all {
		if p.Node == node {
			l.journals[p.Journal] = p
			l.position = p.Position
		}
	}
	if len(l.journals) > 1 {
		// Positions cannot be compared; what is recorded is dropped anyway.
		l.position = ""
	}
	return l
}

// run steps until the store fails, ctx ends or the nodes have changed. The queue
// may fail: it is tried again, and its node goes on keeping everything in its
// journal.
func (l *lane) run(ctx context.Context, changed <-chan struct{}) error {
	for {
		select {
		case <-changed:
			return nil
		default:
		}
		err := l.step(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, queue.ErrUnavailable):
			l.s.report(ctx, "the queue fails; trying again", err)
			pause(ctx, errorPause)
		case err != nil:
			return err
		}
	}
}

// step reads once and records what it has read. An error leaves the lane where
// it was, so that the next step, or the next process, does the same again.
func (l *lane) step(ctx context.Context) error {
	// The mark first: what it speaks of is then among the entries, or known.
	mark, marked, err := l.s.Queue.LastMark(ctx, l.node)
	if err != nil {
		return err
	}
	entries, err := l.s.Queue.Read(ctx, l.node, l.position, readLimit)
	if err != nil {
		return err
	}
	h := l.take(entries)
	if err := l.record(ctx, h, l.promise(h, mark, marked, len(entries) == 0)); err != nil {
		return err
	}
	if marked && len(entries) == 0 {
		l.expect(mark.Journal, mark.LastBatch)
	}
	if err := l.mend(ctx, h, mark.Journal); err != nil {
		return err
	}
	return l.trim(ctx)
}

// promise returns the node's watermark when everything it speaks of is in hand,
// else 0. A journal without batches says nothing about an older journal whose
// batches may still be in the stream, so the stream must be empty then.
func (l *lane) promise(h *haul, mark queue.Mark, marked, drained bool) int64 {
	switch {
	case !marked || mark.Watermark <= l.watermark:
		return 0
	case l.progressOf(h, mark.Journal).LastBatch < mark.LastBatch:
		return 0
	case mark.LastBatch == 0 && !drained:
		return 0
	case len(h.batches) == 0 && l.s.Clock.Now().Sub(l.promised) < watermarkStep:
		return 0
	}
	return mark.Watermark
}

// record judges what was taken and commits it with the progress it means.
func (l *lane) record(ctx context.Context, h *haul, watermark int64) error {
	if len(h.batches) == 0 && watermark == 0 {
		l.position = h.position // nothing but known, skipped or refused entries
		return nil
	}
	in := &clickday.Intake{Node: l.node, Watermark: watermark}
	if len(h.batches) > 0 {
		var err error
		in.Batches = h.batches
		if in.Submissions, err = l.s.Judge.Judge(ctx, h.records); err != nil {
			return err
		}
		for _, journal := range slices.Sorted(maps.Keys(h.next)) {
			in.To = append(in.To, h.next[journal])
			if p, ok := l.journals[journal]; ok {
				in.From = append(in.From, p)
			}
		}
	}
	now := l.s.Clock.Now()
	n, err := l.t.Ingest(ctx, in, now)
	if err != nil {
		return err
	}
	l.recorded(h, in, n, now)
	return nil
}

func (l *lane) recorded(h *haul, in *clickday.Intake, n clickday.IntakeCount, now time.Time) {
	maps.Copy(l.journals, h.next)
	l.position = h.position
	if in.Watermark != 0 {
		l.watermark, l.promised = in.Watermark, now
	}
	if len(h.batches) > 0 {
		l.trimmer.committed(now, l.position)
	}
	l.s.Metrics.Batches.Add(float64(len(h.batches)))
	l.s.Metrics.Records.Add(float64(len(h.records)))
	l.s.Metrics.Late.Add(float64(n.Late))
	if n.Late > 0 {
		l.s.Log.Error("records came behind the watermark of their node; they get the next numbers", "node", l.node, "records", n.Late)
	}
	l.s.nudge()
}
