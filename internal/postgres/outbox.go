package postgres

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"puntuale/internal/clickday"
)

// jobsLock keeps two programs from migrating the tables of jobs at once.
const jobsLock = 0x6e6f7469636573 // "notices"

// migrateJobs brings the tables of river to its newest version.
func (db *DB) migrateJobs(ctx context.Context) error {
	conn, err := db.Pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("postgres: migrations: jobs: %w", err)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", jobsLock); err != nil {
		return fmt.Errorf("postgres: migrations: jobs: %w", err)
	}
	defer conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", jobsLock) // a dead connection holds no lock
	m, err := rivermigrate.New(riverpgxv5.New(db.Pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("postgres: migrations: jobs: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("postgres: migrations: jobs: %w", err)
	}
	return nil
}

// promiseNotices writes down, with the receipts, that their applicants are to
// be told. It is one cheap statement for the whole chunk, because it lies on
// the way of every receipt; jobs are made of it later, at the pace of the mails.
func promiseNotices(ctx context.Context, tx pgx.Tx, receipts []clickday.Receipt) error {
	if len(receipts) == 0 {
		return nil
	}
	ids := make([][]byte, len(receipts))
	for i := range receipts {
		ids[i] = receipts[i].Submission[:]
	}
	_, err := tx.Exec(ctx, `INSERT INTO notices (submission_id, created_at)
		SELECT id, $2 FROM unnest($1::bytea[]) AS id ON CONFLICT DO NOTHING`, ids, receipts[0].IssuedAt)
	return err
}
