package postgres

import (
	"context"
	"fmt"

	"puntuale/internal/accounts"
)

// SetKindLimit sets how many applications an account of a kind may have numbered
// on one click day, unless it has a limit of its own; nil for any number. It
// counts from the next numbers on.
func (db *DB) SetKindLimit(ctx context.Context, kind accounts.Kind, perDay *int) error {
	_, err := db.Pool.Exec(ctx, `INSERT INTO account_limits (kind, per_day) VALUES ($1, $2)
		ON CONFLICT (kind) DO UPDATE SET per_day = excluded.per_day`, string(kind), perDay)
	if err != nil {
		return fmt.Errorf("postgres: limit of kind %s: %w", kind, err)
	}
	return nil
}

// SetAccountLimit sets the limit of one account, by its e-mail address; nil for
// that of its kind. It fails with accounts.ErrNotFound.
func (db *DB) SetAccountLimit(ctx context.Context, email string, perDay *int) error {
	tag, err := db.Pool.Exec(ctx, "UPDATE accounts SET per_day = $2 WHERE lower(email) = lower($1)", email, perDay)
	if err == nil && tag.RowsAffected() == 0 {
		err = accounts.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("postgres: limit of an account: %w", err)
	}
	return nil
}
