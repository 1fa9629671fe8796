package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
)

const programColumns = "t.id, t.account_id, t.person_id, t.name, t.scope, t.hint, t.created_at, t.expires_at, t.last_used_at, t.revoked_at"

func programTargets(p *accounts.Program) []any {
	return []any{&p.ID, &p.Account, &p.Person, &p.Name, &p.Scope, &p.Hint, &p.CreatedAt, &p.ExpiresAt, &p.LastUsed, &p.RevokedAt}
}

// AddProgram stores a personal access token by its SHA-256, unless the account
// has as many that hold as it may; then it returns accounts.ErrState.
func (db *DB) AddProgram(ctx context.Context, hash [32]byte, p *accounts.Program, most int) error {
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		// Two at a time may not both find the last place free.
		if _, err := tx.Exec(ctx, "SELECT FROM accounts WHERE id = $1 FOR NO KEY UPDATE", p.Account); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `INSERT INTO api_tokens (token_hash, account_id, person_id, name, scope, hint, created_at, expires_at)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8
			WHERE (SELECT count(*) FROM api_tokens WHERE account_id = $2 AND revoked_at IS NULL AND expires_at > $7) < $9`,
			hash[:], p.Account, p.Person, p.Name, p.Scope, p.Hint, p.CreatedAt, p.ExpiresAt, most)
		if err == nil && tag.RowsAffected() == 0 {
			return accounts.ErrState
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("postgres: personal access token: %w", err)
	}
	return nil
}

// Programs lists the personal access tokens of an account, the newest first,
// those that no longer hold among them.
func (db *DB) Programs(ctx context.Context, account clickday.AccountID) ([]accounts.Program, error) {
	rows, err := db.Pool.Query(ctx, "SELECT "+programColumns+" FROM api_tokens t WHERE t.account_id = $1 ORDER BY t.created_at DESC, t.id DESC", account)
	if err != nil {
		return nil, fmt.Errorf("postgres: personal access tokens: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p accounts.Program, err error) {
		err = row.Scan(programTargets(&p)...)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: personal access tokens: %w", err)
	}
	return list, nil
}

// RevokeProgram ends a token of the account; again is no error. Tokens of others
// are accounts.ErrNotFound.
func (db *DB) RevokeProgram(ctx context.Context, account clickday.AccountID, id int64, now time.Time) error {
	tag, err := db.Pool.Exec(ctx, "UPDATE api_tokens SET revoked_at = coalesce(revoked_at, $3) WHERE id = $1 AND account_id = $2", id, account, now)
	if err != nil {
		return fmt.Errorf("postgres: revoke personal access token: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return accounts.ErrNotFound
	}
	return nil
}

// Program returns the token of a hash with the account that it speaks for, or
// accounts.ErrNotFound when it is unknown, over or revoked, or whoever made it may
// no longer act for the account. Its last use is noted once an hour.
func (db *DB) Program(ctx context.Context, hash [32]byte, now time.Time) (accounts.ProgramBearer, error) {
	var b accounts.ProgramBearer
	a := &b.Account
	err := db.Pool.QueryRow(ctx, "SELECT "+programColumns+`, a.id, a.kind, a.email, a.display_name, a.tax_code, a.created_at
		FROM api_tokens t JOIN accounts a ON a.id = t.account_id
		WHERE t.token_hash = $1 AND t.expires_at > $2 AND t.revoked_at IS NULL AND a.closed_at IS NULL
			AND acting_role(t.person_id, t.account_id, $2) IS NOT NULL`, hash[:], now).
		Scan(append(programTargets(&b.Program), &a.ID, &a.Kind, &a.Email, &a.Name, &a.TaxCode, &a.CreatedAt)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return b, accounts.ErrNotFound
	}
	if err != nil {
		return b, fmt.Errorf("postgres: personal access token: %w", err)
	}
	if last := b.Program.LastUsed; last == nil || now.Sub(*last) >= time.Hour {
		if _, err := db.Pool.Exec(ctx, "UPDATE api_tokens SET last_used_at = $2 WHERE id = $1", b.Program.ID, now); err != nil {
			return b, fmt.Errorf("postgres: personal access token: %w", err)
		}
	}
	return b, nil
}
