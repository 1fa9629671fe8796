package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"puntuale/internal/archive"
	"puntuale/internal/clock"
	"puntuale/internal/postgres"
)

type archiveCommands struct {
	Import  archiveImportCommand  `cmd:"" help:"Take applications of earlier years from a CSV file; it may be done again."`
	Columns archiveColumnsCommand `cmd:"" help:"Print the columns that such a file has."`
}

type archiveImportCommand struct {
	database
	File          string                `help:"CSV file (UTF-8; ';' or ','), '-' for the standard input." required:""`
	Source        string                `help:"Name of the system that the file comes from: with the reference it is what a row is known by." required:""`
	AccountColumn archive.AccountColumn `help:"Column that names the account: email or tax_code." enum:"email,tax_code" default:"email"`
	Errors        string                `help:"File for the report of rows that were left out; standard error if empty." type:"path"`
	Check         bool                  `help:"Read and judge everything, store nothing."`
}

// Run imports one file. It fails when rows were left out, after the others have
// been stored.
func (c *archiveImportCommand) Run(ctx context.Context, clk clock.Clock) (err error) {
	file, report := io.ReadCloser(os.Stdin), io.WriteCloser(os.Stderr)
	if c.File != "-" {
		if file, err = os.Open(c.File); err != nil {
			return fmt.Errorf("--file: %w", err)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
	}
	if c.Errors != "" {
		if report, err = os.Create(c.Errors); err != nil {
			return fmt.Errorf("--errors: %w", err)
		}
		defer func() { err = errors.Join(err, report.Close()) }()
	}
	return c.with(ctx, func(db *postgres.DB) error {
		im := archive.Import{Store: db, Clock: clk, Source: c.Source, AccountColumn: c.AccountColumn, Errors: report, Check: c.Check}
		begin := clk.Now()
		sum, err := im.Run(ctx, file)
		took := clk.Now().Sub(begin).Seconds()
		fmt.Printf("%d rows: %d added, %d changed, %d as they were, %d left out; %.0f rows a second\n",
			sum.Rows, sum.Added, sum.Changed, sum.Same, sum.Wrong, float64(sum.Rows)/max(took, 1e-9))
		if err == nil && sum.Wrong > 0 {
			err = fmt.Errorf("%d rows were left out: the report says why; mend them and import the file again", sum.Wrong)
		}
		return err
	})
}

type archiveColumnsCommand struct{}

// Run prints a line for each column.
func (archiveColumnsCommand) Run() error {
	for _, c := range archive.Columns {
		need := ""
		if c.Required {
			need = " (required)"
		}
		if _, err := fmt.Printf("%-12s %s%s\n", c.Name, c.About, need); err != nil {
			return err
		}
	}
	return nil
}
