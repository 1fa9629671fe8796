package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
)

// outcomeColumns belong to a row o of submissions with has_receipt beside it.
const outcomeColumns = `o.id, o.application_id, o.click_day_id, o.seal_version, o.state, o.reason, o.number,
	o.arrived, o.source, o.clock, o.bound, o.node, o.journal::text, o.sequence::text, o.has_receipt`

// nullableOutcome takes a row of outcomeColumns, all null when there is none.
type nullableOutcome struct {
	id                *[]byte
	application       *[16]byte
	day               *clickday.DayID
	seal              *uint32
	state, reason     *string
	number, arrived   *int64
	source, clock     *uint8
	bound             *int64
	node              *clickday.NodeID
	journal, sequence *string
	receipt           *bool
}

func (n *nullableOutcome) targets() []any {
	return []any{&n.id, &n.application, &n.day, &n.seal, &n.state, &n.reason, &n.number,
		&n.arrived, &n.source, &n.clock, &n.bound, &n.node, &n.journal, &n.sequence, &n.receipt}
}

// outcome returns nil when the row held none.
func (n *nullableOutcome) outcome() (*accounts.Outcome, error) {
	if n.id == nil {
		return nil, nil
	}
	journal, err1 := strconv.ParseUint(*n.journal, 10, 64)
	sequence, err2 := strconv.ParseUint(*n.sequence, 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("postgres: outcome: %w", err)
	}
	o := &accounts.Outcome{
		Application: *n.application, Day: *n.day, SealVersion: *n.seal, State: clickday.SubmissionState(*n.state),
		Receipt: n.receipt != nil && *n.receipt,
		Stamp: clickday.Stamp{
			UnixNano: *n.arrived, Source: clickday.StampSource(*n.source), Clock: clickday.ClockState(*n.clock),
			Bound: time.Duration(*n.bound), Node: *n.node, Journal: journal, Sequence: sequence,
		},
	}
	if copy(o.Submission[:], *n.id) != len(o.Submission) {
		return nil, fmt.Errorf("postgres: outcome: submission id of %d bytes", len(*n.id))
	}
	if n.reason != nil {
		o.Reason = clickday.Code(*n.reason)
	}
	if n.number != nil {
		o.Number = *n.number
	}
	return o, nil
}

// Outcomes returns every submission of the account but those of rehearsals, the
// earliest first.
func (db *DB) Outcomes(ctx context.Context, account clickday.AccountID) ([]accounts.Outcome, error) {
	return db.outcomes(ctx, "s.account_id = $1 AND s.click_day_id NOT IN (SELECT id FROM click_days WHERE rehearsal)", account)
}

// outcomes returns the submissions s that a condition holds for.
func (db *DB) outcomes(ctx context.Context, where string, args ...any) ([]accounts.Outcome, error) {
	rows, err := db.Pool.Query(ctx, "SELECT "+outcomeColumns+` FROM (
		SELECT s.*, r.submission_id IS NOT NULL AS has_receipt
		FROM submissions s LEFT JOIN receipts r ON r.submission_id = s.id WHERE `+where+`) o
		ORDER BY o.arrived, o.id`, args...)
	if err != nil {
		return nil, fmt.Errorf("postgres: outcomes: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (accounts.Outcome, error) {
		var n nullableOutcome
		if err := row.Scan(n.targets()...); err != nil {
			return accounts.Outcome{}, err
		}
		o, err := n.outcome()
		if err != nil {
			return accounts.Outcome{}, err
		}
		return *o, nil
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: outcomes: %w", err)
	}
	return list, nil
}

// ReceiptOf returns the PDF receipt of an application of the account, or
// accounts.ErrNotFound while there is none.
func (db *DB) ReceiptOf(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) ([]byte, error) {
	var pdf []byte
	err := db.Pool.QueryRow(ctx, `SELECT r.pdf FROM receipts r JOIN submissions s ON s.id = r.submission_id
		JOIN applications a ON a.id = s.application_id AND a.account_id = s.account_id
		WHERE a.id = $1 AND a.account_id = $2 AND s.number IS NOT NULL`, [16]byte(id), account).Scan(&pdf)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, accounts.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("postgres: receipt: %w", err)
	}
	return pdf, nil
}

// RegisterEntry returns the public entry of a numbered submission, or
// accounts.ErrNotFound.
func (db *DB) RegisterEntry(ctx context.Context, id clickday.SubmissionID) (accounts.Entry, error) {
	var e accounts.Entry
	var digest, receipt []byte
	err := db.Pool.QueryRow(ctx, `SELECT s.click_day_id, s.model, s.number, s.arrived, s.digest, r.sha256
		FROM submissions s LEFT JOIN receipts r ON r.submission_id = s.id
		WHERE s.id = $1 AND s.number IS NOT NULL`, id[:]).Scan(&e.Day, &e.Model, &e.Number, &e.Arrived, &digest, &receipt)
	if errors.Is(err, pgx.ErrNoRows) {
		return e, accounts.ErrNotFound
	}
	if err != nil {
		return e, fmt.Errorf("postgres: register entry: %w", err)
	}
	copy(e.Digest[:], digest)
	copy(e.ReceiptSHA256[:], receipt)
	return e, nil
}
