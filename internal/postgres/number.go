package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clickday"
)

// lowestPromise is the instant before which no active node will deliver
// anything more; without an active node nothing is ripe.
const lowestPromise = "SELECT coalesce(min(watermark), 0) FROM intake_nodes WHERE active"

// numberDue numbers a day's submissions below $2 from $4 + 1 on, in order of
// arrival, equal stamps in the order of SHA-256(seed || id). The first of an
// application gets the number, the others are repeats.
const numberDue = `WITH due AS (
	SELECT id, application_id, arrived, sha256($3::bytea || id) AS tie FROM submissions
	WHERE click_day_id = $1 AND state = 'queued' AND arrived < $2 ORDER BY arrived, tie LIMIT $5),
judged AS (
	SELECT id, arrived, tie, row_number() OVER (PARTITION BY application_id ORDER BY arrived, tie) = 1 AND NOT EXISTS (
		SELECT FROM submissions n WHERE n.application_id = due.application_id AND n.number IS NOT NULL) AS first
	FROM due),
numbered AS (
	SELECT id, CASE WHEN first THEN $4 + row_number() OVER (PARTITION BY first ORDER BY arrived, tie) END AS number FROM judged),
stored AS (
	UPDATE submissions s SET number = n.number, sequenced_at = $6, state = CASE WHEN n.number IS NULL THEN 'repeated' ELSE 'sequenced' END
	FROM numbered n WHERE s.id = n.id RETURNING s.number)
SELECT count(number), count(*) - count(number) FROM stored`

// Number gives the next protocol numbers to at most limit submissions per click
// day, everything that is earlier than every active node's watermark coming
// before anything that is not. A submission that turns up behind the watermark
// gets the next number when it comes. Counter and numbers change in one
// transaction, so there is never a gap. Fewer than limit means all are done.
func (t *Term) Number(ctx context.Context, limit int, now time.Time) (clickday.NumberCount, error) {
	var n clickday.NumberCount
	err := t.inTx(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, lowestPromise).Scan(&n.Watermark); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT d.id FROM click_days d WHERE EXISTS (SELECT FROM submissions s
			WHERE s.click_day_id = d.id AND s.state = 'queued' AND s.arrived < $1) ORDER BY d.id`, n.Watermark)
		if err != nil {
			return err
		}
		days, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return err
		}
		for _, day := range days {
			if err := numberDay(ctx, tx, day, limit, now, &n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return clickday.NumberCount{}, fmt.Errorf("postgres: numbering: %w", err)
	}
	return n, nil
}

func numberDay(ctx context.Context, tx pgx.Tx, day int64, limit int, now time.Time, n *clickday.NumberCount) error {
	var seed []byte
	var last int64
	err := tx.QueryRow(ctx, "SELECT tie_seed, last_number FROM click_days WHERE id = $1 FOR UPDATE", day).Scan(&seed, &last)
	if err != nil {
		return err
	}
	var numbered, repeated int
	err = tx.QueryRow(ctx, numberDue, day, n.Watermark, seed, last, limit, now).Scan(&numbered, &repeated)
	if err != nil {
		return err
	}
	n.Numbered += numbered
	n.Repeated += repeated
	_, err = tx.Exec(ctx, "UPDATE click_days SET last_number = $2 WHERE id = $1", day, last+int64(numbered))
	return err
}
