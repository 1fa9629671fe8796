package postgres_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/ledger"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/pgtest"
)

var (
	now    = time.Date(2027, 1, 12, 8, 0, 0, 0, time.UTC)
	theDay = []byte("the seed of the day, thirty-two b")[:32]
)

// register is a database with two click days, and what their ledgers must hold.
type register struct {
	*postgres.DB
	t     *testing.T
	lines map[string][][]byte
}

func newRegister(t *testing.T) *register {
	t.Helper()
	r := &register{pgtest.New(t), t, map[string][][]byte{}}
	for id, code := range []string{"A", "B-2"} {
		r.exec("INSERT INTO click_days (id, code, tie_seed) VALUES ($1, $2, $3)", id+1, code, theDay)
	}
	return r
}

func (r *register) exec(sql string, args ...any) {
	r.t.Helper()
	if _, err := r.Pool.Exec(context.Background(), sql, args...); err != nil {
		r.t.Fatal(err)
	}
}

// grow appends n lines to a ledger.
func (r *register) grow(day, n int) {
	r.t.Helper()
	code := []string{"A", "B-2"}[day-1]
	lines := make([][]byte, n)
	for i := range lines {
		lines[i] = fmt.Appendf(nil, "%s %d", code, len(r.lines[code])+i)
	}
	first, err := r.GrowLedger(context.Background(), day, code, lines, int64(n%3), now)
	if err != nil {
		r.t.Fatal(err)
	}
	if first != int64(len(r.lines[code])) {
		r.t.Fatalf("%s: lines begin at %d, want %d", code, first, len(r.lines[code]))
	}
	r.lines[code] = append(r.lines[code], lines...)
}

func TestLedgerGrowsAndProves(t *testing.T) {
	r := newRegister(t)
	rnd := rand.New(rand.NewPCG(1, 1))
	sizes := []int64{}
	for range 12 { // every head is kept, and every later one begins with it
		r.grow(1, 1+rnd.IntN(700))
		r.grow(2, 1+rnd.IntN(3))
		sizes = append(sizes, int64(len(r.lines["A"])))
	}
	ctx := t.Context()
	v := pgtest.LedgerSigner().Verifier()
	head, err := r.LedgerHead(ctx, "A")
	if err != nil || head.Size != sizes[len(sizes)-1] {
		t.Fatalf("%+v, %v", head, err)
	}
	if _, err := v.Open("A", head.Note); err != nil {
		t.Error(err)
	}
	var indexes []int64
	for range 200 {
		indexes = append(indexes, rnd.Int64N(head.Size))
	}
	of, proofs, err := r.LedgerProofs(ctx, 1, indexes)
	if err != nil || of.Size != head.Size {
		t.Fatalf("%+v, %v", of, err)
	}
	for i, p := range proofs {
		if p.Index != indexes[i] {
			t.Fatalf("proof of %d instead of %d", p.Index, indexes[i])
		}
		if err := ledger.CheckInclusion(p, r.lines["A"][p.Index], of.Root); err != nil {
			t.Error(err)
		}
	}
	for i, a := range sizes {
		for _, b := range []int64{a, sizes[min(i+1, len(sizes)-1)], head.Size} {
			older, newer, proof, err := r.LedgerConsistency(ctx, "A", a, b)
			if err == nil {
				err = ledger.CheckConsistency(proof, older, newer)
			}
			if err != nil {
				t.Errorf("from %d to %d: %v", a, b, err)
			}
		}
	}
	r.summariesAndLines(v)
}

func (r *register) summariesAndLines(v *ledger.Verifier) {
	r.t.Helper()
	ctx := r.t.Context()
	list, err := r.LedgerSummaries(ctx)
	if err != nil || len(list) != 2 || list[0].Code != "B-2" || list[0].Heads != 12 || list[0].Seed != nil || !list[0].SignedAt.Equal(now) {
		r.t.Fatalf("%+v, %v", list, err)
	}
	for code, want := range r.lines {
		var e ledger.Edge
		err := r.LedgerLines(ctx, code, int64(len(want)), func(i int64, line []byte) error {
			if !bytes.Equal(line, want[i]) {
				return fmt.Errorf("line %d is %q", i, line)
			}
			_, err := e.Grow([][]byte{line})
			return err
		})
		head, herr := r.LedgerHead(ctx, code)
		if err := errors.Join(err, herr); err != nil || e.Root() != head.Root {
			r.t.Errorf("%s: computed %v, signed %v: %v", code, e.Root(), head.Root, err)
		}
	}
	if err := r.LedgerLines(ctx, "A", int64(len(r.lines["A"]))+1, func(int64, []byte) error { return nil }); !errors.Is(err, accounts.ErrNotFound) {
		r.t.Error("more lines than there are:", err)
	}
}

