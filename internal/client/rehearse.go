package client

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/link"
	"puntuale/internal/client/sending"
	"puntuale/internal/client/store"
	"puntuale/internal/wire"
)

// Rehearsal is what a rehearsal is made of; zero fields mean the defaults.
type Rehearsal struct {
	In           time.Duration // until the opening that is played: 20 s
	Applications int           // that are played: as many as are ready to be sent, at least 1
	Tell         func(sending.Progress)
}

// RehearsalReport says how a rehearsal went. All instants are the intake
// nodes' own, from their signed answers.
type RehearsalReport struct {
	Opens        time.Time         `json:"opens"`
	Applications int               `json:"applications"`
	Acknowledged int               `json:"acknowledged"`
	Early        int               `json:"early"`    // arrivals before the opening
	First        time.Duration     `json:"first_ns"` // arrival after the opening
	Last         time.Duration     `json:"last_ns"`
	Offset       time.Duration     `json:"offset_ns"` // the intake's clock minus this computer's
	Bound        time.Duration     `json:"bound_ns"`
	RoundTrip    time.Duration     `json:"round_trip_ns"`
	Connections  int               `json:"connections"`
	Nodes        []clickday.NodeID `json:"nodes"` // that arrivals were at
	Trouble      []clickday.Text   `json:"trouble,omitempty"`
	// Checks is the self-test made before.
	Checks []Check `json:"checks"`
	// Verdict sums it up in words.
	Good    bool          `json:"good"`
	Verdict clickday.Text `json:"verdict"`
}

const (
	rehearsalDir = "rehearsal"
	rehearsalDay = 1
)

// Rehearse plays a click day against the real intake nodes, at any time, in a
// namespace of its own: the same code waits, warms, fires, repeats and keeps
// records on disk, in a folder apart that is deleted afterwards. In the place of
// envelopes it sends time exchanges, whose signed answers carry the kernel's
// stamp of their arrival: nothing is submitted, stored or numbered anywhere. What
// it does not play are numbers and receipts.
func (c *Client) Rehearse(ctx context.Context, r Rehearsal) (RehearsalReport, error) {
	if c.Reader {
		return RehearsalReport{}, ErrReader
	}
	if !c.work.TryLock() {
		return RehearsalReport{}, ErrBusy
	}
	defer c.work.Unlock()
	r.In = cmp.Or(r.In, 20*time.Second)
	r.Applications = cmp.Or(r.Applications, max(1, c.ready()))
	report := RehearsalReport{Applications: r.Applications, Checks: c.SelfTest(ctx, nil).Checks}
	if err := c.Measure(ctx); err != nil {
		return report, err
	}
	dir := filepath.Join(c.Dir, rehearsalDir)
	if err := os.RemoveAll(dir); err != nil {
		return report, fmt.Errorf("rehearsal: %w", err)
	}
	st, err := store.Open(dir)
	if err != nil {
		return report, err
	}
	err = c.play(ctx, r, st, &report)
	report.judge()
	return report, errors.Join(err, st.Close(), os.RemoveAll(dir))
}

func (c *Client) ready() int {
	n := 0
	for _, r := range c.store.All() {
		if r.State.Unsent() {
			n++
		}
	}
	return n
}

// play runs the sending code on what looks like a click day.
func (c *Client) play(ctx context.Context, r Rehearsal, st *store.Store, report *RehearsalReport) error {
	if err := cast(st, r.Applications); err != nil {
		return err
	}
	links, err := c.nodes()
	if err != nil {
		return err
	}
	opens := c.Snapshot().Clock.Now.Add(r.In)
	report.Opens = opens
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("rehearsal: %w", err)
	}
	stage := &stage{key: key, opens: opens.UnixNano(), nodes: map[clickday.NodeID]bool{}}
	var nodes []sending.Node
	for _, n := range links {
		n.Warm = nil // its ticket is for the real day
		nodes = append(nodes, sending.Node{ID: n.ID, Public: key.Public().(ed25519.PublicKey), Dial: func(ctx context.Context, _ []byte) (sending.Link, error) {
			l, err := link.Dial(ctx, n, c.base)
			if err != nil {
				return nil, err
			}
			return &played{Conn: l, stage: stage, node: n.ID}, nil
		}})
	}
	defer c.stayAwake()()
	err = sending.Run(ctx, sending.Config{
		Day: rehearsalDay, Nodes: nodes, Records: st, Calendars: stage, Base: c.base, Wait: c.Wait, Ready: c.getReady, Connections: c.Connections, Log: c.Log,
		Moments: sending.Moments{WarmEarliest: r.In * 2 / 3, WarmLatest: r.In / 4, Mark: r.In / 5},
		Report: func(p sending.Progress) {
			report.note(p)
			if r.Tell != nil {
				r.Tell(p)
			}
		},
	})
	report.read(st, stage)
	return err
}

