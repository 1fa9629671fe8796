package sequencer

import (
	"crypto/ed25519"
	"slices"
	"testing"
	"time"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/queue"
	"puntuale/internal/wire"
)

func hash(envelope []byte) clickday.SubmissionID { return wire.IDOf(envelope) }

// metric returns the value of a counter or gauge, summed over its labels that
// have one of the values.
func (w *world) metric(name string, labels ...string) float64 {
	w.t.Helper()
	families, err := w.reg.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() != name || len(labels) > 0 && !slices.Contains(labels, m.GetLabel()[0].GetValue()) {
				continue
			}
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return sum
}

// TestABadFrameIsRefusedAndMended puts each kind of false frame where a true one
// belongs: it is refused and counted, and the true one is fetched from the node.
func TestABadFrameIsRefusedAndMended(t *testing.T) {
	db := pgtest.New(t)
	stranger := ed25519.NewKeyFromSeed(slices.Repeat([]byte{0xee}, ed25519.SeedSize))
	for reason, forge := range map[string]func(n *node, f batch.Frame, raw []byte) []byte{
		badSignature: func(_ *node, f batch.Frame, _ []byte) []byte { return batch.Encode(f.Header, f.Records, stranger) },
		badChain: func(n *node, f batch.Frame, _ []byte) []byte {
			f.Prev[0]++
			return batch.Encode(f.Header, f.Records, n.key)
		},
		badUnreadable: func(_ *node, _ batch.Frame, raw []byte) []byte {
			raw[len(raw)-1]++
			return raw
		},
		badNode: func(_ *node, f batch.Frame, _ []byte) []byte {
			f.Node = 2
			for i := range f.Records {
				f.Records[i].Leaf.Stamp.Node = 2
			}
			return batch.Encode(f.Header, f.Records, stranger)
		},
	} {
		t.Run(reason, func(t *testing.T) {
			w := newWorld(t, db, 5, 1)
			n := w.nodes[0]
			w.populate(30)
			n.commit(w.rnd, 10)
			n.commit(w.rnd, 10)
			f, err := batch.Parse(n.frames[1])
			if err != nil {
				t.Fatal(err)
			}
			false2 := forge(n, f, slices.Clone(n.frames[1]))
			err = w.queue.Append(t.Context(), 1, [][]byte{n.frames[0], false2, nil}, n.mark(2))
			if err != nil {
				t.Fatal(err)
			}
			n.sent, n.appended = 2, 2
			w.work()
			w.work()
			if v := w.metric("puntuale_sequencer_bad_frames_total", reason); v == 0 {
				t.Fatal("the false frame was not counted")
			}
			r, ok, err := w.queue.WantedReplay(t.Context(), 1)
			if err != nil || !ok || r != (queue.Replay{Journal: n.journal, Batch: 2}) {
				t.Fatalf("asked for %+v, %v, %v; want batch 2", r, ok, err)
			}
			w.check(w.finish())
			if _, ok, err := w.queue.WantedReplay(t.Context(), 1); ok || err != nil {
				t.Fatalf("the request still stands: %v, %v", ok, err)
			}
		})
	}
}

// TestAForkedJournalIsReported meets another batch under a number that is taken,
// as from a node that was restored from a copy.
func TestAForkedJournalIsReported(t *testing.T) {
	w := newWorld(t, pgtest.New(t), 5, 1)
	n := w.nodes[0]
	w.populate(20)
	n.commit(w.rnd, 20)
	w.check(w.finish())
	fork := newNode(1)
	fork.frame([]arrival{{700, envelope(999, 1, 1, false)}})
	if err := w.queue.Append(t.Context(), 1, fork.frames, n.mark(1)); err != nil {
		t.Fatal(err)
	}
	w.work()
	if v := w.metric("puntuale_sequencer_bad_frames_total", badFork); v != 1 {
		t.Fatalf("forked frames counted: %g", v)
	}
	w.check(w.rows())
}

// TestAGapIsAskedForOnceAndAgainLessOften leaves the request unanswered.
func TestAGapIsAskedForOnceAndAgainLessOften(t *testing.T) {
	w := newWorld(t, pgtest.New(t), 5, 1)
	n := w.nodes[0]
	w.populate(30)
	for range 3 {
		n.commit(w.rnd, 10)
	}
	if err := w.queue.Append(t.Context(), 1, [][]byte{n.frames[0], n.frames[2]}, n.mark(3)); err != nil {
		t.Fatal(err)
	}
	n.sent, n.appended = 3, 3
	w.work() // 0.1 s
	if v := w.metric("puntuale_sequencer_replay_requests_total"); v != 1 {
		t.Fatalf("asked %g times at once, want 1", v)
	}
	for range 300 { // 30 s: asked again after 2, 6, 14 and, at the latest, 30
		w.work()
	}
	if v := w.metric("puntuale_sequencer_replay_requests_total"); v < 4 || v > 5 {
		t.Fatalf("asked %g times in 30 s, want 4 or 5", v)
	}
	w.check(w.finish())
}

// TestTheQueueIsTrimmedBehindTheRecordOnly keeps what is young or not recorded.
func TestTheQueueIsTrimmedBehindTheRecordOnly(t *testing.T) {
	w := newWorld(t, pgtest.New(t), 5, 1)
	n := w.nodes[0]
	w.populate(40)
	send := func(k int) {
		t.Helper()
		n.commit(w.rnd, k)
		if err := n.forward(t.Context(), w.queue, 1); err != nil {
			t.Fatal(err)
		}
	}
	send(10)
	w.work()
	w.clock.Advance(59 * time.Second) // retention is a minute
	send(10)
	w.work()
	if got := len(w.queue.Entries(1)); got != 2 {
		t.Fatalf("%d entries before the retention is over, want 2", got)
	}
	w.clock.Advance(2 * time.Second)
	w.work()
	if got := len(w.queue.Entries(1)); got != 1 {
		t.Fatalf("%d entries after the first one's retention, want 1", got)
	}
	w.clock.Advance(2 * time.Minute)
	send(20)
	w.work()
	if got := len(w.queue.Entries(1)); got != 1 {
		t.Fatalf("%d entries, want the young one", got)
	}
	w.crash()
	w.queue.Lose()
	w.check(w.finish())
}
