package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clickday"
	"puntuale/internal/notices"
)

var _ notices.Store = (*DB)(nil)

// BeginNotice implements notices.Store.
func (db *DB) BeginNotice(ctx context.Context, id clickday.SubmissionID, now time.Time) (notices.Notice, error) {
	n := notices.Notice{Submission: id}
	var application [16]byte
	var arrived int64
	err := db.Pool.QueryRow(ctx, `WITH begun AS (
			UPDATE notices SET attempts = attempts + 1, unknown = unknown + under_way::int, under_way = true, tried_at = $2
			WHERE submission_id = $1 AND state = 'handed' RETURNING *)
		SELECT s.application_id, s.click_day_id, d.code, s.number, s.arrived, a.email, b.created_at, b.attempts, b.unknown,
			(SELECT signed FROM calendars ORDER BY version DESC LIMIT 1)
		FROM begun b JOIN submissions s ON s.id = b.submission_id
		JOIN click_days d ON d.id = s.click_day_id JOIN accounts a ON a.id = s.account_id`, id[:], now).
		Scan(&application, &n.Day, &n.DayCode, &n.Number, &arrived, &n.Email, &n.CreatedAt, &n.Attempts, &n.Unknown, &n.Calendar)
	if errors.Is(err, pgx.ErrNoRows) {
		return n, notices.ErrSettled
	}
	if err != nil {
		return n, fmt.Errorf("postgres: notice: %w", err)
	}
	n.Application, n.Arrived = application, time.Unix(0, arrived).UTC()
	return n, nil
}

// EndNotice implements notices.Store.
func (db *DB) EndNotice(ctx context.Context, id clickday.SubmissionID, s notices.State, result string, now time.Time) error {
	return db.noticeExec(ctx, `UPDATE notices SET state = $2, result = $3, ended_at = $4, under_way = false
		WHERE submission_id = $1 AND state = 'handed'`, id[:], s, result, now)
}

// PutOffNotice implements notices.Store.
func (db *DB) PutOffNotice(ctx context.Context, id clickday.SubmissionID, result string, counts, unknown bool) error {
	return db.noticeExec(ctx, `UPDATE notices SET result = $2, under_way = false, unknown = unknown + $4::int,
			attempts = attempts - CASE WHEN $3 THEN 0 ELSE 1 END
		WHERE submission_id = $1 AND state = 'handed' AND under_way`, id[:], result, counts, boolInt(unknown))
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (db *DB) noticeExec(ctx context.Context, sql string, args ...any) error {
	if _, err := db.Pool.Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("postgres: notice: %w", err)
	}
	return nil
}

// NoticeCounts returns how many notices are in each state.
func (db *DB) NoticeCounts(ctx context.Context) (map[notices.State]int, error) {
	rows, err := db.Pool.Query(ctx, "SELECT state, count(*) FROM notices GROUP BY state")
	if err != nil {
		return nil, fmt.Errorf("postgres: notices: %w", err)
	}
	out := map[notices.State]int{}
	var s notices.State
	var n int
	_, err = pgx.ForEachRow(rows, []any{&s, &n}, func() error { out[s] = n; return nil })
	if err != nil {
		return nil, fmt.Errorf("postgres: notices: %w", err)
	}
	return out, nil
}

// FailedNotice is a notice that was given up, as the help desk sees it.
type FailedNotice struct {
	Submission clickday.SubmissionID
	Protocol   string
	Email      string
	State      notices.State
	Attempts   int
	EndedAt    time.Time
	Result     string
}

// FailedNotices lists what was given up, the newest first.
func (db *DB) FailedNotices(ctx context.Context, limit int) ([]FailedNotice, error) {
	rows, err := db.Pool.Query(ctx, `SELECT n.submission_id, d.code, s.number, a.email, n.state, n.attempts, n.ended_at, n.result
		FROM notices n JOIN submissions s ON s.id = n.submission_id JOIN click_days d ON d.id = s.click_day_id
		JOIN accounts a ON a.id = s.account_id
		WHERE n.state IN ('failed', 'expired') ORDER BY n.ended_at DESC, n.submission_id LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("postgres: notices: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f FailedNotice, err error) {
		var id []byte
		var code string
		var number int64
		err = row.Scan(&id, &code, &number, &f.Email, &f.State, &f.Attempts, &f.EndedAt, &f.Result)
		copy(f.Submission[:], id)
		f.Protocol = clickday.ProtocolNumber(code, number)
		return f, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: notices: %w", err)
	}
	return list, nil
}

// RetryNotices lets notices that were given up begin anew: this one, or all of
// them when id is nil. It returns how many.
func (db *DB) RetryNotices(ctx context.Context, id *clickday.SubmissionID) (int, error) {
	var key []byte
	if id != nil {
		key = id[:]
	}
	tag, err := db.Pool.Exec(ctx, `UPDATE notices SET state = 'waiting', ended_at = NULL, attempts = 0, unknown = 0, created_at = now()
		WHERE state IN ('failed', 'expired') AND ($1::bytea IS NULL OR submission_id = $1)`, key)
	if err != nil {
		return 0, fmt.Errorf("postgres: notices: %w", err)
	}
	return int(tag.RowsAffected()), nil
}

// WaitingNotices takes up to limit notices without a job, the oldest first and
// none that another transaction holds, and marks them handed. What it returns
// must become jobs in the same transaction.
func WaitingNotices(ctx context.Context, tx pgx.Tx, limit int) ([]clickday.SubmissionID, error) {
	rows, err := tx.Query(ctx, `UPDATE notices SET state = 'handed' WHERE submission_id IN (
		SELECT submission_id FROM notices WHERE state = 'waiting' ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED)
		RETURNING submission_id`, limit)
	if err != nil {
		return nil, fmt.Errorf("postgres: notices: %w", err)
	}
	ids, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (id clickday.SubmissionID, err error) {
		var b []byte
		err = row.Scan(&b)
		copy(id[:], b)
		return id, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: notices: %w", err)
	}
	return ids, nil
}
