package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
)

// UnstampedHeads returns the newest head of every ledger whose newest head has no
// RFC 3161 token. Heads that were never the newest at that moment are covered
// by the tokens of later ones.
func (db *DB) UnstampedHeads(ctx context.Context) ([]ledger.Head, error) {
	rows, err := db.Pool.Query(ctx, `SELECT h.size, h.root, h.note FROM ledgers l
		JOIN ledger_heads h ON h.click_day_id = l.click_day_id AND h.size = l.size
		WHERE h.timestamp IS NULL ORDER BY h.click_day_id`)
	if err != nil {
		return nil, fmt.Errorf("postgres: heads without a time-stamp: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (ledger.Head, error) {
		var size int64
		var root, note []byte
		if err := row.Scan(&size, &root, &note); err != nil {
			return ledger.Head{}, err
		}
		return headOf(size, root, note, nil)
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: heads without a time-stamp: %w", err)
	}
	return list, nil
}

// SaveTimestamp stores the RFC 3161 token of a head, which is known by its note;
// at is the time in the token. The first token stays: it may be repeated.
func (db *DB) SaveTimestamp(ctx context.Context, h *ledger.Head, token []byte, at time.Time) error {
	tag, err := db.Pool.Exec(ctx, `UPDATE ledger_heads SET timestamp = coalesce(timestamp, $3), timestamped_at = coalesce(timestamped_at, $4)
		WHERE click_day_id = (SELECT id FROM click_days WHERE code = $5) AND size = $1 AND note = $2`,
		h.Size, h.Note, token, at, h.Day())
	if err == nil && tag.RowsAffected() != 1 {
		err = accounts.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("postgres: time-stamp of %s at %d: %w", h.Origin, h.Size, err)
	}
	return nil
}

// RevealSeed publishes the seed that broke the ties of a click day, and returns
// it with the time of its first publication: it may be repeated. over is given
// the newest signed calendar, which cannot change meanwhile, and returns the
// day's commitment, or an error when the day is not over. A seed that is not the
// one committed to is accounts.ErrState, an unknown day accounts.ErrNotFound.
func (db *DB) RevealSeed(ctx context.Context, day clickday.DayID, now time.Time,
	over func(calendar []byte) (commitment [32]byte, err error),
) (seed []byte, at time.Time, err error) {
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "LOCK TABLE calendars IN EXCLUSIVE MODE"); err != nil {
			return err
		}
		calendar, err := newestCalendar(ctx, tx)
		if err != nil {
			return err
		}
		commitment, err := over(calendar)
		if err != nil {
			return err
		}
		err = tx.QueryRow(ctx, `UPDATE click_days SET seed_revealed_at = coalesce(seed_revealed_at, $2) WHERE id = $1
			RETURNING tie_seed, seed_revealed_at`, day, now).Scan(&seed, &at)
		if errors.Is(err, pgx.ErrNoRows) {
			return accounts.ErrNotFound
		}
		if err == nil && sha256.Sum256(seed) != commitment {
			err = fmt.Errorf("the seed in the database is not the one that the calendar has committed to: %w", accounts.ErrState)
		}
		return err
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("postgres: reveal the seed of click day %d: %w", day, err)
	}
	return seed, at, nil
}
