package sequencer

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/postgres"
	"puntuale/internal/queue"
	"puntuale/internal/queue/queuetest"
	"puntuale/internal/wire"
)

// far is a watermark after every stamp of the tests.
const far = int64(1) << 60

// arrival is one record that a node is going to make durable.
type arrival struct {
	at       int64
	envelope []byte
}

// envelope stands for application a, sealed as version v, for a day.
func envelope(a, v, day int, refused bool) []byte {
	return fmt.Appendf(nil, "%d %d %d %t", a, v, day, refused)
}

// plainJudge reads such envelopes.
type plainJudge struct{}

func (plainJudge) Judge(_ context.Context, records []batch.Record) ([]clickday.Submission, error) {
	out := make([]clickday.Submission, len(records))
	for i, r := range records {
		var a, v, day int
		var refused bool
		if _, err := fmt.Sscanf(string(r.Envelope), "%d %d %d %t", &a, &v, &day, &refused); err != nil {
			return nil, err
		}
		s := clickday.Submission{
			ID: r.Leaf.ID, Application: clickday.ApplicationID{byte(a >> 16), byte(a >> 8), byte(a)}, SealVersion: uint32(v),
			Day: clickday.DayID(day), Account: clickday.AccountID(accountOf(a)), Model: "B", ModelVersion: 1, Envelope: r.Envelope, Stamp: r.Leaf.Stamp,
			State: clickday.Queued,
		}
		if refused {
			s.State, s.Reason = clickday.Refused, clickday.CodeSignature
		}
		out[i] = s
	}
	return out, nil
}

// forgiving accepts everything.
type forgiving struct{ plainJudge }

func (f forgiving) Judge(ctx context.Context, records []batch.Record) ([]clickday.Submission, error) {
	out, err := f.plainJudge.Judge(ctx, records)
	for i := range out {
		out[i].State, out[i].Reason = clickday.Queued, ""
	}
	return out, err
}

// node is an intake node as the queue sees it: a journal and a forwarder.
type node struct {
	id       clickday.NodeID
	key      ed25519.PrivateKey
	journal  uint64
	pending  []arrival
	frames   [][]byte
	stamps   []int64 // earliest of each frame
	sent     int     // the forwarder's position
	appended int     // frames that have been appended at some time
	chain    [32]byte
	sequence uint64
}

func newNode(id clickday.NodeID) *node {
	seed := bytes.Repeat([]byte{byte(id)}, ed25519.SeedSize)
	return &node{id: id, key: ed25519.NewKeyFromSeed(seed), journal: 1<<63 + uint64(id)}
}

func (n *node) public() ed25519.PublicKey { return n.key.Public().(ed25519.PublicKey) }

// commit makes k of the pending arrivals durable, whichever.
func (n *node) commit(rnd *rand.Rand, k int) {
	k = min(k, len(n.pending))
	if k == 0 {
		return
	}
	rnd.Shuffle(len(n.pending), func(i, j int) { n.pending[i], n.pending[j] = n.pending[j], n.pending[i] })
	n.frame(n.pending[:k])
	n.pending = slices.Clone(n.pending[k:])
}

func (n *node) frame(list []arrival) {
	h := batch.Header{Node: n.id, Journal: n.journal, Batch: uint64(len(n.frames) + 1), First: n.sequence + 1, Prev: n.chain}
	records := make([]batch.Record, len(list))
	earliest := far
	for i, a := range list {
		n.sequence++
		earliest = min(earliest, a.at)
		records[i] = batch.Record{Envelope: a.envelope, Leaf: wire.Leaf{ID: wire.IDOf(a.envelope), Stamp: clickday.Stamp{
			UnixNano: a.at, Source: clickday.StampKernel, Clock: clickday.ClockOK, Bound: time.Millisecond,
			Node: n.id, Journal: n.journal, Sequence: n.sequence,
		}}}
	}
	b := batch.Encode(h, records, n.key)
	f, err := batch.Parse(b)
	if err != nil {
		panic(err)
	}
	s := f.Statement()
	n.chain = s.Chain()
	n.frames, n.stamps = append(n.frames, b), append(n.stamps, earliest)
}

// mark is what the node may promise once its first sent frames are appended.
func (n *node) mark(sent int) queue.Mark {
	w := far
	for _, a := range n.pending {
		w = min(w, a.at)
	}
	for _, at := range n.stamps[sent:] {
		w = min(w, at)
	}
	return queue.Mark{Watermark: w, Journal: n.journal, LastBatch: uint64(sent)}
}

// forward appends up to k frames, after what it was asked to repeat.
func (n *node) forward(ctx context.Context, q queue.Appender, k int) error {
	r, ok, err := q.WantedReplay(ctx, n.id)
	if err != nil {
		return err
	}
	if ok && r.Journal == n.journal && int(r.Batch) <= n.sent {
		n.sent = int(r.Batch) - 1
	}
	end := min(len(n.frames), n.sent+k)
	if err := q.Append(ctx, n.id, n.frames[n.sent:end], n.mark(max(end, n.appended))); err != nil {
		return err
	}
	n.sent, n.appended = end, max(end, n.appended)
	return nil
}

