package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"

	"puntuale/internal/clock"
	"puntuale/internal/places"
	"puntuale/internal/postgres"
)

type placesCommands struct {
	Import placesImportCommand `cmd:"" help:"Take in newer comuni, provinces and states from a CSV file (own columns, or the ANPR archive)."`
}

type placesImportCommand struct {
	database
	File     string `help:"CSV: code,name,english,province,province_name,iso,from,to; or the archive of comuni of ANPR." required:"" type:"existingfile"`
	Operator string `help:"Who takes them in, for the record." required:""`
	DryRun   bool   `help:"Only check the file."`
}

// Run checks the whole file first; running programs take the changes up within
// a minute.
func (c *placesImportCommand) Run(ctx context.Context, clk clock.Clock) error {
	file, err := os.ReadFile(c.File)
	if err != nil {
		return fmt.Errorf("--file: %w", err)
	}
	changes, wrong, err := places.ReadChanges(bytes.NewReader(file))
	if err != nil {
		return fmt.Errorf("--file: %w", err)
	}
	for _, w := range wrong {
		fmt.Fprintln(os.Stderr, w)
	}
	if len(wrong) > 0 {
		return fmt.Errorf("--file: %d lines are wrong, nothing was taken in", len(wrong))
	}
	if len(changes) == 0 {
		return errors.New("--file: there is nothing in it")
	}
	return c.with(ctx, func(db *postgres.DB) error {
		earlier, _, err := db.PlaceChanges(ctx)
		if err != nil {
			return err
		}
		if err := places.Amend(append(earlier, changes...)); err != nil {
			return fmt.Errorf("--file: %w", err)
		}
		if c.DryRun {
			fmt.Printf("%d places can be taken in\n", len(changes))
			return nil
		}
		err = db.ImportPlaces(ctx, &postgres.PlaceImport{At: clk.Now(), Operator: c.Operator, SHA256: sha256.Sum256(file)}, changes)
		if err == nil {
			fmt.Printf("%d places taken in\n", len(changes))
		}
		return err
	})
}
