package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clickday"
)

// AuditRow is a submission as the record has it, for those who check the record
// from outside.
type AuditRow struct {
	Submission  clickday.SubmissionID
	Application clickday.ApplicationID
	State       clickday.SubmissionState
	Number      int64 // 0 for none
	Arrived     int64 // nanoseconds since 1970
	Reason      clickday.Code
	Receipts    int
	Issued      int64 // first receipt, nanoseconds since 1970; 0 for none
}

// Audit calls each with every submission of a click day, in no order.
func (db *DB) Audit(ctx context.Context, day clickday.DayID, each func(*AuditRow) error) error {
	rows, err := db.Pool.Query(ctx, `SELECT s.id, s.application_id, s.state, coalesce(s.number, 0), s.arrived, coalesce(s.reason, ''),
		count(r.submission_id), coalesce((extract(epoch FROM min(coalesce(r.first_issued_at, r.issued_at))) * 1000000)::bigint * 1000, 0)
		FROM submissions s LEFT JOIN receipts r ON r.submission_id = s.id WHERE s.click_day_id = $1 GROUP BY s.id`, day)
	if err != nil {
		return fmt.Errorf("postgres: audit: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var a AuditRow
		var id []byte
		var application [16]byte
		var state, reason string
		if err := rows.Scan(&id, &application, &state, &a.Number, &a.Arrived, &reason, &a.Receipts, &a.Issued); err != nil {
			return fmt.Errorf("postgres: audit: %w", err)
		}
		if copy(a.Submission[:], id) != len(a.Submission) {
			return fmt.Errorf("postgres: audit: submission id of %d bytes", len(id))
		}
		a.Application, a.State, a.Reason = application, clickday.SubmissionState(state), clickday.Code(reason)
		if err := each(&a); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("postgres: audit: %w", err)
	}
	return nil
}

// AuditOpen counts the submissions of a day that still wait for a decision or a
// receipt.
func (db *DB) AuditOpen(ctx context.Context, day clickday.DayID) (int64, error) {
	var n int64
	err := db.Pool.QueryRow(ctx, "SELECT count(*) FROM submissions WHERE click_day_id = $1 AND state IN ('queued', 'sequenced')", day).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("postgres: audit: %w", err)
	}
	return n, nil
}

// AuditSeed returns the seed of ties, which is a secret until the day is over:
// for trials only.
func (db *DB) AuditSeed(ctx context.Context, day clickday.DayID) ([]byte, error) {
	var seed []byte
	if err := db.Pool.QueryRow(ctx, "SELECT tie_seed FROM click_days WHERE id = $1", day).Scan(&seed); err != nil {
		return nil, fmt.Errorf("postgres: audit: %w", err)
	}
	return seed, nil
}

// AuditReceipts calls each with the receipts of a day, all of them or, when there
// are more than limit, that many by the hashes of their submissions, which is as
// good as at random.
func (db *DB) AuditReceipts(ctx context.Context, day clickday.DayID, limit int, each func(clickday.SubmissionID, []byte) error) error {
	rows, err := db.Pool.Query(ctx, `SELECT r.submission_id, r.pdf FROM receipts r JOIN submissions s ON s.id = r.submission_id
		WHERE s.click_day_id = $1 ORDER BY r.submission_id LIMIT $2`, day, limit)
	if err != nil {
		return fmt.Errorf("postgres: audit: %w", err)
	}
	defer rows.Close()
	var id, pdf []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &pdf}, func() error {
		return each(clickday.SubmissionID(id), pdf)
	})
	if err != nil {
		return fmt.Errorf("postgres: audit: %w", err)
	}
	return nil
}
