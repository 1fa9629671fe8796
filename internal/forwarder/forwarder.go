// Package forwarder carries the batches of a node's journal to the queue, in
// order, as often as the worker wants. The journal is the record and the queue a
// means of transport: when the queue is down, full, restarted or emptied, the
// intake goes on acknowledging, and the forwarder sends again what is missing.
//
// With every append, and ten times a second without one, it sets the node's
// mark: the promise that every record stamped before the watermark lies in the
// batches sent so far. The watermark never goes back.
package forwarder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/queue"
)

const (
	// markEvery is how often the mark is set without a batch, lookEvery how
	// often the worker's wish is read.
	markEvery = 100 * time.Millisecond
	lookEvery = 250 * time.Millisecond
	// gatherBatches is how many batches wait for no others.
	gatherBatches = 16
	// appendBytes is about how much one call to the queue carries.
	appendBytes = 1 << 20
	callTimeout = 5 * time.Second
	// insist is how long a wish that was granted may stand before it is
	// granted again: the worker needs a moment to read what it asked for.
	insist       = 2 * time.Second
	backoffFirst = 100 * time.Millisecond
	backoffMost  = 5 * time.Second
	// backoffAwaited is the longest when clients wait for the copy.
	backoffAwaited = 500 * time.Millisecond
)

// ErrForked says that the queue has been promised batches of this journal that
// the journal does not have: acknowledged submissions are missing on the disk.
var ErrForked = errors.New("forwarder: the journal lacks batches that were already promised to the queue")

// Journal is where batches come from. Safe for concurrent use.
type Journal interface {
	ID() uint64
	// Frames returns durable frames after a batch, in order, up to about
	// limit bytes, at least one if there is one.
	Frames(after uint64, limit int) ([][]byte, error)
	// LastBatch is the number of the last durable batch.
	LastBatch() uint64
	// Settled turns an instant before which no arrival is unfinished into
	// one before which every record lies in batches up to last.
	Settled(instant int64) (settled int64, last uint64)
	// Changed is closed when there is a durable batch after the given one.
	Changed(after uint64) <-chan struct{}
}

// recycler is a Journal that can use again what Frames has returned.
type recycler interface{ Recycle(frames [][]byte) }

// Config says what to carry where.
type Config struct {
	Node    clickday.NodeID
	Journal Journal
	Queue   queue.Appender
	// Safe returns an instant (nanoseconds since 1970, UTC) before which no
	// arrival is unread or unfinished; it never goes back.
	Safe func() int64
	// Copied, if set, is told up to which batch the queue is known to hold
	// copies, whenever it has grown. Must not block. Somebody waits for it,
	// so a queue that fails is tried again sooner.
	Copied func(batch uint64)
	// Gather is how long a few batches wait for others to go in one call; not
	// while Copied is set.
	Gather  time.Duration
	Clock   clock.Clock
	Log     *slog.Logger
	Metrics *Metrics
}

// Forwarder carries batches. Run it once, then Flush it once.
type Forwarder struct {
	cfg     Config
	started bool // the queue has told where to begin
	at      uint64
	copied  uint64     // batches up to this one have all the copies asked for
	short   bool       // what was sent after copied may lack some
	mark    queue.Mark // as last set
	looked  time.Time
	wish    queue.Replay // as last granted
	granted time.Time
	failing bool
}

// New returns a forwarder that has not begun yet.
func New(cfg Config) *Forwarder { return &Forwarder{cfg: cfg} }

// Run carries batches until ctx ends, then returns nil. Failures of the queue
// are logged and tried again; it returns an error only when going on would do
// harm: the journal cannot be read, or ErrForked.
func (f *Forwarder) Run(ctx context.Context) error {
	wait := backoffFirst
	for ctx.Err() == nil {
		more, err := f.turn(ctx)
		switch {
		case err == nil:
			f.recovered()
			wait = backoffFirst
			f.rest(ctx, more)
		case errors.Is(err, queue.ErrUnavailable) || ctx.Err() != nil:
			f.failed(err)
			f.pause(ctx, wait/2+rand.N(wait/2), nil)
			wait = min(2*wait, f.backoffMost())
		default:
			return err
		}
	}
	return nil
}

// Flush sends what the journal holds and the queue has not been sent, once, for
// the end of an ordered shutdown.
func (f *Forwarder) Flush(ctx context.Context) error {
	for {
		more, err := f.turn(ctx)
		if err != nil || !more {
			return err
		}
	}
}

