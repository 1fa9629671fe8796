package redisfaults

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/forwarder"
	"puntuale/internal/journal"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/queue"
	"puntuale/internal/queue/redisqueue"
	"puntuale/internal/sequencer"
	"puntuale/internal/wire"
)

const (
	day      = clickday.DayID(1)
	copyWait = 150 * time.Millisecond
	patience = 90 * time.Second
)

var (
	deviceKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, 32))
	macKey    = bytes.Repeat([]byte{4}, 32)
	tieSeed   = bytes.Repeat([]byte{5}, 32)
	wall      = clock.System{}
)

// seed returns the seed of a test, from PUNTUALE_SEED or drawn, and tells it.
func seed(t *testing.T) uint64 {
	t.Helper()
	s := rand.Uint64()
	if text := os.Getenv("PUNTUALE_SEED"); text != "" {
		var err error
		s, err = strconv.ParseUint(text, 10, 64)
		must(t, err)
	}
	t.Logf("PUNTUALE_SEED=%d", s)
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, ready func() bool) {
	t.Helper()
	deadline := wall.Now().Add(patience)
	for !ready() {
		if wall.Now().After(deadline) {
			t.Fatalf("no %s within %s", what, patience)
		}
		pause(t.Context(), 5*time.Millisecond)
	}
}

// judge reads what the ticket says; nothing here is about admission.
type judge struct{}

func (judge) Judge(_ context.Context, records []batch.Record) ([]clickday.Submission, error) {
	out := make([]clickday.Submission, len(records))
	for i, r := range records {
		e, err := wire.ParseEnvelope(r.Envelope)
		if err != nil {
			return nil, err
		}
		t := &e.Ticket
		out[i] = clickday.Submission{
			ID: r.Leaf.ID, Application: t.Application, SealVersion: t.SealVersion, Day: t.Day, Account: t.Account,
			Model: t.Model, ModelVersion: t.ModelVersion, Device: t.Device, Envelope: r.Envelope, Stamp: r.Leaf.Stamp,
			State: clickday.Queued,
		}
	}
	return out, nil
}

// newEnvelope returns another application's envelope.
func newEnvelope(t testing.TB) []byte {
	now := wall.Now()
	ticket := wire.SealTicket(&wire.Ticket{
		KeyID: 1, Day: day, Model: "B", ModelVersion: 1, Application: clickday.NewApplicationID(), SealVersion: 1,
		Device: [32]byte(deviceKey.Public().(ed25519.PublicKey)), Account: 7,
		IssuedAt: now.Unix(), NotAfter: now.Add(time.Hour).Unix(),
	}, macKey)
	env, err := wire.SealEnvelope(ticket, 0, []byte("document"), deviceKey)
	if err != nil {
		t.Error(err)
	}
	return env
}

// newDatabase returns the record of a click day with so many nodes.
func newDatabase(t *testing.T, nodes int) *postgres.DB {
	t.Helper()
	db := pgtest.New(t)
	_, err := db.Pool.Exec(t.Context(), "INSERT INTO click_days (id, code, tie_seed) VALUES ($1, 'D', $2)", day, tieSeed)
	must(t, err)
	for n := 1; n <= nodes; n++ {
		public := nodeKey(clickday.NodeID(n)).Public().(ed25519.PublicKey)
		_, err := db.Pool.Exec(t.Context(), "INSERT INTO intake_nodes (node, public_key, url) VALUES ($1, $2, '')", n, []byte(public))
		must(t, err)
	}
	return db
}

func nodeKey(id clickday.NodeID) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(0x10 + id)}, 32))
}

func openQueue(t *testing.T, url string) *redisqueue.Queue {
	t.Helper()
	q, err := redisqueue.Open(url)
	must(t, err)
	t.Cleanup(func() { must(t, q.Close()) })
	return q
}

func openJournal(t *testing.T, id clickday.NodeID, wait time.Duration) *journal.Journal {
	t.Helper()
	j, err := journal.Open(journal.Options{
		Dir: filepath.Join(t.TempDir(), "journal"), Node: id, Key: nodeKey(id), Clock: wall,
		SegmentSize: 1 << 20, Reserve: 1, CopyWait: wait,
	})
	must(t, err)
	t.Cleanup(func() { must(t, j.Close(context.Background())) })
	return j
}

// runForwarder carries batches until the test ends.
func runForwarder(t *testing.T, j *journal.Journal, q queue.Appender, safe func() int64) {
	t.Helper()
	f := forwarder.New(forwarder.Config{
		Node: j.Node(), Journal: j, Queue: q, Safe: safe, Copied: j.Copied,
		Clock: wall, Log: slog.New(slog.DiscardHandler), Metrics: forwarder.NewMetrics(prometheus.NewRegistry()),
	})
	background(t, f.Run)
}

func runSequencer(t *testing.T, db *postgres.DB, q queue.Consumer) {
	t.Helper()
	s, err := sequencer.New(sequencer.Config{
		Lead:  func(ctx context.Context) (sequencer.Term, bool, error) { return lead(ctx, db) },
		Queue: q, Judge: judge{}, Clock: wall, Log: slog.New(slog.DiscardHandler),
		Metrics: sequencer.NewMetrics(prometheus.NewRegistry()), Retention: time.Hour,
	})
	must(t, err)
	background(t, s.Run)
}

func lead(ctx context.Context, db *postgres.DB) (sequencer.Term, bool, error) {
	term, ok, err := db.Lead(ctx)
	if err != nil || !ok {
		return nil, false, err
	}
	return term, true, nil
}

// background runs something until the end of the test.
func background(t *testing.T, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// arrivals gives strictly growing stamps and knows which are still on their way.
type arrivals struct {
	mu   sync.Mutex
	last int64
	open map[int64]bool
}

func (a *arrivals) next() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = max(a.last+1, wall.Now().UnixNano())
	a.open[a.last] = true
	return a.last
}

func (a *arrivals) finish(at int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.open, at)
}

// safe is an instant before which nothing is on its way or will come.
func (a *arrivals) safe() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = max(a.last, wall.Now().UnixNano())
	earliest := a.last + 1
	for at := range a.open {
		earliest = min(earliest, at)
	}
	return earliest
}

// claim is where and when a submission arrived.
type claim struct {
	arrived  int64
	journal  uint64
	sequence uint64
}

func claimOf(s *clickday.Stamp) claim { return claim{s.UnixNano, s.Journal, s.Sequence} }

// numberedIn returns the record, in order of the numbers.
func numberedIn(t *testing.T, db *postgres.DB) (ids []clickday.SubmissionID, claims map[clickday.SubmissionID]claim) {
	t.Helper()
	rows, err := db.Pool.Query(t.Context(), "SELECT id, arrived, journal::text, sequence::text, number FROM submissions ORDER BY number")
	must(t, err)
	defer rows.Close()
	claims = map[clickday.SubmissionID]claim{}
	for rows.Next() {
		var id []byte
		var c claim
		var j, s string
		var number int64
		must(t, rows.Scan(&id, &c.arrived, &j, &s, &number))
		_, err := fmt.Sscan(j+" "+s, &c.journal, &c.sequence)
		must(t, err)
		ids = append(ids, clickday.SubmissionID(id))
		claims[ids[len(ids)-1]] = c
		if number != int64(len(ids)) {
			t.Fatalf("number %d where %d belongs", number, len(ids))
		}
	}
	must(t, rows.Err())
	return ids, claims
}
