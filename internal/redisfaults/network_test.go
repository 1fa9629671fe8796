package redisfaults

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/queue"
)

// counted counts the frames handed to a queue.
type counted struct {
	queue.Appender
	frames atomic.Int64
}

func (c *counted) Append(ctx context.Context, node clickday.NodeID, frames [][]byte, mark queue.Mark) error {
	c.frames.Add(int64(len(frames)))
	return c.Appender.Append(ctx, node, frames, mark)
}

var networkFaults = map[string]toxic{
	"one reply in ten lost":    {loseReplies: 0.1},
	"one request in ten reset": {reset: 0.1},
	"latency":                  {latency: 60 * time.Millisecond},
	"single bytes":             {single: true},
	"all of it":                {loseReplies: 0.04, reset: 0.04, latency: 10 * time.Millisecond, single: true},
}

// TestABadNetworkLosesAndDoublesNothing puts both forwarder and sequencer behind a
// bad line. What the forwarder does not know to be there it sends again, once per
// turn and never by itself; Postgres has everything once.
func TestABadNetworkLosesAndDoublesNothing(t *testing.T) {
	for name, toxic := range networkFaults {
		for mode, wait := range modes {
			t.Run(name+", "+mode, func(t *testing.T) {
				t.Parallel()
				r := startRedis(t)
				w := newWorld(t, wait)
				p := newProxy(t, w.rnd.Uint64(), socketOf(r))
				q := &counted{Appender: openQueue(t, p.url())}
				runForwarder(t, w.journal, q, w.safe)
				runSequencer(t, w.db, openQueue(t, p.url()))
				p.poison(toxic)
				w.load(25 * time.Millisecond)
				w.more(400)
				if toxic.loseReplies+toxic.reset > 0 {
					eventually(t, "three faults", func() bool { return p.hits.Load() >= 3 })
				}
				w.stop()
				p.poison(toxic0)
				w.compare()
				text, err := r.Do(t.Context(), "XLEN puntuale:{node-1}:batches")
				must(t, err)
				entries, err := strconv.ParseInt(text, 10, 64)
				must(t, err)
				if handed := q.frames.Load(); entries > handed {
					t.Errorf("%d entries of %d frames handed over: something repeats by itself", entries, handed)
				}
				t.Logf("%d faults, %d entries, %d batches", p.hits.Load(), entries, w.journal.LastBatch())
			})
		}
	}
}

// toxic0 carries everything.
var toxic0 toxic

// TestALostReplyIsNotRepeatedByTheLibrary loses every fifth reply to an append: the
// caller hears of it, and what the call has added, it has added once.
func TestALostReplyIsNotRepeatedByTheLibrary(t *testing.T) {
	const calls = 300
	for name, replicas := range map[string]int{"plain": 0, "with replicas": 1} {
		t.Run(name, func(t *testing.T) {
			r := startRedis(t)
			if replicas > 0 {
				startReplica(t, r)
			}
			p := newProxy(t, seed(t), socketOf(r))
			q := openQueue(t, p.url()).WithReplicas(replicas)
			p.poison(toxic{loseReplies: 0.2})
			failed := 0
			for i := range calls {
				if err := q.Append(t.Context(), 1, [][]byte{{byte(i)}}, queue.Mark{LastBatch: uint64(i)}); err != nil {
					failed++
				}
			}
			text, err := r.Do(t.Context(), "XLEN puntuale:{node-1}:batches")
			must(t, err)
			entries, err := strconv.Atoi(text)
			must(t, err)
			t.Logf("%d calls, %d heard nothing, %d entries", calls, failed, entries)
			if failed < calls/10 || entries > calls || entries < calls-failed {
				t.Errorf("%d entries of %d calls, of which %d heard nothing", entries, calls, failed)
			}
		})
	}
}
