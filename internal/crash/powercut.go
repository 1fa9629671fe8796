package crash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"time"

	"puntuale/internal/journal"
)

// cutJitter moves the cut within a group commit: what the senders count comes
// at its end.
const cutJitter = 3 * time.Millisecond

// PowerCut is the experiment of figure "acknowledged submissions lost over
// simulated power cuts".
type PowerCut struct {
	Rounds        int // cuts of the real program
	RoundsPerDisk int // after so many cuts the next one begins on a new disk
	ControlRounds int // cuts of a node that forgets to sync
	LateRounds    int // cuts of a node that syncs some milliseconds too late; each may lose nothing
	Conns         int
	Envelopes     int // made for a round; the cut comes somewhere on the way
	DiskMiB       int64
	Seed          uint64
	Progress      io.Writer // one line a round
}

// PowerCutResult is what happened.
type PowerCutResult struct {
	Loss
	Disks   int
	Control Loss // of a node that forgets to sync
	Late    Loss // of a node that syncs milliseconds after it has acknowledged
}

// Figures turns the result into lines.
func (r *PowerCutResult) Figures() []Figure {
	out := []Figure{
		some("powercut_acknowledged", r.Acked, "submissions"),
		none("powercut_lost", r.Lost),
		none("powercut_restamped", r.Restamped),
		none("powercut_doubled", r.Doubled),
		some("powercut_control_lost", r.Control.Lost, "submissions"),
	}
	if r.Late.Acked == 0 { // no such rounds
		return out
	}
	return append(out,
		Figure{"powercut_late_control_acknowledged", float64(r.Late.Acked), "submissions", "-", true},
		some("powercut_late_control_lost", r.Late.Lost, "submissions"))
}

// Run cuts the power again and again.
func (p *PowerCut) Run(ctx context.Context, s *Site) (PowerCutResult, error) {
	var out PowerCutResult
	r := NewRand(p.Seed)
	for left := p.Rounds; left > 0; left -= p.RoundsPerDisk {
		loss, err := p.disk(ctx, s, r, min(left, p.RoundsPerDisk))
		out.Add(loss)
		out.Disks++
		if err != nil {
			return out, err
		}
	}
	for range p.ControlRounds {
		never, err := p.control(ctx, s, r, Sloppy)
		out.Control.Add(never)
		if err != nil {
			return out, err
		}
	}
	for range p.LateRounds {
		late, err := p.control(ctx, s, r, Late)
		out.Late.Add(late)
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// disk is a number of cuts of one disk, and a comparison of all that its journal
// holds at the end.
func (p *PowerCut) disk(ctx context.Context, s *Site, r *rand.Rand, rounds int) (loss Loss, err error) {
	d, err := NewDisk(ctx, s.Dir, p.DiskMiB)
	if err != nil {
		return loss, err
	}
	defer func() { err = errors.Join(err, d.Remove()) }()
	n, err := s.NewNode(filepath.Join(d.Path(), "data"), "--segment-mb", "4", "--reserve-mb", "1")
	if err != nil {
		return loss, err
	}
	if err := n.Start(ctx); err != nil {
		return loss, err
	}
	defer func() { err = errors.Join(n.Stop(), err) }() // before the disk is removed
	w := NewWitness(s.public)
	for i := range rounds {
		if err := p.round(ctx, s, r, d, n, w); err != nil {
			return loss, err
		}
		if err := restart(ctx, s, d, n); err != nil {
			return Loss{Acked: w.Count(), Lost: w.Count()}, err
		}
		asked, err := w.Ask(ctx, s, n.Addr(), p.Conns)
		if err != nil {
			return asked, err
		}
		loss = asked
		fmt.Fprintf(p.Progress, "cut %d of a disk: %d acknowledged on it so far, %d lost, %d re-stamped\n", i+1, asked.Acked, asked.Lost, asked.Restamped)
	}
	if err := n.Kill(); err != nil {
		return loss, err
	}
	compared, err := w.Compare(n.Journal())
	return worse(loss, compared), err
}

// worse takes the greater number of each of two looks at the same submissions.
func worse(a, b Loss) Loss {
	return Loss{max(a.Acked, b.Acked), max(a.Lost, b.Lost), max(a.Doubled, b.Doubled), max(a.Restamped, b.Restamped)}
}

// power is what can be cut: after Cut whatever was not synced is gone.
type power interface{ Cut() error }

// round puts load on a node that is up and cuts the power at a random point of
// it; afterwards the node is dead.
func (p *PowerCut) round(ctx context.Context, s *Site, r *rand.Rand, d power, v victim, w *Witness) error {
	c := &Crowd{site: s, witness: w, addr: v.Addr(), conns: p.Conns, next: s.pool(p.Envelopes)}
	l := c.start(ctx)
	point, jitter := 1+r.Int64N(int64(p.Envelopes)*8/10), time.Duration(r.Int64N(int64(cutJitter)))
	err := l.until(ctx, point)
	if err == nil {
		wait(ctx, jitter)
		err = d.Cut()
	}
	return errors.Join(err, v.Kill(), l.stop())
}

// restart gives the power back and starts the real node on the disk.
func restart(ctx context.Context, s *Site, d *Disk, n *Node) error {
	if err := d.Restore(ctx); err != nil {
		return err
	}
	if err := n.program.Start(); err != nil {
		return err
	}
	if err := n.await(ctx); err != nil {
		return errors.Join(err, n.Stop())
	}
	return s.checkCalendar(ctx, n.Addr())
}

// control is one round with a node that acknowledges what it has not synced. A
// journal that the real node refuses to open afterwards is lost altogether.
func (p *PowerCut) control(ctx context.Context, s *Site, r *rand.Rand,
	openFile func(path string, create bool) (journal.File, error)) (loss Loss, err error) {
	d, err := NewDisk(ctx, s.Dir, p.DiskMiB)
	if err != nil {
		return loss, err
	}
	defer func() { err = errors.Join(err, d.Remove()) }()
	data := filepath.Join(d.Path(), "data")
	sloppy, w := s.NewLocalNode(data, openFile), NewWitness(s.public)
	if err := sloppy.Start(ctx); err != nil {
		return loss, err
	}
	if err := p.round(ctx, s, r, d, sloppy, w); err != nil {
		return loss, err
	}
	n, err := s.NewNode(data, "--segment-mb", "4", "--reserve-mb", "1")
	if err != nil {
		return loss, err
	}
	err = restart(ctx, s, d, n)
	if errors.Is(err, errRefused) {
		fmt.Fprintf(p.Progress, "control: %d acknowledged without waiting for the sync, and the node refuses to start on what is left\n", w.Count())
		return Loss{Acked: w.Count(), Lost: w.Count()}, nil
	}
	if err != nil {
		return loss, err
	}
	loss, err = w.Ask(ctx, s, n.Addr(), p.Conns)
	fmt.Fprintf(p.Progress, "control: %d acknowledged without waiting for the sync, %d lost\n", loss.Acked, loss.Lost)
	return loss, errors.Join(err, n.Kill())
}
