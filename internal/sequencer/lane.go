package sequencer

import (
	"context"
	"crypto/ed25519"
	"errors"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"puntuale/internal/clickday"
	"puntuale/internal/queue"
)

// lane takes the stream of one node. One goroutine reads and judges, and may be
// one haul ahead of the one that records.
type lane struct {
	s    *Sequencer
	t    Term
	node clickday.NodeID
	key  ed25519.PublicKey

	position  string                              // in the queue, of the last entry dealt with
	journals  map[uint64]clickday.JournalProgress // as recorded, or about to be
	watermark int64                               // likewise, or 0
	promised  time.Time                           // when a watermark was last handed over
	limit     int                                 // entries to read at once
	mender    mender
	trimmer   *trimmer
}

func newLane(s *Sequencer, t Term, node clickday.NodeID, key ed25519.PublicKey, all []clickday.JournalProgress) *lane {
	l := &lane{
		s: s, t: t, node: node, key: key, journals: make(map[uint64]clickday.JournalProgress),
		limit: readLimit, mender: newMender(), trimmer: &trimmer{keep: s.Retention},
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

// run works until the store fails, ctx ends or the nodes have changed: while one
// haul is being recorded the next one is read and judged. The queue may fail: it
// is tried again, and its node goes on keeping everything in its journal.
func (l *lane) run(ctx context.Context, changed <-chan struct{}) error {
	g, ctx := errgroup.WithContext(ctx)
	hauls := make(chan *haul)
	g.Go(func() error {
		for h := range hauls {
			if err := l.record(ctx, h); err != nil {
				return err
			}
		}
		return nil
	})
	g.Go(func() error {
		defer close(hauls)
		return l.fetch(ctx, changed, hauls)
	})
	return g.Wait()
}

// fetch hands over what is to be recorded, in order.
func (l *lane) fetch(ctx context.Context, changed <-chan struct{}, hauls chan<- *haul) error {
	for {
		select {
		case <-changed:
			return nil
		default:
		}
		h, err := l.next(ctx)
		if err == nil && h.in != nil {
			select {
			case hauls <- h:
			case <-ctx.Done():
			}
		}
		if err == nil {
			err = l.tidy(ctx, h)
		}
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

// step reads once and records what it has read. After an error of the store the
// lane is over: the record tells the next one where to begin.
func (l *lane) step(ctx context.Context) error {
	h, err := l.next(ctx)
	if err != nil {
		return err
	}
	if h.in != nil {
		if err := l.record(ctx, h); err != nil {
			return err
		}
	}
	return l.tidy(ctx, h)
}

// next reads and judges, and moves the lane on as if it were recorded already. An
// error leaves the lane where it was.
func (l *lane) next(ctx context.Context) (*haul, error) {
	// The mark first: what it speaks of is then among the entries, or known.
	mark, marked, err := l.s.Queue.LastMark(ctx, l.node)
	if err != nil {
		return nil, err
	}
	entries, err := l.s.Queue.Read(ctx, l.node, l.position, l.limit)
	if err != nil {
		return nil, err
	}
	l.adapt(entries)
	h := l.take(entries)
	h.mark, h.marked, h.drained = mark, marked, len(entries) == 0
	watermark := l.promise(h, mark, marked, h.drained)
	if len(h.batches) > 0 || watermark != 0 {
		if h.in, err = l.judge(ctx, h, watermark); err != nil {
			return nil, err
		}
	}
	maps.Copy(l.journals, h.next)
	l.position = h.position
	if watermark != 0 {
		l.watermark, l.promised = watermark, l.s.Clock.Now()
	}
	return h, nil
}

// adapt keeps what is read at once within bounds, however large the frames are.
func (l *lane) adapt(entries []queue.Entry) {
	size := 0
	for i := range entries {
		size += len(entries[i].Frame)
	}
	switch {
	case size > readBytes:
		l.limit = max(1, l.limit/2)
	case size < readBytes/4:
		l.limit = min(readLimit, 2*l.limit)
	}
}

// tidy asks for what is missing and drops what is no longer needed.
func (l *lane) tidy(ctx context.Context, h *haul) error {
	if h.marked && h.drained {
		l.expect(h.mark.Journal, h.mark.LastBatch)
	}
	if err := l.mend(ctx, h, h.mark.Journal); err != nil {
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

// judge has the records of a haul judged and says what is to be recorded.
func (l *lane) judge(ctx context.Context, h *haul, watermark int64) (*clickday.Intake, error) {
	in := &clickday.Intake{Node: l.node, Batches: h.batches, Watermark: watermark}
	if len(h.batches) == 0 {
		return in, nil
	}
	var err error
	if in.Submissions, err = l.s.Judge.Judge(ctx, h.records); err != nil {
		return nil, err
	}
	for _, journal := range slices.Sorted(maps.Keys(h.next)) {
		in.To = append(in.To, h.next[journal])
		if p, ok := l.journals[journal]; ok {
			in.From = append(in.From, p)
		}
	}
	return in, nil
}

// record commits a haul with the progress it means. It may run beside next.
func (l *lane) record(ctx context.Context, h *haul) error {
	now := l.s.Clock.Now()
	n, err := l.t.Ingest(ctx, h.in, now)
	if err != nil {
		return err
	}
	if len(h.batches) > 0 {
		l.trimmer.committed(now, h.position)
	}
	l.s.Metrics.Batches.Add(float64(len(h.batches)))
	l.s.Metrics.Records.Add(float64(len(h.records)))
	l.s.Metrics.Late.Add(float64(n.Late))
	if n.Late > 0 {
		l.s.Log.Error("records came behind the watermark of their node; they get the next numbers", "node", l.node, "records", n.Late)
	}
	l.s.nudge()
	return nil
}
