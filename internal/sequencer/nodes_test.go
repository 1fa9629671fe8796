package sequencer

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/ledger"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/queue/queuetest"
	"puntuale/internal/wire"
)

// compactJudge reads envelopes of nine bytes: application and flag.
type compactJudge struct{}

func (compactJudge) Judge(_ context.Context, records []batch.Record) ([]clickday.Submission, error) {
	out := make([]clickday.Submission, len(records))
	for i, r := range records {
		a := binary.BigEndian.Uint64(r.Envelope)
		out[i] = clickday.Submission{
			ID: r.Leaf.ID, SealVersion: 1, Day: 1, Account: accounts, Model: "B", ModelVersion: 1, Envelope: r.Envelope, Stamp: r.Leaf.Stamp, State: clickday.Queued,
		}
		binary.BigEndian.PutUint64(out[i].Application[:], a)
		if r.Envelope[8] == 1 {
			out[i].State, out[i].Reason = clickday.Refused, clickday.CodeSignature
		}
	}
	return out, nil
}

// fleet is several nodes whose clocks disagree, some of which stand still now and
// then, over one click day of many submissions.
type fleet struct {
	rnd   *rand.Rand
	queue queuetest.Memory
	clock *clock.Fake
	seq   *Sequencer
	nodes []*node
	skew  []int64 // of each node's clock, ns
	until []int64 // true time until which the node stands still
	all   []arrival
}

// newFleet draws who arrives when and where: bursts with many equal units, every
// twentieth again on another node, every fiftieth not to be accepted.
func newFleet(seed uint64, nodes, submissions int) (*fleet, error) {
	f := &fleet{rnd: rand.New(rand.NewPCG(seed, 4)), clock: clock.NewFake(time.Unix(1_900_000_000, 0)), until: make([]int64, nodes)}
	for i := range nodes {
		f.nodes = append(f.nodes, newNode(clickday.NodeID(i+1)))
		f.skew = append(f.skew, f.rnd.Int64N(10_000_000)-5_000_000)
	}
	span := int64(submissions) * 60_000 // about 16,000 a second
	slab := make([]byte, 9*submissions)
	times := make([]int64, submissions)
	for i := range times {
		times[i] = int64(time.Second) + f.rnd.Int64N(span)
		if i%3 == 0 { // a third in crowds
			times[i] = int64(time.Second) + f.rnd.Int64N(20)*span/20 + f.rnd.Int64N(2_000_000)
		}
	}
	slices.Sort(times)
	for i, at := range times {
		e := slab[9*i : 9*i+9]
		binary.BigEndian.PutUint64(e, uint64(i))
		if i%50 == 7 {
			e[8] = 1
		}
		f.arrive(f.rnd.IntN(nodes), at, e)
		if i%20 == 3 {
			f.arrive(f.rnd.IntN(nodes), at+f.rnd.Int64N(3_000_000), e)
		}
	}
	for _, n := range f.nodes {
		slices.SortFunc(n.pending, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
	}
	var err error
	f.seq, err = New(Config{
		Lead:  func(context.Context) (Term, bool, error) { return nil, false, nil },
		Queue: &f.queue, Judge: compactJudge{}, Clock: f.clock, Log: slog.New(slog.DiscardHandler),
		Metrics: NewMetrics(prometheus.NewRegistry()), Retention: time.Hour,
	})
	return f, err
}

func (f *fleet) arrive(node int, trueTime int64, envelope []byte) {
	a := arrival{trueTime + f.skew[node], envelope}
	f.nodes[node].pending = append(f.nodes[node].pending, a)
	f.all = append(f.all, a)
}

// run lets the day pass in steps of a few milliseconds.
func (f *fleet) run(ctx context.Context, t Term) error {
	keys, err := t.Nodes(ctx)
	if err != nil {
		return err
	}
	var lanes []*lane
	for _, n := range f.nodes {
		lanes = append(lanes, newLane(f.seq, t, n.id, keys[n.id], nil))
	}
	for now, rest := int64(time.Second)-10_000_000, true; rest; now += 5_000_000 + f.rnd.Int64N(20_000_000) {
		rest = false
		f.clock.Advance(100 * time.Millisecond)
		for i, n := range f.nodes {
			if err := f.tick(ctx, i, now); err != nil {
				return err
			}
			if f.rnd.IntN(3) > 0 || len(n.pending) == 0 {
				if err := lanes[i].step(ctx); err != nil {
					return err
				}
			}
			rest = rest || len(n.pending) > 0 || n.sent < len(n.frames)
		}
		if f.rnd.IntN(3) == 0 {
			if err := f.seq.numberAll(ctx, t); err != nil {
				return err
			}
		}
	}
	for range 8 {
		f.clock.Advance(time.Second)
		for i := range f.nodes {
			if err := errors.Join(f.nodes[i].forward(ctx, &f.queue, 1000), lanes[i].step(ctx)); err != nil {
				return err
			}
		}
	}
	return f.seq.numberAll(ctx, t)
}

// tick lets a node do its work at a moment, unless it stands still.
func (f *fleet) tick(ctx context.Context, i int, now int64) error {
	n := f.nodes[i]
	if now < f.until[i] {
		return nil
	}
	if f.rnd.IntN(40) == 0 {
		f.until[i] = now + f.rnd.Int64N(400_000_000)
	}
	due, _ := slices.BinarySearchFunc(n.pending, now+f.skew[i], func(a arrival, at int64) int { return cmp.Compare(a.at, at) })
	if k := due - f.rnd.IntN(due/4+1); k > 0 { // some wait for the next commit, whichever
		batch := slices.Clone(n.pending[:due])
		f.rnd.Shuffle(due, func(a, b int) { batch[a], batch[b] = batch[b], batch[a] })
		n.frame(batch[:k])
		rest := batch[k:]
		slices.SortFunc(rest, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
		copy(n.pending[k:], rest)
		n.pending = n.pending[k:]
	}
	return n.forward(ctx, &f.queue, 1+f.rnd.IntN(3))
}

// want sorts everything that arrived by brute force and says what must stand in
// the ledger, in order.
func (f *fleet) want() []clickday.SubmissionID {
	type ranked struct {
		bucket int64
		tie    [32]byte
		id     clickday.SubmissionID
	}
	first := make(map[[9]byte]int64, len(f.all))
	for _, a := range f.all {
		e := [9]byte(a.envelope)
		if old, ok := first[e]; !ok || a.at < old {
			first[e] = a.at
		}
	}
	line := make([]ranked, 0, len(first))
	for e, at := range first {
		id := wire.IDOf(e[:])
		line = append(line, ranked{at - at%int64(grain), [32]byte(tie(1, id)), id})
	}
	slices.SortFunc(line, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.bucket, b.bucket), bytes.Compare(a.tie[:], b.tie[:]))
	})
	out := make([]clickday.SubmissionID, len(line))
	for i := range line {
		out[i] = line[i].id
	}
	return out
}

