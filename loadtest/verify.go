//go:build linux

package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/keys"
	"puntuale/internal/loadjudge"
	"puntuale/internal/loadrun"
	"puntuale/internal/postgres"
)

// goalFlags are what a run has to reach.
type goalFlags struct {
	P50            time.Duration `name:"p50" help:"Goal: half of the acknowledgements within this, from the planned instant."`
	P99            time.Duration `name:"p99" help:"Goal: 99 % of the acknowledgements within this."`
	P999           time.Duration `name:"p999" help:"Goal: 99.9 % of the acknowledgements within this."`
	ReceiptsWithin time.Duration `help:"Goal: the last receipt so soon after the opening. Needs the record."`
	Rate           float64       `help:"Goal: acknowledgements per second over the run."`
	Lost           int64         `default:"0" help:"Goal: submissions lost at most."`
	Doubled        int64         `default:"0" help:"Goal: submissions doubled at most."`
	Unanswered     int64         `default:"-1" help:"Goal: requests without an answer at most; -1 for any number."`
}

func (g *goalFlags) goals() *loadjudge.Goals {
	return &loadjudge.Goals{P50: g.P50, P99: g.P99, P999: g.P999, ReceiptsWithin: g.ReceiptsWithin, Rate: g.Rate,
		Lost: g.Lost, Doubled: g.Doubled, Unanswered: g.Unanswered}
}

// judgeFlags say where a judgement gets its evidence.
type judgeFlags struct {
	Settle   time.Duration `default:"10m" help:"Wait at most so long until everything acknowledged is decided and has its receipt."`
	Receipts int           `default:"1000" help:"So many PDFs are opened and verified; the count is checked for all."`
	Shared   bool          `help:"Others may have sent to this click day. Always so at an installation that is not the run's own."`
}

// verifyCmd judges a run directory.
type verifyCmd struct {
	Dir string `arg:"" help:"Run directory." type:"existingdir"`
	goalFlags
	judgeFlags
}

// Run writes verdict.json and ends with 0, 1 or 2.
func (c *verifyCmd) Run(ctx context.Context, clk clock.Clock) error {
	j, err := judge(ctx, clk, c.Dir, &c.goalFlags, &c.judgeFlags)
	if err != nil {
		return err
	}
	if err := loadjudge.Print(os.Stdout, j, "it"); err != nil {
		return err
	}
	return ended(j.Outcome)
}

// verdictError ends the program with the code of an outcome.
type verdictError struct{ loadrun.Outcome }

func (e verdictError) Error() string { return "verdict: " + string(e.Outcome) }

// ended is nil for a run that has passed.
func ended(o loadrun.Outcome) error {
	if o == loadrun.Pass {
		return nil
	}
	return verdictError{o}
}

// judge asks the installation of a run, which must still be up, and writes
// verdict.json.
func judge(ctx context.Context, clk clock.Clock, dir string, g *goalFlags, f *judgeFlags) (*loadjudge.Judgement, error) {
	e, m, err := loadjudge.OpenRun(dir)
	if err != nil {
		return nil, err
	}
	if m.Target.Portal != "" {
		if err := evidence(ctx, clk, e, m, f); err != nil {
			return nil, err
		}
	}
	j := loadjudge.Judge(e, g.goals())
	return j, j.Write(dir)
}

// evidence asks whoever can be asked.
func evidence(ctx context.Context, clk clock.Clock, e *loadjudge.Evidence, m *loadrun.Manifest, f *judgeFlags) error {
	site, err := loadjudge.OpenSite(ctx, m.Target.Portal, clk)
	if err != nil {
		return err
	}
	if e.Day, err = site.Day(m.Day); err != nil {
		return err
	}
	e.Keys, e.Shared = site.Keys, f.Shared || m.Own == nil
	if m.Own == nil {
		if err := site.Settled(ctx, e, nil, f.Settle); err != nil {
			return err
		}
	} else if err := record(ctx, site, e, m, f); err != nil {
		return err
	}
	if e.Ledger, err = site.Ledger(ctx, &e.Day); err != nil {
		return err
	}
	if err := site.Ask(ctx, e); err != nil {
		return err
	}
	e.Lists, err = site.Lists(ctx, e.Day.Code)
	return err
}

// record waits for the last receipt and reads what only the operator can:
// database and journal of an installation of the run's own.
func record(ctx context.Context, site *loadjudge.Site, e *loadjudge.Evidence, m *loadrun.Manifest, f *judgeFlags) error {
	db, err := postgres.Open(ctx, m.Own.DatabaseURL)
	if err != nil {
		return err
	}
	defer db.Close()
	open := func(ctx context.Context) (int64, error) { return db.AuditOpen(ctx, m.Day) }
	if err := site.Settled(ctx, e, open, f.Settle); err != nil {
		return err
	}
	if e.Seed, err = db.AuditSeed(ctx, m.Day); err != nil {
		return err
	}
	if err := rows(ctx, db, e, m, f.Receipts); err != nil {
		return err
	}
	public, err := keys.ReadPublic(filepath.Join(m.Own.KeysDir, keys.NodePubFile(1)))
	if err != nil {
		return err
	}
	e.ReadJournal(m.Own.Journal, public)
	return nil
}
