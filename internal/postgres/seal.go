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

// SealApplication freezes a ready application: freeze is given the application
// as it stands in the transaction, with the version that the new seal has, and
// returns the canonical bytes. Errors are those of SaveAnswers, and
// accounts.ErrState when the application is not ready, and *parties.Obstacle when
// no mandate covers it; whatever freeze returns is passed on and nothing is stored.
func (db *DB) SealApplication(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID, revision int64,
	now time.Time, freeze func(*accounts.Application, uint32) ([]byte, clickday.Digest, error),
) error {
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		a, err := lockApplication(ctx, tx, account, id)
		if err != nil {
			return err
		}
		if a.State != clickday.Ready {
			return accounts.ErrState
		}
		if a.Revision != revision {
			return accounts.ErrChanged
		}
		version := a.SealVersion + 1
		document, digest, err := freeze(&a, version)
		if err != nil {
			return err
		}
		mandate, err := sealBasis(ctx, tx, &a, now)
		if err != nil {
			return err
		}
		files, err := sealedFiles(ctx, tx, id)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO seals (application_id, version, document, digest, sealed_at, mandate_id, attachments)
			VALUES ($1, $2, $3, $4, $5, nullif($6::bigint, 0), $7)`, [16]byte(id), version, document, digest[:], now, mandate, files)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE applications SET state = 'sealed', seal_version = $2, revision = revision + 1, updated_at = $3
			WHERE id = $1`, [16]byte(id), version, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("postgres: seal: %w", err)
	}
	return nil
}

// ReopenApplication voids the seal and makes the application a draft in the
// given state. It returns accounts.ErrSent once a submission of it is there
// that was not refused, and accounts.ErrState when it is not sealed.
func (db *DB) ReopenApplication(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID,
	state clickday.ApplicationState, now time.Time,
) error {
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		a, err := lockApplication(ctx, tx, account, id)
		if err != nil {
			return err
		}
		if a.State != clickday.Sealed {
			return accounts.ErrState
		}
		var sent bool
		err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM submissions WHERE application_id = $1 AND account_id = $2
			AND state <> 'refused')`, [16]byte(id), account).Scan(&sent)
		if err != nil {
			return err
		}
		if sent {
			return accounts.ErrSent
		}
		_, err = tx.Exec(ctx, "UPDATE seals SET superseded_at = $2 WHERE application_id = $1 AND superseded_at IS NULL",
			[16]byte(id), now)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "UPDATE applications SET state = $2, revision = revision + 1, updated_at = $3 WHERE id = $1",
			[16]byte(id), state, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("postgres: re-open: %w", err)
	}
	return nil
}

// CurrentSeal returns the seal of an application that counts, or
// accounts.ErrNotFound.
func (db *DB) CurrentSeal(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) (accounts.Seal, error) {
	s := accounts.Seal{Application: id}
	var digest []byte
	err := db.Pool.QueryRow(ctx, `SELECT s.version, s.document, s.digest, s.sealed_at, coalesce(s.attachments, '') FROM seals s
		JOIN applications a ON a.id = s.application_id
		WHERE a.id = $1 AND a.account_id = $2 AND s.superseded_at IS NULL`, [16]byte(id), account).
		Scan(&s.Version, &s.Document, &digest, &s.SealedAt, &s.Attachments)
	if errors.Is(err, pgx.ErrNoRows) {
		return s, accounts.ErrNotFound
	}
	if err != nil {
		return s, fmt.Errorf("postgres: seal: %w", err)
	}
	copy(s.Digest[:], digest)
	return s, nil
}

// Unnumbered returns the account's sealed applications to these click days that
// have no protocol number yet, in the order in which they were sealed.
func (db *DB) Unnumbered(ctx context.Context, account clickday.AccountID, days []clickday.DayID) ([]accounts.SealedApplication, error) {
	ids := make([]int64, len(days))
	for i, d := range days {
		ids[i] = int64(d)
	}
	rows, err := db.Pool.Query(ctx, "SELECT "+applicationColumns+`, s.version, s.document, s.digest, s.sealed_at
		FROM applications a JOIN seals s ON s.application_id = a.id AND s.superseded_at IS NULL
		WHERE a.account_id = $1 AND a.state = 'sealed' AND a.click_day_id = ANY ($2)
		AND NOT EXISTS (SELECT FROM submissions n WHERE n.application_id = a.id AND n.number IS NOT NULL)
		ORDER BY s.sealed_at, a.id`, account, ids)
	if err != nil {
		return nil, fmt.Errorf("postgres: sealed applications: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (accounts.SealedApplication, error) {
		var a accounts.SealedApplication
		var digest []byte
		err := row.Scan(append(applicationTargets(&a.Application), &a.Seal.Version, &a.Seal.Document, &digest, &a.Seal.SealedAt)...)
		a.Seal.Application = a.ID
		copy(a.Seal.Digest[:], digest)
		return a, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: sealed applications: %w", err)
	}
	return list, nil
}
