package sending

import (
	"context"
	"crypto/ed25519"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/store"
	"puntuale/internal/client/timing"
	"puntuale/internal/clock"
	"puntuale/internal/wire"
)

// world is an intake of several nodes behind a network with random, asymmetric
// delays. It runs in virtual time: every delay is a sleep in a synctest bubble.
type world struct {
	t        *testing.T
	maxWay   time.Duration // one-way delays are anything below
	fixedWay time.Duration // or all the same, unless it is 0
	offset   time.Duration // the nodes' clock minus this computer's
	key      ed25519.PrivateKey
	calKey   ed25519.PrivateKey
	current  *calendarBox // the client's

	mu       sync.Mutex
	calendar clickday.Calendar // guarded by mu; the nodes'
	arrivals []arrival         // guarded by mu; every submission that came, in order
	stored   map[clickday.SubmissionID]arrival
	fault    func(w *world, n int, id clickday.SubmissionID) fault // guarded by mu; nil is none
	open     int                                                   // guarded by mu; connections
	shown    []clickday.SubmissionID                               // guarded by mu; for each connection what it was opened for
	dialled  []int64                                               // guarded by mu; when each was made, by the nodes' clock
	idle     time.Duration                                         // guarded by mu; the longest that one was not used
}

type arrival struct {
	id   clickday.SubmissionID
	node int
	at   int64 // the node's clock
}

// fault is what goes wrong with one submission.
type fault int

const (
	fine fault = iota
	cutBefore
	lostAfter
	overloaded
	forged
	silent
)

var opening = int64(946_684_800e9) + int64(time.Hour) // bubbles start at 2000-01-01

func newWorld(t *testing.T, rng *rand.Rand, opens int64) *world {
	w := &world{t: t, stored: map[clickday.SubmissionID]arrival{}}
	w.maxWay = time.Duration(rng.Int64N(int64(80*time.Millisecond))) + time.Microsecond
	w.offset = time.Duration(rng.Int64N(int64(10*time.Second))) - 5*time.Second
	_, w.key, _ = ed25519.GenerateKey(nil)
	_, w.calKey, _ = ed25519.GenerateKey(nil)
	w.calendar = clickday.Calendar{Version: 1, Days: []clickday.Day{{
		ID: 1, Code: "D1", TitleIT: "x", TitleEN: "x", Models: []clickday.ModelCode{"B"},
		Opens: opens, Closes: opens + int64(time.Hour), State: clickday.DayScheduled,
	}}}
	cal := w.calendar
	w.current = &calendarBox{key: w.calKey.Public().(ed25519.PublicKey), cal: &cal}
	return w
}

// move publishes a new version of the calendar on the nodes.
func (w *world) move(change func(d *clickday.Day)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	day := w.calendar.Days[0]
	change(&day)
	w.calendar = clickday.Calendar{Version: w.calendar.Version + 1, Days: []clickday.Day{day}}
}

func (w *world) now() int64 { return clock.System{}.Now().UnixNano() + int64(w.offset) }

func (w *world) way() {
	if w.fixedWay > 0 {
		time.Sleep(w.fixedWay)
		return
	}
	time.Sleep(rand.N(w.maxWay))
}

func (w *world) nodes(n int) []Node {
	var out []Node
	for i := range n {
		out = append(out, Node{
			ID: clickday.NodeID(i + 1), Public: w.key.Public().(ed25519.PublicKey),
			Dial: func(_ context.Context, envelope []byte) (Link, error) {
				w.way()
				w.mu.Lock()
				defer w.mu.Unlock()
				w.open++
				w.shown = append(w.shown, wire.IDOf(envelope))
				w.dialled = append(w.dialled, w.now())
				return &wireless{w: w, node: i, base: timing.NewBase(clock.System{}), used: w.now()}, nil
			},
		})
	}
	return out
}

// wireless is one connection of the world.
type wireless struct {
	w    *world
	node int
	base *timing.Base
	used int64
}

// use notes how long the connection was idle.
func (l *wireless) use() {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	l.w.idle = max(l.w.idle, time.Duration(l.w.now()-l.used))
	l.used = l.w.now()
}

func (l *wireless) Close() error {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	l.w.open--
	return nil
}

func (l *wireless) Time(context.Context) (timing.Sample, wire.TimeAnswer, error) {
	l.use()
	s := timing.Sample{Sent: clock.System{}.Now().UnixNano()}
	l.w.way()
	s.NodeReceived = l.w.now()
	s.NodeSent = l.w.now()
	l.w.way()
	s.Received = clock.System{}.Now().UnixNano()
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	return s, wire.TimeAnswer{CalendarVersion: l.w.calendar.Version}, nil
}

