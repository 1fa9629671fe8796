package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/archive"
	"puntuale/internal/clickday"
)

// What follows fills databases that are made to be measured.

// FillAccounts stores accounts in one transaction and returns the first id; the
// others follow it in order. Nobody else may make accounts meanwhile.
func (db *DB) FillAccounts(ctx context.Context, list []accounts.Account) (first clickday.AccountID, err error) {
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, "SELECT coalesce(max(id), 0) + 1 FROM accounts").Scan(&first); err != nil {
			return err
		}
		columns := []string{"id", "kind", "email", "password_hash", "display_name", "tax_code", "created_at"}
		_, err := tx.CopyFrom(ctx, pgx.Identifier{"accounts"}, columns, pgx.CopyFromSlice(len(list), func(i int) ([]any, error) {
			a := &list[i]
			return []any{int64(first) + int64(i), string(a.Kind), a.Email, a.PasswordHash, a.Name, a.TaxCode, a.CreatedAt}, nil
		}))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "SELECT setval(pg_get_serial_sequence('accounts', 'id'), $1)", int64(first)+int64(len(list))-1)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("postgres: accounts: %w", err)
	}
	return first, nil
}

// FillArchive stores records that are not there yet, in one transaction.
func (db *DB) FillArchive(ctx context.Context, list []archive.Record, now time.Time) error {
	err := db.InTx(ctx, func(tx pgx.Tx) error { return copyArchive(ctx, tx, "archive", list, now) })
	if err != nil {
		return fmt.Errorf("postgres: archive: %w", err)
	}
	return nil
}

// BeginFilling takes away the index over words, which is faster made anew than
// kept while millions of rows come in.
func (db *DB) BeginFilling(ctx context.Context) error {
	if _, err := db.Pool.Exec(ctx, "DROP INDEX IF EXISTS search_words"); err != nil {
		return fmt.Errorf("postgres: archive: %w", err)
	}
	return nil
}

// EndFilling makes the index again, and lets the planner know what is there.
func (db *DB) EndFilling(ctx context.Context) error {
	for _, sql := range []string{
		"CREATE INDEX IF NOT EXISTS search_words ON search USING gin (words)", "VACUUM (ANALYZE) search, archive, accounts, applications, web_sessions", "CHECKPOINT",
	} {
		if _, err := db.Pool.Exec(ctx, sql); err != nil {
			return fmt.Errorf("postgres: archive: %w", err)
		}
	}
	return nil
}

// CountArchive returns how many archived applications there are.
func (db *DB) CountArchive(ctx context.Context) (int, error) {
	var n int
	if err := db.Pool.QueryRow(ctx, "SELECT count(*) FROM archive").Scan(&n); err != nil {
		return 0, fmt.Errorf("postgres: archive: %w", err)
	}
	return n, nil
}
