package sending

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/store"
)

// memory is Records without a disk, for runs by the hundred.
type memory struct {
	mu sync.Mutex
	r  map[string]store.Record
}

func (m *memory) Day(clickday.DayID) []store.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []store.Record
	for _, r := range m.r {
		out = append(out, r)
	}
	return out
}

func (m *memory) Put(rs ...store.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range rs {
		m.r[r.Application] = r
	}
	return nil
}

func armedMemory(t *testing.T, n int) *memory {
	m := &memory{r: map[string]store.Record{}}
	for _, r := range armedStore(t, n).All() {
		m.r[r.Application] = r
	}
	return m
}

func states(rs []store.Record) map[store.State]int {
	out := map[store.State]int{}
	for _, r := range rs {
		out[r.State]++
	}
	return out
}

func mustRun(t *testing.T, c Config) {
	t.Helper()
	if err := Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
}

func wantAll(t *testing.T, r Records, s store.State) {
	t.Helper()
	for _, rec := range r.Day(1) {
		if rec.State != s {
			t.Fatalf("application %s is %s, want %s", rec.Application, rec.State, s)
		}
	}
}

// TestNeverEarly fires 300 times over networks with random asymmetric delays
// and clocks up to 5 s off. No submission may reach a node before the opening
// by the node's clock, and the first may not be later than the error bound plus
// the way.
func TestNeverEarly(t *testing.T) {
	for seed := range uint64(300) {
		m := armedMemory(t, 2)
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1))
			w := newWorld(t, rng, opening+rng.Int64N(int64(20*time.Minute)))
			mustRun(t, w.config(m, 1))
			opens := w.calendar.Days[0].Opens
			for _, a := range w.arrivals {
				if a.at < opens {
					t.Fatalf("seed %d: arrived %d ns before the opening", seed, opens-a.at)
				}
				if late := time.Duration(a.at - opens); late > 3*w.maxWay+time.Millisecond {
					t.Fatalf("seed %d: arrived %s after the opening, way %s", seed, late, w.maxWay)
				}
			}
			if len(w.arrivals) != 2 || w.open != 0 {
				t.Fatalf("seed %d: %d arrivals, %d connections left open", seed, len(w.arrivals), w.open)
			}
			wantAll(t, m, store.Acknowledged)
		})
	}
}

// TestFaults: whatever goes wrong on the way, each application ends with one
// acknowledgement on disk, and the intake has stored each once.
func TestFaults(t *testing.T) {
	first := func(f fault) func(*world, int, clickday.SubmissionID) fault {
		seen := map[clickday.SubmissionID]int{}
		return func(_ *world, _ int, id clickday.SubmissionID) fault {
			if seen[id]++; seen[id] <= 2 {
				return f
			}
			return fine
		}
	}
	for name, f := range map[string]fault{
		"connection cut before applied": cutBefore, "answer lost after applied": lostAfter,
		"503 overloaded": overloaded, "forged signature": forged,
	} {
		for _, nodes := range []int{1, 2} {
			s := armedStore(t, 20)
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, rand.New(rand.NewPCG(3, 4)), opening)
				w.fault = first(f)
				mustRun(t, w.config(s, nodes))
				wantAll(t, s, store.Acknowledged)
				for _, r := range s.All() {
					at, ok := w.stored[r.ID()]
					if !ok || nodes == 1 && at.at != r.Arrived {
						t.Fatalf("%s: acknowledgement of %d, stored at %d (%v)", name, r.Arrived, at.at, ok)
					}
				}
				if len(w.stored) != 20 || len(w.arrivals) < 20 {
					t.Fatalf("%s: stored %d of 20", name, len(w.stored))
				}
			})
		}
	}
}

func TestForgedAcknowledgementNeverCounts(t *testing.T) {
	m := armedMemory(t, 3)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rand.New(rand.NewPCG(5, 6)), opening)
		w.fault = func(*world, int, clickday.SubmissionID) fault { return forged }
		mustRun(t, w.config(m, 1))
		// The day closes without any genuine answer: the node does not know them.
		wantAll(t, m, store.Refused)
	})
}

