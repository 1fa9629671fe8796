package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
)

// setProofs gives every submission its leaf and the proof that it stands in the
// ledger of its click day: under the newest head that has a time-stamp if that
// covers it, else under the newest head. Tiles are read once per call.
func setProofs(ctx context.Context, tx pgx.Tx, due []clickday.Numbered) error {
	byDay := map[clickday.DayID][]*clickday.Numbered{}
	for i := range due {
		byDay[due[i].Day] = append(byDay[due[i].Day], &due[i])
	}
	for day, list := range byDay {
		if err := proveDay(ctx, tx, day, list); err != nil {
			return fmt.Errorf("ledger of %s: %w", list[0].DayCode, err)
		}
	}
	return nil
}

func proveDay(ctx context.Context, tx pgx.Tx, day clickday.DayID, due []*clickday.Numbered) error {
	highest := int64(0)
	for _, n := range due {
		highest = max(highest, n.LedgerIndex)
	}
	head, err := headFor(ctx, tx, day, highest)
	if err != nil {
		return err
	}
	read := func(t ledger.Tile) (ledger.Tile, error) {
		found, err := readTiles(ctx, tx, day, []ledger.Tile{t})
		if err == nil && len(found) != 1 {
			err = fmt.Errorf("%s: %w", t.Path(), errLedgerChanged)
		}
		if err != nil {
			return t, err
		}
		return found[0], nil
	}
	prover := ledger.NewProver(head.Size, read)
	bundles := map[int64][][]byte{}
	for _, n := range due {
		line, err := leafLine(bundles, read, n.LedgerIndex)
		if err != nil {
			return err
		}
		proof, err := prover.Inclusion(n.LedgerIndex)
		if err != nil {
			return err
		}
		n.Ledger = clickday.LedgerProof{
			Line: line, Size: head.Size, Root: head.Root, Checkpoint: head.Note, Timestamp: head.Timestamp,
		}
		for _, h := range proof.Hashes {
			n.Ledger.Inclusion = append(n.Ledger.Inclusion, h)
		}
	}
	return nil
}

// headFor returns the head that proofs about the leaves up to index lead to.
func headFor(ctx context.Context, tx pgx.Tx, day clickday.DayID, index int64) (h ledger.Head, err error) {
	var root []byte
	err = tx.QueryRow(ctx, `SELECT size, root, note, timestamp FROM (
			(SELECT * FROM ledger_heads WHERE click_day_id = $1 AND size > $2 AND timestamp IS NOT NULL ORDER BY size DESC LIMIT 1)
			UNION ALL
			(SELECT * FROM ledger_heads WHERE click_day_id = $1 AND size > $2 ORDER BY size DESC LIMIT 1)) h
		ORDER BY timestamp IS NULL LIMIT 1`, day, index).Scan(&h.Size, &root, &h.Note, &h.Timestamp)
	if err != nil {
		return h, fmt.Errorf("head above leaf %d: %w", index, err)
	}
	if copy(h.Root[:], root) != tlog.HashSize {
		return h, errLedgerChanged
	}
	return h, nil
}

// leafLine returns the leaf at index, from the entry bundle that has it.
func leafLine(bundles map[int64][][]byte, read ledger.ReadTile, index int64) ([]byte, error) {
	bundle := index / ledger.TileWidth
	lines, ok := bundles[bundle]
	if !ok {
		t, err := read(ledger.Tile{Level: ledger.Entries, Index: bundle, Width: int(index%ledger.TileWidth) + 1})
		if err != nil {
			return nil, err
		}
		if lines, err = t.Lines(); err != nil {
			return nil, err
		}
		bundles[bundle] = lines
	}
	at := int(index % ledger.TileWidth)
	if at >= len(lines) {
		return nil, fmt.Errorf("leaf %d: %w", index, errLedgerChanged)
	}
	return lines[at], nil
}
