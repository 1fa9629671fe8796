package sending

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/store"
	"puntuale/internal/client/timing"
)

// sender is one run.
type sender struct {
	Config
	home       int // position of the node that this run prefers
	estimators []*timing.Estimator
	workers    []*worker
	unsure     map[string]bool // by application; written between rounds only
	kept       chan kept       // workers write, the keeper reads
	stop       context.CancelCauseFunc
	quickest   time.Duration // shortest round trip of the samples in force
	slept      int64         // last value of Base.Slept; owned by the run's goroutine

	mu       sync.Mutex
	progress Progress // guarded by mu
	views    []view   // guarded by mu; by worker, then by node
	opens    int64    // guarded by mu; a later opening that a node has named, 0 for none
	openedIn uint64   // guarded by mu; the calendar version that it corrects
}

// kept is a record that has to be durable before its item is finished.
type kept struct {
	q  *queue
	it *item
	r  store.Record
}

// Run takes every armed application of the day, and every one whose answer is
// not known, to a final answer. It returns nil when nothing is left to do or
// the day is over; what became of each application stands in the records.
func Run(ctx context.Context, c Config) error {
	if len(c.Nodes) == 0 {
		return fmt.Errorf("%w: the portal's configuration names none", ErrNoNode)
	}
	ctx, stop := context.WithCancelCause(ctx)
	s := newSender(c, stop)
	var keeper sync.WaitGroup
	keeper.Go(s.keeper)
	err := s.run(ctx)
	close(s.kept)
	keeper.Wait()
	s.closeLinks()
	stop(nil)
	if cause := context.Cause(ctx); errors.Is(err, context.Canceled) && cause != nil {
		err = cause
	}
	return err
}

func newSender(c Config, stop context.CancelCauseFunc) *sender {
	if c.Connections <= 0 || c.Connections > MaxConnections {
		c.Connections = MaxConnections
	}
	c.Moments.fill()
	if c.first == nil {
		c.first = rand.IntN
	}
	s := &sender{
		Config: c, home: c.first(len(c.Nodes)), unsure: map[string]bool{},
		kept: make(chan kept, 256), stop: stop, slept: int64(c.Base.Slept()),
	}
	for range c.Nodes {
		s.estimators = append(s.estimators, &timing.Estimator{})
	}
	s.progress = Progress{Day: c.Day, Stage: StageConnecting, Home: c.Nodes[s.home].ID}
	return s
}

// pending returns what is left to send, and sees that there are enough workers.
func (s *sender) pending() []*item {
	var items []*item
	for _, r := range s.Records.Day(s.Day) {
		if r.State == store.Armed || r.State == store.Sending {
			items = append(items, &item{record: r, unsure: r.State == store.Sending && s.unsure[r.Application]})
		}
	}
	want := min(len(items), s.Connections)
	for len(s.workers) < want {
		i := len(s.workers)
		s.workers = append(s.workers, &worker{s: s, index: i, standby: i < standbyLinks, links: make([]Link, len(s.Nodes))})
		s.addViews(i)
	}
	for i := range want { // the queue hands them out in this order
		s.workers[i].first = items[i].record.Envelope
	}
	s.update(func(p *Progress) { p.Wanted = len(s.workers) })
	return items
}

// mark puts "may have been sent" on disk for items that are about to be.
func (s *sender) mark(items []*item) error {
	var changed []store.Record
	for _, it := range items {
		if it.record.State == store.Armed {
			it.record.State = store.Sending
			changed = append(changed, it.record)
		}
	}
	return s.Records.Put(changed...)
}

// unmark takes the mark back from items of which no byte was written.
func (s *sender) unmark(items []*item) error {
	var changed []store.Record
	for _, it := range items {
		if it.record.State == store.Sending && !it.unsure {
			it.record.State = store.Armed
			changed = append(changed, it.record)
		}
	}
	return s.Records.Put(changed...)
}

