package sequencer

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/queue/queuetest"
)

// long says that the whole table and all seeds are wanted (`make bench-register`).
func long() bool { return os.Getenv("PUNTUALE_REGISTER") == "long" }

// crashWorld is a world whose sequencer reaches PostgreSQL through a cutter.
type crashWorld struct {
	db, through *postgres.DB
	cut         *pgtest.Cutter
}

func newCrashWorld(t *testing.T) *crashWorld {
	t.Helper()
	address := pgtest.URL(t)
	cut, through := pgtest.NewCutter(t, address, stepOf)
	c := &crashWorld{cut: cut}
	for _, o := range []struct {
		db      **postgres.DB
		address string
	}{{&c.db, address}, {&c.through, through}} {
		db, err := postgres.Open(t.Context(), o.address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		db.Ledger = pgtest.LedgerSigner()
		*o.db = db
	}
	return c
}

// history is one day of two nodes with repeats, refusals, limits, a queue that
// loses everything once and trims what is old. It ends in the check of every
// invariant; the fault happens somewhere on the way.
func (c *crashWorld) history(t *testing.T, decide func(w *world) func(queuetest.Call, clickday.NodeID) queuetest.Fault) {
	w := newWorld(t, c.db, 99, 2)
	w.lead = c.through
	if decide != nil {
		w.queue.Decide = decide(w)
	}
	w.populate(80)
	for round := range 6 {
		for _, n := range w.nodes {
			n.commit(w.rnd, 8)
			if err := n.forward(t.Context(), w.queue, 2); err != nil && !isQueue(err) {
				t.Fatal(err)
			}
		}
		switch round {
		case 1, 3: // unread frames are lost, and later ones come
			w.queue.Lose()
			continue
		case 4:
			w.clock.Advance(2 * time.Minute)
		}
		w.work()
		w.work()
	}
	decided := w.queue.Decide
	w.check(w.finish())
	w.queue.Decide = decided
	w.checkProofs()
	w.crash()
}

// checkProofs proves every leaf into the newest head.
func (w *world) checkProofs() {
	w.t.Helper()
	for day := 1; day <= days; day++ {
		var indexes []int64
		lines := w.lines(day)
		for i := range lines {
			indexes = append(indexes, int64(i))
		}
		head, proofs, err := w.db.LedgerProofs(w.t.Context(), clickday.DayID(day), indexes)
		if err != nil || head.Size != int64(len(lines)) {
			w.t.Fatalf("day %d: head of %d leaves, %d are stored, %v", day, head.Size, len(lines), err)
		}
		for i := range proofs {
			if err := ledger.CheckInclusion(proofs[i], lines[i], head.Root); err != nil {
				w.t.Fatalf("day %d: %v", day, err)
			}
		}
	}
}

// cells counts what a table of faults has shown.
type cells struct{ run, violated int }

func (c *cells) cell(t *testing.T, name string, f func(t *testing.T)) {
	c.run++
	if !t.Run(name, f) {
		c.violated++
	}
}

// TestCrashTable cuts the connection to PostgreSQL at every round trip of every
// transaction of the worker, before the server has seen it and after it has done
// it; and lets every call of the queue fail, without and with effect, the process
// living on or dying of it. The invariants hold after each. By default it takes one
// round trip of each kind; the long form takes all.
func TestCrashTable(t *testing.T) {
	c := newCrashWorld(t)
	c.cut.Arm(0, false)
	c.history(t, nil)
	steps := c.cut.Seen()
	var table cells
	kinds := map[string]int{}
	for _, s := range steps {
		kinds[s]++
	}
	met := map[string]int{}
	for i, s := range steps {
		met[s]++
		if !long() && met[s] != (kinds[s]+1)/2 {
			continue
		}
		for _, applied := range []bool{false, true} {
			table.cell(t, fmt.Sprintf("%s %d applied %v", s, met[s], applied), func(t *testing.T) {
				c.cut.Arm(i+1, applied)
				c.history(t, nil)
			})
		}
	}
	c.cut.Arm(0, false)
	for _, call := range []queuetest.Call{
		queuetest.CallRead, queuetest.CallLastMark, queuetest.CallRequestReplay, queuetest.CallClearReplay, queuetest.CallTrim,
	} {
		c.queueCells(t, &table, call)
	}
	for _, want := range []string{"begin", "progress", "insert", "arrivals", "mark", "merge", "numbers", "limits", "tiles and head", "last number", "commit"} {
		if kinds[want] == 0 {
			t.Errorf("the history never gets to %q: %v", want, kinds)
		}
	}
	t.Logf("%d round trips of %d kinds", len(steps), len(kinds))
	if long() {
		fmt.Printf("FIGURE\tregister: cells of the crash table\t%d\t\t-\tok\n", table.run)
		fmt.Printf("FIGURE\tregister: cells of the crash table with a violation\t%d\t\t<=0\t%s\n", table.violated, verdict(table.violated))
	}
}

func verdict(violations int) string {
	if violations > 0 {
		return "short"
	}
	return "ok"
}

// queueCells lets the first call of a kind fail, in the long form the second one
// too.
func (c *crashWorld) queueCells(t *testing.T, table *cells, call queuetest.Call) {
	for _, fault := range []queuetest.Fault{queuetest.NotApplied, queuetest.Applied} {
		for _, dies := range []bool{false, true} {
			nths := []int{1, 2}
			if !long() {
				nths = nths[:1]
			}
			for _, nth := range nths {
				table.cell(t, fmt.Sprintf("queue %s %d fault %d dies %v", call, nth, fault, dies), func(t *testing.T) {
					calls := 0
					c.history(t, func(w *world) func(queuetest.Call, clickday.NodeID) queuetest.Fault {
						return func(got queuetest.Call, _ clickday.NodeID) queuetest.Fault {
							if got != call {
								return queuetest.None
							}
							if calls++; calls != nth {
								return queuetest.None
							}
							w.doomed = dies
							return fault
						}
					})
					if calls == 0 {
						t.Errorf("the history never calls %s", call)
					}
				})
			}
		}
	}
}

// leadThrough takes the lead by the way that this world goes.
func (w *world) leadThrough(ctx context.Context) (Term, bool, error) {
	db := w.db
	if w.lead != nil {
		db = w.lead
	}
	t, ok, err := db.Lead(ctx)
	if err != nil || !ok {
		return nil, false, err
	}
	return &faultyTerm{t, w.fault}, true, nil
}

// lines are the leaves of a day as they are stored.
func (w *world) lines(day int) [][]byte {
	w.t.Helper()
	var out [][]byte
	err := w.db.LedgerLines(w.t.Context(), fmt.Sprint("D", day), int64(len(w.leaves(day))), func(_ int64, line []byte) error {
		out = append(out, []byte(strings.Clone(string(line))))
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// steps of the worker's transactions, by what their SQL contains.
var stepNames = [][2]string{
	{"pg_try_advisory_lock", "take the lead"}, {"SET application_name", "settings of the lead"}, {"SELECT node, public_key", "read the nodes"},
	{"FROM journals", "read the progress"}, {"INSERT INTO journals", "progress"}, {"INSERT INTO batches", "batches"},
	{"SELECT watermark", "read the mark of the node"}, {"COPY arrivals", "arrivals"}, {"WITH ORDINALITY", "known submissions"},
	{"COPY submissions", "insert"}, {"UPDATE submissions s SET\n\t\t(arrived", "merge"}, {"UPDATE intake_nodes", "mark"},
	{"min(watermark)", "lowest mark"}, {"SELECT d.id FROM click_days", "days that are due"}, {"seed, granularity", "lock the day"},
	{"OFFSET", "end of the round"}, {"LEFT JOIN submissions n", "read what is due"}, {"account_limits", "limits"},
	{"INSERT INTO ledgers", "make the ledger"}, {"SELECT size FROM ledgers", "lock the ledger"}, {"JOIN ledger_tiles", "edge of the ledger"},
	{"INTO ledger_tiles", "tiles and head"}, {"INTO ledger_heads", "tiles and head"}, {"UPDATE ledgers", "tiles and head"},
	{"SET number = nullif", "numbers"}, {"UPDATE click_days", "last number"}, {"savepoint", "savepoint"},
}

func stepOf(sql string) string {
	for _, n := range stepNames {
		if strings.Contains(sql, n[0]) {
			return n[1]
		}
	}
	return strings.Join(strings.Fields(sql), " ")
}
