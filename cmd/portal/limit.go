package main

import (
	"context"
	"errors"
	"fmt"

	"puntuale/internal/accounts"
	"puntuale/internal/postgres"
)

type limitSetCommand struct {
	database
	Kind    accounts.Kind `help:"person, company or intermediary: for all accounts of the kind." xor:"whose" enum:"person,company,intermediary," default:""`
	Account string        `help:"E-mail address of one account, which then has a limit of its own." xor:"whose"`
	PerDay  int           `help:"Applications that may have a number on one click day, 0 to 1000000." default:"-1"`
	None    bool          `help:"No limit for the kind; for an account, that of its kind."`
}

// Run stores the limit.
func (c *limitSetCommand) Run(ctx context.Context) error {
	perDay, err := c.check()
	if err != nil {
		return err
	}
	return c.with(ctx, func(db *postgres.DB) error {
		if c.Account != "" {
			err = db.SetAccountLimit(ctx, c.Account, perDay)
		} else {
			err = db.SetKindLimit(ctx, c.Kind, perDay)
		}
		if err == nil {
			fmt.Println("set; it counts for numbers given from now on")
		}
		return err
	})
}

func (c *limitSetCommand) check() (perDay *int, err error) {
	switch {
	case (c.Kind == "") == (c.Account == ""):
		return nil, errors.New("want either --kind or --account")
	case c.None && c.PerDay >= 0:
		return nil, errors.New("want either --per-day or --none")
	case c.None:
		return nil, nil
	case c.PerDay < 0 || c.PerDay > 1_000_000:
		return nil, errors.New("--per-day: want 0 to 1000000, or --none")
	}
	return &c.PerDay, nil
}
