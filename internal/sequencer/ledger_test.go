package sequencer

import (
	"bytes"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/wire"
)

// leaves reads the ledger of a day from its entry bundles, holds the signed head
// against the root over them, and returns them.
func (w *world) leaves(day int) []ledger.Leaf {
	w.t.Helper()
	rows, err := w.db.Pool.Query(w.t.Context(), `SELECT width, data FROM ledger_tiles WHERE click_day_id = $1 AND level = $2 ORDER BY tile`,
		day, ledger.Entries)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	var out []ledger.Leaf
	var edge ledger.Edge
	for rows.Next() {
		tile := ledger.Tile{Level: ledger.Entries}
		if err := rows.Scan(&tile.Width, &tile.Data); err != nil {
			w.t.Fatal(err)
		}
		lines, err := tile.Lines()
		if err == nil {
			_, err = edge.Grow(lines)
		}
		if err != nil {
			w.t.Fatal(err)
		}
		for _, line := range lines {
			leaf, err := ledger.ParseLeaf(line)
			if err != nil {
				w.t.Fatal(err)
			}
			out = append(out, leaf)
		}
	}
	if rows.Err() != nil {
		w.t.Fatal(rows.Err())
	}
	var size int64
	var root []byte
	err = w.db.Pool.QueryRow(w.t.Context(), `SELECT coalesce(max(size), 0), coalesce((array_agg(root ORDER BY size DESC))[1], '')
		FROM ledger_heads WHERE click_day_id = $1`, day).Scan(&size, &root)
	if recomputed := edge.Root(); err != nil || size != int64(len(out)) || size > 0 && tlog.Hash(root) != recomputed {
		w.t.Fatalf("day %d: head of %d leaves, %d are stored, root %x, recomputed %v, %v", day, size, len(out), root, recomputed, err)
	}
	return out
}

// checkLedger: every submission has one leaf, in order, that says what the record
// says, and the place that the record gives.
func (w *world) checkLedger(day int, got map[clickday.SubmissionID]row) {
	w.t.Helper()
	leaves, line := w.leaves(day), w.line(day)
	if len(leaves) != len(line) {
		w.t.Fatalf("day %d: %d leaves for %d submissions", day, len(leaves), len(line))
	}
	numbers := make(map[int]int64)
	for i, l := range leaves {
		r := got[l.Submission]
		want := ledger.Leaf{
			Outcome: ledger.Numbered, Number: line[i].number, Arrived: clickday.Bucket(line[i].arrived, grain), Source: clickday.StampKernel,
			Clock: clickday.ClockOK, Bound: time.Millisecond, Node: r.node, Submission: line[i].id, Reason: clickday.Code(line[i].reason),
		}
		switch line[i].state {
		case clickday.Refused:
			want.Outcome = ledger.Refused
		case clickday.Repeated:
			want.Outcome, want.Number = ledger.Repeated, numbers[line[i].application]
		default:
			numbers[line[i].application] = line[i].number
		}
		if l != want || r.index != int64(i) {
			w.t.Fatalf("day %d: leaf %d is %+v, at %d in the record; want %+v", day, i, l, r.index, want)
		}
	}
}

// TestASecondLeafForWhatIsAcceptedAfterAll: the first stands, the second is late.
func TestASecondLeafForWhatIsAcceptedAfterAll(t *testing.T) {
	w := newWorld(t, pgtest.New(t), 1, 1)
	n := w.nodes[0]
	w.arrive(n, 100_000, envelope(1, 1, 1, true))
	w.arrive(n, 500_000, envelope(2, 1, 1, false))
	w.check(w.finish())
	id := wire.IDOf(envelope(1, 1, 1, true))
	w.arrive(n, 900_000, envelope(1, 1, 1, true))
	w.seq.Judge = forgiving{}
	got := w.finish()[id]
	if got.state != clickday.Sequenced || got.number != 2 || got.arrived != 100_000 || got.index != 2 {
		t.Fatalf("accepted after all: %+v", got)
	}
	leaves := w.leaves(1)
	if len(leaves) != 3 || leaves[0].Outcome != ledger.Refused || leaves[0].Submission != id || leaves[2].Outcome != ledger.Numbered ||
		leaves[2].Submission != id || !leaves[2].Late {
		t.Fatalf("leaves: %+v", leaves)
	}
}

// TestARefusalForTheLimitStands, however often the envelope comes again.
func TestARefusalForTheLimitStands(t *testing.T) {
	w := newWorld(t, pgtest.New(t), 1, 2)
	for i := range 5 {
		w.arrive(w.nodes[i%2], int64(i+1)*100_000, envelope(i*accounts, 1, 1, false))
	}
	w.check(w.finish())
	w.arrive(w.nodes[0], 900_000, envelope(3*accounts, 1, 1, false))
	got := w.finish()
	w.check(got)
	id := wire.IDOf(envelope(3*accounts, 1, 1, false))
	if r := got[id]; r.reason != string(clickday.CodeAccountLimit) || r.index != 3 {
		t.Fatalf("the fourth: %+v", r)
	}
	w.exec("UPDATE accounts SET per_day = 4 WHERE id = 1") // from now on
	w.arrive(w.nodes[0], 950_000, envelope(9*accounts, 1, 1, false))
	if r := w.finish()[wire.IDOf(envelope(9*accounts, 1, 1, false))]; r.number != 4 {
		t.Fatalf("the first after the account's own limit: %+v", r)
	}
}

// TestClosePairsAreCounted: neighbours of different nodes within their bounds.
func TestClosePairsAreCounted(t *testing.T) {
	w := newWorld(t, pgtest.New(t), 1, 2)
	for i, at := range []int64{1_000_000, 2_000_000, 4_100_000, 4_200_000, 6_190_000} { // bounds add up to 2 ms
		w.arrive(w.nodes[[]int{0, 1, 0, 0, 1}[i]], at, envelope(i+3, 1, 1, false))
	}
	w.check(w.finish())
	var pairs int
	err := w.db.Pool.QueryRow(t.Context(), "SELECT close_pairs FROM ledgers WHERE click_day_id = 1").Scan(&pairs)
	if err != nil || pairs != 2 {
		t.Fatalf("%d close pairs, %v, want 2", pairs, err)
	}
}

// TestAnEqualSequenceNumberStopsNobody lets a node sign the same one twice.
func TestAnEqualSequenceNumberStopsNobody(t *testing.T) {
	w := newWorld(t, pgtest.New(t), 1, 1)
	n := w.nodes[0]
	w.arrive(n, 100_000, envelope(1, 1, 1, false))
	w.check(w.finish())
	n.sequence = 0
	w.arrive(n, 200_000, envelope(2, 1, 1, false))
	w.arrive(n, 300_000, envelope(3, 1, 1, false))
	n.commit(w.rnd, 2)
	if err := n.forward(t.Context(), w.queue, 2); err != nil {
		t.Fatal(err)
	}
	w.work()
	w.work()
	got := w.rows()
	w.check(got)
	var envelopeOfFirst []byte
	err := w.db.Pool.QueryRow(t.Context(), "SELECT envelope FROM arrivals WHERE sequence = 1").Scan(&envelopeOfFirst)
	if err != nil || !bytes.Equal(envelopeOfFirst, envelope(1, 1, 1, false)) {
		t.Fatalf("the first record is %q now, %v", envelopeOfFirst, err)
	}
}
