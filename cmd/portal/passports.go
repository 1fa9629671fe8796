package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"

	"puntuale/internal/clickday"
	"puntuale/internal/postgres"
)

type passportsCommand struct {
	database
	Day string `help:"Code of the click day." required:""`
}

// Run prints one line for each application whose worker's passport stands in
// another one of the day too. They hold personal data: the output is for the office
// that examines them.
func (c *passportsCommand) Run(ctx context.Context) error {
	return c.with(ctx, func(db *postgres.DB) error {
		id, err := db.DayByCode(ctx, c.Day)
		if err != nil {
			return fmt.Errorf("--day: click day %s: %w", c.Day, err)
		}
		uses, err := db.SamePassports(ctx, id)
		if err != nil {
			return err
		}
		w := csv.NewWriter(os.Stdout)
		errs := []error{w.Write([]string{"passport", "application", "protocol_number", "account"})}
		for _, u := range uses {
			number := ""
			if u.Number > 0 {
				number = clickday.ProtocolNumber(c.Day, u.Number)
			}
			errs = append(errs, w.Write([]string{u.Passport, u.Application.String(), number, u.Account}))
		}
		w.Flush()
		fmt.Fprintf(os.Stderr, "%d applications with a passport that stands in another one too\n", len(uses))
		return errors.Join(append(errs, w.Error())...)
	})
}