// keep hands a record to the keeper; the item is finished when it is durable.
func (s *sender) keep(ctx context.Context, q *queue, it *item, r store.Record) {
	it.record = r
	select {
	case s.kept <- kept{q, it, r}:
	case <-ctx.Done():
	}
}

// keeper makes records durable, as many at a time as there are, so that the
// workers go on sending meanwhile. It ends the run when the disk fails.
func (s *sender) keeper() {
	for k := range s.kept {
		batch := []kept{k}
		for len(s.kept) > 0 {
			batch = append(batch, <-s.kept)
		}
		records := make([]store.Record, len(batch))
		for i := range batch {
			records[i] = batch[i].r
		}
		if err := s.Records.Put(records...); err != nil {
			s.stop(err)
		}
		for i := range batch {
			batch[i].q.done(batch[i].it)
		}
		s.update(func(p *Progress) { p.Trouble = nil })
	}
}

// nodeFor picks the node for an item's next attempt: home first, then in turn.
func (s *sender) nodeFor(it *item) int { return (s.home + it.tries) % len(s.Nodes) }

// next is the node after one, in turn.
func (s *sender) next(n int) int { return (n + 1) % len(s.Nodes) }

func (s *sender) estimate(n int) (timing.Estimate, bool) { return s.estimators[n].At(s.Base.Now()) }

// day returns the click day in force, with the later opening that a node has
// named if its calendar could not be had yet; nil when it is not in the calendar.
func (s *sender) day() *clickday.Day {
	c := s.Calendars.Current()
	d := c.Day(s.Day)
	if d == nil {
		return nil
	}
	day := *d
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.openedIn == c.Version {
		day.Opens = max(day.Opens, s.opens)
	}
	return &day
}

// movedTo remembers the opening that a refusal has named, until a newer
// calendar says what is right.
func (s *sender) movedTo(opens int64) {
	v := s.Calendars.Current().Version
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opens, s.openedIn = opens, v
}

func (s *sender) trouble(err error) {
	s.log().Warn("sending", "err", err)
	s.update(func(p *Progress) { p.Trouble = err })
}

func (s *sender) stage(st Stage) { s.update(func(p *Progress) { p.Stage = st }) }

// addViews makes room for the picture of a new worker's connections.
func (s *sender) addViews(index int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range s.Nodes {
		s.views = append(s.views, view{n, index, LinkView{Node: s.Nodes[n].ID, State: LinkNone}})
	}
}

// view is one connection with the position of its node and its worker.
type view struct {
	node, worker int
	LinkView
}

// show changes the picture of one connection and reports it.
func (s *sender) show(w *worker, n int, st LinkState) {
	s.note(w, n, st)
	s.update(func(*Progress) {})
}

// note changes the picture of one connection; the next report carries it, so
// that nothing is in the way of a request.
func (s *sender) note(w *worker, n int, st LinkState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := &s.views[w.index*len(s.Nodes)+n]
	if st == LinkSending {
		v.Sent++
	}
	v.State = st
}

// picture lists the connections to the home node, then those to others that
// have been asked for. The caller holds mu.
func (s *sender) picture(p *Progress) {
	p.Links, p.Connections = make([]LinkView, 0, len(s.views)), 0
	for _, home := range []bool{true, false} {
		for _, v := range s.views {
			if (v.node == s.home) != home || !home && v.State == LinkNone {
				continue
			}
			v.Standby = !home
			p.Links = append(p.Links, v.LinkView)
			if home && (v.State == LinkWarm || v.State == LinkSending) {
				p.Connections++
			}
		}
	}
}

// update changes the progress and reports it.
func (s *sender) update(f func(*Progress)) {
	e, known := s.estimate(s.home)
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.progress)
	if s.Report == nil {
		return
	}
	s.picture(&s.progress)
	s.progress.Estimate, s.progress.Known = e, known
	s.Report(s.progress)
}

func (s *sender) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}
