//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"puntuale/internal/clock"
	"puntuale/internal/crash"
)

// skippedCode is the exit code of a benchmark that this machine cannot run.
const skippedCode = 77

// errShort ends the program after every figure has been printed.
var errShort = errors.New("a figure is short of its target")

// errSkipped is why this machine cannot run a benchmark.
type errSkipped struct{ error }

// ExitCode tells kong how the program ends.
func (errSkipped) ExitCode() int { return skippedCode }

// Unwrap returns why.
func (e errSkipped) Unwrap() error { return e.error }

// PowerCutCmd measures what power cuts, a failing disk and a full disk cost.
type PowerCutCmd struct {
	Intake        string `default:"bin/intake" help:"The program under test." type:"existingfile"`
	Rounds        int    `default:"50" help:"Power cuts."`
	RoundsPerDisk int    `default:"10" help:"Power cuts until a new disk is made."`
	ControlRounds int    `default:"3" help:"Power cuts of a node that forgets to sync, which must lose."`
	LateRounds    int    `default:"8" help:"Power cuts of a node that syncs 10 ms too late, which must lose a little."`
	FailureRounds int    `default:"10" help:"Disks that fail while the process lives."`
	Conns         int    `default:"64" help:"Keep-alive connections."`
	Envelopes     int    `default:"10000" help:"Envelopes made for a round; the cut comes on the way."`
	DiskMB        int64  `name:"disk-mb" default:"768" help:"Size of a disk in MiB."`
	FullDiskMB    int64  `name:"full-disk-mb" default:"64" help:"Size of the disk that is filled, in MiB."`
	Seed          uint64 `default:"1" help:"Chooses the points of the cuts."`
}

// Run does the three experiments.
func (c *PowerCutCmd) Run(ctx context.Context) error {
	return onSite(ctx, c.Intake, func(ctx context.Context, s *crash.Site) error {
		cut, err := (&crash.PowerCut{
			Rounds: c.Rounds, RoundsPerDisk: c.RoundsPerDisk, ControlRounds: c.ControlRounds, LateRounds: c.LateRounds, Conns: c.Conns,
			Envelopes: c.Envelopes, DiskMiB: c.DiskMB, Seed: c.Seed, Progress: os.Stderr,
		}).Run(ctx, s)
		if errors.Is(err, crash.ErrImpossible) {
			fmt.Println("skipped\tpowercut\t" + err.Error())
			return errSkipped{err}
		}
		if err != nil {
			return err
		}
		failed, err := (&crash.IOError{
			Rounds: c.FailureRounds, Conns: c.Conns, DiskMiB: c.FullDiskMB, Acks: 5000, Seed: c.Seed, Progress: os.Stderr,
		}).Run(ctx, s)
		if err != nil {
			return err
		}
		full, err := (&crash.DiskFull{Conns: c.Conns, DiskMiB: c.FullDiskMB, SegmentMB: 4, Progress: os.Stderr}).Run(ctx, s)
		if err != nil {
			return err
		}
		return tell(cut.Figures(), failed.Figures(), full.Figures())
	})
}

// KillCmd measures what SIGKILLs cost.
type KillCmd struct {
	Intake string `default:"bin/intake" help:"The program under test." type:"existingfile"`
	Rounds int    `default:"200" help:"Kills."`
	Rate   int    `default:"5000" help:"Requests a second."`
	Conns  int    `default:"128" help:"Keep-alive connections."`
	Seed   uint64 `default:"1" help:"Chooses the points of the kills."`
}

// Run does the experiment.
func (c *KillCmd) Run(ctx context.Context) error {
	return onSite(ctx, c.Intake, func(ctx context.Context, s *crash.Site) error {
		out, err := (&crash.Kill{Rounds: c.Rounds, Rate: c.Rate, Conns: c.Conns, Seed: c.Seed, Progress: os.Stderr}).Run(ctx, s)
		if err != nil {
			return err
		}
		return tell(out.Figures(c.Rate))
	})
}

// RestartCmd measures how soon a node with a long journal is back.
type RestartCmd struct {
	Intake string `default:"bin/intake" help:"The program under test." type:"existingfile"`
	Counts []int  `default:"500000,1000000" help:"Submissions in the journal."`
	Rounds int    `default:"5" help:"Restarts of each kind."`
}

// Run does the experiment.
func (c *RestartCmd) Run(ctx context.Context) error {
	return onSite(ctx, c.Intake, func(ctx context.Context, s *crash.Site) error {
		out, err := (&crash.Restart{Counts: c.Counts, Rounds: c.Rounds, Progress: os.Stderr}).Run(ctx, s)
		if err != nil {
			return err
		}
		var groups [][]crash.Figure
		for i := range out {
			groups = append(groups, out[i].Figures())
		}
		return tell(groups...)
	})
}

// onSite prepares keys and servers, and clears up after an interrupt too.
func onSite(ctx context.Context, intake string, f func(context.Context, *crash.Site) error) error {
	s, err := crash.OpenSite(ctx, intake, clock.System{})
	if err != nil {
		return err
	}
	return errors.Join(f(ctx, s), s.Close())
}

// tell prints the figures; one that is short is an error.
func tell(groups ...[]crash.Figure) error {
	var err error
	for _, g := range groups {
		for _, f := range g {
			fmt.Println(f)
			if !f.OK {
				err = errShort
			}
		}
	}
	return err
}
