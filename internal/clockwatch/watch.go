package clockwatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"puntuale/internal/clickday"
)

// Files below Config.Dir.
const (
	LogFile    = "clock.log"         // a line a second
	openedFile = "clock-opened.json" // click days that were opened
)

// maxServers keeps a wrong setting from flooding the network.
const maxServers = 32

// INRIM are the time servers of the Istituto Nazionale di Ricerca Metrologica,
// which keeps the Italian realisation of UTC.
var INRIM = []string{"ntp1.inrim.it", "ntp2.inrim.it", "time.inrim.it"}

// Config is what a watch needs.
type Config struct {
	// Servers are names or addresses, with a port if it is not 123; "inrim" stands
	// for the three of INRIM. None: the clock is not compared with anything.
	Servers []string
	// Agree is how many must agree; 0 means more than half. Fewer than that is
	// an error, for two halves could then agree with themselves.
	Agree int
	// Poll is the pause between questions to one server, 16 s to 1024 s.
	Poll   time.Duration
	Policy Policy
	// Days returns the click days in force; nil means none.
	Days func() []clickday.Day
	// Dir is where the log of the clock and the days that were opened are kept; ""
	// keeps nothing.
	Dir   string
	Log   *slog.Logger
	Query Query                   // nil asks over the network
	Read  func() (Reading, error) // nil reads the machine's clocks
}

// Check completes the configuration and reports the first setting that is wrong.
func (c *Config) Check() error {
	var servers []string
	for _, s := range c.Servers {
		if s == "inrim" {
			servers = append(servers, INRIM...)
		} else {
			servers = append(servers, s)
		}
	}
	c.Servers = servers
	if c.Agree == 0 {
		c.Agree = len(c.Servers)/2 + 1
	}
	sorted := slices.Sorted(slices.Values(c.Servers))
	switch {
	case len(c.Servers) > maxServers || slices.Contains(c.Servers, ""):
		return fmt.Errorf("clock-servers: want at most %d names, none empty", maxServers)
	case len(slices.Compact(sorted)) != len(c.Servers):
		return errors.New("clock-servers: a server stands twice")
	case len(c.Servers) > 0 && (c.Agree > len(c.Servers) || 2*c.Agree <= len(c.Servers)):
		return fmt.Errorf("clock-agree: %d of %d: want more than half, at most all", c.Agree, len(c.Servers))
	case c.Poll < fastPoll || c.Poll > slowest:
		return fmt.Errorf("clock-poll: %s: want %s to %s", c.Poll, fastPoll, slowest)
	case c.Policy.OK <= 0:
		return fmt.Errorf("clock-bound-ok: %s: want more than 0", c.Policy.OK)
	case c.Policy.Refuse < c.Policy.OK:
		return fmt.Errorf("clock-bound-refuse: %s: want clock-bound-ok or more", c.Policy.Refuse)
	}
	return nil
}

// Watch watches the clock of this machine while Run runs. What it knows may be
// asked at any time, by any goroutine, without waiting.
type Watch struct {
	cfg     Config
	engine  *engine // Run's alone
	journal *clockLog
	view    atomic.Pointer[View]
}

// New returns a watch that does not watch yet: until it runs and enough servers
// agree, it refuses to open, unless there are no servers. Errors name a setting.
func New(c Config) (*Watch, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Query == nil {
		c.Query = Ask
	}
	if c.Read == nil {
		c.Read = ReadClocks
	}
	w := &Watch{cfg: c, journal: newClockLog(c.Dir, c.Log)}
	path := ""
	if c.Dir != "" {
		path = filepath.Join(c.Dir, openedFile)
	}
	g, err := openGate(path)
	if err != nil {
		c.Log.Warn("which click days were open before is not known", "error", err)
	}
	w.engine = newEngine(&c, g)
	w.view.Store(w.engine.view)
	return w, nil
}

// View returns what is known now.
func (w *Watch) View() *View { return w.view.Load() }

// State returns what goes into stamps: state and bound, 0 for not measured.
func (w *Watch) State() (clickday.ClockState, time.Duration) {
	v := w.view.Load()
	return v.State(), v.Bound
}

// Accepts tells whether a click day that is open by the calendar is open by the clock.
func (w *Watch) Accepts(day clickday.DayID) bool { return w.view.Load().Accepts(day) }

// Ready is nil if click days may open, or says why not.
func (w *Watch) Ready() error {
	if v := w.view.Load(); v.Level == Refuse {
		return errors.New("clock: no click day opens: " + v.Reason)
	}
	return nil
}

// reply is the end of one question.
type reply struct {
	server int
	began  Reading
	answer Answer
	err    error
}

// Run watches until ctx ends. It returns nil then, or an error if the machine's
// clocks cannot be read.
func (w *Watch) Run(ctx context.Context) error {
	defer w.journal.close()
	ctx, stop := context.WithCancel(ctx)
	var asking sync.WaitGroup
	defer asking.Wait()
	defer stop()
	replies := make(chan reply)
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	now, err := w.cfg.Read()
	if err != nil {
		return err
	}
	w.tick(now)
	for {
		for _, i := range w.engine.due(now) {
			began := now
			asking.Go(func() { w.ask(ctx, i, began, replies) })
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if now, err = w.cfg.Read(); err != nil {
				return err
			}
			w.tick(now)
		case r := <-replies:
			if now, err = w.cfg.Read(); err != nil {
				return err
			}
			w.take(now, &r)
		}
	}
}

// tick compares the clocks and writes them down.
func (w *Watch) tick(now Reading) {
	w.engine.tick(now)
	w.publish()
	w.journal.write(now, w.engine.view)
}

// take judges what a server answered.
func (w *Watch) take(now Reading, r *reply) {
	w.engine.take(r.server, r.began, now, r.answer, r.err)
	w.publish()
}

// publish puts the newest view in force, and tells what has changed.
func (w *Watch) publish() {
	old, v := w.view.Load(), w.engine.view
	w.view.Store(v)
	if old.trusted && !v.trusted {
		if now, err := w.cfg.Read(); err == nil {
			w.engine.again(now)
			v = w.engine.view
			w.view.Store(v)
		}
	}
	report(w.cfg.Log, old, v)
	if maps.Equal(old.opened, v.opened) {
		return
	}
	if err := w.engine.gate.keep(); err != nil {
		w.cfg.Log.Error("that a click day was opened is not kept: after a restart it may be refused", "error", err)
	}
}

// ask asks one server and hands on what it says.
func (w *Watch) ask(ctx context.Context, i int, began Reading, to chan<- reply) {
	a, err := w.cfg.Query(ctx, w.cfg.Servers[i])
	select {
	case to <- reply{i, began, a, err}:
	case <-ctx.Done():
	}
}