// TestFullTilesNeverChange grows a ledger and compares every tile of every width
// with what it was.
func TestFullTilesNeverChange(t *testing.T) {
	r := newRegister(t)
	ctx := t.Context()
	seen := map[string][]byte{}
	for _, n := range []int{1, 254, 1, 1, 255, 300, 2, 70000} {
		r.grow(1, n)
		for _, want := range ledger.EdgeTiles(int64(len(r.lines["A"]))) {
			got, err := r.LedgerTile(ctx, "A", want)
			if err != nil {
				t.Fatal(err)
			}
			seen[got.Path()] = got.Data
		}
		for _, path := range []string{"tile/0/000", "tile/entries/000", "tile/1/000", "tile/0/001"} {
			want, err := ledger.ParsePath(path)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := r.LedgerTile(ctx, "A", want); err == nil {
				seen[path] = got.Data
			} else if !errors.Is(err, accounts.ErrNotFound) {
				t.Fatal(err)
			}
		}
		for path, data := range seen {
			want, err := ledger.ParsePath(path)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := r.LedgerTile(ctx, "A", want); err != nil || !bytes.Equal(got.Data, data) {
				t.Errorf("size %d: %s has changed or is gone: %v", len(r.lines["A"]), path, err)
			}
		}
	}
	if len(seen) < 12 {
		t.Fatal("only", len(seen), "tiles compared")
	}
}

// TestChangedLedgerDoesNotGrow: whoever touches the stored tiles or the size is
// found at the next number.
func TestChangedLedgerDoesNotGrow(t *testing.T) {
	for what, sql := range map[string]string{
		"entry changed": "UPDATE ledger_tiles SET data = set_byte(data, 4, 7) WHERE level = -1 AND width < 256",
		"hash changed":  "UPDATE ledger_tiles SET data = set_byte(data, 4, 7) WHERE level = 0 AND width < 256",
		"tile gone":     "DELETE FROM ledger_tiles WHERE level = 0 AND width < 256",
		"size less":     "UPDATE ledgers SET size = size - 1",
		"size more":     "UPDATE ledgers SET size = size + 1",
	} {
		t.Run(what, func(t *testing.T) {
			r := newRegister(t)
			r.grow(1, 300)
			r.exec(sql)
			if _, err := r.GrowLedger(t.Context(), 1, "A", [][]byte{[]byte("one more")}, 0, now); err == nil {
				t.Error("the ledger grew")
			}
			head, err := r.LedgerHead(t.Context(), "A")
			if err != nil || head.Size != 300 {
				t.Errorf("head of size %d, %v", head.Size, err)
			}
		})
	}
}

// TestLedgerNeedsItsKey: without the key nothing is numbered.
func TestLedgerNeedsItsKey(t *testing.T) {
	r := newRegister(t)
	r.Ledger = nil
	if _, err := r.GrowLedger(t.Context(), 1, "A", [][]byte{[]byte("x")}, 0, now); !errors.Is(err, postgres.ErrNoLedgerKey) {
		t.Error(err)
	}
}

func TestRolledBackGrowthLeavesNothing(t *testing.T) {
	r := newRegister(t)
	r.grow(1, 10)
	before, err := r.LedgerHead(t.Context(), "A")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.GrowAndRollBack(t.Context(), 1, "A", [][]byte{[]byte("lost")}, now); err != nil {
		t.Fatal(err)
	}
	r.grow(1, 10)
	if _, newer, proof, err := r.LedgerConsistency(t.Context(), "A", 10, 20); err != nil || ledger.CheckConsistency(proof, before, newer) != nil {
		t.Error(err)
	}
}

