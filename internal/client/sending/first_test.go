package sending

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"puntuale/internal/clickday"
	"puntuale/internal/client/store"
)

// TestConnectionsAreOpenedForWhatTheySend: every connection is opened with the
// envelope of an application of its own, before the opening and after it was lost.
func TestConnectionsAreOpenedForWhatTheySend(t *testing.T) {
	m := armedMemory(t, 20)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rand.New(rand.NewPCG(25, 26)), opening)
		cut := map[clickday.SubmissionID]bool{}
		w.fault = func(_ *world, _ int, id clickday.SubmissionID) fault {
			if cut[id] {
				return fine
			}
			cut[id] = true
			return cutBefore
		}
		mustRun(t, w.config(m, 1))
		wantAll(t, m, store.Acknowledged)
		armed := map[clickday.SubmissionID]bool{}
		for _, r := range m.Day(1) {
			armed[r.ID()] = true
		}
		warmed := map[clickday.SubmissionID]bool{}
		for i, id := range w.shown {
			if !armed[id] {
				t.Fatalf("connection %d was opened for an envelope that nobody sends", i)
			}
			if i < len(armed) {
				warmed[id] = true
			}
		}
		if len(warmed) != len(armed) || len(w.shown) <= len(armed) {
			t.Fatalf("the first %d connections were for %d applications, %d in all", MaxConnections, len(warmed), len(w.shown))
		}
	})
}
