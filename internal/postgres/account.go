package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
)

const accountColumns = "id, kind, email, password_hash, display_name, tax_code, created_at"

func scanAccount(row pgx.Row) (accounts.Account, error) {
	var a accounts.Account
	err := row.Scan(&a.ID, &a.Kind, &a.Email, &a.PasswordHash, &a.Name, &a.TaxCode, &a.CreatedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return a, accounts.ErrNotFound
	}
	if err != nil {
		return a, fmt.Errorf("postgres: account: %w", err)
	}
	return a, nil
}

// Account returns an account by id, or accounts.ErrNotFound.
func (db *DB) Account(ctx context.Context, id clickday.AccountID) (accounts.Account, error) {
	return scanAccount(db.Pool.QueryRow(ctx, "SELECT "+accountColumns+" FROM accounts WHERE id = $1", id))
}

// AccountByEmail finds the account that logs in with an address, whatever the
// case of the letters. It returns accounts.ErrNotFound when there is none.
func (db *DB) AccountByEmail(ctx context.Context, email string) (accounts.Account, error) {
	return scanAccount(db.Pool.QueryRow(ctx,
		"SELECT "+accountColumns+" FROM accounts WHERE lower(email) = lower($1) AND password_hash <> ''", strings.TrimSpace(email)))
}

// EnsureAccount creates an account that can log in unless its e-mail address is
// taken, and returns the one that is stored. A stored account is not changed.
func (db *DB) EnsureAccount(ctx context.Context, a *accounts.Account) (accounts.Account, error) {
	_, err := db.Pool.Exec(ctx, `INSERT INTO accounts (kind, email, password_hash, display_name, tax_code, created_at)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (lower(email)) WHERE password_hash <> '' DO NOTHING`,
		a.Kind, a.Email, a.PasswordHash, a.Name, a.TaxCode, a.CreatedAt)
	if err != nil {
		return accounts.Account{}, fmt.Errorf("postgres: create account: %w", err)
	}
	return db.AccountByEmail(ctx, a.Email)
}

// SetPassword replaces the password hash of an account.
func (db *DB) SetPassword(ctx context.Context, id clickday.AccountID, hash string) error {
	if _, err := db.Pool.Exec(ctx, "UPDATE accounts SET password_hash = $2 WHERE id = $1", id, hash); err != nil {
		return fmt.Errorf("postgres: set password: %w", err)
	}
	return nil
}

// CountAttempt implements accounts.LoginStore. The row is locked while the
// throttle decides, so attempts in parallel count one after the other.
func (db *DB) CountAttempt(ctx context.Context, key [32]byte, now time.Time, t accounts.Throttle) (ok bool, until time.Time, err error) {
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		var failures int
		_, err := tx.Exec(ctx, `INSERT INTO login_throttle (email_hash, failures, blocked_until) VALUES ($1, 0, $2)
			ON CONFLICT (email_hash) DO NOTHING`, key[:], now)
		if err != nil {
			return err
		}
		err = tx.QueryRow(ctx, "SELECT failures, blocked_until FROM login_throttle WHERE email_hash = $1 FOR UPDATE", key[:]).
			Scan(&failures, &until)
		if err != nil {
			return err
		}
		if now.Before(until) && failures > t.Free {
			return nil
		}
		ok = true
		failures, until = t.Next(failures, until, now)
		_, err = tx.Exec(ctx, "UPDATE login_throttle SET failures = $2, blocked_until = $3 WHERE email_hash = $1", key[:], failures, until)
		return err
	})
	if err != nil {
		return false, time.Time{}, fmt.Errorf("postgres: log-in attempt: %w", err)
	}
	return ok, until, nil
}

// ClearAttempts implements accounts.LoginStore.
func (db *DB) ClearAttempts(ctx context.Context, key [32]byte) error {
	if _, err := db.Pool.Exec(ctx, "DELETE FROM login_throttle WHERE email_hash = $1", key[:]); err != nil {
		return fmt.Errorf("postgres: clear log-in attempts: %w", err)
	}
	return nil
}
