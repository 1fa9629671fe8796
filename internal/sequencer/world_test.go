package sequencer

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
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
			Day: clickday.DayID(day), Account: 7, Model: "B", ModelVersion: 1, Envelope: r.Envelope, Stamp: r.Leaf.Stamp,
			State: clickday.Queued,
		}
		if refused {
			s.State, s.Reason = clickday.Refused, clickday.CodeSignature
		}
		out[i] = s
	}
	return out, nil
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
}

// truth is one record as the test knows it.
type truth struct {
	arrival
	node clickday.NodeID
}

const days = 2

func seedOf(day int) []byte { return bytes.Repeat([]byte{byte(day)}, 32) }

func newWorld(t testing.TB, db *postgres.DB, seed uint64, nodes int) *world {
	t.Helper()
	w := &world{
		t: t, rnd: rand.New(rand.NewPCG(seed, 1)), db: db, queue: &queuetest.Memory{}, fault: &faults{},
		clock: clock.NewFake(time.Unix(1_900_000_000, 0)), reg: prometheus.NewRegistry(),
	}
	w.exec("TRUNCATE receipts, arrivals, submissions, journals, intake_nodes, click_days CASCADE")
	for day := 1; day <= days; day++ {
		w.exec("INSERT INTO click_days (id, code, tie_seed) VALUES ($1, $2, $3)", day, fmt.Sprintf("D%d", day), seedOf(day))
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
		Lead: func(ctx context.Context) (Term, bool, error) {
			t, ok, err := w.db.Lead(ctx)
			return &faultyTerm{t, w.fault}, ok, err
		},
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
		w.t.Fatal(err)
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
		if err := l.step(ctx); err != nil && !isQueue(err) {
			w.crash()
			return
		}
	}
	if err := w.seq.numberAll(ctx, w.term); err != nil {
		w.crash()
	}
}

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
	err := w.db.Pool.QueryRow(w.t.Context(), `SELECT (SELECT count(*) FROM submissions WHERE state = 'queued'),
		(SELECT count(*) FROM arrivals)`).Scan(&open, &arrivals)
	if err != nil {
		w.t.Fatal(err)
	}
	return open == 0 && arrivals == len(w.all)
}

func (w *world) rows() map[clickday.SubmissionID]row {
	w.t.Helper()
	rows, err := w.db.Pool.Query(w.t.Context(), `SELECT id, application_id, click_day_id, arrived, node, sequence::bigint,
		state, coalesce(reason, ''), coalesce(number, 0) FROM submissions`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	out := make(map[clickday.SubmissionID]row)
	for rows.Next() {
		var r row
		var id []byte
		var application [16]byte
		if err := rows.Scan(&id, &application, &r.day, &r.arrived, &r.node, &r.sequence, &r.state, &r.reason, &r.number); err != nil {
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
	for _, a := range w.all {
		r := row{id: wire.IDOf(a.envelope), arrived: a.at, state: clickday.Queued}
		var version int
		var refused bool
		if _, err := fmt.Sscanf(string(a.envelope), "%d %d %d %t", &r.application, &version, &r.day, &refused); err != nil {
			w.t.Fatal(err)
		}
		if refused {
			r.state, r.reason = clickday.Refused, string(clickday.CodeSignature)
		}
		if old, ok := out[r.id]; !ok || r.arrived < old.arrived {
			out[r.id] = r
		}
	}
	for day := 1; day <= days; day++ {
		line := make([]row, 0, len(out))
		for _, r := range out {
			if r.day == day && r.state == clickday.Queued {
				line = append(line, r)
			}
		}
		slices.SortFunc(line, func(a, b row) int {
			return cmp.Or(cmp.Compare(a.arrived, b.arrived), bytes.Compare(tie(day, a.id), tie(day, b.id)))
		})
		has := make(map[int]bool)
		var last int64
		for _, r := range line {
			r.state = clickday.Repeated
			if !has[r.application] {
				last++
				has[r.application], r.state, r.number = true, clickday.Sequenced, last
			}
			out[r.id] = r
		}
	}
	return out
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
		r.node, r.sequence = 0, 0
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
	}
}
