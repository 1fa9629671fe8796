package redisfaults

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/devstack"
	"puntuale/internal/queue/redisqueue"
)

// stall is how long the replica stands still before the master is gone.
const stall = 300 * time.Millisecond

func socketOf(r *devstack.Redis) string { return strings.TrimPrefix(r.URL, "unix://") }

func startReplica(t *testing.T, master *devstack.Redis) *devstack.Redis {
	t.Helper()
	r, err := devstack.StartReplica(t.Context(), devstack.Options{}, master)
	must(t, err)
	t.Cleanup(func() { must(t, r.Stop()) })
	return r
}

// heldBy reads what lies in the stream of a server.
func heldBy(t *testing.T, r *devstack.Redis) map[clickday.SubmissionID]claim {
	t.Helper()
	q, err := redisqueue.Open(r.URL)
	must(t, err)
	defer q.Close()
	out := map[clickday.SubmissionID]claim{}
	for after := ""; ; {
		entries, err := q.Read(t.Context(), 1, after, 500)
		must(t, err)
		if len(entries) == 0 {
			return out
		}
		for _, e := range entries {
			f, err := batch.Parse(e.Frame)
			must(t, err)
			for i := range f.Records {
				l := &f.Records[i].Leaf
				out[l.ID] = claimOf(&l.Stamp)
			}
			after = e.ID
		}
	}
}

// TestFailOverToAStalledReplica promotes a replica that had stood still for 300 ms
// when the master died. What Redis has lost by that, the journal brings back; and
// who waits for the replica has every acknowledged batch on the new master at once.
func TestFailOverToAStalledReplica(t *testing.T) {
	for mode, wait := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			master := startRedis(t)
			replica := startReplica(t, master)
			w := newWorld(t, wait)
			p := newProxy(t, 1, socketOf(master))
			q := openQueue(t, p.url())
			if wait != 0 {
				q.WithReplicas(1)
			}
			runForwarder(t, w.journal, q, w.safe)
			runSequencer(t, w.db, openQueue(t, p.url()))
			w.load(3 * time.Millisecond)
			w.more(1000)

			must(t, syscall.Kill(replica.PID(), syscall.SIGSTOP))
			pause(t.Context(), stall)
			must(t, master.Kill())
			acked := w.acknowledged()
			must(t, syscall.Kill(replica.PID(), syscall.SIGCONT))
			must(t, replica.Promote(t.Context()))
			missing := absent(acked, heldBy(t, replica))
			t.Logf("%d acknowledged, %d of them not on the new master", len(acked), missing)
			if wait != 0 && missing != 0 {
				t.Errorf("%d submissions were acknowledged without a second copy", missing)
			}

			p.redirect(socketOf(replica))
			if wait != 0 {
				before := w.refusals()
				eventually(t, "refusals without a replica", func() bool { return w.refusals() > before+senders })
				startReplica(t, replica)
			}
			w.more(300)
			w.compare()
		})
	}
}

func absent(acked, held map[clickday.SubmissionID]claim) int {
	n := 0
	for id, c := range acked {
		if held[id] != c {
			n++
		}
	}
	return n
}

// TestAReplicaThatGoesAndComesBack takes the replica away for a while: nobody is
// acknowledged meanwhile, the worker is fed all the same, and afterwards everybody
// gets the time of the first sending.
func TestAReplicaThatGoesAndComesBack(t *testing.T) {
	t.Parallel()
	master := startRedis(t)
	replica := startReplica(t, master)
	w := newWorld(t, copyWait)
	runForwarder(t, w.journal, openQueue(t, master.URL).WithReplicas(1), w.safe)
	runSequencer(t, w.db, openQueue(t, master.URL))
	w.load(3 * time.Millisecond)
	w.more(500)
	must(t, syscall.Kill(replica.PID(), syscall.SIGSTOP))
	eventually(t, "standstill", func() bool { return w.refusals() > 2*senders })
	before := len(w.acknowledged())
	pause(t.Context(), 2500*time.Millisecond) // more than two calls of WAIT, which end unconfirmed
	if now := len(w.acknowledged()); now != before {
		t.Errorf("%d acknowledgements without a second copy", now-before)
	}
	eventually(t, "records without a copy at the worker", func() bool {
		var taken int
		must(t, w.db.Pool.QueryRow(t.Context(), "SELECT count(*) FROM arrivals").Scan(&taken))
		return taken > before
	})
	must(t, syscall.Kill(replica.PID(), syscall.SIGCONT))
	eventually(t, "acknowledgements", func() bool { return len(w.acknowledged()) > before+2*senders })
	w.compare()
}
