package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
)

// Rests returns how long the periphery rests before and after the openings of
// click days for which that was set.
func (db *DB) Rests(ctx context.Context) (map[clickday.DayID][2]time.Duration, error) {
	rows, err := db.Pool.Query(ctx, "SELECT click_day_id, before_seconds, after_seconds FROM click_day_rests")
	if err != nil {
		return nil, fmt.Errorf("postgres: rests: %w", err)
	}
	out := map[clickday.DayID][2]time.Duration{}
	var day clickday.DayID
	var before, after int64
	_, err = pgx.ForEachRow(rows, []any{&day, &before, &after}, func() error {
		out[day] = [2]time.Duration{time.Duration(before) * time.Second, time.Duration(after) * time.Second}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: rests: %w", err)
	}
	return out, nil
}

// SetRest sets how long the periphery rests before and after an opening, in whole
// seconds; both 0 for never. An unknown day is accounts.ErrNotFound.
func (db *DB) SetRest(ctx context.Context, day clickday.DayID, before, after time.Duration) error {
	tag, err := db.Pool.Exec(ctx, `INSERT INTO click_day_rests SELECT id, $2, $3 FROM click_days WHERE id = $1
		ON CONFLICT (click_day_id) DO UPDATE SET before_seconds = excluded.before_seconds, after_seconds = excluded.after_seconds`,
		day, int64(before/time.Second), int64(after/time.Second))
	if err != nil {
		return fmt.Errorf("postgres: rest of a click day: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return accounts.ErrNotFound
	}
	return nil
}
