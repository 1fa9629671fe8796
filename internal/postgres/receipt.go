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

// numberedColumns are of a submission s with its joins, and of a receipt r.
const (
	numberedColumns = `s.id, s.application_id, s.click_day_id, d.code, s.model, s.model_version, s.digest,
		s.arrived, s.source, s.clock, s.bound, s.node, s.journal::text, s.sequence::text, s.number, s.ledger_index,
		coalesce(e.document, q.document), a.display_name, a.tax_code, coalesce(k.public_key, '')`
	numberedJoins = ` JOIN click_days d ON d.id = s.click_day_id
		JOIN accounts a ON a.id = s.account_id
		LEFT JOIN intake_nodes k ON k.node = s.node
		LEFT JOIN seals e ON e.application_id = s.application_id AND e.version = s.seal_version
		LEFT JOIN rehearsal_applications q ON q.id = s.application_id AND s.seal_version = 1`
)

// takeUnreceipted locks the rows until the receipts are stored, and passes over
// those that another worker holds.
const takeUnreceipted = `SELECT ` + numberedColumns + `, 1, '', NULL::timestamptz FROM submissions s` + numberedJoins + `
	WHERE s.state = 'sequenced' AND s.id <> ALL ($1)
	ORDER BY s.click_day_id, s.number LIMIT $2 FOR UPDATE OF s SKIP LOCKED`

// takeRenewals does the same with receipts that are to be issued again.
const takeRenewals = `SELECT ` + numberedColumns + `, r.edition + 1, r.renew, coalesce(r.first_issued_at, r.issued_at)
	FROM receipts r JOIN submissions s ON s.id = r.submission_id` + numberedJoins + `
	WHERE r.renew IS NOT NULL AND r.submission_id <> ALL ($1) LIMIT $2 FOR UPDATE OF r SKIP LOCKED`

// IssueReceipts takes up to limit submissions that have a number and no receipt,
// the lowest numbers first, without those in except and those that another
// worker has just taken, or, when there are none, receipts that are to be issued
// again; gives them to make with their proofs and the newest signed calendar;
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
		due, err := takeDue(ctx, tx, skip, limit)
		if err != nil || len(due) == 0 {
			return err
		}
		taken = len(due)
		calendar, err := newestCalendar(ctx, tx)
		if err != nil {
			return err
		}
		if err := setProofs(ctx, tx, due); err != nil {
			return err
		}
		if err := setAcknowledgements(ctx, tx, due); err != nil {
			return err
		}
		receipts, err := make(calendar, due)
		if err != nil || len(receipts) == 0 {
			return err
		}
		if receipts[0].Edition > 1 {
			return replaceReceipts(ctx, tx, receipts)
		}
		return storeReceipts(ctx, tx, receipts, due)
	})
	if err != nil {
		return 0, fmt.Errorf("postgres: receipts: %w", err)
	}
	return taken, nil
}

// takeDue never mixes first receipts with others.
func takeDue(ctx context.Context, tx pgx.Tx, skip [][]byte, limit int) (due []clickday.Numbered, err error) {
	for _, query := range []string{takeUnreceipted, takeRenewals} {
		rows, err := tx.Query(ctx, query, skip, limit)
		if err != nil {
			return nil, err
		}
		due, err = pgx.CollectRows(rows, scanNumbered)
		if err != nil || len(due) > 0 {
			return due, err
		}
	}
	return nil, nil
}

func scanNumbered(row pgx.CollectableRow) (clickday.Numbered, error) {
	var n clickday.Numbered
	var id, digest []byte
	var application [16]byte
	var bound int64
	var journal, sequence string
	var index *int64
	var first *time.Time
	s := &n.Stamp
	err := row.Scan(&id, &application, &n.Day, &n.DayCode, &n.Model, &n.ModelVersion, &digest,
		&s.UnixNano, (*uint8)(&s.Source), (*uint8)(&s.Clock), &bound, &s.Node, &journal, &sequence, &n.Number, &index,
		&n.Document, &n.Applicant, &n.ApplicantTaxCode, &n.NodeKey, &n.Edition, &n.Renew, &first)
	if err != nil {
		return n, err
	}
	copy(n.Submission[:], id)
	copy(n.Digest[:], digest)
	n.Application = application
	s.Bound = time.Duration(bound)
	if index == nil {
		return n, fmt.Errorf("submission %s has number %d and no place in the ledger", n.Submission, n.Number)
	}
	n.LedgerIndex = *index
	if first != nil {
		n.FirstIssued = *first
	}
	var errJ, errS error
	s.Journal, errJ = strconv.ParseUint(journal, 10, 64)
	s.Sequence, errS = strconv.ParseUint(sequence, 10, 64)
	return n, errors.Join(errJ, errS)
}

// receiptColumns are the arrays of one statement.
type receiptColumns struct {
	id, pdf, sum [][]byte
	issued       []time.Time
	edition      []int32
}

func columnsOf(receipts []clickday.Receipt) (c receiptColumns) {
	for i := range receipts {
		r := &receipts[i]
		sum := sha256.Sum256(r.PDF)
		c.id, c.pdf, c.sum = append(c.id, r.Submission[:]), append(c.pdf, r.PDF), append(c.sum, sum[:])
		c.issued, c.edition = append(c.issued, r.IssuedAt), append(c.edition, int32(r.Edition))
	}
	return c
}

