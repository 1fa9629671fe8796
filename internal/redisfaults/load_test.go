package redisfaults

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/journal"
	"puntuale/internal/postgres"
	"puntuale/internal/wire"
)

const senders = 16

// world is one node under load, without its listener.
type world struct {
	*arrivals
	t       *testing.T
	rnd     *rand.Rand
	db      *postgres.DB
	journal *journal.Journal
	running sync.WaitGroup
	stop    context.CancelFunc

	amu     sync.Mutex
	acked   map[clickday.SubmissionID]claim // guarded by amu
	refused int                             // guarded by amu; for want of a second copy
}

// newWorld returns a node whose acknowledgements wait so long for a second copy; 0
// is the mode without.
func newWorld(t *testing.T, wait time.Duration) *world {
	t.Helper()
	return &world{
		arrivals: &arrivals{open: map[int64]bool{}}, t: t, rnd: rand.New(rand.NewPCG(seed(t), 1)), db: newDatabase(t, 1),
		journal: openJournal(t, 1, wait), acked: map[clickday.SubmissionID]claim{},
	}
}

// load begins to send; rest is how long each sender waits between two.
func (w *world) load(rest time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	w.stop = func() { cancel(); w.running.Wait() }
	w.t.Cleanup(w.stop)
	for range senders {
		w.running.Go(func() {
			for ctx.Err() == nil {
				w.send(newEnvelope(w.t))
				pause(ctx, rest)
			}
		})
	}
}

// send sends one envelope until it is acknowledged, as the client does.
func (w *world) send(env []byte) {
	id := wire.IDOf(env)
	var first int64
	for deadline := wall.Now().Add(patience); ; {
		at := w.next()
		if first == 0 {
			first = at
		}
		stamp := clickday.Stamp{UnixNano: at, Source: clickday.StampKernel, Clock: clickday.ClockUnknown}
		out, err := w.journal.Append(context.Background(), id, stamp, env)
		w.finish(at)
		if err == nil {
			w.note(id, first, out.Acknowledgement)
			return
		}
		if !errors.Is(err, journal.ErrNoCopy) || wall.Now().After(deadline) {
			w.t.Errorf("%s is not acknowledged: %v", id, err)
			return
		}
		w.amu.Lock()
		w.refused++
		w.amu.Unlock()
		pause(w.t.Context(), 20*time.Millisecond)
	}
}

// note checks an acknowledgement, which must carry the time of the first sending.
func (w *world) note(id clickday.SubmissionID, first int64, b []byte) {
	ack, err := wire.ParseAcknowledgement(b)
	if err == nil {
		err = ack.Check(id, nodeKey(1).Public().(ed25519.PublicKey))
	}
	if err != nil || ack.Leaf.Stamp.UnixNano != first {
		w.t.Errorf("acknowledgement of %s: stamp %d, sent at %d: %v", id, ack.Leaf.Stamp.UnixNano, first, err)
		return
	}
	w.amu.Lock()
	defer w.amu.Unlock()
	w.acked[id] = claimOf(&ack.Leaf.Stamp)
}

func (w *world) acknowledged() map[clickday.SubmissionID]claim {
	w.amu.Lock()
	defer w.amu.Unlock()
	return maps.Clone(w.acked)
}

func (w *world) refusals() int {
	w.amu.Lock()
	defer w.amu.Unlock()
	return w.refused
}

// more waits for about n further answers, whatever they are.
func (w *world) more(n int) {
	w.t.Helper()
	answers := func() int {
		w.amu.Lock()
		defer w.amu.Unlock()
		return len(w.acked) + w.refused
	}
	until := answers() + n/2 + w.rnd.IntN(n)
	eventually(w.t, "further answers", func() bool { return answers() >= until })
}

// compare ends the load, lets everything come to rest and holds acknowledgements,
// journal and record against each other.
func (w *world) compare() {
	w.t.Helper()
	w.stop()
	inJournal := recordsOf(w.t, w.journal)
	settle(w.t, w.db, len(inJournal))
	ids, claims := numberedIn(w.t, w.db)
	acked := w.acknowledged()
	if len(ids) != len(inJournal) || len(acked) != len(inJournal) {
		w.t.Errorf("%d acknowledged, %d durable, %d numbered", len(acked), len(inJournal), len(ids))
	}
	for id, c := range acked {
		if claims[id] != c {
			w.t.Errorf("%s acknowledged as %+v, recorded as %+v", id, c, claims[id])
		}
		if inJournal[id] != c {
			w.t.Errorf("%s acknowledged as %+v, durable as %+v", id, c, inJournal[id])
		}
	}
	inOrder(w.t, ids, claims)
	w.t.Logf("%d acknowledged, %d told to come back", len(acked), w.refusals())
}

// recordsOf reads a journal in which no submission stands twice.
func recordsOf(t *testing.T, j *journal.Journal) map[clickday.SubmissionID]claim {
	t.Helper()
	out := map[clickday.SubmissionID]claim{}
	for _, l := range leavesOf(t, j) {
		if _, twice := out[l.ID]; twice {
			t.Errorf("%s stands twice in the journal", l.ID)
		}
		out[l.ID] = claimOf(&l.Stamp)
	}
	return out
}

func leavesOf(t *testing.T, j *journal.Journal) []wire.Leaf {
	t.Helper()
	frames, err := j.Frames(0, 1<<40)
	must(t, err)
	var out []wire.Leaf
	for _, b := range frames {
		f, err := batch.Parse(b)
		must(t, err)
		for i := range f.Records {
			out = append(out, f.Records[i].Leaf)
		}
	}
	return out
}

// settle waits until every durable record has been taken, exactly once, and every
// submission has its number.
func settle(t *testing.T, db *postgres.DB, records int) {
	t.Helper()
	var taken, open int
	eventually(t, "end of the work", func() bool {
		err := db.Pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM arrivals),
			(SELECT count(*) FROM submissions WHERE state = 'queued')`).Scan(&taken, &open)
		must(t, err)
		return taken >= records && open == 0
	})
	var late int
	must(t, db.Pool.QueryRow(t.Context(), "SELECT count(*) FROM arrivals WHERE late").Scan(&late))
	if taken != records || late != 0 {
		t.Errorf("%d records taken of %d, %d of them late", taken, records, late)
	}
}

// inOrder checks that the numbers follow the arrivals.
func inOrder(t *testing.T, ids []clickday.SubmissionID, claims map[clickday.SubmissionID]claim) {
	t.Helper()
	tie := func(id clickday.SubmissionID) []byte {
		sum := sha256.Sum256(append(bytes.Clone(tieSeed), id[:]...))
		return sum[:]
	}
	for i := 1; i < len(ids); i++ {
		a, b := clickday.Bucket(claims[ids[i-1]].arrived, 0), clickday.Bucket(claims[ids[i]].arrived, 0)
		if a > b || a == b && bytes.Compare(tie(ids[i-1]), tie(ids[i])) > 0 {
			t.Fatalf("numbers %d and %d are in the wrong order", i, i+1)
		}
	}
}
