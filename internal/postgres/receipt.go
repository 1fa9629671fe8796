package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clickday"
)

// takeUnreceipted locks the rows until the receipts are stored, and passes over
// those that another worker holds.
const takeUnreceipted = `SELECT s.id, s.application_id, s.click_day_id, d.code, s.model, s.model_version, s.digest,
		s.arrived, s.source, s.clock, s.bound, s.node, s.journal::text, s.sequence::text, s.number,
		e.document, a.display_name, a.tax_code
	FROM submissions s
	JOIN click_days d ON d.id = s.click_day_id
	JOIN accounts a ON a.id = s.account_id
	JOIN seals e ON e.application_id = s.application_id AND e.version = s.seal_version
	WHERE s.state = 'sequenced' AND s.id <> ALL ($1)
	ORDER BY s.click_day_id, s.number LIMIT $2 FOR UPDATE OF s SKIP LOCKED`

// IssueReceipts takes up to limit submissions that have a number and no receipt,
// the lowest numbers first, without those in except and those that another
// worker has just taken; gives them to make, with the newest signed calendar;
// and stores what it returns, which may be fewer. Receipts and states change in
// one transaction: after an error nothing is lost, and nothing is issued twice.
func (db *DB) IssueReceipts(ctx context.Context, limit int, except []clickday.SubmissionID,
	make func(calendar []byte, due []clickday.Numbered) ([]clickday.Receipt, error),
) (taken int, err error) {
	skip := [][]byte{}
	for i := range except {
		skip = append(skip, except[i][:])
	}
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, takeUnreceipted, skip, limit)
		if err != nil {
			return err
		}
		due, err := pgx.CollectRows(rows, scanNumbered)
		if err != nil || len(due) == 0 {
			return err
		}
		taken = len(due)
		calendar, err := newestCalendar(ctx, tx)
		if err != nil {
			return err
		}
		receipts, err := make(calendar, due)
		if err != nil {
			return err
		}
		return storeReceipts(ctx, tx, receipts)
	})
	if err != nil {
		return 0, fmt.Errorf("postgres: receipts: %w", err)
	}
	return taken, nil
}

func scanNumbered(row pgx.CollectableRow) (clickday.Numbered, error) {
	var n clickday.Numbered
	var id, digest []byte
	var application [16]byte
	var bound int64
	var journal, sequence string
	s := &n.Stamp
	err := row.Scan(&id, &application, &n.Day, &n.DayCode, &n.Model, &n.ModelVersion, &digest,
		&s.UnixNano, (*uint8)(&s.Source), (*uint8)(&s.Clock), &bound, &s.Node, &journal, &sequence, &n.Number,
		&n.Document, &n.Applicant, &n.ApplicantTaxCode)
	if err != nil {
		return n, err
	}
	copy(n.Submission[:], id)
	copy(n.Digest[:], digest)
	n.Application = application
	s.Bound = time.Duration(bound)
	var errJ, errS error
	s.Journal, errJ = strconv.ParseUint(journal, 10, 64)
	s.Sequence, errS = strconv.ParseUint(sequence, 10, 64)
	return n, errors.Join(errJ, errS)
}

func storeReceipts(ctx context.Context, tx pgx.Tx, receipts []clickday.Receipt) error {
	for i := range receipts {
		r := &receipts[i]
		sum := sha256.Sum256(r.PDF)
		tag, err := tx.Exec(ctx, `WITH stored AS (
			INSERT INTO receipts (submission_id, pdf, sha256, issued_at) VALUES ($1, $2, $3, $4) RETURNING submission_id)
			UPDATE submissions SET state = 'receipted' FROM stored WHERE id = stored.submission_id AND state = 'sequenced'`,
			r.Submission[:], r.PDF, sum[:], r.IssuedAt)
		if err != nil {
			return err
		}
		if tag.RowsAffected() != 1 {
			return fmt.Errorf("submission %s is not one of those taken", r.Submission)
		}
	}
	return promiseNotices(ctx, tx, receipts)
}

// Backlog returns how many submissions wait for their number, and how many for
// their receipt.
func (db *DB) Backlog(ctx context.Context) (unnumbered, unreceipted int, err error) {
	err = db.Pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM submissions WHERE state = 'queued'),
		(SELECT count(*) FROM submissions WHERE state = 'sequenced')`).Scan(&unnumbered, &unreceipted)
	if err != nil {
		return 0, 0, fmt.Errorf("postgres: backlog: %w", err)
	}
	return unnumbered, unreceipted, nil
}
