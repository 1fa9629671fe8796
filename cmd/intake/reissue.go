package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/daemon"
	"puntuale/internal/postgres"
)

// ReissueCmd asks the workers for receipts anew, after a change of the seal, say.
// Number, stamp and place in the ledger stay; docs/receipts.md tells the rest.
type ReissueCmd struct {
	DatabaseURL string         `name:"database-url" env:"DATABASE_URL" required:"" help:"PostgreSQL, postgres://…"`
	Reason      string         `required:"" help:"Why, in Italian: it stands on the new receipt."`
	Day         clickday.DayID `help:"Receipts of this click day."`
	Submission  string         `help:"The receipt of this submission, 64 hexadecimal digits."`
	Before      time.Time      `help:"Only receipts that were issued before this instant, RFC 3339."`
	All         bool           `help:"Receipts of every click day."`
}

// Run marks the receipts; the workers do the rest.
func (c *ReissueCmd) Run() error {
	c.Reason = strings.TrimSpace(c.Reason)
	if c.Reason == "" {
		return errors.New("reason: empty; say in Italian why receipts are issued again")
	}
	if c.Day == 0 && c.Submission == "" && !c.All {
		return errors.New("give --day, --submission or --all")
	}
	var submission *clickday.SubmissionID
	if c.Submission != "" {
		id, err := clickday.ParseSubmissionID(c.Submission)
		if err != nil {
			return fmt.Errorf("submission: %w", err)
		}
		submission = &id
	}
	ctx, stop := daemon.Context()
	defer stop()
	db, err := postgres.OpenSmall(ctx, c.DatabaseURL, 2)
	if err != nil {
		return fmt.Errorf("database-url: %w", err)
	}
	defer db.Close()
	n, err := db.RenewReceipts(ctx, c.Day, submission, c.Before, c.Reason)
	if err == nil {
		fmt.Printf("%d receipts will be issued again\n", n)
	}
	return err
}
