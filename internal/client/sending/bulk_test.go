package sending

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/store"
)

// evenWorld has the same delay each way and a clock that is right.
func evenWorld(t *testing.T, way time.Duration) *world {
	w := newWorld(t, rand.New(rand.NewPCG(31, 32)), opening)
	w.offset, w.fixedWay = 0, way
	return w
}

// TestTheLastOfThreeHundredDoesNotWaitForTheFirst: 20 ms there and back, 150 ms
// from the first to the last arrival.
func TestTheLastOfThreeHundredDoesNotWaitForTheFirst(t *testing.T) {
	m := armedMemory(t, 300)
	synctest.Test(t, func(t *testing.T) {
		w := evenWorld(t, 10*time.Millisecond)
		mustRun(t, w.config(m, 1))
		wantAll(t, m, store.Acknowledged)
		if len(w.arrivals) != 300 {
			t.Fatalf("%d arrivals", len(w.arrivals))
		}
		if took := time.Duration(w.arrivals[299].at - w.arrivals[0].at); took > 150*time.Millisecond {
			t.Fatalf("%s from the first arrival to the last", took)
		}
	})
}

// TestTheSameTreatment: whoever sends one application and whoever sends three
// hundred have their first ones there at the same moment.
func TestTheSameTreatment(t *testing.T) {
	first := map[int]int64{}
	for _, n := range []int{1, 300} {
		m := armedMemory(t, n)
		synctest.Test(t, func(t *testing.T) {
			w := evenWorld(t, 10*time.Millisecond)
			mustRun(t, w.config(m, 1))
			first[n] = w.arrivals[0].at
			together := 0
			for _, a := range w.arrivals {
				if a.at-first[n] < int64(time.Millisecond) {
					together++
				}
			}
			if together != min(n, MaxConnections) {
				t.Fatalf("%d of %d arrived at once", together, n)
			}
		})
	}
	if apart := time.Duration(first[1] - first[300]).Abs(); apart > time.Millisecond {
		t.Fatalf("%s apart", apart)
	}
}

// TestConnectionsAreWarmedOneByOneAndKeptAlive: each at a moment of its own
// between 10 and 1 minutes before, and none idle for longer than a node allows.
func TestConnectionsAreWarmedOneByOneAndKeptAlive(t *testing.T) {
	m := armedMemory(t, 64)
	synctest.Test(t, func(t *testing.T) {
		w := evenWorld(t, 10*time.Millisecond)
		mustRun(t, w.config(m, 2))
		wantAll(t, m, store.Acknowledged)
		minutes := map[int64]int{}
		for i, at := range w.dialled {
			before := time.Duration(opening - at)
			if i > 0 && before < time.Minute-time.Second {
				t.Fatalf("connection %d was made %s before the opening", i, before)
			}
			if before < 11*time.Minute {
				minutes[int64(before/time.Minute)]++
			}
		}
		if len(w.dialled) < 64+standbyLinks || len(minutes) < 8 {
			t.Fatalf("%d connections, by minutes before the opening: %v", len(w.dialled), minutes)
		}
		if w.idle > 3*time.Minute-10*time.Second {
			t.Fatalf("a connection was idle for %s", w.idle)
		}
	})
}

// TestASilentNodeIsNotWaitedFor: the home node takes the request and never
// answers. The same envelope goes to the other node beside it, within two seconds.
func TestASilentNodeIsNotWaitedFor(t *testing.T) {
	m := armedMemory(t, 12)
	synctest.Test(t, func(t *testing.T) {
		w := evenWorld(t, 10*time.Millisecond)
		dead := -1
		w.fault = func(_ *world, n int, _ clickday.SubmissionID) fault {
			if dead < 0 {
				dead = n
			}
			if n == dead {
				return silent
			}
			return fine
		}
		mustRun(t, w.config(m, 2))
		wantAll(t, m, store.Acknowledged)
		saved := 0
		for _, a := range w.arrivals {
			if late := time.Duration(a.at - opening); a.node != dead && late < hedgeAfter+hedgeSpread+200*time.Millisecond {
				saved++
			}
		}
		if saved != 12 || w.open != 0 {
			t.Fatalf("%d of 12 at the other node in time, %d connections left open", saved, w.open)
		}
	})
}

// TestADeadSecondNodeCostsNothing: it takes no connection at all, and nobody is
// late for it.
func TestADeadSecondNodeCostsNothing(t *testing.T) {
	m := armedMemory(t, 3)
	synctest.Test(t, func(t *testing.T) {
		w := evenWorld(t, 10*time.Millisecond)
		c := w.config(m, 2)
		c.Nodes[1].Dial = func(ctx context.Context, _ []byte) (Link, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		c.first = func(int) int { return 0 }
		mustRun(t, c)
		wantAll(t, m, store.Acknowledged)
		for _, a := range w.arrivals {
			if late := time.Duration(a.at - opening); late < 0 || late > 100*time.Millisecond {
				t.Fatalf("%s after the opening", late)
			}
		}
	})
}
