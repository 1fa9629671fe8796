package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"puntuale/internal/client/sending"
	"puntuale/internal/client/store"
)

// play is one rehearsal from its beginning to its report.
type play struct {
	c      *Client
	u      *Client // on the records of the rehearsal
	r      Rehearsal
	run    run
	store  *store.Store
	report *RehearsalReport

	mu       sync.Mutex
	phase    RehearsalPhase    // guarded by mu
	progress *sending.Progress // guarded by mu
}

func (p *play) dir() string { return filepath.Join(p.c.Dir, rehearsalDir) }

// again shows the same phase with what has changed.
func (p *play) again() {
	p.mu.Lock()
	phase := p.phase
	p.mu.Unlock()
	p.tell(phase)
}

// tell shows where the rehearsal is.
func (p *play) tell(phase RehearsalPhase) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phase = phase
	s := RehearsalStep{Phase: phase, Progress: p.progress}
	if p.run.Opens != 0 {
		s.Opens = time.Unix(0, p.run.Opens).UTC()
	}
	if p.store != nil {
		for _, r := range p.store.All() {
			s.Counts.add(r.State)
		}
	}
	p.r.Tell(s)
}

// prepare makes the self-test and begins a run, or takes up the one before.
func (p *play) prepare(ctx context.Context) error {
	if _, paired := p.c.Profile(); !paired {
		return ErrNotPaired
	}
	p.tell(PhaseChecks)
	p.report.Checks = p.c.SelfTest(ctx, nil).Checks
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.c.Measure(ctx); err != nil {
		return err
	}
	if err := p.c.frozen(p.c.opening(p.r.In)); err != nil {
		return err
	}
	p.tell(PhaseTickets)
	if p.run.read(p.dir()) && p.c.fresh(&p.run) {
		return p.resume()
	}
	p.run = run{}
	if err := p.open(true); err != nil {
		return err
	}
	return p.begin(ctx)
}

// open opens the records; afresh without what an older rehearsal has left.
func (p *play) open(afresh bool) error {
	if afresh {
		if err := os.RemoveAll(p.dir()); err != nil {
			return fmt.Errorf("rehearsal: %w", err)
		}
	}
	st, err := store.Open(p.dir())
	p.store = st
	return err
}

func (p *play) resume() error {
	if err := p.open(false); err != nil {
		return err
	}
	if _, err := p.c.keystore(); err != nil {
		return err
	}
	p.understudy()
	p.report.Resumed = true
	return nil
}

// fire waits for the opening that is played and sends.
func (p *play) fire(ctx context.Context) error {
	nodes, err := p.u.sendingNodes()
	if err != nil {
		return err
	}
	p.tell(PhaseFiring)
	left := max(time.Duration(p.run.Opens-p.c.Snapshot().Clock.Now.UnixNano()), 0)
	// The end of the day ends the run; this is for nodes that cannot be reached at all.
	brief, cancel := context.WithTimeout(ctx, left+rehearsalOpen+30*time.Second)
	defer cancel()
	brief, stop := context.WithCancelCause(brief)
	defer stop(nil)
	err = sending.Run(brief, sending.Config{
		Day: p.run.Day, Nodes: nodes, Records: p.store, Calendars: &stage{calendars: p.c.calendars, run: &p.run, near: func() { p.stopNear(stop) }},
		Base: p.c.base, Wait: p.c.Wait, Ready: p.c.getReady, Connections: p.c.Connections, Log: p.c.Log,
		Moments: sending.Moments{WarmEarliest: max(left*2/3, time.Second), WarmLatest: max(left/4, time.Second/2), Mark: max(left/5, time.Second)},
		Report: func(s sending.Progress) {
			p.mu.Lock()
			p.report.note(s)
			p.progress = &s
			p.mu.Unlock()
			p.tell(PhaseFiring)
		},
	})
	var frozen *FrozenError
	if errors.As(context.Cause(brief), &frozen) {
		return frozen
	}
	if ctx.Err() == nil && err != nil { // what did not arrive stands in the report
		p.report.trouble(err)
		return nil
	}
	return err
}

// collect waits for numbers and receipts and saves them. What does not come in
// time stands in the report.
func (p *play) collect(ctx context.Context) error {
	if p.out() == "" {
		return errors.New("rehearsal: no folder for the report")
	}
	if err := os.MkdirAll(p.out(), 0o755); err != nil {
		return fmt.Errorf("folder for the report: %w", err)
	}
	if _, err := p.u.SaveProofs(p.out()); err != nil {
		return err
	}
	until := max(p.c.base.Now(), p.run.Opens) + int64(p.r.Wait)
	p.tell(PhaseNumbers)
	for n := 0; ; n++ {
		got, err := p.u.Receipts(ctx, p.out(), 0)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p.report.seen(p.store, p.c.base.Now())
		if p.report.Numbered > 0 {
			p.tell(PhaseReceipts)
		}
		if err == nil && got.Missing == 0 && p.settled() {
			return nil
		}
		if near := p.nearMeanwhile(ctx, n); near != nil || !worthRepeating(err) || p.c.base.Now() > until {
			p.report.trouble(errors.Join(near, err))
			return nil
		}
		if err := pauseFor(ctx, n); err != nil {
			return err
		}
	}
}

// settled reports whether nothing more will come.
func (p *play) settled() bool {
	for _, r := range p.store.All() {
		if r.State == store.Acknowledged || r.State == store.Sequenced {
			return false
		}
	}
	return true
}

// out is the folder of report, receipts and proofs.
func (p *play) out() string {
	if p.r.Out != "" {
		return p.r.Out
	}
	return filepath.Join(p.c.Dir, rehearsalsDir, time.Unix(0, p.run.Opens).In(Rome).Format(reportLayout))
}

// finish writes the report and puts the rehearsal away.
func (p *play) finish() error {
	p.tell(PhaseReport)
	p.report.read(p.c, &p.run, p.store)
	p.report.Folder = p.out()
	p.report.judge()
	err := p.report.save(p.out())
	if p.r.Out == "" {
		p.c.pruneReports(filepath.Base(p.out()))
	}
	return errors.Join(err, p.discard())
}

func (p *play) close() {
	if p.store != nil {
		if err := p.store.Close(); err != nil {
			p.c.Log.Warn("rehearsal", "err", err)
		}
	}
}

// give ends a rehearsal that cannot go on: what a person has stopped, or what was
// refused, is put away; anything else may be taken up.
func (p *play) give(err error) error {
	var frozen *FrozenError
	if p.store == nil || !errors.Is(err, context.Canceled) && !errors.As(err, &frozen) && p.run.Opens != 0 {
		return nil
	}
	return p.discard()
}

func (p *play) discard() error {
	err := p.store.Close()
	p.store = nil
	return errors.Join(err, os.RemoveAll(p.dir()))
}
