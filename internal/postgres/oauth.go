package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
)

// AddCode stores a fresh authorization code by its SHA-256.
func (db *DB) AddCode(ctx context.Context, hash [32]byte, g *accounts.Grant) error {
	_, err := db.Pool.Exec(ctx, `INSERT INTO authorization_codes (code_hash, account_id, redirect_uri, code_challenge, expires_at, person_id)
		VALUES ($1, $2, $3, $4, $5, nullif($6::bigint, 0))`, hash[:], g.Account, g.RedirectURI, g.Challenge, g.ExpiresAt, g.Person)
	if err != nil {
		return fmt.Errorf("postgres: authorization code: %w", err)
	}
	return nil
}

// SpendCode takes a code, once, and stores the access token that it is
// exchanged for, if check approves the grant. A code that was spent before
// revokes the tokens it gave (RFC 6749 §4.1.2) and is accounts.ErrNotFound, as
// is an unknown one. An error of check is passed on; the code is spent all the
// same, so that a verifier cannot be guessed.
func (db *DB) SpendCode(ctx context.Context, hash, token [32]byte, now, tokenExpires time.Time, check func(*accounts.Grant) error) error {
	var refused error // the transaction commits what a refusal changes
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		var g accounts.Grant
		var used *time.Time
		err := tx.QueryRow(ctx, `SELECT account_id, coalesce(person_id, 0), redirect_uri, code_challenge, expires_at, used_at
			FROM authorization_codes WHERE code_hash = $1 FOR UPDATE`, hash[:]).
			Scan(&g.Account, &g.Person, &g.RedirectURI, &g.Challenge, &g.ExpiresAt, &used)
		if errors.Is(err, pgx.ErrNoRows) {
			refused = accounts.ErrNotFound
			return nil
		}
		if err != nil {
			return err
		}
		if used != nil {
			refused = accounts.ErrNotFound
			_, err := tx.Exec(ctx, "UPDATE access_tokens SET revoked_at = $2 WHERE code_hash = $1 AND revoked_at IS NULL", hash[:], now)
			return err
		}
		if _, err := tx.Exec(ctx, "UPDATE authorization_codes SET used_at = $2 WHERE code_hash = $1", hash[:], now); err != nil {
			return err
		}
		if refused = check(&g); refused != nil {
			return nil
		}
		_, err = tx.Exec(ctx, `INSERT INTO access_tokens (token_hash, account_id, code_hash, created_at, expires_at, person_id)
			VALUES ($1, $2, $3, $4, $5, nullif($6::bigint, 0))`, token[:], g.Account, hash[:], now, tokenExpires, g.Person)
		return err
	})
	if err != nil {
		return fmt.Errorf("postgres: spend code: %w", err)
	}
	return refused
}

// Bearer returns who an access token speaks for, or accounts.ErrNotFound when
// it is unknown, over or revoked, or whoever consented may no longer act for
// the account. Device is nil until one is registered.
func (db *DB) Bearer(ctx context.Context, hash [32]byte, now time.Time) (accounts.Bearer, error) {
	var b accounts.Bearer
	var id *int64
	var key *[]byte
	var name *string
	var created *time.Time
	var revoked *bool
	err := db.Pool.QueryRow(ctx, `SELECT a.id, a.kind, a.email, a.password_hash, a.display_name, a.tax_code, a.created_at,
		d.id, d.public_key, d.name, d.created_at, d.revoked_at IS NOT NULL
		FROM access_tokens t JOIN accounts a ON a.id = t.account_id LEFT JOIN devices d ON d.id = t.device_id
		WHERE t.token_hash = $1 AND t.expires_at > $2 AND t.revoked_at IS NULL
			AND (t.person_id IS NULL OR acting_role(t.person_id, t.account_id, $2) IS NOT NULL)`, hash[:], now).
		Scan(&b.Account.ID, &b.Account.Kind, &b.Account.Email, &b.Account.PasswordHash, &b.Account.Name, &b.Account.TaxCode,
			&b.Account.CreatedAt, &id, &key, &name, &created, &revoked)
	if errors.Is(err, pgx.ErrNoRows) {
		return b, accounts.ErrNotFound
	}
	if err != nil {
		return b, fmt.Errorf("postgres: access token: %w", err)
	}
	if id != nil {
		b.Device = &accounts.Device{ID: *id, Account: b.Account.ID, Name: *name, CreatedAt: *created, Revoked: *revoked}
		copy(b.Device.PublicKey[:], *key)
	}
	return b, nil
}
