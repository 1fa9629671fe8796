package sequencer

import (
	"fmt"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/queue"
	"puntuale/internal/queue/queuetest"
)

// populate makes arrivals with many equal stamps, repeats of the same envelope
// on other nodes, several seals of one application, and some to refuse.
func (w *world) populate(records int) {
	for range records {
		n := w.nodes[w.rnd.IntN(len(w.nodes))]
		at := int64(time.Second) + w.rnd.Int64N(int64(grain)*int64(records)/3)
		if len(w.all) > 0 && w.rnd.IntN(4) == 0 {
			w.arrive(n, at, w.all[w.rnd.IntN(len(w.all))].envelope)
			continue
		}
		a := w.rnd.IntN(records)
		w.arrive(n, at, envelope(a, w.rnd.IntN(3), 1+a%days, w.rnd.IntN(10) == 0))
	}
}

// TestNumbersAgreeWithASort runs random histories: batches of shuffled stamps,
// repeats, frames delivered twice, a queue that fails in every way or loses all,
// and processes that die; in the end the record is what a sort of everything gives.
func TestNumbersAgreeWithASort(t *testing.T) {
	db := pgtest.New(t)
	histories := 20
	if long() {
		histories = 200
	}
	for seed := range histories {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := newWorld(t, db, uint64(seed), 1+seed%3)
			w.populate(40 + w.rnd.IntN(120))
			w.queue.Decide = func(queuetest.Call, clickday.NodeID) queuetest.Fault {
				if w.rnd.IntN(15) > 0 {
					return queuetest.None
				}
				return queuetest.Fault(1 + w.rnd.IntN(3))
			}
			for range 60 {
				w.happen()
			}
			w.check(w.finish())
		})
	}
}

// happen lets one thing happen, at random.
func (w *world) happen() {
	n := w.nodes[w.rnd.IntN(len(w.nodes))]
	switch w.rnd.IntN(12) {
	case 0, 1, 2:
		n.commit(w.rnd, 1+w.rnd.IntN(12))
	case 3, 4, 5:
		if err := n.forward(w.t.Context(), w.queue, 1+w.rnd.IntN(5)); err != nil && !isQueue(err) {
			w.t.Fatal(err)
		}
	case 6:
		if len(n.frames) > 0 && n.appended > 0 { // the queue delivers an old frame again
			old := n.frames[w.rnd.IntN(n.appended)]
			if err := w.queue.Append(w.t.Context(), n.id, [][]byte{old}, n.mark(n.appended)); err != nil && !isQueue(err) {
				w.t.Fatal(err)
			}
		}
	case 7:
		if w.rnd.IntN(4) == 0 {
			w.queue.Lose()
		}
	case 8:
		w.crash()
	default:
		w.work()
	}
}

// TestACrashAtAnyStoreCallChangesNothing fails every call of the store in turn,
// once without and once with effect, and starts again from the record.
func TestACrashAtAnyStoreCallChangesNothing(t *testing.T) {
	db := pgtest.New(t)
	run := func(at int, applied bool) int {
		w := newWorld(t, db, 99, 2)
		w.fault.at, w.fault.applied = at, applied
		w.populate(80)
		for range 8 {
			for _, n := range w.nodes {
				n.commit(w.rnd, 6)
				if err := n.forward(t.Context(), w.queue, 2); err != nil {
					t.Fatal(err)
				}
			}
			w.work()
		}
		calls := w.fault.calls
		w.check(w.finish())
		w.crash()
		return calls
	}
	calls := run(0, false)
	if calls < 16 {
		t.Fatalf("the history makes only %d calls of the store", calls)
	}
	for at := 1; at <= calls; at++ {
		run(at, false)
		run(at, true)
	}
}