// cast makes the applications of a rehearsal and arms them.
func cast(st *store.Store, n int) error {
	rs := make([]store.Record, n)
	for i := range rs {
		id := clickday.NewApplicationID().String()
		e := []byte("rehearsal of " + id)
		rs[i] = store.Record{
			Application: id, Day: rehearsalDay, Model: "B", Worker: fmt.Sprint(i + 1), Envelope: e,
			Submission: wire.IDOf(e).String(), State: store.Prepared,
		}
	}
	if err := st.Put(rs...); err != nil {
		return err
	}
	for i := range rs {
		rs[i].State = store.Armed
	}
	return st.Put(rs...)
}

// stage is the calendar of a rehearsal, and the key that acknowledges in it.
type stage struct {
	key   ed25519.PrivateKey
	opens int64

	mu    sync.Mutex
	early int                      // guarded by mu
	nodes map[clickday.NodeID]bool // guarded by mu
}

// Current implements sending.Calendars; no calendar of a node is newer.
func (s *stage) Current() *clickday.Calendar {
	return &clickday.Calendar{Version: math.MaxInt64, Days: []clickday.Day{{
		ID: rehearsalDay, Code: "PROVA", TitleIT: "Prova generale", TitleEN: "Rehearsal", Models: []clickday.ModelCode{"B"},
		Opens: s.opens, Closes: s.opens + int64(10*time.Minute), State: clickday.DayScheduled,
	}}}
}

// Offer implements sending.Calendars.
func (s *stage) Offer([]byte) (bool, error) { return false, nil }

// played is a real connection that exchanges the time in the place of submitting.
type played struct {
	*link.Conn
	*stage
	node clickday.NodeID
}

// Submit implements sending.Link: the arrival is that of the time exchange.
func (p *played) Submit(ctx context.Context, envelope []byte) (sending.Answer, error) {
	_, t, err := p.Conn.Time(ctx)
	if err != nil {
		return sending.Answer{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.ReceivedAt < p.opens {
		p.early++
		refusal := wire.NewProblem(clickday.CodeTooEarly)
		refusal.OpensAt = p.opens
		return sending.Answer{Status: refusal.Status, Type: wire.TypeProblem, Body: refusal.Bytes()}, nil
	}
	p.nodes[p.node] = true
	leaf := wire.Leaf{ID: wire.IDOf(envelope), Stamp: clickday.Stamp{
		UnixNano: t.ReceivedAt, Source: t.Source, Clock: t.Clock, Bound: t.Bound, Node: p.node, Journal: 1, Sequence: 1,
	}}
	st := wire.BatchStatement{Node: p.node, Journal: 1, Batch: 1, Count: 1, Root: wire.HashLeaf(wire.AppendLeaf(nil, &leaf))}
	a := wire.Acknowledgement{Leaf: leaf, Batch: 1, Count: 1, KeyID: wire.KeyID(p.key.Public().(ed25519.PublicKey))}
	copy(a.Signature[:], ed25519.Sign(p.key, st.Message()))
	return sending.Answer{Status: http.StatusOK, Type: wire.TypeAcknowledgement, Body: wire.AppendAcknowledgement(nil, &a)}, nil
}

// Status implements sending.Link: nobody keeps what a rehearsal sends.
func (p *played) Status(context.Context, clickday.SubmissionID) (sending.Answer, error) {
	refusal := wire.NewProblem(clickday.CodeNotFound)
	return sending.Answer{Status: refusal.Status, Type: wire.TypeProblem, Body: refusal.Bytes()}, nil
}
