package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/protocolregister"
)

// ErrNoEntry says that a protocol number was never given.
var ErrNoEntry = errors.New("there is no registration with that number")

// ErrAnnulled says that a registration is annulled already.
var ErrAnnulled = errors.New("the registration is annulled already")

// Annul annuls a registration. It stays in its register, and in order and
// ledger nothing changes. Errors: ErrNoEntry, ErrAnnulled.
func (db *DB) Annul(ctx context.Context, a *protocolregister.Annulment) error {
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		var given bool
		err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM click_days WHERE code = $1 AND last_number >= $2)
			OR EXISTS (SELECT FROM protocol_registers WHERE code = $1 AND last_number >= $2)`, a.Register, a.Number).Scan(&given)
		if err != nil {
			return err
		}
		if !given || a.Number < 1 {
			return ErrNoEntry
		}
		tag, err := tx.Exec(ctx, `INSERT INTO annulments (register, number, reason, operator, annulled_at)
			VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
			a.Register, a.Number, protocolregister.Clean(a.Reason), protocolregister.Clean(a.Operator), a.At)
		if err == nil && tag.RowsAffected() == 0 {
			return ErrAnnulled
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("postgres: annulment: %w", err)
	}
	return nil
}

// registration are the columns of scanRegistration, of s with its joins.
const registration = `SELECT s.id, s.application_id, d.code, s.number, s.model, s.digest, s.arrived, s.sequenced_at,
		a.kind <> 'person', a.display_name, a.tax_code
	FROM submissions s JOIN click_days d ON d.id = s.click_day_id JOIN accounts a ON a.id = s.account_id `

func scanRegistration(row pgx.CollectableRow) (r protocolregister.Registration, err error) {
	var id, digest []byte
	var application [16]byte
	var arrived int64
	err = row.Scan(&id, &application, &r.DayCode, &r.Number, &r.Model, &digest, &arrived, &r.Registered, &r.Company, &r.Applicant, &r.TaxCode)
	copy(r.Submission[:], id)
	copy(r.Digest[:], digest)
	r.Application, r.Arrived = application, time.Unix(0, arrived).UTC()
	return r, err
}

// SegnatureDue returns up to limit registrations without a segnatura. While
// receipts are due it returns none: those come first.
func (db *DB) SegnatureDue(ctx context.Context, limit int) ([]protocolregister.Registration, error) {
	rows, err := db.Pool.Query(ctx, registration+`
		WHERE s.state = 'receipted' AND NOT d.rehearsal AND NOT EXISTS (SELECT FROM segnature g WHERE g.submission_id = s.id)
			AND NOT EXISTS (SELECT FROM submissions u WHERE u.state = 'sequenced')
		ORDER BY s.click_day_id, s.number LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("postgres: segnature: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanRegistration)
	if err != nil {
		return nil, fmt.Errorf("postgres: segnature: %w", err)
	}
	return list, nil
}

// KeepSegnature stores a segnatura for good; one that is there already stays.
func (db *DB) KeepSegnature(ctx context.Context, id clickday.SubmissionID, xml []byte, now time.Time) error {
	_, err := db.Pool.Exec(ctx, "INSERT INTO segnature (submission_id, xml, made_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", id[:], xml, now)
	if err != nil {
		return fmt.Errorf("postgres: segnatura: %w", err)
	}
	return nil
}

// SegnaturaOf returns the segnatura of an application of the account, or
// accounts.ErrNotFound while there is none.
func (db *DB) SegnaturaOf(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) ([]byte, error) {
	return db.segnatura(ctx, `SELECT g.xml FROM segnature g JOIN submissions s ON s.id = g.submission_id
		JOIN applications a ON a.id = s.application_id AND a.account_id = s.account_id
		WHERE a.id = $1 AND a.account_id = $2`, [16]byte(id), account)
}

// SegnaturaByNumber is for operators.
func (db *DB) SegnaturaByNumber(ctx context.Context, dayCode string, number int64) ([]byte, error) {
	return db.segnatura(ctx, `SELECT g.xml FROM segnature g JOIN submissions s ON s.id = g.submission_id
		JOIN click_days d ON d.id = s.click_day_id WHERE d.code = $1 AND s.number = $2`, dayCode, number)
}

func (db *DB) segnatura(ctx context.Context, sql string, args ...any) (xml []byte, err error) {
	err = db.Pool.QueryRow(ctx, sql, args...).Scan(&xml)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, accounts.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("postgres: segnatura: %w", err)
	}
	return xml, nil
}
