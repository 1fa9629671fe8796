package postgres

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/drafts"
	"puntuale/internal/clickday"
)

// AddFile stores an attachment of an application that is not sealed.
func (db *DB) AddFile(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID, f *drafts.File, most int) error {
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		if err := lockDraft(ctx, tx, account, id); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM attachments WHERE application_id = $1", [16]byte(id)).Scan(&n); err != nil {
			return err
		}
		if n >= most {
			return drafts.ErrTooMany
		}
		tag, err := tx.Exec(ctx, `INSERT INTO attachments (application_id, kind, name, media_type, sha256, size, content, uploaded_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (application_id, sha256) DO NOTHING`,
			[16]byte(id), f.Kind, f.Name, string(f.Type), f.SHA256[:], f.Size, f.Content, f.UploadedAt)
		if err == nil && tag.RowsAffected() == 0 {
			return drafts.ErrTwice
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("postgres: attachment: %w", err)
	}
	return nil
}

// lockDraft locks an application, which must not be sealed.
func lockDraft(ctx context.Context, tx pgx.Tx, account clickday.AccountID, id clickday.ApplicationID) error {
	a, err := lockApplication(ctx, tx, account, id)
	if err == nil && a.State == clickday.Sealed {
		return accounts.ErrState
	}
	return err
}

const fileColumns = "f.id, f.kind, f.name, f.media_type, f.sha256, f.size, f.uploaded_at"

func fileTargets(f *drafts.File, sum *[]byte) []any {
	return []any{&f.ID, &f.Kind, &f.Name, (*string)(&f.Type), sum, &f.Size, &f.UploadedAt}
}

// Files lists the attachments of an application without their content.
func (db *DB) Files(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) ([]drafts.File, error) {
	rows, err := db.Pool.Query(ctx, "SELECT "+fileColumns+` FROM attachments f JOIN applications a ON a.id = f.application_id
		WHERE a.id = $1 AND a.account_id = $2 ORDER BY f.id`, [16]byte(id), account)
	if err != nil {
		return nil, fmt.Errorf("postgres: attachments: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f drafts.File, err error) {
		var sum []byte
		err = row.Scan(fileTargets(&f, &sum)...)
		copy(f.SHA256[:], sum)
		return f, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: attachments: %w", err)
	}
	return list, nil
}

// File returns an attachment with its content, or accounts.ErrNotFound.
func (db *DB) File(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID, file int64) (drafts.File, error) {
	var f drafts.File
	var sum []byte
	err := db.Pool.QueryRow(ctx, "SELECT "+fileColumns+`, f.content FROM attachments f JOIN applications a ON a.id = f.application_id
		WHERE a.id = $1 AND a.account_id = $2 AND f.id = $3`, [16]byte(id), account, file).Scan(append(fileTargets(&f, &sum), &f.Content)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return f, accounts.ErrNotFound
	}
	if err != nil {
		return f, fmt.Errorf("postgres: attachment: %w", err)
	}
	copy(f.SHA256[:], sum)
	return f, nil
}

// RemoveFile deletes an attachment of an application that is not sealed.
func (db *DB) RemoveFile(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID, file int64) error {
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		if err := lockDraft(ctx, tx, account, id); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, "DELETE FROM attachments WHERE application_id = $1 AND id = $2", [16]byte(id), file)
		if err == nil && tag.RowsAffected() == 0 {
			return accounts.ErrNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("postgres: attachment: %w", err)
	}
	return nil
}

// sealedFiles is what a seal keeps of the attachments: a line for each, by time.
func sealedFiles(ctx context.Context, tx pgx.Tx, id clickday.ApplicationID) (string, error) {
	rows, err := tx.Query(ctx, "SELECT sha256, kind, size, name FROM attachments WHERE application_id = $1 ORDER BY id", [16]byte(id))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	var sum []byte
	var kind, name string
	var size int
	_, err = pgx.ForEachRow(rows, []any{&sum, &kind, &size, &name}, func() error {
		_, err := fmt.Fprintf(&b, "%s %s %d %s\n", hex.EncodeToString(sum), kind, size, name)
		return err
	})
	return b.String(), err
}