func (l *wireless) Calendar(context.Context) ([]byte, error) {
	l.w.way()
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	return wire.SealCalendar(&l.w.calendar, l.w.calKey)
}

func (l *wireless) Submit(ctx context.Context, envelope []byte) (Answer, error) {
	id := wire.IDOf(envelope)
	l.use()
	l.w.way()
	f := fine
	l.w.mu.Lock()
	if l.w.fault != nil {
		f = l.w.fault(l.w, l.node, id)
	}
	l.w.mu.Unlock()
	if f == cutBefore {
		return Answer{}, errors.New("connection reset")
	}
	a := l.w.receive(l.node, id, f)
	if f == silent {
		<-ctx.Done()
		return Answer{}, ctx.Err()
	}
	l.w.way()
	if f == lostAfter {
		return Answer{}, errors.New("connection reset after the answer was written")
	}
	return a, nil
}

func (l *wireless) Status(_ context.Context, id clickday.SubmissionID) (Answer, error) {
	l.w.way()
	l.w.mu.Lock()
	at, ok := l.w.stored[id]
	l.w.mu.Unlock()
	if !ok || at.node != l.node {
		return problem(clickday.CodeNotFound, 0), nil
	}
	return l.w.acknowledge(at, false), nil
}

func (w *world) receive(node int, id clickday.SubmissionID, f fault) Answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := arrival{id, node, w.now()}
	w.arrivals = append(w.arrivals, at)
	day := w.calendar.Days[0]
	switch day.PhaseAt(at.at) {
	case clickday.PhaseBefore:
		return problem(clickday.CodeTooEarly, day.Opens)
	case clickday.PhaseAfter:
		return problem(clickday.CodeTooLate, 0)
	case clickday.PhaseSuspended:
		return problem(clickday.CodeSuspended, 0)
	}
	if f == overloaded {
		return problem(clickday.CodeOverloaded, 0)
	}
	if first, twice := w.stored[id]; twice && (first.node == node || f == forged) {
		at = first
	} else if f != forged && !twice { // another node has it already: each has a journal of its own
		w.stored[id] = at
	}
	return w.acknowledge(at, f == forged)
}

func (w *world) acknowledge(at arrival, forge bool) Answer {
	leaf := wire.Leaf{ID: at.id, Stamp: clickday.Stamp{UnixNano: at.at, Node: clickday.NodeID(at.node + 1), Journal: 7, Sequence: 1}}
	root := wire.HashLeaf(wire.AppendLeaf(nil, &leaf))
	st := wire.BatchStatement{Node: leaf.Stamp.Node, Journal: 7, Batch: 1, Count: 1, Root: root}
	a := wire.Acknowledgement{Leaf: leaf, Batch: 1, Count: 1, KeyID: wire.KeyID(w.key.Public().(ed25519.PublicKey))}
	copy(a.Signature[:], ed25519.Sign(w.key, st.Message()))
	if forge {
		a.Signature[5] ^= 1
	}
	return Answer{Status: 200, Type: wire.TypeAcknowledgement, Body: wire.AppendAcknowledgement(nil, &a)}
}

func problem(code clickday.Code, opens int64) Answer {
	p := wire.NewProblem(code)
	p.OpensAt = opens
	return Answer{Status: p.Status, Type: wire.TypeProblem, Body: p.Bytes()}
}

// calendarBox is the client's side of the calendar, in memory.
type calendarBox struct {
	key ed25519.PublicKey
	mu  sync.Mutex
	cal *clickday.Calendar
}

func (b *calendarBox) Current() *clickday.Calendar {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cal
}

func (b *calendarBox) Offer(signed []byte) (bool, error) {
	c, err := wire.OpenCalendar(signed, b.key)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil || c.Version <= b.cal.Version {
		return false, err
	}
	b.cal = &c
	return true, nil
}

// armedStore returns a store with n armed applications.
func armedStore(t *testing.T, n int) *store.Store {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "client"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	arm(t, s, n)
	return s
}

func arm(t *testing.T, s *store.Store, n int) {
	t.Helper()
	var rs []store.Record
	for range n {
		id := clickday.NewApplicationID().String()
		e := []byte("envelope of " + id)
		rs = append(rs, store.Record{
			Application: id, Day: 1, Model: "B", Worker: id, Envelope: e,
			Submission: wire.IDOf(e).String(), State: store.Prepared,
		})
	}
	for _, st := range []store.State{store.Prepared, store.Armed} {
		for i := range rs {
			rs[i].State = st
		}
		if err := s.Put(rs...); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *world) config(records Records, nodes int) Config {
	clk := clock.System{}
	return Config{
		Day: 1, Nodes: w.nodes(nodes), Records: records, Calendars: w.current,
		Base: timing.NewBase(clk), Wait: timing.Sleep(clk),
	}
}
