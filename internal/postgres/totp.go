package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/notices"
)

// SecondFactor implements membership.Factors.
func (db *DB) SecondFactor(ctx context.Context, id clickday.AccountID) (accounts.SecondFactor, error) {
	var f accounts.SecondFactor
	err := db.Pool.QueryRow(ctx, `SELECT secret, last_step, confirmed_at IS NOT NULL, created_at,
			(SELECT count(*) FROM recovery_codes r WHERE r.account_id = f.account_id AND r.used_at IS NULL)
		FROM second_factors f WHERE account_id = $1`, id).Scan(&f.Sealed, &f.LastStep, &f.Confirmed, &f.CreatedAt, &f.CodesLeft)
	if errors.Is(err, pgx.ErrNoRows) {
		return f, accounts.ErrNotFound
	}
	return f, wrapped("second factor", err)
}

// BeginFactor implements membership.Factors.
func (db *DB) BeginFactor(ctx context.Context, id clickday.AccountID, sealed []byte, now time.Time) error {
	tag, err := db.Pool.Exec(ctx, `INSERT INTO second_factors (account_id, secret, created_at) VALUES ($1, $2, $3)
		ON CONFLICT (account_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at, last_step = 0
		WHERE second_factors.confirmed_at IS NULL`, id, sealed, now)
	if err == nil && tag.RowsAffected() == 0 {
		return accounts.ErrState
	}
	return wrapped("second factor", err)
}

// ConfirmFactor implements membership.Factors.
func (db *DB) ConfirmFactor(ctx context.Context, id clickday.AccountID, sealed []byte, step int64, codes [][32]byte, now time.Time, letter notices.Letter) error {
	return wrapped("second factor", db.InTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE second_factors SET confirmed_at = $4, last_step = $3
			WHERE account_id = $1 AND secret = $2 AND confirmed_at IS NULL AND last_step < $3`, id, sealed, step, now)
		if err == nil && tag.RowsAffected() == 0 {
			err = accounts.ErrState
		}
		if err != nil {
			return err
		}
		if err := replaceCodes(ctx, tx, id, codes); err != nil {
			return err
		}
		return queueLetter(ctx, tx, letter)
	}))
}

func replaceCodes(ctx context.Context, tx pgx.Tx, id clickday.AccountID, codes [][32]byte) error {
	if _, err := tx.Exec(ctx, "DELETE FROM recovery_codes WHERE account_id = $1", id); err != nil {
		return err
	}
	hashes := make([][]byte, len(codes))
	for i := range codes {
		hashes[i] = codes[i][:]
	}
	_, err := tx.Exec(ctx, "INSERT INTO recovery_codes (account_id, code_hash) SELECT $1, unnest($2::bytea[])", id, hashes)
	return err
}

// ReplaceCodes implements membership.Factors.
func (db *DB) ReplaceCodes(ctx context.Context, id clickday.AccountID, codes [][32]byte) error {
	return wrapped("recovery codes", db.InTx(ctx, func(tx pgx.Tx) error { return replaceCodes(ctx, tx, id, codes) }))
}

// UseStep implements membership.Factors.
func (db *DB) UseStep(ctx context.Context, id clickday.AccountID, step int64) (bool, error) {
	tag, err := db.Pool.Exec(ctx, "UPDATE second_factors SET last_step = $2 WHERE account_id = $1 AND confirmed_at IS NOT NULL AND last_step < $2", id, step)
	return tag.RowsAffected() == 1, wrapped("second factor", err)
}

// UseCode implements membership.Factors.
func (db *DB) UseCode(ctx context.Context, id clickday.AccountID, hash [32]byte, now time.Time, letter notices.Letter) (used bool, err error) {
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, "UPDATE recovery_codes SET used_at = $3 WHERE account_id = $1 AND code_hash = $2 AND used_at IS NULL", id, hash[:], now)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		used = true
		return queueLetter(ctx, tx, letter)
	})
	return used && err == nil, wrapped("recovery code", err)
}

// DropFactor implements membership.Factors.
func (db *DB) DropFactor(ctx context.Context, id clickday.AccountID, letter notices.Letter) error {
	return wrapped("second factor", db.InTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, "DELETE FROM second_factors WHERE account_id = $1", id)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		if _, err := tx.Exec(ctx, "DELETE FROM recovery_codes WHERE account_id = $1", id); err != nil {
			return err
		}
		return queueLetter(ctx, tx, letter)
	}))
}
