// Package sequencer turns the streams of the intake nodes into one order: it
// takes batches from the queue, proves that they are whole, unbroken and signed,
// has their content judged, records them, and gives protocol numbers below the
// watermark that every active node has promised.
//
// Exactly one sequencer is active; others wait. All it must remember is in the
// store and changes in one transaction with what it has done, so it may die
// between any two steps: the next one reads the record and goes on. What the
// queue has lost, it asks the nodes to append again.
package sequencer

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"golang.org/x/sync/errgroup"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/queue"
)

// Term is the time as the one active sequencer. Its methods are safe for
// concurrent use. After an error the effect of a call is unknown and the term
// must be closed; the record tells the next term what has happened.
type Term interface {
	// Nodes returns the batch-signing keys of all registered nodes.
	Nodes(ctx context.Context) (map[clickday.NodeID]ed25519.PublicKey, error)
	// Journals returns how far every journal has been taken, durably.
	Journals(ctx context.Context) ([]clickday.JournalProgress, error)
	// Ingest records submissions, arrivals, progress and watermark, all or
	// nothing, and durably. It must fail, changing nothing, when this is no
	// longer the active sequencer or progress is not at in.From.
	Ingest(ctx context.Context, in *clickday.Intake, now time.Time) (clickday.IntakeCount, error)
	// Number decides about submissions below the lowest watermark of the active
	// nodes, in order, at most about limit per click day: it gives numbers and
	// places in the ledger, durably and together. Fewer than limit means all.
	Number(ctx context.Context, limit int, now time.Time) (clickday.NumberCount, error)
	// Close gives up the lead.
	Close() error
}

// Judge looks into durable records. It returns one submission per record, in the
// same order. An error means that it cannot judge now, and decides nothing.
type Judge interface {
	Judge(ctx context.Context, records []batch.Record) ([]clickday.Submission, error)
}

// Config is what a Sequencer is made of. All fields but OnNumbered are required.
type Config struct {
	// Lead takes the lead unless another sequencer has it (ok false).
	Lead    func(ctx context.Context) (t Term, ok bool, err error)
	Queue   queue.Consumer
	Judge   Judge
	Clock   clock.Clock
	Log     *slog.Logger
	Metrics *Metrics
	// Retention is how long the queue keeps what is recorded already.
	Retention time.Duration
	// OnNumbered is called after numbers have been given, by one goroutine;
	// it must not block.
	OnNumbered func()
}

const (
	readLimit   = 64      // entries of the queue at once, at most,
	readBytes   = 8 << 20 // and about so many bytes
	recordLimit = 10_000  // records of one transaction, unless one batch has more
	numberLimit = 10_000  // decisions of one transaction and click day

	standbyPause  = time.Second            // between attempts to take the lead
	errorPause    = 500 * time.Millisecond // before starting over
	numberPause   = time.Second            // between rounds that nothing has caused
	watermarkStep = 50 * time.Millisecond  // between transactions for a watermark alone
)

// Sequencer is one contender for the lead. Use New and Run.
type Sequencer struct {
	Config
	wake chan struct{} // there may be something to number
}

// New checks the configuration.
func New(c Config) (*Sequencer, error) {
	switch {
	case c.Lead == nil || c.Queue == nil || c.Judge == nil || c.Clock == nil || c.Log == nil || c.Metrics == nil:
		return nil, errors.New("sequencer: a required part of the configuration is missing")
	case c.Retention < 0:
		return nil, fmt.Errorf("sequencer: retention of %s: want 0 or more", c.Retention)
	}
	return &Sequencer{Config: c, wake: make(chan struct{}, 1)}, nil
}

// Run contends for the lead and works while it has it, until ctx ends. Whatever
// goes wrong in between is logged, counted and begun again from the record.
func (s *Sequencer) Run(ctx context.Context) error {
	standby := false
	for ctx.Err() == nil {
		t, ok, err := s.Lead(ctx)
		switch {
		case err != nil:
			s.report(ctx, "cannot take the lead", err)
			pause(ctx, errorPause)
		case !ok:
			if !standby {
				s.Log.Info("another sequencer is active; waiting for the lead")
			}
			standby = true
			pause(ctx, standbyPause)
		default:
			standby = false
			s.serve(ctx, t)
		}
	}
	return nil
}

// serve works through one term.
func (s *Sequencer) serve(ctx context.Context, t Term) {
	s.Log.Info("this sequencer is active")
	s.Metrics.Leading.Set(1)
	err := s.term(ctx, t)
	s.Metrics.Leading.Set(0)
	if cerr := t.Close(); cerr != nil {
		s.Log.Warn("the lead was not given up in order", "error", cerr)
	}
	if ctx.Err() == nil && err != nil {
		s.report(ctx, "the term ended; starting again from the record", err)
		pause(ctx, errorPause)
	}
}

// term runs one lane per node and the numbering until one fails, and starts
// them afresh when the list of nodes has changed.
func (s *Sequencer) term(ctx context.Context, t Term) error {
	for {
		if err := s.lanes(ctx, t); err != nil {
			return err
		}
		s.Log.Info("the list of intake nodes has changed")
	}
}

func (s *Sequencer) lanes(ctx context.Context, t Term) error {
	nodes, err := t.Nodes(ctx)
	if err != nil {
		return err
	}
	progress, err := t.Journals(ctx)
	if err != nil {
		return err
	}
	changed := make(chan struct{})
	g, gctx := errgroup.WithContext(ctx)
	for node, key := range nodes {
		l := newLane(s, t, node, key, progress)
		g.Go(func() error { return l.run(gctx, changed) })
	}
	g.Go(func() error { return s.number(gctx, t, nodes, changed) })
	s.nudge()
	return g.Wait()
}

// number gives numbers whenever a lane has brought something. It looks every
// second at the list of nodes; when that is another one, it closes changed and
// returns nil.
func (s *Sequencer) number(ctx context.Context, t Term, nodes map[clickday.NodeID]ed25519.PublicKey, changed chan<- struct{}) error {
	look := time.NewTicker(numberPause)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.wake:
		case <-look.C:
			now, err := t.Nodes(ctx)
			if err != nil {
				return err
			}
			if !maps.EqualFunc(nodes, now, func(a, b ed25519.PublicKey) bool { return a.Equal(b) }) {
				close(changed)
				return nil
			}
		}
		if err := s.numberAll(ctx, t); err != nil {
			return err
		}
	}
}

// numberAll gives numbers until nothing below the watermark is without.
func (s *Sequencer) numberAll(ctx context.Context, t Term) error {
	for {
		n, err := t.Number(ctx, numberLimit, s.Clock.Now())
		if err != nil {
			return err
		}
		s.Metrics.numbered(n)
		if n.Numbered > 0 && s.OnNumbered != nil {
			s.OnNumbered()
		}
		if n.Numbered+n.Repeated+n.Refused < numberLimit {
			return nil
		}
	}
}

// nudge lets the numbering look again soon.
func (s *Sequencer) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Sequencer) report(ctx context.Context, what string, err error) {
	if ctx.Err() != nil {
		return // the end was asked for
	}
	s.Metrics.Errors.Inc()
	s.Log.Error(what, "error", err)
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