// TestAnsweredWith5xxThoughStored: the node stored the envelope, said 503, and
// the day closed. The client has to find the acknowledgement, not "too late".
func TestAnsweredWith5xxThoughStored(t *testing.T) {
	m := armedMemory(t, 2)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rand.New(rand.NewPCG(23, 24)), opening)
		w.fault = func(w *world, n int, id clickday.SubmissionID) fault {
			if _, ok := w.stored[id]; !ok && w.now() >= opening {
				w.stored[id] = arrival{id, n, w.now()}
			}
			return overloaded
		}
		mustRun(t, w.config(m, 1))
		wantAll(t, m, store.Acknowledged)
	})
}

func TestSecondNodeTakesOver(t *testing.T) {
	m := armedMemory(t, 4)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rand.New(rand.NewPCG(7, 8)), opening)
		dead := -1
		w.fault = func(_ *world, n int, _ clickday.SubmissionID) fault {
			if dead < 0 {
				dead = n
			}
			if n == dead {
				return cutBefore
			}
			return fine
		}
		mustRun(t, w.config(m, 2))
		wantAll(t, m, store.Acknowledged)
		for _, a := range w.arrivals {
			if late := time.Duration(a.at - opening); a.node == dead || late > time.Second {
				t.Fatalf("node %d, %s after the opening", a.node, late)
			}
		}
	})
}

func TestMovedOpeningIsObeyed(t *testing.T) {
	for name, at := range map[string]time.Duration{
		"an hour before": -50 * time.Minute, "ten seconds before": -20 * time.Second, "in the last instant": -10 * time.Millisecond,
	} {
		for _, by := range []time.Duration{30 * time.Minute, 1500 * time.Millisecond} {
			m := armedMemory(t, 3)
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, rand.New(rand.NewPCG(9, 10)), opening)
				time.AfterFunc(time.Duration(opening-w.now())+at, func() {
					w.move(func(d *clickday.Day) { d.Opens += int64(by); d.Closes += int64(by) })
				})
				mustRun(t, w.config(m, 1))
				wantAll(t, m, store.Acknowledged)
				for _, a := range w.stored {
					late := time.Duration(a.at - opening - int64(by))
					if late < 0 || late > time.Second {
						t.Fatalf("%s, by %s: stored %s after the new opening", name, by, late)
					}
				}
				early := len(w.arrivals) - len(w.stored)
				if name != "in the last instant" && early > 0 {
					t.Fatalf("%s: %d sent before the new opening", name, early)
				}
			})
		}
	}
}

func TestOpeningMovedForward(t *testing.T) {
	m := armedMemory(t, 2)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rand.New(rand.NewPCG(11, 12)), opening)
		time.AfterFunc(5*time.Minute, func() {
			w.move(func(d *clickday.Day) { d.Opens -= int64(30 * time.Minute) })
		})
		mustRun(t, w.config(m, 1))
		for _, a := range w.arrivals {
			if late := time.Duration(a.at-opening) + 30*time.Minute; late < 0 || late > time.Second {
				t.Fatalf("%s after the earlier opening", late)
			}
		}
	})
}

func TestSuspendedDay(t *testing.T) {
	for name, at := range map[string]time.Duration{"before": -time.Minute, "at the last instant": -10 * time.Millisecond} {
		m := armedMemory(t, 3)
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, rand.New(rand.NewPCG(13, 14)), opening)
			till := time.Duration(opening - w.now())
			time.AfterFunc(till+at, func() { w.move(func(d *clickday.Day) { d.State = clickday.DaySuspended }) })
			time.AfterFunc(till+20*time.Minute, func() {
				if got := states(m.Day(1)); got[store.Armed] != 3 {
					t.Errorf("%s: while suspended: %v", name, got)
				}
				w.move(func(d *clickday.Day) { d.State = clickday.DayScheduled })
			})
			mustRun(t, w.config(m, 1))
			wantAll(t, m, store.Acknowledged)
			if w.stored[m.Day(1)[0].ID()].at < opening+int64(20*time.Minute) {
				t.Fatalf("%s: stored while suspended", name)
			}
		})
	}
}

