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

// seenEvery is how exact it is known when a log-in was last used: a write for
// every page would be too many.
const seenEvery = time.Minute

// OpenLogin begins a log-in of an account and returns its number. ErrNotFound if
// nobody logs in as that account.
func (db *DB) OpenLogin(ctx context.Context, id clickday.AccountID, device string, now time.Time) (int64, error) {
	var login int64
	err := db.Pool.QueryRow(ctx, `INSERT INTO logins (account_id, device, begun_at, seen_at)
		SELECT id, $2, $3, $3 FROM accounts WHERE id = $1 AND password_hash <> '' RETURNING id`, id, device, now).Scan(&login)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, accounts.ErrNotFound
	}
	return login, wrapped("log-in", err)
}

// AccountOfLogin returns the account that a log-in speaks for, and notes that it
// was seen. ErrNotFound when it was ended, on whichever device.
func (db *DB) AccountOfLogin(ctx context.Context, login int64, now time.Time) (accounts.Account, error) {
	var a accounts.Account
	var seen time.Time
	err := db.Pool.QueryRow(ctx, `SELECT a.id, a.kind, a.email, a.password_hash, a.display_name, a.tax_code, a.created_at, l.seen_at
		FROM logins l JOIN accounts a ON a.id = l.account_id WHERE l.id = $1 AND l.ended_at IS NULL AND a.password_hash <> ''`, login).
		Scan(&a.ID, &a.Kind, &a.Email, &a.PasswordHash, &a.Name, &a.TaxCode, &a.CreatedAt, &seen)
	if errors.Is(err, pgx.ErrNoRows) {
		return a, accounts.ErrNotFound
	}
	if err == nil && now.Sub(seen) >= seenEvery {
		_, err = db.Pool.Exec(ctx, "UPDATE logins SET seen_at = $2 WHERE id = $1 AND seen_at < $2", login, now)
	}
	return a, wrapped("log-in", err)
}

// Logins returns the log-ins of an account that are open, the last seen first.
func (db *DB) Logins(ctx context.Context, id clickday.AccountID, now time.Time) ([]accounts.Login, error) {
	rows, err := db.Pool.Query(ctx, `SELECT id, account_id, device, begun_at, seen_at FROM logins
		WHERE account_id = $1 AND ended_at IS NULL AND seen_at > $2 AND begun_at > $3 ORDER BY seen_at DESC, id DESC`,
		id, now.Add(-accounts.SessionIdle), now.Add(-accounts.SessionLife))
	if err != nil {
		return nil, fmt.Errorf("postgres: log-ins: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[accounts.Login])
	return list, wrapped("log-ins", err)
}

// EndLogin ends a log-in of an account; ErrNotFound for those of others. Ending
// it twice is no error.
func (db *DB) EndLogin(ctx context.Context, id clickday.AccountID, login int64, now time.Time) error {
	tag, err := db.Pool.Exec(ctx, "UPDATE logins SET ended_at = coalesce(ended_at, $3) WHERE id = $2 AND account_id = $1", id, login, now)
	if err == nil && tag.RowsAffected() == 0 {
		err = accounts.ErrNotFound
	}
	return wrapped("end log-in", err)
}

// EndOtherLogins ends every log-in of an account but keep.
func (db *DB) EndOtherLogins(ctx context.Context, id clickday.AccountID, keep int64, now time.Time) error {
	return wrapped("end log-ins", db.InTx(ctx, func(tx pgx.Tx) error { return endLogins(ctx, tx, id, keep, now) }))
}

func endLogins(ctx context.Context, tx pgx.Tx, id clickday.AccountID, keep int64, now time.Time) error {
	_, err := tx.Exec(ctx, "UPDATE logins SET ended_at = $3 WHERE account_id = $1 AND id <> $2 AND ended_at IS NULL", id, keep, now)
	return err
}
