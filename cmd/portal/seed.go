package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/drafts"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/postgres"
	"puntuale/internal/seed"
)

type seedCommand struct {
	database
	modelFiles
	Day                      string `help:"Code of the click day that the applications go to." required:""`
	Password                 string `help:"Password of the accounts." required:""`
	IntermediaryApplications int    `help:"Sealed applications of the intermediary." default:"5"`

	Models []clickday.ModelCode `help:"Models of the applications, in turn." default:"B"`
}

// Run makes what is missing.
func (c *seedCommand) Run(ctx context.Context, clk clock.Clock) error {
	models, err := c.load()
	if err != nil {
		return err
	}
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return fmt.Errorf("time zone: %w", err)
	}
	return c.with(ctx, func(db *postgres.DB) error {
		day, err := db.DayByCode(ctx, c.Day)
		if errors.Is(err, accounts.ErrNotFound) {
			return fmt.Errorf("--day: there is no click day %q; make it with `portal day set`", c.Day)
		}
		if err != nil {
			return err
		}
		s := seed.Seeder{Store: db, Drafts: drafts.New(db, models, clk, rome), Models: models, Clock: clk, Codes: c.Models}
		made, err := s.Run(ctx, day, c.Password, c.IntermediaryApplications)
		for _, m := range made {
			fmt.Printf("%s: %d sealed and %d drafts made, %d were there\n", m.Email, m.Sealed, m.Drafts, m.Old)
		}
		return err
	})
}
