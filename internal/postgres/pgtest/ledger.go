package pgtest

import (
	"context"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/postgres"
)

// Ledger puts a ledger with these leaves into the database, grown in one step
// and signed with LedgerSigner, for tests of what reads ledgers. The click day is
// there, its ledger is not.
func Ledger(t testing.TB, db *postgres.DB, day clickday.DayID, code string, closePairs int64, at time.Time, lines ...[]byte) ledger.Head {
	t.Helper()
	var e ledger.Edge
	tiles, err := e.Grow(lines)
	if err != nil {
		t.Fatal(err)
	}
	head, err := LedgerSigner().Sign(code, e.Size(), e.Root())
	if err != nil {
		t.Fatal(err)
	}
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := db.Pool.Exec(context.Background(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec("INSERT INTO ledgers (click_day_id, size, close_pairs) VALUES ($1, $2, $3)", day, e.Size(), closePairs)
	for i := range tiles {
		exec("INSERT INTO ledger_tiles (click_day_id, level, tile, width, data) VALUES ($1, $2, $3, $4, $5)",
			day, tiles[i].Level, tiles[i].Index, tiles[i].Width, tiles[i].Data)
	}
	exec("INSERT INTO ledger_heads (click_day_id, size, root, note, signed_at) VALUES ($1, $2, $3, $4, $5)",
		day, head.Size, head.Root[:], head.Note, at)
	return head
}
