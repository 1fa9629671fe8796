package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/postgres"
	"puntuale/internal/rehearsal"
)

type rehearsalCommands struct {
	Clean rehearsalCleanCommand `cmd:"" help:"Remove old rehearsals with their submissions and receipts; portal serve does it by itself."`
}

type rehearsalCleanCommand struct {
	database
	Older time.Duration `help:"Remove those that began longer ago than this." default:"720h"`
}

// Run removes them and says how many there were.
func (c *rehearsalCleanCommand) Run(ctx context.Context, clk clock.Clock) error {
	if c.Older < 0 {
		return fmt.Errorf("--older %s: want 0 or more", c.Older)
	}
	return c.with(ctx, func(db *postgres.DB) error {
		n, err := db.CleanRehearsals(ctx, clk.Now().Add(-c.Older))
		if err != nil {
			return err
		}
		fmt.Printf("%d rehearsals removed\n", n)
		return nil
	})
}

// cleanEvery is how often portal serve removes old rehearsals.
const cleanEvery = time.Hour

// cleanRehearsals removes what is too old until the context ends.
func cleanRehearsals(ctx context.Context, db *postgres.DB, clk clock.Clock, log *slog.Logger) {
	t := time.NewTicker(cleanEvery)
	defer t.Stop()
	for {
		n, err := db.CleanRehearsals(ctx, clk.Now().Add(-rehearsal.Keep))
		switch {
		case err != nil && ctx.Err() == nil:
			log.Warn("old rehearsals", "err", err)
		case n > 0:
			log.Info("old rehearsals removed", "count", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}
