package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
)

const deviceColumns = "id, account_id, public_key, name, created_at, revoked_at IS NOT NULL"

func scanDevice(row pgx.CollectableRow) (accounts.Device, error) {
	var d accounts.Device
	var key []byte
	err := row.Scan(&d.ID, &d.Account, &key, &d.Name, &d.CreatedAt, &d.Revoked)
	copy(d.PublicKey[:], key)
	return d, err
}

// Devices returns the paired computers of an account, the newest first; revoked
// ones are among them.
func (db *DB) Devices(ctx context.Context, account clickday.AccountID) ([]accounts.Device, error) {
	rows, err := db.Pool.Query(ctx, "SELECT "+deviceColumns+" FROM devices WHERE account_id = $1 ORDER BY created_at DESC, id DESC", account)
	if err != nil {
		return nil, fmt.Errorf("postgres: devices: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanDevice)
	if err != nil {
		return nil, fmt.Errorf("postgres: devices: %w", err)
	}
	return list, nil
}

// RegisterDevice binds an access token to a device key. The same key for the
// same account gives the same device again, and lifts a revocation, because a
// fresh token means that the person has just consented anew. It returns
// accounts.ErrForeignDevice when another account has the key and
// accounts.ErrTokenBound when the token serves another device.
func (db *DB) RegisterDevice(ctx context.Context, token [32]byte, d *accounts.Device) (accounts.Device, error) {
	var out accounts.Device
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		var bound *int64
		err := tx.QueryRow(ctx, "SELECT device_id FROM access_tokens WHERE token_hash = $1 AND account_id = $2 FOR UPDATE",
			token[:], d.Account).Scan(&bound)
		if err != nil {
			return err
		}
		if out, err = upsertDevice(ctx, tx, d, bound == nil); err != nil {
			return err
		}
		if out.Account != d.Account {
			return accounts.ErrForeignDevice
		}
		if bound != nil && *bound != out.ID {
			return accounts.ErrTokenBound
		}
		_, err = tx.Exec(ctx, "UPDATE access_tokens SET device_id = $2 WHERE token_hash = $1", token[:], out.ID)
		return err
	})
	if err != nil {
		return accounts.Device{}, fmt.Errorf("postgres: register device: %w", err)
	}
	return out, nil
}

// upsertDevice returns the row of the key, whoever owns it. A transaction that
// is given up takes the inserted row with it.
func upsertDevice(ctx context.Context, tx pgx.Tx, d *accounts.Device, reinstate bool) (accounts.Device, error) {
	_, err := tx.Exec(ctx, `INSERT INTO devices (account_id, public_key, name, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (public_key) DO UPDATE SET revoked_at = NULL WHERE devices.account_id = excluded.account_id AND $5`,
		d.Account, d.PublicKey[:], d.Name, d.CreatedAt, reinstate)
	if err != nil {
		return accounts.Device{}, err
	}
	rows, err := tx.Query(ctx, "SELECT "+deviceColumns+" FROM devices WHERE public_key = $1", d.PublicKey[:])
	if err != nil {
		return accounts.Device{}, err
	}
	return pgx.CollectExactlyOneRow(rows, scanDevice)
}

// RevokeDevice disconnects a computer of the account with all its tokens. It
// returns accounts.ErrNotFound for devices of others; revoking twice is no error.
func (db *DB) RevokeDevice(ctx context.Context, account clickday.AccountID, id int64, now time.Time) error {
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE devices SET revoked_at = coalesce(revoked_at, $3) WHERE id = $1 AND account_id = $2`,
			id, account, now)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return accounts.ErrNotFound
		}
		_, err = tx.Exec(ctx, "UPDATE access_tokens SET revoked_at = $2 WHERE device_id = $1 AND revoked_at IS NULL", id, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("postgres: revoke device: %w", err)
	}
	return nil
}