func TestOneApplicationGetsOneNumber(t *testing.T) {
	w := newWorld(t, pgtest.New(t), 1, 2)
	second, first := envelope(1, 2, 1, false), envelope(1, 1, 1, false)
	w.arrive(w.nodes[0], 200_000, second) // sealed again, sent from another computer
	w.arrive(w.nodes[1], 100_000, first)
	w.arrive(w.nodes[1], 150_000, envelope(2, 1, 1, false))
	got := w.finish()
	w.check(got)
	if r := got[hash(first)]; r.number != 1 {
		t.Fatalf("the earliest: %+v", r)
	}
	if r := got[hash(second)]; r.state != clickday.Repeated || r.number != 0 {
		t.Fatalf("the other: %+v", r)
	}
}

func TestARepeatKeepsItsEarliestStamp(t *testing.T) {
	w := newWorld(t, pgtest.New(t), 1, 2)
	e := envelope(1, 1, 1, false)
	w.arrive(w.nodes[0], 500, e)
	w.arrive(w.nodes[1], 300, e)
	w.arrive(w.nodes[0], 400, envelope(2, 1, 1, false))
	got := w.finish()
	w.check(got)
	if r := got[hash(e)]; r.arrived != 300 || r.node != 2 || r.number != 1 {
		t.Fatalf("the repeated submission: %+v", r)
	}
}

func TestARefusalKeepsStampAndReason(t *testing.T) {
	w := newWorld(t, pgtest.New(t), 1, 1)
	e := envelope(1, 1, 1, true)
	w.arrive(w.nodes[0], 500, e)
	got := w.finish()
	w.check(got)
	if r := got[hash(e)]; r.state != clickday.Refused || r.reason != string(clickday.CodeSignature) || r.arrived != 500 || r.number != 0 {
		t.Fatalf("the refused submission: %+v", r)
	}
}

// TestALateRecordGetsTheNextNumber lets a node break its promise.
func TestALateRecordGetsTheNextNumber(t *testing.T) {
	w := newWorld(t, pgtest.New(t), 1, 1)
	n := w.nodes[0]
	w.arrive(n, 500_000, envelope(1, 1, 1, false))
	w.finish()
	late := envelope(2, 1, 1, false)
	w.arrive(n, 400_000, late)
	got := w.finish()
	if r := got[hash(late)]; r.number != 2 || r.arrived != 400_000 {
		t.Fatalf("the late one: %+v", r)
	}
	var marked int64
	err := w.db.Pool.QueryRow(t.Context(), "SELECT arrived FROM arrivals WHERE late").Scan(&marked)
	if err != nil || marked != 400_000 {
		t.Fatalf("marked late: %d, %v", marked, err)
	}
	if v := w.metric("puntuale_sequencer_late_records_total"); v != 1 {
		t.Fatalf("late records counted: %g", v)
	}
}

// TestNumbersWaitForTheSlowestNode gives nothing beyond the lowest watermark,
// until the operator takes the silent node out of the line.
func TestNumbersWaitForTheSlowestNode(t *testing.T) {
	w := newWorld(t, pgtest.New(t), 1, 2)
	n := w.nodes[0]
	w.arrive(n, 100_000, envelope(1, 1, 1, false))
	w.arrive(n, 300_000, envelope(2, 1, 1, false))
	n.commit(w.rnd, 2)
	if err := n.forward(t.Context(), w.queue, 1); err != nil {
		t.Fatal(err)
	}
	numbers := func() (n int) {
		t.Helper()
		w.work()
		w.work()
		for _, r := range w.rows() {
			if r.number != 0 {
				n++
			}
		}
		return n
	}
	if got := numbers(); got != 0 {
		t.Fatalf("%d numbers before the second node has said anything", got)
	}
	if err := w.queue.Append(t.Context(), 2, nil, queue.Mark{Watermark: 309_999, Journal: 5}); err != nil {
		t.Fatal(err)
	}
	if got := numbers(); got != 1 {
		t.Fatalf("%d numbers below 309,999 ns, want 1: a unit is never split", got)
	}
	w.exec("UPDATE intake_nodes SET active = false WHERE node = 2")
	if got := numbers(); got != 2 {
		t.Fatalf("%d numbers without the second node, want 2", got)
	}
}
