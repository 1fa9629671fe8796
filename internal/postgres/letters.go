package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/notices"
)

var _ notices.LetterStore = (*DB)(nil)

// queueLetter puts an e-mail into the outbox, in the transaction that it tells
// of: it goes out if and only if that is committed. A letter with a key that
// was there before is left out.
func queueLetter(ctx context.Context, tx pgx.Tx, l notices.Letter) error {
	if err := l.Check(); err != nil {
		return err
	}
	var notAfter *time.Time
	if !l.NotAfter.IsZero() {
		notAfter = &l.NotAfter
	}
	_, err := tx.Exec(ctx, `INSERT INTO letters (key, recipient, name, lang, subject, text, not_after)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (key) DO NOTHING`, l.Key, l.To, l.Name, l.Lang, l.Subject, l.Text, notAfter)
	if err != nil {
		return fmt.Errorf("postgres: letter: %w", err)
	}
	return nil
}

// QueueLetter is queueLetter in a transaction of its own.
func (db *DB) QueueLetter(ctx context.Context, l notices.Letter) error {
	return db.InTx(ctx, func(tx pgx.Tx) error { return queueLetter(ctx, tx, l) })
}

// BeginLetter implements notices.LetterStore.
func (db *DB) BeginLetter(ctx context.Context, id notices.LetterID, now time.Time) (notices.StoredLetter, error) {
	l := notices.StoredLetter{ID: id}
	var notAfter *time.Time
	err := db.Pool.QueryRow(ctx, `UPDATE letters SET attempts = attempts + 1, unknown = unknown + under_way::int, under_way = true, tried_at = $2
		WHERE id = $1 AND state = 'handed'
		RETURNING key, recipient, name, lang, subject, text, not_after, created_at, attempts, unknown`, id, now).
		Scan(&l.Key, &l.To, &l.Name, &l.Lang, &l.Subject, &l.Text, &notAfter, &l.CreatedAt, &l.Attempts, &l.Unknown)
	if errors.Is(err, pgx.ErrNoRows) {
		return l, notices.ErrSettled
	}
	if err != nil {
		return l, fmt.Errorf("postgres: letter: %w", err)
	}
	if notAfter != nil {
		l.NotAfter = *notAfter
	}
	return l, nil
}

// EndLetter implements notices.LetterStore.
func (db *DB) EndLetter(ctx context.Context, id notices.LetterID, s notices.State, result string, now time.Time) error {
	return db.noticeExec(ctx, `UPDATE letters SET state = $2, result = $3, ended_at = $4, under_way = false, text = ''
		WHERE id = $1 AND state = 'handed'`, id, s, result, now)
}

// PutOffLetter implements notices.LetterStore.
func (db *DB) PutOffLetter(ctx context.Context, id notices.LetterID, result string, counts, unknown bool) error {
	return db.noticeExec(ctx, `UPDATE letters SET result = $2, under_way = false, unknown = unknown + $4::int,
			attempts = attempts - CASE WHEN $3 THEN 0 ELSE 1 END
		WHERE id = $1 AND state = 'handed' AND under_way`, id, result, counts, boolInt(unknown))
}

// LetterCounts returns how many letters are in each state.
func (db *DB) LetterCounts(ctx context.Context) (map[notices.State]int, error) {
	rows, err := db.Pool.Query(ctx, "SELECT state, count(*) FROM letters GROUP BY state")
	if err != nil {
		return nil, fmt.Errorf("postgres: letters: %w", err)
	}
	out := map[notices.State]int{}
	var s notices.State
	var n int
	if _, err = pgx.ForEachRow(rows, []any{&s, &n}, func() error { out[s] = n; return nil }); err != nil {
		return nil, fmt.Errorf("postgres: letters: %w", err)
	}
	return out, nil
}

// FailedLetter is a letter that was given up. Its text is gone: it may hold a
// link that opens an account.
type FailedLetter struct {
	ID          notices.LetterID
	To, Subject string
	State       notices.State
	Attempts    int
	EndedAt     time.Time
	Result      string
}

// FailedLetters lists what was given up, the newest first.
func (db *DB) FailedLetters(ctx context.Context, limit int) ([]FailedLetter, error) {
	rows, err := db.Pool.Query(ctx, `SELECT id, recipient, subject, state, attempts, ended_at, result FROM letters
		WHERE state IN ('failed', 'expired') ORDER BY ended_at DESC, id DESC LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("postgres: letters: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[FailedLetter])
	if err != nil {
		return nil, fmt.Errorf("postgres: letters: %w", err)
	}
	return list, nil
}

// WaitingLetters takes up to limit letters without a job, the oldest first and
// none that another transaction holds, and marks them handed. What it returns
// must become jobs in the same transaction.
func WaitingLetters(ctx context.Context, tx pgx.Tx, limit int) ([]notices.LetterID, error) {
	rows, err := tx.Query(ctx, `UPDATE letters SET state = 'handed' WHERE id IN (
		SELECT id FROM letters WHERE state = 'waiting' ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING id`, limit)
	if err != nil {
		return nil, fmt.Errorf("postgres: letters: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[notices.LetterID])
	if err != nil {
		return nil, fmt.Errorf("postgres: letters: %w", err)
	}
	return ids, nil
}
