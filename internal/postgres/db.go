// Package postgres is the system of record: the schema, and one file per
// aggregate with the queries over it. Stages declare the small interfaces they
// need; *DB implements them, and only the programs join the two.
package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"puntuale/internal/ledger"
)

//go:embed migrations/*.sql
var migrations embed.FS

// DB is a pool of connections to one database. It is safe for concurrent use.
type DB struct {
	Pool *pgxpool.Pool
	// Ledger signs the heads of the ledgers. Only programs that number need
	// it; it is set before the first use.
	Ledger *ledger.Signer
}

// Open connects and checks that the server answers.
func Open(ctx context.Context, url string) (*DB, error) { return OpenSmall(ctx, url, 0) }

// OpenSmall is Open with at most so many connections; 0 leaves it to the URL.
func OpenSmall(ctx context.Context, url string, connections int32) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("postgres: DATABASE_URL is not a valid connection string") // it may hold a password
	}
	if connections > 0 {
		cfg.MaxConns = connections
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("postgres: the server of DATABASE_URL does not answer: %w", err)
	}
	return &DB{Pool: pool}, nil
}

// Close waits for running queries and closes every connection.
func (db *DB) Close() { db.Pool.Close() }

// Migrate brings the schema to the newest version. Several programs may call it
// at once: one works, the others wait.
func (db *DB) Migrate(ctx context.Context) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("postgres: migrations: %w", err)
	}
	sqlDB := stdlib.OpenDBFromPool(db.Pool)
	defer sqlDB.Close()
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fmt.Errorf("postgres: migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, sqlDB, dir, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("postgres: migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("postgres: migrations: %w", err)
	}
	return db.migrateJobs(ctx)
}

// InTx runs f in a transaction and commits when it returns nil. After an error
// from the commit itself the effect is unknown; every caller's work is
// idempotent and is done again.
func (db *DB) InTx(ctx context.Context, f func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, db.Pool, f)
}