// compare reports where the ledger leaves the order of the sort, or a number is
// not the next.
func (f *fleet) compare(leaves []ledger.Leaf) error {
	want := f.want()
	if len(leaves) != len(want) {
		return fmt.Errorf("%d leaves, want %d", len(leaves), len(want))
	}
	var number int64
	for i, l := range leaves {
		if l.Outcome == ledger.Numbered {
			number++
		}
		if l.Submission != want[i] || l.Late || l.Outcome == ledger.Numbered && l.Number != number || l.Outcome == ledger.Repeated {
			return fmt.Errorf("leaf %d: %+v, want %s", i, l, want[i])
		}
	}
	return nil
}

func setting(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// TestManyNodes compares the order of a fleet with a sort, over many seeds, and
// over fewer on a real database. The long form is that of the figures.
func TestManyNodes(t *testing.T) {
	seeds, real, submissions := 6, 1, 4000
	if long() {
		seeds, real, submissions = setting("PUNTUALE_SEEDS", 1000), setting("PUNTUALE_REAL_SEEDS", 5), 100_000
	}
	first := setting("PUNTUALE_FIRST_SEED", 1)
	var wrong, next atomic.Int64
	next.Store(int64(first - 1))
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for seed := next.Add(1); seed < int64(first+seeds); seed = next.Add(1) {
				if err := runInMemory(t.Context(), uint64(seed), submissions); err != nil {
					wrong.Add(1)
					t.Errorf("seed %d in memory: %v", seed, err)
				}
			}
		})
	}
	workers.Wait()
	figureOfSeeds("real lanes, record in memory", seeds, int(wrong.Load()))
	wrong.Store(0)
	db := pgtest.New(t)
	for seed := range real {
		w := newWorld(t, db, 1, 4)
		if err := runOnPostgres(w, db, uint64(seed), submissions); err != nil {
			wrong.Add(1)
			t.Errorf("seed %d on PostgreSQL: %v", seed, err)
		}
	}
	figureOfSeeds("real lanes, record in PostgreSQL", real, int(wrong.Load()))
}

func figureOfSeeds(how string, seeds, wrong int) {
	if long() {
		fmt.Printf("FIGURE\tregister: 4 nodes, 100,000 submissions, %s: seeds\t%d\t\t-\tok\n", how, seeds)
		fmt.Printf("FIGURE\tregister: 4 nodes, 100,000 submissions, %s: seeds in another order than a sort\t%d\t\t<=0\t%s\n", how, wrong, verdict(wrong))
	}
}

func runInMemory(ctx context.Context, seed uint64, submissions int) error {
	f, err := newFleet(seed, 4, submissions)
	if err != nil {
		return err
	}
	m := newMemoryTerm(f.nodes)
	if err := f.run(ctx, m); err != nil {
		return err
	}
	return f.compare(m.days[1].leaves)
}

func runOnPostgres(w *world, db *postgres.DB, seed uint64, submissions int) error {
	f, err := newFleet(seed, 4, submissions)
	if err != nil {
		return err
	}
	ctx := w.t.Context()
	t, err := eventually(ctx, db)
	if err != nil {
		return err
	}
	if err := errors.Join(f.run(ctx, t), t.Close()); err != nil {
		return err
	}
	return f.compare(w.leaves(1))
}
