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

// submitted says whether there is something that the law wants kept: submissions,
// also of earlier years.
const submitted = "SELECT EXISTS (SELECT FROM submissions WHERE account_id = $1) OR EXISTS (SELECT FROM archive WHERE account_id = $1)"

// Submitted implements membership.Store.
func (db *DB) Submitted(ctx context.Context, id clickday.AccountID) (yes bool, err error) {
	err = db.Pool.QueryRow(ctx, submitted, id).Scan(&yes)
	return yes, wrapped("account", err)
}

// neverSent are the applications of an account of which nothing has arrived.
const neverSent = "SELECT id FROM applications p WHERE account_id = $1 AND NOT EXISTS (SELECT FROM submissions s WHERE s.application_id = p.id)"

// everybody is what is done about every account that ends, in this order.
var everybody = []string{
	"DELETE FROM seals WHERE application_id IN (" + neverSent + ")",
	"DELETE FROM applications WHERE id IN (" + neverSent + ")",
	"DELETE FROM uploads WHERE account_id = $1", // tables of applications; attachments go with theirs
	"DELETE FROM authorization_codes WHERE account_id = $1 OR person_id = $1",
	"DELETE FROM access_tokens WHERE account_id = $1 OR person_id = $1",
	"DELETE FROM api_tokens WHERE account_id = $1 OR person_id = $1",
	"UPDATE delegations SET revoked_at = now(), revoked_by = $1, token_hash = NULL WHERE revoked_at IS NULL AND (delegate_id = $1 OR account_id = $1)",
	"DELETE FROM rehearsals WHERE account_id = $1", // with their copies
	"DELETE FROM device_syncs WHERE account_id = $1 OR device_id IN (SELECT id FROM devices WHERE account_id = $1)",
	"UPDATE devices SET revoked_at = coalesce(revoked_at, now()) WHERE account_id = $1",
	"DELETE FROM logins WHERE account_id = $1",
	"DELETE FROM mail_links WHERE account_id = $1",
	"DELETE FROM recovery_codes WHERE account_id = $1",
	"DELETE FROM second_factors WHERE account_id = $1",
}

// erased is what is done besides about an account without submissions. Its row
// stays, empty: other tables may name its number.
var erased = []string{
	"DELETE FROM devices WHERE account_id = $1",
	"DELETE FROM persons WHERE account_id = $1",
	"DELETE FROM acceptances WHERE account_id = $1",
	"UPDATE accounts SET email = '', display_name = '', tax_code = '' WHERE id = $1",
}

// Leave implements membership.Store.
func (db *DB) Leave(ctx context.Context, id clickday.AccountID, now time.Time, letter func(kept bool) notices.Letter) (kept bool, err error) {
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		var email string
		err := tx.QueryRow(ctx, "UPDATE accounts SET password_hash = '', closed_at = $2 WHERE id = $1 AND password_hash <> '' RETURNING email", id, now).Scan(&email)
		if errors.Is(err, pgx.ErrNoRows) {
			return accounts.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := leaveParties(ctx, tx, id, now); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, submitted, id).Scan(&kept); err != nil {
			return err
		}
		todo := everybody
		if !kept {
			todo = append(todo[:len(todo):len(todo)], erased...)
		}
		var all pgx.Batch
		for _, q := range todo {
			all.Queue(q, id)
		}
		if err := tx.SendBatch(ctx, &all).Close(); err != nil {
			return err
		}
		return queueLetter(ctx, tx, letter(kept))
	})
	return kept, wrapped("end of an account", err)
}