// world is one sequencer, run by hand, with its nodes.
type world struct {
	t     testing.TB
	rnd   *rand.Rand
	db    *postgres.DB
	queue *queuetest.Memory
	clock *clock.Fake
	seq   *Sequencer
	reg   *prometheus.Registry
	nodes []*node
	fault *faults
	term  Term
	lanes []*lane
	all   []truth

	lead   *postgres.DB // for the sequencer alone; db if nil
	doomed bool         // the process dies of the next failure of the queue
}

// truth is one record as the test knows it.
type truth struct {
	arrival
	node clickday.NodeID
}

const (
	days = 2
	// grain is what the order of these days is published with.
	grain = 10 * time.Microsecond
	// Of so many accounts the first are persons, who may have three numbers a day.
	accounts, persons = 7, 3
)

// accountOf tells whose application it is.
func accountOf(application int) int { return 1 + application%accounts }

func seedOf(day int) []byte { return bytes.Repeat([]byte{byte(day)}, 32) }

func newWorld(t testing.TB, db *postgres.DB, seed uint64, nodes int) *world {
	t.Helper()
	w := &world{
		t: t, rnd: rand.New(rand.NewPCG(seed, 1)), db: db, queue: &queuetest.Memory{}, fault: &faults{},
		clock: clock.NewFake(time.Unix(1_900_000_000, 0)), reg: prometheus.NewRegistry(),
	}
	// What is published may not be emptied, but for its owner.
	w.exec("SET LOCAL session_replication_role = replica; TRUNCATE receipts, arrivals, submissions, journals, intake_nodes, click_days, accounts CASCADE")
	w.exec(`INSERT INTO accounts (id, kind, email, password_hash, display_name, tax_code, created_at) OVERRIDING SYSTEM VALUE
		SELECT i, CASE WHEN i <= $1 THEN 'person' ELSE 'intermediary' END, i || '@example.it', '-', '', '', now() FROM generate_series(1, $2::int) i`,
		persons, accounts)
	for day := 1; day <= days; day++ {
		w.exec("INSERT INTO click_days (id, code, tie_seed, granularity) VALUES ($1, $2, $3, $4)", day, fmt.Sprintf("D%d", day), seedOf(day), int64(grain))
	}
	for i := range nodes {
		n := newNode(clickday.NodeID(i + 1))
		w.nodes = append(w.nodes, n)
		w.exec("INSERT INTO intake_nodes (node, public_key, url) VALUES ($1, $2, '')", i+1, []byte(n.public()))
	}
	w.seq = w.newSequencer(w.reg)
	t.Cleanup(w.crash)
	return w
}

func (w *world) newSequencer(reg prometheus.Registerer) *Sequencer {
	w.t.Helper()
	s, err := New(Config{
		Lead:  w.leadThrough,
		Queue: w.queue, Judge: plainJudge{}, Clock: w.clock, Log: slog.New(slog.DiscardHandler),
		Metrics: NewMetrics(reg), Retention: time.Minute,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.db.Pool.Exec(context.Background(), sql, args...); err != nil {
		w.t.Fatal(err)
	}
}

// arrive gives a node an arrival to make durable some time.
func (w *world) arrive(n *node, at int64, envelope []byte) {
	a := arrival{at, envelope}
	n.pending = append(n.pending, a)
	w.all = append(w.all, truth{a, n.id})
}

// start takes the lead and reads the record, like a fresh process.
func (w *world) start() error {
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
	defer cancel()
	t, ok, err := w.seq.Lead(ctx)
	for ; err == nil && !ok; t, ok, err = w.seq.Lead(ctx) {
		pause(ctx, time.Millisecond) // the server may not have noticed that the former leader is gone
	}
	if err != nil {
		return err
	}
	w.term = t
	nodes, err := t.Nodes(ctx)
	if err != nil {
		return err
	}
	progress, err := t.Journals(ctx)
	if err != nil {
		return err
	}
	w.lanes = nil
	for _, n := range w.nodes {
		w.lanes = append(w.lanes, newLane(w.seq, t, n.id, nodes[n.id], progress))
	}
	return nil
}

// crash forgets everything that is not in the record.
func (w *world) crash() {
	if w.term != nil {
		if err := w.term.Close(); err != nil {
			w.t.Log(err)
		}
	}
	w.term, w.lanes = nil, nil
}

// work does one step of every lane and one of the numbering. Any failure of the
// store is a crash.
func (w *world) work() {
	ctx := w.t.Context()
	w.clock.Advance(100 * time.Millisecond)
	if w.term == nil {
		if err := w.start(); err != nil {
			w.crash()
			return
		}
	}
	for _, l := range w.lanes {
		if err := l.step(ctx); err != nil && (!isQueue(err) || w.doomed) {
			w.doomed = false
			w.crash()
			return
		}
	}
	if err := w.seq.numberAll(ctx, w.term); err != nil {
		w.crash()
	}
}
