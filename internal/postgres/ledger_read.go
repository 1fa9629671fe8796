package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
)

// bundlesAtOnce is how many entry bundles LedgerLines has in memory.
const bundlesAtOnce = 64

const headColumns = "SELECT h.size, h.root, h.note, h.timestamp FROM ledger_heads h JOIN click_days d ON d.id = h.click_day_id "

// LedgerHead returns the newest head of a click day, or accounts.ErrNotFound
// while it has none.
func (db *DB) LedgerHead(ctx context.Context, dayCode string) (ledger.Head, error) {
	return oneHead(ctx, db.Pool, headColumns+"WHERE d.code = $1 ORDER BY h.size DESC LIMIT 1", dayCode)
}

// LedgerHeadAt returns the head of exactly that size, or accounts.ErrNotFound.
func (db *DB) LedgerHeadAt(ctx context.Context, dayCode string, size int64) (ledger.Head, error) {
	return oneHead(ctx, db.Pool, headColumns+"WHERE d.code = $1 AND h.size = $2", dayCode, size)
}

// LedgerStamped returns the newest head that has an RFC 3161 token, or
// accounts.ErrNotFound while none has.
func (db *DB) LedgerStamped(ctx context.Context, dayCode string) (ledger.Head, error) {
	return oneHead(ctx, db.Pool, headColumns+"WHERE d.code = $1 AND h.timestamp IS NOT NULL ORDER BY h.size DESC LIMIT 1", dayCode)
}

func oneHead(ctx context.Context, q querier, sql string, args ...any) (ledger.Head, error) {
	var size int64
	var root, note, token []byte
	err := q.QueryRow(ctx, sql, args...).Scan(&size, &root, &note, &token)
	if errors.Is(err, pgx.ErrNoRows) {
		return ledger.Head{}, accounts.ErrNotFound
	}
	if err != nil {
		return ledger.Head{}, fmt.Errorf("postgres: ledger head: %w", err)
	}
	return headOf(size, root, note, token)
}

// headOf reads the note again, so that a head never says anything that its
// signed text does not.
func headOf(size int64, root, note, token []byte) (ledger.Head, error) {
	h, err := ledger.ReadHead(note)
	if err != nil {
		return ledger.Head{}, fmt.Errorf("postgres: ledger head: %w", err)
	}
	if h.Size != size || string(h.Root[:]) != string(root) {
		return ledger.Head{}, errLedgerChanged
	}
	h.Timestamp = token
	return h, nil
}

// LedgerTile returns a tile of a click day with exactly the width asked for, or
// accounts.ErrNotFound while it is narrower.
func (db *DB) LedgerTile(ctx context.Context, dayCode string, want ledger.Tile) (ledger.Tile, error) {
	t := ledger.Tile{Level: want.Level, Index: want.Index}
	err := db.Pool.QueryRow(ctx, `SELECT t.width, t.data FROM ledger_tiles t JOIN click_days d ON d.id = t.click_day_id
		WHERE d.code = $1 AND t.level = $2 AND t.tile = $3 AND t.width >= $4`, dayCode, want.Level, want.Index, want.Width).Scan(&t.Width, &t.Data)
	if errors.Is(err, pgx.ErrNoRows) {
		return ledger.Tile{}, accounts.ErrNotFound
	}
	if err == nil {
		t, err = t.Cut(want.Width)
	}
	if err != nil {
		return ledger.Tile{}, fmt.Errorf("postgres: ledger tile: %w", err)
	}
	return t, nil
}

// LedgerProofs returns the proofs that the leaves stand in the ledger of a click
// day, and the one head that all of them lead to: the newest that has an RFC
// 3161 token and covers every leaf, else the newest. Every proof has been
// checked. accounts.ErrNotFound means that a leaf is not there.
func (db *DB) LedgerProofs(ctx context.Context, day clickday.DayID, indexes []int64) (ledger.Head, []ledger.Proof, error) {
	var last int64
	for _, i := range indexes {
		last = max(last, i)
	}
	head, err := oneHead(ctx, db.Pool, headColumns+`WHERE d.id = $1 AND h.size > $2
		ORDER BY h.timestamp IS NULL, h.size DESC LIMIT 1`, day, last)
	if err != nil {
		return ledger.Head{}, nil, err
	}
	tiles, err := readTiles(ctx, db.Pool, day, proofTiles(head.Size, indexes))
	if err != nil {
		return ledger.Head{}, nil, fmt.Errorf("postgres: ledger proofs: %w", err)
	}
	prover := ledger.NewProver(head.Size, fromTiles(tiles))
	proofs := make([]ledger.Proof, len(indexes))
	for n, i := range indexes {
		if proofs[n], err = prover.Inclusion(i); err == nil {
			err = prover.CheckLeaf(proofs[n], head.Root)
		}
		if err != nil {
			return ledger.Head{}, nil, fmt.Errorf("postgres: ledger proofs: %w", err)
		}
	}
	return head, proofs, nil
}

// proofTiles names the tiles that proofs of some leaves need: those above each
// leaf, and the right edge.
func proofTiles(size int64, indexes []int64) []ledger.Tile {
	type key struct {
		level int
		index int64
	}
	seen := map[key]bool{}
	var out []ledger.Tile
	add := func(level int, index int64) {
		if k := (key{level, index}); !seen[k] {
			seen[k] = true
			out = append(out, ledger.Tile{Level: level, Index: index})
		}
	}
	for _, t := range ledger.EdgeTiles(size) {
		if t.Level != ledger.Entries {
			add(t.Level, t.Index)
		}
	}
	for _, i := range indexes {
		for level := 0; size>>(ledger.TileHeight*level) > 0; level++ {
			add(level, i>>(ledger.TileHeight*level)>>ledger.TileHeight)
		}
	}
	return out
}

