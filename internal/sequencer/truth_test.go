package sequencer

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// row is a submission as the record has it.
type row struct {
	id          clickday.SubmissionID
	application int
	day         int
	arrived     int64
	node        clickday.NodeID
	sequence    int64
	state       clickday.SubmissionState
	reason      string
	number      int64
	index       int64 // of its leaf, -1 for none
}

// finish lets everything through, without faults, and returns the record.
func (w *world) finish() map[clickday.SubmissionID]row {
	w.t.Helper()
	w.fault.at, w.queue.Decide = 0, nil
	for range 2000 {
		for _, n := range w.nodes {
			n.commit(w.rnd, 50)
			if err := n.forward(w.t.Context(), w.queue, 50); err != nil {
				w.t.Fatal(err)
			}
		}
		w.work()
		if w.done() {
			return w.rows()
		}
	}
	w.t.Fatal("the sequencer does not come to an end")
	return nil
}

func (w *world) done() bool {
	w.t.Helper()
	var open, arrivals int
	err := w.db.Pool.QueryRow(w.t.Context(), `SELECT (SELECT count(*) FROM submissions WHERE ledger_index IS NULL),
		(SELECT count(*) FROM arrivals)`).Scan(&open, &arrivals)
	if err != nil {
		w.t.Fatal(err)
	}
	return open == 0 && arrivals == len(w.all)
}

func (w *world) rows() map[clickday.SubmissionID]row {
	w.t.Helper()
	rows, err := w.db.Pool.Query(w.t.Context(), `SELECT id, application_id, click_day_id, arrived, node, sequence::bigint,
		state, coalesce(reason, ''), coalesce(number, 0), coalesce(ledger_index, -1) FROM submissions`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	out := make(map[clickday.SubmissionID]row)
	for rows.Next() {
		var r row
		var id []byte
		var application [16]byte
		if err := rows.Scan(&id, &application, &r.day, &r.arrived, &r.node, &r.sequence, &r.state, &r.reason, &r.number, &r.index); err != nil {
			w.t.Fatal(err)
		}
		copy(r.id[:], id)
		r.application = int(application[0])<<16 | int(application[1])<<8 | int(application[2])
		out[r.id] = r
	}
	if rows.Err() != nil {
		w.t.Fatal(rows.Err())
	}
	return out
}

// expected sorts everything by brute force, all being known from the start.
func (w *world) expected() map[clickday.SubmissionID]row {
	out := make(map[clickday.SubmissionID]row)
	for day := 1; day <= days; day++ {
		for _, r := range w.line(day) {
			out[r.id] = r
		}
	}
	return out
}

// line is everything that was sent for a day, in order, with what becomes of it.
func (w *world) line(day int) []row {
	first := make(map[clickday.SubmissionID]row)
	for _, a := range w.all {
		r := row{id: wire.IDOf(a.envelope), arrived: a.at, state: clickday.Sequenced}
		var version int
		var refused bool
		if _, err := fmt.Sscanf(string(a.envelope), "%d %d %d %t", &r.application, &version, &r.day, &refused); err != nil {
			w.t.Fatal(err)
		}
		if refused {
			r.state, r.reason = clickday.Refused, string(clickday.CodeSignature)
		}
		if old, ok := first[r.id]; r.day == day && (!ok || r.arrived < old.arrived) {
			first[r.id] = r
		}
	}
	line := slices.SortedFunc(maps.Values(first), func(a, b row) int {
		return cmp.Or(cmp.Compare(a.arrived/int64(grain), b.arrived/int64(grain)), bytes.Compare(tie(day, a.id), tie(day, b.id)))
	})
	has, used := make(map[int]bool), make(map[int]int)
	var last int64
	for i := range line {
		r := &line[i]
		account := accountOf(r.application)
		switch {
		case r.state == clickday.Refused:
		case has[r.application]:
			r.state = clickday.Repeated
		case account <= persons && used[account] == 3:
			r.state, r.reason = clickday.Refused, string(clickday.CodeAccountLimit)
		default:
			last++
			used[account]++
			has[r.application], r.number = true, last
		}
	}
	return line
}

func tie(day int, id clickday.SubmissionID) []byte {
	sum := sha256.Sum256(append(seedOf(day), id[:]...))
	return sum[:]
}

// check compares the record with the truth.
func (w *world) check(got map[clickday.SubmissionID]row) {
	w.t.Helper()
	want := w.expected()
	if len(got) != len(want) {
		w.t.Fatalf("%d submissions in the record, want %d", len(got), len(want))
	}
	for id, r := range got {
		r.node, r.sequence, r.index = 0, 0, 0
		if r != want[id] {
			w.t.Fatalf("submission %s: %+v, want %+v", id, r, want[id])
		}
	}
	for day := 1; day <= days; day++ {
		var last, count, highest int64
		err := w.db.Pool.QueryRow(w.t.Context(), `SELECT d.last_number, count(s.number), coalesce(max(s.number), 0) FROM click_days d
			LEFT JOIN submissions s ON s.click_day_id = d.id WHERE d.id = $1 GROUP BY d.id`, day).Scan(&last, &count, &highest)
		if err != nil || last != count || count != highest {
			w.t.Fatalf("day %d: last number %d, %d numbers, highest %d, %v", day, last, count, highest, err)
		}
		w.checkLedger(day, got)
	}
}