func TestAfterTheCloseNothingIsSentAndEverythingIsKnown(t *testing.T) {
	m := armedMemory(t, 3)
	rs := m.Day(1)
	rs[0].State, rs[1].State = store.Sending, store.Sending // a run died while sending
	m.Put(rs...)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rand.New(rand.NewPCG(15, 16)), opening)
		w.stored[rs[0].ID()] = arrival{rs[0].ID(), 0, opening + 5}
		time.Sleep(3 * time.Hour)
		mustRun(t, w.config(m, 1))
		got := m.r[rs[0].Application]
		if got.State != store.Acknowledged || got.Arrived != opening+5 {
			t.Fatalf("the one that had arrived is %s", got.State)
		}
		for _, r := range rs[1:] {
			if got := m.r[r.Application]; got.State != store.Refused || got.Code != clickday.CodeTooLate {
				t.Fatalf("one that had not is %s %s", got.State, got.Code)
			}
		}
		if len(w.arrivals) != 0 {
			t.Fatal("sent after the close")
		}
	})
}

func TestStoppedWhileWaitingNothingIsMarkedAsSent(t *testing.T) {
	for _, before := range []time.Duration{30 * time.Minute, 500 * time.Millisecond} {
		m := armedMemory(t, 2)
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, rand.New(rand.NewPCG(17, 18)), opening)
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(time.Duration(opening-w.now())-before, cancel)
			if err := Run(ctx, w.config(m, 1)); !errors.Is(err, context.Canceled) {
				t.Fatalf("err %v", err)
			}
			wantAll(t, m, store.Armed)
			if len(w.arrivals) != 0 || w.open != 0 {
				t.Fatalf("%d sent, %d connections open", len(w.arrivals), w.open)
			}
		})
	}
}

func TestKilledWhileSendingGoesOn(t *testing.T) {
	s := armedStore(t, 5)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, rand.New(rand.NewPCG(19, 20)), opening)
		w.fault = func(*world, int, clickday.SubmissionID) fault { return silent }
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Duration(opening-w.now())+time.Second, cancel)
		if err := Run(ctx, w.config(s, 1)); !errors.Is(err, context.Canceled) {
			t.Fatalf("err %v", err)
		}
		wantAll(t, s, store.Sending)
		w.mu.Lock()
		w.fault = nil
		w.mu.Unlock()
		mustRun(t, w.config(s, 1))
		wantAll(t, s, store.Acknowledged)
		for _, r := range s.All() { // the first arrival counts, though its answer was lost
			if r.Arrived != w.stored[r.ID()].at || r.Arrived > opening+int64(time.Second) {
				t.Fatalf("stamp %d", r.Arrived)
			}
		}
	})
}

var errDisk = errors.New("disk full")

type brokenDisk struct {
	*memory
	after atomic.Int64
}

func (b *brokenDisk) Put(rs ...store.Record) error {
	if b.after.Add(-1) < 0 {
		return errDisk
	}
	return b.memory.Put(rs...)
}

func TestABrokenDiskEndsTheRun(t *testing.T) {
	for after := range 3 {
		m := armedMemory(t, 4)
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, rand.New(rand.NewPCG(21, 22)), opening)
			broken := &brokenDisk{memory: m}
			broken.after.Store(int64(after))
			err := Run(context.Background(), w.config(broken, 1))
			if !errors.Is(err, errDisk) && after < 2 {
				t.Fatalf("after %d writes: %v", after, err)
			}
			if after == 0 && len(w.arrivals) != 0 {
				t.Fatal("sent though the mark is not on disk")
			}
		})
	}
}