// storeReceipts stores first receipts.
func storeReceipts(ctx context.Context, tx pgx.Tx, receipts []clickday.Receipt, due []clickday.Numbered) error {
	c := columnsOf(receipts)
	tag, err := tx.Exec(ctx, `WITH stored AS (
		INSERT INTO receipts (submission_id, pdf, sha256, issued_at)
		SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::timestamptz[]) RETURNING submission_id)
		UPDATE submissions s SET state = 'receipted' FROM stored WHERE s.id = stored.submission_id AND s.state = 'sequenced'`,
		c.id, c.pdf, c.sum, c.issued)
	if err := allOf(len(receipts), tag.RowsAffected(), err); err != nil {
		return err
	}
	return promiseNotices(ctx, tx, noticed(receipts, due))
}

// replaceReceipts stores receipts that were issued again; what they were goes
// into the history.
func replaceReceipts(ctx context.Context, tx pgx.Tx, receipts []clickday.Receipt) error {
	c := columnsOf(receipts)
	tag, err := tx.Exec(ctx, `INSERT INTO receipt_history (submission_id, edition, pdf, sha256, issued_at, replaced_at, reason)
		SELECT r.submission_id, r.edition, r.pdf, r.sha256, r.issued_at, u.issued, r.renew
		FROM unnest($1::bytea[], $2::timestamptz[]) AS u (id, issued)
		JOIN receipts r ON r.submission_id = u.id AND r.renew IS NOT NULL`, c.id, c.issued)
	if err := allOf(len(receipts), tag.RowsAffected(), err); err != nil {
		return err
	}
	tag, err = tx.Exec(ctx, `UPDATE receipts r SET pdf = u.pdf, sha256 = u.sum, issued_at = u.issued, edition = u.edition, renew = NULL,
			first_issued_at = coalesce(r.first_issued_at, r.issued_at)
		FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::timestamptz[], $5::int[]) AS u (id, pdf, sum, issued, edition)
		WHERE r.submission_id = u.id AND r.edition + 1 = u.edition`, c.id, c.pdf, c.sum, c.issued, c.edition)
	return allOf(len(receipts), tag.RowsAffected(), err)
}

func allOf(want int, got int64, err error) error {
	if err == nil && got != int64(want) {
		err = fmt.Errorf("%d of %d receipts are not of those taken", int64(want)-got, want)
	}
	return err
}

// RenewReceipts asks for receipts to be issued again and returns how many will
// be: those of a click day if it is not 0, and of one submission if that is not
// nil, and issued before that instant if it is not zero. Number, stamp and
// ledger position stay; the old file is kept with the reason.
func (db *DB) RenewReceipts(ctx context.Context, day clickday.DayID, submission *clickday.SubmissionID, before time.Time, reason string) (int, error) {
	var id []byte
	if submission != nil {
		id = submission[:]
	}
	var until *time.Time
	if !before.IsZero() {
		until = &before
	}
	tag, err := db.Pool.Exec(ctx, `UPDATE receipts r SET renew = $4 FROM submissions s
		WHERE s.id = r.submission_id AND r.renew IS NULL AND ($1 = 0 OR s.click_day_id = $1)
		AND ($2::bytea IS NULL OR s.id = $2) AND ($3::timestamptz IS NULL OR r.issued_at < $3)`, day, id, until, reason)
	if err != nil {
		return 0, fmt.Errorf("postgres: renew receipts: %w", err)
	}
	return int(tag.RowsAffected()), nil
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

// ReceiptProgress returns how far the receipts of each click day are that has
// numbered submissions. It counts only what waits, which is few or shrinks; the
// counter of the day knows the rest.
func (db *DB) ReceiptProgress(ctx context.Context) ([]clickday.ReceiptProgress, error) {
	rows, err := db.Pool.Query(ctx, `SELECT d.id, d.code, d.last_number,
		d.last_number - (SELECT count(*) FROM submissions s WHERE s.state = 'sequenced' AND s.click_day_id = d.id),
		(SELECT count(*) FROM receipts r JOIN submissions s ON s.id = r.submission_id WHERE r.renew IS NOT NULL AND s.click_day_id = d.id)
		FROM click_days d WHERE d.last_number > 0 ORDER BY d.id`)
	if err != nil {
		return nil, fmt.Errorf("postgres: receipt progress: %w", err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[clickday.ReceiptProgress])
	if err != nil {
		return nil, fmt.Errorf("postgres: receipt progress: %w", err)
	}
	return out, nil
}

// ReceiptsAhead returns about how many receipts will be made before that of a
// number: they are made in order, so it is the distance from the first that waits.
func (db *DB) ReceiptsAhead(ctx context.Context, day clickday.DayID, number int64) (int64, error) {
	var first *int64
	err := db.Pool.QueryRow(ctx, "SELECT min(number) FROM submissions WHERE click_day_id = $1 AND state = 'sequenced'", day).Scan(&first)
	if err != nil {
		return 0, fmt.Errorf("postgres: receipts ahead: %w", err)
	}
	if first == nil {
		return 0, nil
	}
	return max(0, number-*first), nil
}
