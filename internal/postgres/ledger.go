package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
)

// ErrNoLedgerKey says that a program that numbers was started without the key
// that signs the ledger.
var ErrNoLedgerKey = errors.New("postgres: no ledger key: nothing can be numbered without a signed head (make one with `portal keys`)")

// errLedgerChanged says that stored tiles and what should be appended to them
// disagree: somebody has changed the ledger outside this program.
var errLedgerChanged = errors.New("postgres: the stored ledger is not what it was: a tile has changed or is missing")

// putTile makes a tile or widens it. One that does not begin with what was there
// is not stored.
const putTile = `INSERT INTO ledger_tiles AS t (click_day_id, level, tile, width, data) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (click_day_id, level, tile) DO UPDATE SET width = excluded.width, data = excluded.data
	WHERE t.width < excluded.width AND substring(excluded.data FOR length(t.data)) = t.data`

// growLedger appends leaves to the ledger of a click day within the transaction
// that numbers them, and stores and signs the new head. It returns the index of
// the first of the lines. Until the transaction ends nobody else can append to
// that ledger.
func growLedger(ctx context.Context, tx pgx.Tx, signer *ledger.Signer, day clickday.DayID, dayCode string,
	lines [][]byte, closePairs int64, now time.Time,
) (first int64, err error) {
	if signer == nil {
		return 0, ErrNoLedgerKey
	}
	edge, err := lockEdge(ctx, tx, day)
	if err != nil {
		return 0, fmt.Errorf("ledger of %s: %w", dayCode, err)
	}
	first = edge.Size()
	if len(lines) == 0 {
		return first, nil
	}
	tiles, err := edge.Grow(lines)
	if err != nil {
		return 0, fmt.Errorf("ledger of %s: %w", dayCode, err)
	}
	head, err := signer.Sign(dayCode, edge.Size(), edge.Root())
	if err != nil {
		return 0, fmt.Errorf("ledger of %s: %w", dayCode, err)
	}
	if err := storeGrowth(ctx, tx, day, tiles, &head, closePairs, now); err != nil {
		return 0, fmt.Errorf("ledger of %s: %w", dayCode, err)
	}
	return first, nil
}

// lockEdge makes the ledger of a day unless it is there, locks it and returns
// its right edge.
func lockEdge(ctx context.Context, tx pgx.Tx, day clickday.DayID) (ledger.Edge, error) {
	if _, err := tx.Exec(ctx, "INSERT INTO ledgers (click_day_id) VALUES ($1) ON CONFLICT DO NOTHING", day); err != nil {
		return ledger.Edge{}, err
	}
	var size int64
	err := tx.QueryRow(ctx, "SELECT size FROM ledgers WHERE click_day_id = $1 FOR UPDATE", day).Scan(&size)
	if err != nil || size == 0 {
		return ledger.Edge{}, err
	}
	tiles, err := readTiles(ctx, tx, day, ledger.EdgeTiles(size))
	if err != nil {
		return ledger.Edge{}, err
	}
	edge, err := ledger.OpenEdge(size, tiles)
	if err != nil {
		return ledger.Edge{}, errors.Join(errLedgerChanged, err)
	}
	return edge, nil
}

// storeGrowth sends everything in one round trip.
func storeGrowth(ctx context.Context, tx pgx.Tx, day clickday.DayID, tiles []ledger.Tile, h *ledger.Head, closePairs int64, now time.Time) error {
	var b pgx.Batch
	for i := range tiles {
		t := &tiles[i]
		b.Queue(putTile, day, t.Level, t.Index, t.Width, t.Data)
	}
	b.Queue("INSERT INTO ledger_heads (click_day_id, size, root, note, signed_at) VALUES ($1, $2, $3, $4, $5)",
		day, h.Size, h.Root[:], h.Note, now)
	b.Queue("UPDATE ledgers SET size = $2, close_pairs = close_pairs + $3 WHERE click_day_id = $1", day, h.Size, closePairs)
	results := tx.SendBatch(ctx, &b)
	for range b.Len() {
		tag, err := results.Exec()
		if err == nil && tag.RowsAffected() != 1 {
			err = errLedgerChanged
		}
		if err != nil {
			return errors.Join(err, results.Close())
		}
	}
	return results.Close()
}

// readTiles returns the tiles that are there of those wanted, each at least as
// wide as wanted, or not at all.
func readTiles(ctx context.Context, q rowsQuerier, day clickday.DayID, want []ledger.Tile) ([]ledger.Tile, error) {
	levels, indexes := make([]int16, len(want)), make([]int64, len(want))
	for i := range want {
		levels[i], indexes[i] = int16(want[i].Level), want[i].Index
	}
	rows, err := q.Query(ctx, `SELECT t.level, t.tile, t.width, t.data FROM unnest($2::smallint[], $3::bigint[]) AS w (level, tile)
		JOIN ledger_tiles t ON t.click_day_id = $1 AND t.level = w.level AND t.tile = w.tile`, day, levels, indexes)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanTile)
}

type rowsQuerier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}
