package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/link"
	"puntuale/internal/client/sending"
	"puntuale/internal/client/store"
	"puntuale/internal/client/timing"
	"puntuale/internal/clock"
	"puntuale/internal/keys"
	"puntuale/internal/loadgen"
	"puntuale/internal/wire"
)

// clientSite is a running intake with click days of our own choice.
type clientSite struct {
	*Ground
	peer *Peer
	ca   string
	days []clickday.Day
	log  *slog.Logger // of the clients; nil: none
}

// OpenClientSite starts the real intake, over TLS, with click days that open at
// the given instants.
func (g *Ground) openClientSite(ctx context.Context, opens []time.Time) (*clientSite, error) {
	s := &clientSite{Ground: g}
	for i, at := range opens {
		s.days = append(s.days, clickday.Day{
			ID: clickday.DayID(i + 1), Code: fmt.Sprintf("D%d", i+1), TitleIT: "Misura", TitleEN: "Measurement", Models: []clickday.ModelCode{model},
			Prepare: 1, Sync: 2, Opens: at.UnixNano(), Closes: at.Add(time.Hour).UnixNano(), State: clickday.DayScheduled,
		})
	}
	signer, err := keys.ReadPrivate(filepath.Join(g.keys(), keys.CalendarKeyFile))
	if err != nil {
		return nil, err
	}
	now := g.Clock.Now()
	if g.calendar, err = wire.SealCalendar(&clickday.Calendar{Version: 1, IssuedAt: now.UnixNano(), Days: s.days}, signer); err != nil {
		return nil, fmt.Errorf("bench: calendar: %w", err)
	}
	ca, err := os.ReadFile(filepath.Join(g.keys(), keys.CAFile))
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	s.ca = string(ca)
	s.peer, err = g.StartIntake(ctx, true)
	return s, err
}

func (s *clientSite) close() error { return errors.Join(s.peer.Stop(), s.peer.Remove()) }

// envelopes makes n armed records for a click day.
func (s *clientSite) records(ctx context.Context, d clickday.DayID, n int) ([]store.Record, error) {
	ring, err := keys.ReadTicketKeys(filepath.Join(s.keys(), keys.TicketFile))
	if err != nil {
		return nil, err
	}
	pool, err := loadgen.Prepare(ctx, loadgen.Recipe{
		Count: n, Size: envelopeSize, TicketID: ring.Current, TicketKey: ring.Keys[ring.Current],
		Day: d, Model: model, NotAfter: s.Clock.Now().Add(dayLasts),
	})
	if err != nil {
		return nil, err
	}
	out := make([]store.Record, n)
	for i := range out {
		e, err := wire.ParseEnvelope(pool.Envelope(i))
		if err != nil {
			return nil, err
		}
		out[i] = store.Record{
			Application: e.Ticket.Application.String(), Day: d, Model: model, Worker: fmt.Sprint(i),
			Envelope: pool.Envelope(i), Submission: pool.ID(i).String(), State: store.Prepared,
		}
	}
	return out, nil
}

// memory is sending.Records without a disk.
type memory struct {
	mu sync.Mutex
	r  map[string]store.Record // guarded by mu
}

func newMemory(rs []store.Record) *memory {
	m := &memory{r: map[string]store.Record{}}
	for _, r := range rs {
		r.State = store.Armed
		m.r[r.Application] = r
	}
	return m
}

// Day implements sending.Records.
func (m *memory) Day(clickday.DayID) []store.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []store.Record
	for _, r := range m.r {
		out = append(out, r)
	}
	return out
}

// Put implements sending.Records.
func (m *memory) Put(rs ...store.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range rs {
		m.r[r.Application] = r
	}
	return nil
}

// onDisk puts records into a real store and arms them.
func onDisk(dir string, rs []store.Record) (*store.Store, error) {
	st, err := store.Open(dir)
	if err != nil {
		return nil, err
	}
	for _, state := range []store.State{store.Prepared, store.Armed} {
		for i := range rs {
			rs[i].State = state
		}
		if err := st.Put(rs...); err != nil {
			return nil, errors.Join(err, st.Close())
		}
	}
	return st, nil
}

// fixed is a calendar that does not change.
type fixed struct{ c clickday.Calendar }

// Current implements sending.Calendars.
func (f *fixed) Current() *clickday.Calendar { return &f.c }

// Offer implements sending.Calendars.
func (f *fixed) Offer([]byte) (bool, error) { return false, nil }

// shots counts what the nodes answered.
type shots struct {
	mu          sync.Mutex
	sent, early int // guarded by mu
	// aim is when the request was to leave, on the node's clock as the client knew
	// it; written by one goroutine at a time.
	aim  int64
	clk  clock.Clock
	left int64 // when the first submission was handed over, by clk
}

// watched is a link whose submissions are counted.
type watched struct {
	sending.Link
	s *shots
}

// Submit implements sending.Link.
func (w *watched) Submit(ctx context.Context, envelope []byte) (sending.Answer, error) {
	now := w.s.clk.Now().UnixNano()
	a, err := w.Link.Submit(ctx, envelope)
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	if w.s.sent++; w.s.sent == 1 {
		w.s.left = now
	}
	if err == nil && a.Status != http.StatusOK && wire.ParseProblem(a.Body).Code == clickday.CodeTooEarly {
		w.s.early++
	}
	return a, err
}

// run is the client's own firing code for one click day, through an address.
func (s *clientSite) run(ctx context.Context, d *clickday.Day, addr string, records sending.Records, base *timing.Base, wait timing.Wait, count *shots) error {
	n, err := link.NewNode(node, "https://"+addr, s.ca, s.Node)
	if err != nil {
		return err
	}
	way := link.NewWay(n, base, nil)
	return sending.Run(ctx, sending.Config{
		Report: func(p sending.Progress) { count.aim = max(count.aim, p.Aim) },
		Day:    d.ID, Records: records, Calendars: &fixed{clickday.Calendar{Version: 1, Days: s.days}}, Base: base, Wait: wait, Ready: timing.Ready,
		Log: s.log,
		Nodes: []sending.Node{{ID: node, Public: s.Node, Dial: func(ctx context.Context, envelope []byte) (sending.Link, error) {
			l, err := way.Dial(ctx, envelope)
			if err != nil {
				return nil, err
			}
			return &watched{l, count}, nil
		}}},
	})
}

// wrong is a computer's clock that is off.
type wrong struct {
	clock.Clock
	by time.Duration
}

// Now implements clock.Clock.
func (w wrong) Now() time.Time { return w.Clock.Now().Add(w.by) }
