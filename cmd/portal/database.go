package main

import (
	"context"
	"fmt"

	"puntuale/internal/postgres"
)

type contextType = context.Context

// database is the setting that most commands share.
type database struct {
	DatabaseURL string `help:"PostgreSQL connection string." env:"DATABASE_URL" required:"" placeholder:"URL"`
}

// with runs f on the open database.
func (d *database) with(ctx context.Context, f func(*postgres.DB) error) error {
	return d.withPool(ctx, 0, f)
}

// withPool is with, with at most so many connections; 0 leaves it to the URL.
func (d *database) withPool(ctx context.Context, connections int32, f func(*postgres.DB) error) error {
	db, err := postgres.OpenSmall(ctx, d.DatabaseURL, connections)
	if err != nil {
		return err
	}
	defer db.Close()
	return f(db)
}

type migrateCommand struct{ database }

// Run migrates.
func (c *migrateCommand) Run(ctx context.Context) error {
	return c.with(ctx, func(db *postgres.DB) error {
		if err := db.Migrate(ctx); err != nil {
			return err
		}
		fmt.Println("schema is up to date")
		return nil
	})
}