func fromTiles(tiles []ledger.Tile) ledger.ReadTile {
	return func(want ledger.Tile) (ledger.Tile, error) {
		for i := range tiles {
			if tiles[i].Level == want.Level && tiles[i].Index == want.Index {
				return tiles[i], nil
			}
		}
		return ledger.Tile{}, fmt.Errorf("%s: %w", want.Path(), errLedgerChanged)
	}
}

// LedgerConsistency returns the proof that the newer of two heads of a click day
// only adds to the older. The sizes are of heads that were signed.
func (db *DB) LedgerConsistency(ctx context.Context, dayCode string, older, newer int64) (a, b ledger.Head, proof []tlog.Hash, err error) {
	if a, err = db.LedgerHeadAt(ctx, dayCode, older); err != nil {
		return a, b, nil, err
	}
	if b, err = db.LedgerHeadAt(ctx, dayCode, newer); err != nil {
		return a, b, nil, err
	}
	prover := ledger.NewProver(newer, func(want ledger.Tile) (ledger.Tile, error) { return db.LedgerTile(ctx, dayCode, want) })
	if proof, err = prover.Consistency(older); err == nil {
		err = ledger.CheckConsistency(proof, a, b)
	}
	if err != nil {
		return a, b, nil, fmt.Errorf("postgres: ledger: %w", err)
	}
	return a, b, proof, nil
}

// LedgerLines calls each with the first size leaves of a click day, in order. A
// line is valid only during the call. An error from each ends it and is returned.
func (db *DB) LedgerLines(ctx context.Context, dayCode string, size int64, each func(index int64, line []byte) error) error {
	next := int64(0)
	for next < size {
		rows, err := db.Pool.Query(ctx, `SELECT t.level, t.tile, t.width, t.data FROM ledger_tiles t JOIN click_days d ON d.id = t.click_day_id
			WHERE d.code = $1 AND t.level = -1 AND t.tile >= $2 ORDER BY t.tile LIMIT $3`, dayCode, next/ledger.TileWidth, bundlesAtOnce)
		if err != nil {
			return fmt.Errorf("postgres: ledger lines: %w", err)
		}
		bundles, err := pgx.CollectRows(rows, scanTile)
		if err != nil {
			return fmt.Errorf("postgres: ledger lines: %w", err)
		}
		for i := range bundles {
			if next, err = eachLine(&bundles[i], next, size, each); err != nil {
				return err
			}
		}
		if next < size && len(bundles) < bundlesAtOnce {
			return fmt.Errorf("postgres: ledger of %s ends at %d of %d leaves: %w", dayCode, next, size, accounts.ErrNotFound)
		}
	}
	return nil
}

func eachLine(bundle *ledger.Tile, next, size int64, each func(int64, []byte) error) (int64, error) {
	lines, err := bundle.Lines()
	if err != nil {
		return next, fmt.Errorf("postgres: ledger lines: %w", err)
	}
	if bundle.Index*ledger.TileWidth != next {
		return next, errLedgerChanged
	}
	for _, line := range lines {
		if next == size {
			break
		}
		if err := each(next, line); err != nil {
			return next, err
		}
		next++
	}
	return next, nil
}

func scanTile(row pgx.CollectableRow) (t ledger.Tile, err error) {
	err = row.Scan(&t.Level, &t.Index, &t.Width, &t.Data)
	return t, err
}

// LedgerSummaries returns what there is to say about every ledger, the newest
// click day first.
func (db *DB) LedgerSummaries(ctx context.Context) ([]ledger.Summary, error) {
	rows, err := db.Pool.Query(ctx, `SELECT d.id, d.code, d.tie_seed, d.seed_revealed_at, l.close_pairs,
			h.size, h.root, h.note, h.timestamp, h.signed_at,
			(SELECT count(*) FROM ledger_heads n WHERE n.click_day_id = d.id), coalesce(s.size, 0), s.timestamped_at
		FROM ledgers l JOIN click_days d ON d.id = l.click_day_id
		JOIN ledger_heads h ON h.click_day_id = d.id AND h.size = l.size
		LEFT JOIN LATERAL (SELECT size, timestamped_at FROM ledger_heads n WHERE n.click_day_id = d.id AND n.timestamp IS NOT NULL
			ORDER BY n.size DESC LIMIT 1) s ON true
		ORDER BY d.id DESC`)
	if err != nil {
		return nil, fmt.Errorf("postgres: ledgers: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanSummary)
	if err != nil {
		return nil, fmt.Errorf("postgres: ledgers: %w", err)
	}
	return list, nil
}

func scanSummary(row pgx.CollectableRow) (ledger.Summary, error) {
	var s ledger.Summary
	var size int64
	var seed, root, note, token []byte
	var revealed, stamped *time.Time
	err := row.Scan(&s.Day, &s.Code, &seed, &revealed, &s.ClosePairs, &size, &root, &note, &token, &s.SignedAt, &s.Heads, &s.StampedSize, &stamped)
	if err != nil {
		return s, err
	}
	if revealed != nil {
		s.Seed, s.RevealedAt = seed, *revealed
	}
	if stamped != nil {
		s.StampedAt = *stamped
	}
	s.Head, err = headOf(size, root, note, token)
	if err == nil && s.Head.Day() != s.Code {
		err = errLedgerChanged
	}
	return s, err
}