func TestTimestampsAreKept(t *testing.T) {
	r := newRegister(t)
	ctx := t.Context()
	r.grow(1, 5)
	r.grow(2, 3)
	heads, err := r.UnstampedHeads(ctx)
	if err != nil || len(heads) != 2 || heads[0].Day() != "A" || heads[0].Size != 5 {
		t.Fatalf("%+v, %v", heads, err)
	}
	if _, err := r.LedgerStamped(ctx, "A"); !errors.Is(err, accounts.ErrNotFound) {
		t.Error("a token before the first:", err)
	}
	for _, token := range []string{"first", "second"} { // "failed, but applied", and asked again
		if err := r.SaveTimestamp(ctx, &heads[0], []byte(token), now.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	r.grow(1, 4)
	stamped, err := r.LedgerStamped(ctx, "A")
	if err != nil || stamped.Size != 5 || string(stamped.Timestamp) != "first" {
		t.Errorf("%+v, %v", stamped, err)
	}
	for index, want := range map[int64]int64{4: 5, 5: 9} { // the stamped head where it covers the leaf, else the newest
		head, _, err := r.LedgerProofs(ctx, 1, []int64{index})
		if err != nil || head.Size != want || (head.Timestamp != nil) != (want == 5) {
			t.Errorf("leaf %d is proved by a head of size %d, %v", index, head.Size, err)
		}
	}
	list, err := r.LedgerSummaries(ctx)
	if err != nil || list[1].StampedSize != 5 || !list[1].StampedAt.Equal(now.Add(time.Second)) || list[0].StampedSize != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	other := heads[0]
	other.Note = slices.Concat(other.Note, []byte("x"))
	if err := r.SaveTimestamp(ctx, &other, []byte("third"), now); !errors.Is(err, accounts.ErrNotFound) {
		t.Error("a token of a head that was never signed:", err)
	}
}

func TestWhatIsNotInTheLedger(t *testing.T) {
	r := newRegister(t)
	r.grow(1, 5)
	ctx := t.Context()
	_, errHead := r.LedgerHead(ctx, "B-2")
	_, errAt := r.LedgerHeadAt(ctx, "A", 4)
	_, errTile := r.LedgerTile(ctx, "A", ledger.Tile{Level: 0, Width: 6})
	_, _, errProof := r.LedgerProofs(ctx, 1, []int64{5})
	_, _, errDay := r.LedgerProofs(ctx, 2, []int64{0})
	for what, err := range map[string]error{"head": errHead, "size": errAt, "tile": errTile, "leaf": errProof, "day": errDay} {
		if !errors.Is(err, accounts.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestSeedIsRevealedOnce(t *testing.T) {
	r := newRegister(t)
	ctx := t.Context()
	r.grow(1, 1)
	r.exec("INSERT INTO calendars (version, signed, created_at) VALUES (1, 'signed', $1)", now)
	commitment := sha256.Sum256(theDay)
	boom := errors.New("not over")
	if _, _, err := r.RevealSeed(ctx, 1, now, func([]byte) ([32]byte, error) { return commitment, boom }); !errors.Is(err, boom) {
		t.Error(err)
	}
	if _, _, err := r.RevealSeed(ctx, 1, now, func([]byte) ([32]byte, error) { return [32]byte{}, nil }); !errors.Is(err, accounts.ErrState) {
		t.Error("a seed that was not committed to:", err)
	}
	if list, err := r.LedgerSummaries(ctx); err != nil || list[0].Seed != nil {
		t.Fatalf("the seed is out: %+v, %v", list, err)
	}
	over := func(signed []byte) ([32]byte, error) {
		if string(signed) != "signed" {
			t.Errorf("judged by the calendar %q", signed)
		}
		return commitment, nil
	}
	for i := range 2 {
		seed, at, err := r.RevealSeed(ctx, 1, now.Add(time.Duration(i)*time.Hour), over)
		if err != nil || !bytes.Equal(seed, theDay) || !at.Equal(now) {
			t.Errorf("%x at %s, %v", seed, at, err)
		}
	}
	if list, err := r.LedgerSummaries(ctx); err != nil || !bytes.Equal(list[0].Seed, theDay) || !list[0].RevealedAt.Equal(now) {
		t.Errorf("%+v, %v", list, err)
	}
	err := r.NextCalendar(ctx, 1, "A", [32]byte{}, now, func([]byte, [32]byte) (uint64, []byte, time.Duration, error) {
		t.Error("the day could be changed after its seed was public")
		return 2, []byte("x"), time.Microsecond, nil
	})
	if !errors.Is(err, accounts.ErrState) {
		t.Error(err)
	}
}

// BenchmarkGrowLedger is what the ledger costs a transaction of 4,000 numbers.
func BenchmarkGrowLedger(b *testing.B) {
	db := pgtest.New(b)
	if _, err := db.Pool.Exec(b.Context(), "INSERT INTO click_days (id, code, tie_seed) VALUES (1, 'A', 'x')"); err != nil {
		b.Fatal(err)
	}
	lines := make([][]byte, 4000)
	for i := range lines {
		lines[i] = fmt.Appendf(nil, "numbered,%d,2026-11-22T09:00:00.123456Z,kernel,ok,812,1,0,%064x,", i+1, i)
	}
	for b.Loop() {
		if _, err := db.GrowLedger(b.Context(), 1, "A", lines, 0, now); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(lines)), "ns/leaf")
}
