package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/drafts"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
)

const uploadColumns = `u.id, u.account_id, u.click_day_id, u.model, u.model_version, u.name, u.sha256, u.uploaded_at, u.applied_at, u.taken, u.refused`

func scanUpload(row pgx.Row, more ...any) (drafts.Upload, error) {
	var u drafts.Upload
	var sum []byte
	var applied *time.Time
	err := row.Scan(append([]any{&u.ID, &u.Account, &u.Day, &u.Model, &u.ModelVersion, &u.Name, &sum, &u.UploadedAt, &applied, &u.Taken, &u.Refused}, more...)...)
	copy(u.SHA256[:], sum)
	if applied != nil {
		u.AppliedAt = *applied
	}
	return u, err
}

// KeepUpload stores a CSV file, or returns the upload of the same content, day
// and model. One that was not applied takes the newer model and date.
func (db *DB) KeepUpload(ctx context.Context, u *drafts.Upload, expired time.Time) (drafts.Upload, bool, error) {
	var out drafts.Upload
	again := false
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "UPDATE uploads SET content = NULL WHERE content IS NOT NULL AND uploaded_at < $1", expired); err != nil {
			return err
		}
		var err error
		out, err = scanUpload(tx.QueryRow(ctx, `INSERT INTO uploads AS u (account_id, click_day_id, model, model_version, name, sha256, content, uploaded_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (account_id, click_day_id, model, sha256) DO UPDATE SET
				model_version = CASE WHEN u.applied_at IS NULL THEN excluded.model_version ELSE u.model_version END,
				uploaded_at = CASE WHEN u.applied_at IS NULL THEN excluded.uploaded_at ELSE u.uploaded_at END,
				content = CASE WHEN u.applied_at IS NULL THEN excluded.content ELSE u.content END
			RETURNING `+uploadColumns+", xmax <> 0", u.Account, u.Day, u.Model, u.ModelVersion, u.Name, u.SHA256[:], u.Content, u.UploadedAt), &again)
		return err
	})
	if err != nil {
		return out, false, fmt.Errorf("postgres: upload: %w", err)
	}
	out.Content = u.Content
	return out, again, nil
}

// Upload returns a CSV file with its content, or accounts.ErrNotFound.
func (db *DB) Upload(ctx context.Context, account clickday.AccountID, id int64) (drafts.Upload, error) {
	var content []byte
	u, err := scanUpload(db.Pool.QueryRow(ctx, "SELECT "+uploadColumns+", u.content FROM uploads u WHERE u.id = $1 AND u.account_id = $2", id, account), &content)
	if errors.Is(err, pgx.ErrNoRows) {
		return u, accounts.ErrNotFound
	}
	if err != nil {
		return u, fmt.Errorf("postgres: upload: %w", err)
	}
	u.Content = content
	return u, nil
}

// Uploads returns the newest CSV files of an account without their contents.
func (db *DB) Uploads(ctx context.Context, account clickday.AccountID, limit int) ([]drafts.Upload, error) {
	rows, err := db.Pool.Query(ctx, "SELECT "+uploadColumns+" FROM uploads u WHERE u.account_id = $1 ORDER BY u.id DESC LIMIT $2", account, limit)
	if err != nil {
		return nil, fmt.Errorf("postgres: uploads: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (drafts.Upload, error) { return scanUpload(row) })
	if err != nil {
		return nil, fmt.Errorf("postgres: uploads: %w", err)
	}
	return list, nil
}

// ApplyUpload stores the drafts of an upload and marks it as applied, in one
// transaction. Whoever comes second, or does not know whether it was done, gets
// drafts.ErrApplied.
func (db *DB) ApplyUpload(ctx context.Context, account clickday.AccountID, id int64, list []accounts.Application, refused int, now time.Time) error {
	answers := make([][]byte, len(list))
	for i := range list {
		raw, err := json.Marshal(list[i].Answers)
		if err != nil {
			return fmt.Errorf("postgres: apply upload: %w", err)
		}
		answers[i] = append([]byte{1}, raw...) // version of jsonb on the wire
	}
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE uploads SET applied_at = $3, taken = $4, refused = $5
			WHERE id = $1 AND account_id = $2 AND applied_at IS NULL`, id, account, now, len(list), refused)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return drafts.ErrApplied
		}
		return copyIn(ctx, tx, `COPY applications (id, account_id, click_day_id, model, model_version, answers, state, created_at, updated_at)
			FROM STDIN BINARY`, len(list), func(r *copyRow, i int) {
			a := &list[i]
			r.begin(9)
			r.bytes(a.ID[:])
			r.int8(int64(account))
			r.int8(int64(a.Day))
			r.text(string(a.Model))
			r.int4(int32(a.ModelVersion))
			r.bytes(answers[i])
			r.text(string(a.State))
			r.instant(a.CreatedAt)
			r.instant(a.UpdatedAt)
		})
	})
	if err != nil {
		return fmt.Errorf("postgres: apply upload: %w", err)
	}
	return nil
}

// Passports returns the passports of workers that stand in the account's
// applications to a click day.
func (db *DB) Passports(ctx context.Context, account clickday.AccountID, day clickday.DayID) (map[string]bool, error) {
	rows, err := db.Pool.Query(ctx, `SELECT DISTINCT answers ->> $3 FROM applications
		WHERE account_id = $1 AND click_day_id = $2 AND answers ? $3`, account, day, forms.PassportField)
	if err != nil {
		return nil, fmt.Errorf("postgres: passports: %w", err)
	}
	out := map[string]bool{}
	var p string
	if _, err = pgx.ForEachRow(rows, []any{&p}, func() error { out[p] = true; return nil }); err != nil {
		return nil, fmt.Errorf("postgres: passports: %w", err)
	}
	return out, nil
}