// rest waits for the next batch, and then a moment more so that several go in one
// call, which costs Redis one sync instead of many; but not while somebody waits
// for the second copy.
func (f *Forwarder) rest(ctx context.Context, more bool) {
	if more {
		return
	}
	f.pause(ctx, markEvery, f.cfg.Journal.Changed(f.at))
	if last := f.cfg.Journal.LastBatch(); f.cfg.Gather > 0 && f.cfg.Copied == nil && last > f.at && last < f.at+gatherBatches {
		f.pause(ctx, f.cfg.Gather, nil)
	}
}

func (f *Forwarder) pause(ctx context.Context, d time.Duration, early <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-early:
	}
}

func (f *Forwarder) failed(err error) {
	f.cfg.Metrics.Failures.Inc()
	if !f.failing {
		f.cfg.Log.Warn("queue fails; the journal keeps what it lacks", "error", err, "from_batch", f.at+1)
	}
	f.failing = true
}

func (f *Forwarder) recovered() {
	if f.failing {
		f.cfg.Log.Info("queue answers again", "at_batch", f.at)
	}
	f.failing = false
}

// turn is one exchange with the queue; more says that batches are left.
func (f *Forwarder) turn(ctx context.Context) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if !f.started {
		if err := f.start(ctx); err != nil {
			return false, err
		}
	}
	if err := f.look(ctx); err != nil {
		return false, err
	}
	settled, last := f.cfg.Journal.Settled(f.cfg.Safe())
	frames, err := f.cfg.Journal.Frames(f.at, appendBytes)
	if err != nil {
		return false, fmt.Errorf("forwarder: %w", err)
	}
	to := f.at + uint64(len(frames))
	mark := f.next(settled, last, to)
	err = f.cfg.Queue.Append(ctx, f.cfg.Node, frames, mark)
	if err != nil && !errors.Is(err, queue.ErrFewCopies) {
		return false, fmt.Errorf("forwarder: append %d batches after %d: %w", len(frames), f.at, err)
	}
	if r, ok := f.cfg.Journal.(recycler); ok {
		r.Recycle(frames)
	}
	f.at, f.mark = to, mark
	f.confirm(err)
	f.cfg.Metrics.observe(len(frames), f.cfg.Journal.LastBatch()-to, f.cfg.Clock.Now().UnixNano()-mark.Watermark)
	return f.at < last, nil
}

// next is the mark to set when the queue has been sent batches up to to. The
// watermark moves only when nothing is left to send, and nothing goes back: not
// while batches are sent again, and not after a restart.
func (f *Forwarder) next(settled int64, last, to uint64) queue.Mark {
	m := f.mark
	m.Journal = f.cfg.Journal.ID()
	m.LastBatch = max(m.LastBatch, to)
	if to >= last {
		m.Watermark = max(m.Watermark, settled)
	}
	return m
}

// start asks the queue where it stands. An empty queue is sent the whole journal.
func (f *Forwarder) start(ctx context.Context) error {
	m, ok, err := f.cfg.Queue.LastMark(ctx, f.cfg.Node)
	if err != nil {
		return fmt.Errorf("forwarder: last mark: %w", err)
	}
	switch {
	case !ok:
	case m.Journal != f.cfg.Journal.ID():
		f.cfg.Log.Info("the queue knows another journal of this node", "journal", m.Journal)
		f.mark.Watermark = m.Watermark
	case m.LastBatch > f.cfg.Journal.LastBatch():
		return fmt.Errorf("%w: journal %016x ends at batch %d, batch %d was sent; restore the journal from a copy "+
			"or start the node with an empty data directory", ErrForked, m.Journal, f.cfg.Journal.LastBatch(), m.LastBatch)
	default:
		f.at, f.mark = m.LastBatch, m
	}
	f.started = true
	return nil
}

// look obeys the worker's wish to be sent batches again.
func (f *Forwarder) look(ctx context.Context) error {
	now := f.cfg.Clock.Now()
	if !f.looked.IsZero() && now.Sub(f.looked) < lookEvery {
		return nil
	}
	r, ok, err := f.cfg.Queue.WantedReplay(ctx, f.cfg.Node)
	if err != nil {
		return fmt.Errorf("forwarder: wanted replay: %w", err)
	}
	f.looked = now
	if !ok {
		f.wish = queue.Replay{}
		return nil
	}
	if r.Journal != f.cfg.Journal.ID() || r.Batch == 0 || r.Batch > f.at {
		return nil // of another journal, or still to come anyway
	}
	if r == f.wish && (f.at < f.mark.LastBatch || now.Sub(f.granted) < insist) {
		return nil // under way
	}
	f.cfg.Log.Info("sending batches again", "from", r.Batch, "to", f.at)
	f.cfg.Metrics.Replays.Inc()
	f.at, f.wish, f.granted = r.Batch-1, r, now
	return nil
}
