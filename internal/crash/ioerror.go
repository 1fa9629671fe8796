package crash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const (
	// stopLimit and resumeLimit are the targets of IOError and DiskFull.
	stopLimit   = time.Second
	resumeLimit = 3 * time.Second
	giveUp      = 30 * time.Second
)

// IOError is the experiment "the disk fails while the process lives": it must
// end by itself, and acknowledge nothing that was sent afterwards.
type IOError struct {
	Rounds   int
	Conns    int
	DiskMiB  int64
	Acks     int64 // the disk fails somewhere before so many acknowledgements
	Seed     uint64
	Progress io.Writer
}

// IOErrorResult is what happened.
type IOErrorResult struct {
	Loss
	After int           // acknowledged although sent after the failure
	Stop  time.Duration // slowest end of the process
}

// Figures turns the result into lines.
func (r *IOErrorResult) Figures() []Figure {
	return []Figure{
		some("eio_acknowledged", r.Acked, "submissions"),
		none("eio_acks_after", r.After),
		atMost("eio_stop_seconds", r.Stop, stopLimit),
		none("eio_lost", r.Lost),
	}
}

// Run fails one disk after the other.
func (e *IOError) Run(ctx context.Context, s *Site) (IOErrorResult, error) {
	var out IOErrorResult
	r := NewRand(e.Seed)
	for i := range e.Rounds {
		one, err := e.round(ctx, s, 1+r.Int64N(e.Acks))
		out.Add(one.Loss)
		out.After += one.After
		out.Stop = max(out.Stop, one.Stop)
		if err != nil {
			return out, err
		}
		fmt.Fprintf(e.Progress, "failure %d: ended after %s, %d acknowledged before, %d after, %d lost\n", i+1, one.Stop, one.Acked, one.After, one.Lost)
	}
	return out, nil
}

func (e *IOError) round(ctx context.Context, s *Site, point int64) (out IOErrorResult, err error) {
	d, err := NewDisk(ctx, s.Dir, e.DiskMiB)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, d.Remove()) }()
	n, err := s.NewNode(filepath.Join(d.Path(), "data"), "--segment-mb", "4", "--reserve-mb", "1")
	if err != nil {
		return out, err
	}
	if err := n.Start(ctx); err != nil {
		return out, err
	}
	defer func() { err = errors.Join(n.Stop(), err) }()
	w := NewWitness(s.public)
	c := &Crowd{site: s, witness: w, addr: n.Addr(), conns: e.Conns, next: s.envelope, returning: true}
	l := c.start(ctx)
	if err := l.until(ctx, point); err != nil {
		return out, errors.Join(err, l.stop())
	}
	failing := s.Clock.Now()
	if err := d.Cut(); err != nil {
		return out, errors.Join(err, l.stop())
	}
	l.Mark(s.Clock.Now())
	select {
	case <-n.program.Done():
	case <-time.After(giveUp):
		return out, errors.Join(errors.New("crash: the intake lives on with a disk that fails"), l.stop())
	}
	out.Stop = s.Clock.Now().Sub(failing)
	if err := errors.Join(l.stop(), n.Kill()); err != nil {
		return out, err
	}
	out.After = l.Late()
	if err := restart(ctx, s, d, n); err != nil {
		return out, err
	}
	out.Loss, err = w.Ask(ctx, s, n.Addr(), e.Conns)
	return out, err
}

// DiskFull is the experiment "no space left": the node must refuse with 503
// before it loses, live on, and take submissions again when there is space.
type DiskFull struct {
	Conns     int
	DiskMiB   int64
	SegmentMB int
	Progress  io.Writer
}

// DiskFullResult is what happened.
type DiskFullResult struct {
	Loss
	Refused int           // 503
	Others  int           // answers that are neither 200 nor 503
	Broken  int64         // requests without an answer while the disk was full
	Resumed time.Duration // from the space to the first acknowledgement
}

