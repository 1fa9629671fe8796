package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"text/tabwriter"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/postgres"
	"puntuale/internal/retention"
)

// retainEvery is how often a running portal removes what is no longer kept.
const retainEvery = 12 * time.Hour

// retentionFile is the setting of the periods.
type retentionFile struct {
	RetentionFile string `help:"JSON with the days that data are kept, over the default (docs/retention.md)." type:"existingfile"`
}

func (f *retentionFile) policy() (retention.Policy, error) {
	if f.RetentionFile == "" {
		return retention.Default(), nil
	}
	file, err := os.Open(f.RetentionFile)
	if err != nil {
		return nil, fmt.Errorf("--retention-file: %w", err)
	}
	defer file.Close()
	p, err := retention.Read(file)
	if err != nil {
		return nil, fmt.Errorf("--retention-file: %w", err)
	}
	return p, nil
}

type retentionCommands struct {
	Show retentionShowCommand `cmd:"" help:"Print how long each kind of data is kept."`
	Run  retentionRunCommand  `cmd:"" help:"Remove now what is no longer kept; a running portal does so twice a day."`
}

type retentionShowCommand struct{ retentionFile }

// Run prints the periods.
func (c *retentionShowCommand) Run() error {
	p, err := c.policy()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "RULE\tDAYS")
	for _, rule := range retention.Rules {
		days := "for ever"
		if p[rule] > 0 {
			days = fmt.Sprint(int(p[rule].Hours() / 24))
		}
		fmt.Fprintf(w, "%s\t%s\n", rule, days)
	}
	return w.Flush()
}

type retentionRunCommand struct {
	database
	retentionFile
}

// Run removes and reports.
func (c *retentionRunCommand) Run(ctx context.Context, clk clock.Clock) error {
	p, err := c.policy()
	if err != nil {
		return err
	}
	return c.with(ctx, func(db *postgres.DB) error {
		removed, err := db.Retain(ctx, p, clk.Now())
		for _, rule := range retention.Rules {
			if n := removed[rule]; n > 0 {
				fmt.Printf("%s: %d\n", rule, n)
			}
		}
		return err
	})
}

// retain removes what is no longer kept until the context ends. A failure is
// logged and tried again at the next turn.
func retain(ctx context.Context, db *postgres.DB, p retention.Policy, clk clock.Clock, log *slog.Logger) {
	tick := time.NewTicker(retainEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		removed, err := db.Retain(ctx, p, clk.Now())
		if err != nil {
			log.Warn("retention", "err", err)
		}
		for rule, n := range removed {
			if n > 0 {
				log.Info("retention", "rule", string(rule), "rows", n)
			}
		}
	}
}
