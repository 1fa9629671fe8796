package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clickday"
)

// GrowLedger grows a ledger in a transaction of its own, for tests.
func (db *DB) GrowLedger(ctx context.Context, day int, code string, lines [][]byte, closePairs int64, now time.Time) (first int64, err error) {
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		first, err = growLedger(ctx, tx, db.Ledger, clickday.DayID(day), code, lines, closePairs, now)
		return err
	})
	return first, err
}

var errBack = errors.New("rolled back")

// GrowAndRollBack grows a ledger in a transaction that is given up.
func (db *DB) GrowAndRollBack(ctx context.Context, day int, code string, lines [][]byte, now time.Time) error {
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := growLedger(ctx, tx, db.Ledger, clickday.DayID(day), code, lines, 0, now); err != nil {
			return err
		}
		return errBack
	})
	if errors.Is(err, errBack) {
		return nil
	}
	return err
}