// Figures turns the result into lines.
func (r *DiskFullResult) Figures() []Figure {
	return []Figure{
		some("diskfull_acknowledged", r.Acked, "submissions"),
		some("diskfull_refused_503", r.Refused, "answers"),
		none("diskfull_other_answers", r.Others+int(r.Broken)),
		none("diskfull_lost", r.Lost),
		none("diskfull_restamped", r.Restamped),
		atMost("diskfull_resume_seconds", r.Resumed, resumeLimit),
	}
}

// Run fills the disk beside the node, then by the node itself, frees it, and
// cuts the power at the end.
func (f *DiskFull) Run(ctx context.Context, s *Site) (out DiskFullResult, err error) {
	d, err := NewDisk(ctx, s.Dir, f.DiskMiB)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, d.Remove()) }()
	n, err := s.NewNode(filepath.Join(d.Path(), "data"), "--segment-mb", strconv.Itoa(f.SegmentMB), "--reserve-mb", "1")
	if err != nil {
		return out, err
	}
	if err := n.Start(ctx); err != nil {
		return out, err
	}
	defer func() { err = errors.Join(n.Stop(), err) }()
	ballast := filepath.Join(d.Path(), "ballast")
	if err := fillUp(ballast); err != nil {
		return out, err
	}
	w := NewWitness(s.public)
	c := &Crowd{site: s, witness: w, addr: n.Addr(), conns: f.Conns, next: s.envelope, returning: true}
	l := c.start(ctx)
	if err = f.fullAndBack(ctx, s, l, ballast, &out); err != nil {
		return out, errors.Join(err, l.stop())
	}
	out.Refused, out.Others = l.refused(http.StatusServiceUnavailable)
	out.Broken = l.unknown.Load()
	if err := errors.Join(d.Cut(), n.Kill(), l.stop()); err != nil {
		return out, err
	}
	if err := restart(ctx, s, d, n); err != nil {
		return out, err
	}
	out.Loss, err = w.Ask(ctx, s, n.Addr(), f.Conns)
	fmt.Fprintf(f.Progress, "disk full: %d acknowledged, %d answers 503, %d others, resumed after %s, %d lost\n",
		out.Acked, out.Refused, out.Others, out.Resumed, out.Lost)
	return out, err
}

// fullAndBack waits until the node only refuses, frees the space and waits for
// an acknowledgement.
func (f *DiskFull) fullAndBack(ctx context.Context, s *Site, l *load, ballast string, out *DiskFullResult) error {
	deadline, tick := time.After(giveUp), time.NewTicker(100*time.Millisecond)
	defer tick.Stop()
	refused, acked := 0, int64(-1)
	for { // until a tenth of a second brings refusals and nothing else
		select {
		case <-tick.C:
		case <-l.ended:
			return errors.New("crash: the senders ended before the disk was full")
		case <-deadline:
			return errors.New("crash: the disk does not get full; make it smaller")
		case <-ctx.Done():
			return ctx.Err()
		}
		r, _ := l.refused(http.StatusServiceUnavailable)
		a := l.acked.Load()
		if r > refused && a == acked {
			break
		}
		refused, acked = r, a
	}
	freed := s.Clock.Now()
	first := l.Mark(freed)
	if err := os.Remove(ballast); err != nil {
		return fmt.Errorf("crash: %w", err)
	}
	select {
	case at := <-first:
		out.Resumed = at.Sub(freed)
		return l.until(ctx, l.acked.Load()+100)
	case <-time.After(giveUp):
		return errors.New("crash: no acknowledgement although there is space again")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fillUp writes a file until the disk has no space left.
func fillUp(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("crash: %w", err)
	}
	b := make([]byte, 64<<10)
	for err == nil {
		_, err = f.Write(b)
	}
	if serr := f.Sync(); !errors.Is(err, syscall.ENOSPC) {
		return errors.Join(err, serr, f.Close())
	}
	return f.Close()
}
