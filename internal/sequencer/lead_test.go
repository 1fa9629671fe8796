package sequencer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/clickday"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/pgtest"
)

// turns knows who took the lead last.
type turns struct {
	taken atomic.Int32
	stale atomic.Int32 // successes of a term after another had begun
}

// watched is a term that reports whether it can still do anything once another
// has begun.
type watched struct {
	Term
	turns *turns
	turn  int32
}

func (w *watched) Ingest(ctx context.Context, in *clickday.Intake, now time.Time) (clickday.IntakeCount, error) {
	over := w.turns.taken.Load() > w.turn
	n, err := w.Term.Ingest(ctx, in, now)
	w.note(over, err)
	return n, err
}

func (w *watched) Number(ctx context.Context, limit int, now time.Time) (clickday.NumberCount, error) {
	over := w.turns.taken.Load() > w.turn
	n, err := w.Term.Number(ctx, limit, now)
	w.note(over, err)
	return n, err
}

func (w *watched) note(over bool, err error) {
	if over && err == nil {
		w.turns.stale.Add(1)
	}
}

// TestTwoSequencersOneActive lets two real ones run, and cuts the connection of
// whoever leads, again and again, while the nodes send.
func TestTwoSequencersOneActive(t *testing.T) {
	db := pgtest.New(t)
	w := newWorld(t, db, 3, 2)
	w.populate(600)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var turns turns
	var running sync.WaitGroup
	for range 2 {
		s := w.newSequencer(prometheus.NewRegistry())
		s.Lead = func(ctx context.Context) (Term, bool, error) {
			t, ok, err := db.Lead(ctx)
			if !ok || err != nil {
				return nil, false, err
			}
			return &watched{t, &turns, turns.taken.Add(1)}, true, nil
		}
		running.Go(func() {
			if err := s.Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	for round := 0; !w.done(); round++ {
		if round > 3000 {
			t.Fatal("no end after 30 s")
		}
		for _, n := range w.nodes {
			n.commit(w.rnd, 1)
			if err := n.forward(ctx, w.queue, 2); err != nil {
				t.Fatal(err)
			}
		}
		w.clock.Advance(100 * time.Millisecond)
		if round%90 == 60 {
			w.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'puntuale-sequencer' AND datname = current_database()")
		}
		pause(ctx, 10*time.Millisecond)
	}
	stop()
	running.Wait()
	w.check(w.rows())
	if turns.taken.Load() < 3 || turns.stale.Load() > 0 {
		t.Fatalf("%d terms, %d successes after the end of a term", turns.taken.Load(), turns.stale.Load())
	}
}

func TestNobodyLeadsBesideTheLeader(t *testing.T) {
	db := pgtest.New(t)
	ctx := t.Context()
	first, ok, err := db.Lead(ctx)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if _, ok, err := db.Lead(ctx); ok || err != nil {
		t.Fatalf("a second leader: %v, %v", ok, err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Nodes(ctx); err == nil {
		t.Fatal("a leader that has gone still works")
	}
	second, err := eventually(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
}

func eventually(ctx context.Context, db *postgres.DB) (*postgres.Term, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		t, ok, err := db.Lead(ctx)
		if ok || err != nil {
			return t, err
		}
		pause(ctx, 5*time.Millisecond)
	}
}

// TestProgressThatMovedIsNotOverwritten is the check inside the transaction.
func TestProgressThatMovedIsNotOverwritten(t *testing.T) {
	w := newWorld(t, pgtest.New(t), 3, 1)
	if err := w.start(); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	to := clickday.JournalProgress{Node: 1, Journal: 1<<64 - 1, LastBatch: 1, Position: "1"}
	if _, err := w.term.Ingest(ctx, &clickday.Intake{Node: 1, To: []clickday.JournalProgress{to}}, w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	next := to
	next.LastBatch = 2
	in := &clickday.Intake{Node: 1, To: []clickday.JournalProgress{next}, Watermark: 99}
	if _, err := w.term.Ingest(ctx, in, w.clock.Now()); !errors.Is(err, postgres.ErrFenced) {
		t.Fatalf("from the wrong place: %v", err)
	}
	got, err := w.term.Journals(ctx)
	if err != nil || len(got) != 1 || got[0] != to {
		t.Fatalf("progress %+v, %v", got, err)
	}
	var watermark int64
	if err := w.db.Pool.QueryRow(ctx, "SELECT watermark FROM intake_nodes").Scan(&watermark); err != nil || watermark != 0 {
		t.Fatalf("watermark %d, %v", watermark, err)
	}
}

// BenchmarkIngestAndNumber takes frames of 500 records of 1.5 KiB from the queue
// to numbers in PostgreSQL, judging excluded.
func BenchmarkIngestAndNumber(b *testing.B) {
	const frames, size = 20, 500
	db := pgtest.New(b)
	total := 0
	for b.Loop() {
		b.StopTimer()
		w := benchWorld(b, db, frames, size)
		b.StartTimer()
		for range 3 {
			w.work()
		}
		b.StopTimer()
		var numbers int
		if err := db.Pool.QueryRow(b.Context(), "SELECT count(number) FROM submissions").Scan(&numbers); err != nil || numbers != frames*size {
			b.Fatal(numbers, err)
		}
		total += numbers
		w.crash()
		b.StartTimer()
	}
	b.ReportMetric(float64(total)/b.Elapsed().Seconds(), "records/s")
}

func benchWorld(b *testing.B, db *postgres.DB, frames, size int) *world {
	b.Helper()
	w := newWorld(b, db, 1, 1)
	n := w.nodes[0]
	padding := make([]byte, 1500)
	for i := range frames * size {
		n.pending = append(n.pending, arrival{int64(1000 + i), fmt.Appendf(nil, "%s %s", envelope(i, 1, 1, false), padding)})
	}
	for range frames {
		n.commit(w.rnd, size)
	}
	if err := n.forward(b.Context(), w.queue, frames); err != nil {
		b.Fatal(err)
	}
	return w
}
