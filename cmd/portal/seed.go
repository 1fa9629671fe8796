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
		return errors.Join(err, c.staff(ctx, db, clk.Now()))
	})
}

// seedStaff is the demonstration's member of staff, with every role.
const seedStaff = "assistenza@example.it"

func (c *seedCommand) staff(ctx context.Context, db *postgres.DB, now time.Time) error {
	hash, err := accounts.HashPassword(c.Password)
	if err != nil {
		return fmt.Errorf("--password: %w", err)
	}
	a, err := db.EnsureAccount(ctx, &accounts.Account{
		Kind: accounts.Person, Email: seedStaff, PasswordHash: hash, Name: "Assistenza", TaxCode: "", CreatedAt: now,
	})
	if err != nil {
		return err
	}
	for _, role := range []accounts.Role{accounts.HelpDesk, accounts.Administrator, accounts.Auditor} {
		if err := db.GrantRole(ctx, a.ID, role, "portal seed", now); err != nil {
			return err
		}
	}
	fmt.Printf("%s: staff, with every role\n", seedStaff)
	return nil
}
