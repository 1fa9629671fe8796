package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
)

// SignedCalendar returns the newest calendar as it was signed, or
// accounts.ErrNotFound before the first.
func (db *DB) SignedCalendar(ctx context.Context) ([]byte, error) {
	return newestCalendar(ctx, db.Pool)
}

type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func newestCalendar(ctx context.Context, q querier) ([]byte, error) {
	var signed []byte
	err := q.QueryRow(ctx, "SELECT signed FROM calendars ORDER BY version DESC LIMIT 1").Scan(&signed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, accounts.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("postgres: calendar: %w", err)
	}
	return signed, nil
}

// NextCalendar makes a new version, one change at a time over all programs. The
// click day is created with the given tie seed unless it is there; a day keeps
// its first code and seed, and accounts.ErrState is returned when the code
// differs. next is given the newest signed calendar (nil before the first) and
// the day's seed, and returns the version and bytes to store, and the granularity
// of the day's order, which stays what it was once something has been ordered.
func (db *DB) NextCalendar(ctx context.Context, day clickday.DayID, code string, freshSeed [32]byte, now time.Time,
	next func(newest []byte, seed [32]byte) (version uint64, signed []byte, grain time.Duration, err error),
) error {
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "LOCK TABLE calendars IN EXCLUSIVE MODE"); err != nil {
			return err
		}
		seed, err := ensureDay(ctx, tx, day, code, freshSeed)
		if err != nil {
			return err
		}
		newest, err := newestCalendar(ctx, tx)
		if err != nil && !errors.Is(err, accounts.ErrNotFound) {
			return err
		}
		version, signed, grain, err := next(newest, seed)
		if err != nil {
			return err
		}
		if err := setGrain(ctx, tx, day, grain); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "INSERT INTO calendars (version, signed, created_at) VALUES ($1, $2, $3)", int64(version), signed, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("postgres: new calendar: %w", err)
	}
	return nil
}

func ensureDay(ctx context.Context, tx pgx.Tx, day clickday.DayID, code string, freshSeed [32]byte) (seed [32]byte, err error) {
	_, err = tx.Exec(ctx, "INSERT INTO click_days (id, code, tie_seed) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
		day, code, freshSeed[:])
	if err != nil {
		return seed, err
	}
	var stored string
	var b []byte
	var revealed bool
	err = tx.QueryRow(ctx, "SELECT code, tie_seed, seed_revealed_at IS NOT NULL FROM click_days WHERE id = $1", day).Scan(&stored, &b, &revealed)
	if err != nil {
		return seed, err
	}
	if revealed { // whoever knows the seed could win every tie of a day opened again
		return seed, fmt.Errorf("the seed of click day %d is public, the day cannot change any more: %w", day, accounts.ErrState)
	}
	if code != "" && stored != code {
		return seed, fmt.Errorf("click day %d has the code %s: %w", day, stored, accounts.ErrState)
	}
	copy(seed[:], b)
	return seed, nil
}

// setGrain tells the numbering. A granularity that changed in the middle would
// leave an order that nobody can recompute.
func setGrain(ctx context.Context, tx pgx.Tx, day clickday.DayID, grain time.Duration) error {
	tag, err := tx.Exec(ctx, "UPDATE click_days SET granularity = $2 WHERE id = $1 AND (granularity = $2 OR last_rank IS NULL)",
		day, int64(grain))
	if err == nil && tag.RowsAffected() != 1 {
		err = fmt.Errorf("the granularity of click day %d cannot change any more, submissions have been ordered: %w", day, accounts.ErrState)
	}
	return err
}

// SetNode adds or changes an intake node. Its watermark is kept.
func (db *DB) SetNode(ctx context.Context, n *accounts.Node) error {
	_, err := db.Pool.Exec(ctx, `INSERT INTO intake_nodes (node, public_key, url, warm_url, ca_pem) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (node) DO UPDATE SET public_key = excluded.public_key, url = excluded.url, warm_url = excluded.warm_url,
			ca_pem = excluded.ca_pem, active = true`,
		n.ID, n.PublicKey, n.URL, n.WarmURL, n.CA)
	if err != nil {
		return fmt.Errorf("postgres: node %d: %w", n.ID, err)
	}
	return nil
}

// Nodes returns the active intake nodes by number.
func (db *DB) Nodes(ctx context.Context) ([]accounts.Node, error) {
	rows, err := db.Pool.Query(ctx, "SELECT node, url, warm_url, public_key, ca_pem FROM intake_nodes WHERE active ORDER BY node")
	if err != nil {
		return nil, fmt.Errorf("postgres: nodes: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (accounts.Node, error) {
		var n accounts.Node
		err := row.Scan(&n.ID, &n.URL, &n.WarmURL, &n.PublicKey, &n.CA)
		return n, err
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: nodes: %w", err)
	}
	return list, nil
}
