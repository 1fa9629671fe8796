package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/rehearsal"
)

var _ rehearsal.Store = (*DB)(nil)

// SealedOf implements rehearsal.Store.
func (db *DB) SealedOf(ctx context.Context, account clickday.AccountID, limit int) ([]accounts.SealedApplication, error) {
	rows, err := db.Pool.Query(ctx, `SELECT a.id, a.click_day_id, a.model, a.model_version, s.version, s.document, s.digest, s.sealed_at
		FROM applications a JOIN seals s ON s.application_id = a.id AND s.superseded_at IS NULL
		WHERE a.account_id = $1 AND a.state = 'sealed' ORDER BY s.sealed_at DESC, a.id LIMIT $2`, account, limit)
	if err != nil {
		return nil, fmt.Errorf("postgres: sealed applications: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a accounts.SealedApplication, err error) {
		var id [16]byte
		var digest []byte
		err = row.Scan(&id, &a.Day, &a.Model, &a.ModelVersion, &a.Seal.Version, &a.Seal.Document, &digest, &a.Seal.SealedAt)
		a.ID, a.Seal.Application = id, id
		copy(a.Seal.Digest[:], digest)
		return a, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: sealed applications: %w", err)
	}
	return list, nil
}

// SaveRehearsal implements rehearsal.Store.
func (db *DB) SaveRehearsal(ctx context.Context, r *rehearsal.Run, since time.Time, perDay int) error {
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		// The row of the account makes two beginnings of one account wait for each other.
		var begun int
		if _, err := tx.Exec(ctx, "SELECT FROM accounts WHERE id = $1 FOR UPDATE", r.Account); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, "SELECT count(*) FROM rehearsals WHERE account_id = $1 AND created_at > $2", r.Account, since).Scan(&begun)
		if err != nil {
			return err
		}
		if begun >= perDay {
			return rehearsal.ErrTooOften
		}
		_, err = tx.Exec(ctx, "INSERT INTO rehearsals (id, account_id, click_day_id, created_at) VALUES ($1, $2, $3, $4)",
			[16]byte(r.ID), r.Account, r.Day, r.CreatedAt)
		if err != nil {
			return err
		}
		batch := &pgx.Batch{}
		for i := range r.Applications {
			a := &r.Applications[i]
			batch.Queue(`INSERT INTO rehearsal_applications (id, rehearsal_id, source, model, model_version, document, digest, sealed_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, [16]byte(a.ID), [16]byte(r.ID), (*[16]byte)(a.Source),
				a.Model.Code, a.ModelVersion, a.Document, a.Digest[:], a.SealedAt)
		}
		return tx.SendBatch(ctx, batch).Close()
	})
	if err != nil {
		return fmt.Errorf("postgres: rehearsal: %w", err)
	}
	return nil
}

// RehearsalOutcomes implements rehearsal.Store.
func (db *DB) RehearsalOutcomes(ctx context.Context, account clickday.AccountID, run clickday.ApplicationID) ([]accounts.Outcome, error) {
	var there bool
	err := db.Pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM rehearsals WHERE id = $1 AND account_id = $2)", [16]byte(run), account).Scan(&there)
	if err != nil {
		return nil, fmt.Errorf("postgres: rehearsal: %w", err)
	}
	if !there {
		return nil, accounts.ErrNotFound
	}
	return db.outcomes(ctx, `s.application_id IN (SELECT id FROM rehearsal_applications WHERE rehearsal_id = $1)`, [16]byte(run))
}

// RehearsalReceipt implements rehearsal.Store.
func (db *DB) RehearsalReceipt(ctx context.Context, account clickday.AccountID, run, application clickday.ApplicationID) ([]byte, error) {
	var pdf []byte
	err := db.Pool.QueryRow(ctx, `SELECT r.pdf FROM rehearsals h JOIN rehearsal_applications a ON a.rehearsal_id = h.id
		JOIN submissions s ON s.application_id = a.id AND s.number IS NOT NULL JOIN receipts r ON r.submission_id = s.id
		WHERE h.id = $1 AND h.account_id = $2 AND a.id = $3`, [16]byte(run), account, [16]byte(application)).Scan(&pdf)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, accounts.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("postgres: receipt of a rehearsal: %w", err)
	}
	return pdf, nil
}

// rehearsalSeals adds what is known of the copies that rehearsals send.
func rehearsalSeals(ctx context.Context, tx pgx.Tx, ids [][16]byte, versions []int64, out map[clickday.SealRef]clickday.SealFact) error {
	rows, err := tx.Query(ctx, `SELECT a.id, h.account_id, a.digest, a.sealed_at
		FROM unnest($1::uuid[], $2::bigint[]) AS u (id, version)
		JOIN rehearsal_applications a ON a.id = u.id AND u.version = 1
		JOIN rehearsals h ON h.id = a.rehearsal_id`, ids, versions)
	if err != nil {
		return err
	}
	var id [16]byte
	var f clickday.SealFact
	var digest []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &f.Account, &digest, &f.SealedAt}, func() error {
		copy(f.Digest[:], digest)
		out[clickday.SealRef{Application: id, Version: 1}] = f
		return nil
	})
	return err
}

// cleanChunk is how many rehearsals are removed in one transaction.
const cleanChunk = 50

// CleanRehearsals removes the rehearsals that began before an instant, with
// copies, submissions, envelopes and receipts, and returns how many there were.
// Their rows in the ledger stay, which name nobody: later proofs rest on them.
func (db *DB) CleanRehearsals(ctx context.Context, before time.Time) (int, error) {
	removed := 0
	for {
		n, err := db.cleanRehearsals(ctx, before)
		if removed += n; err != nil {
			return removed, fmt.Errorf("postgres: remove rehearsals: %w", err)
		}
		if n < cleanChunk {
			return removed, nil
		}
	}
}

func (db *DB) cleanRehearsals(ctx context.Context, before time.Time) (n int, err error) {
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id FROM rehearsals WHERE created_at < $1 ORDER BY created_at, id LIMIT $2
			FOR UPDATE SKIP LOCKED`, before, cleanChunk)
		if err != nil {
			return err
		}
		runs, err := pgx.CollectRows(rows, pgx.RowTo[[16]byte])
		if n = len(runs); err != nil || n == 0 {
			return err
		}
		// Only what belongs to a day of rehearsals, whatever else may be wrong.
		rows, err = tx.Query(ctx, `SELECT s.id FROM rehearsal_applications a JOIN submissions s ON s.application_id = a.id
			JOIN click_days d ON d.id = s.click_day_id AND d.rehearsal
			WHERE a.rehearsal_id = ANY ($1) AND s.ledger_index IS NOT NULL`, runs)
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
		if err != nil {
			return err
		}
		for _, sql := range []string{
			"DELETE FROM receipts WHERE submission_id = ANY ($1)",
			"DELETE FROM receipt_history WHERE submission_id = ANY ($1)",
			"DELETE FROM arrivals WHERE submission_id = ANY ($1)",
			"DELETE FROM submissions WHERE id = ANY ($1)",
		} {
			if _, err := tx.Exec(ctx, sql, ids); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, "DELETE FROM rehearsals WHERE id = ANY ($1)", runs)
		return err
	})
	return n, err
}

// noticed returns the receipts that an e-mail is sent about: not rehearsals.
func noticed(receipts []clickday.Receipt, due []clickday.Numbered) []clickday.Receipt {
	played := map[clickday.SubmissionID]bool{}
	for i := range due {
		if clickday.RehearsalCode(due[i].DayCode) {
			played[due[i].Submission] = true
		}
	}
	if len(played) == 0 {
		return receipts
	}
	return slices.DeleteFunc(slices.Clone(receipts), func(r clickday.Receipt) bool { return played[r.Submission] })
}
