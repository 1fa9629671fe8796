//go:build linux

package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/loadgen"
	"puntuale/internal/loadrun"
	"puntuale/internal/wire"
)

// follower looks at the calendar of the nodes, as mini-clients do, and moves the
// plan with the opening.
type follower struct {
	clock   clock.Clock
	key     ed25519.PublicKey
	day     clickday.DayID
	nodes   []node
	slack   time.Duration // between our clock and theirs
	version uint64
	opens   int64
	agreed  time.Time // when all nodes were last seen with the version before
	list    []loadrun.Opening
	move    func(by time.Duration)
}

// node is one address of an intake.
type node struct {
	url string
	web *http.Client
}

const (
	followEvery   = 100 * time.Millisecond
	followTimeout = 2 * time.Second
	calendarMax   = 1 << 20
	// foreignSlack is how far the clocks of somebody's nodes may be from ours
	// for what is said about when an opening was moved.
	foreignSlack = 5 * time.Second
)

func newFollower(s *site, clk clock.Clock, opening time.Time, move func(time.Duration)) *follower {
	f := &follower{clock: clk, key: s.calendarKey, day: s.dayID(), opens: opening.UnixNano(), agreed: clk.Now(), move: move,
		list: []loadrun.Opening{{Opens: opening.UnixNano()}}}
	if s.own == nil {
		f.slack = foreignSlack
	}
	for _, t := range s.targets {
		f.nodes = append(f.nodes, newNode(t))
	}
	return f
}

func newNode(t loadgen.Target) node {
	scheme := "http"
	if t.TLS != nil {
		scheme = "https"
	}
	return node{scheme + "://" + t.Addr + wire.PathCalendar,
		&http.Client{Timeout: followTimeout, Transport: &http.Transport{TLSClientConfig: t.TLS, MaxIdleConnsPerHost: 1}}}
}

// follow looks until ctx ends, and returns when each opening was in force.
func (f *follower) follow(ctx context.Context) []loadrun.Opening {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		f.look(ctx)
		select {
		case <-ctx.Done():
			for _, n := range f.nodes {
				n.web.CloseIdleConnections()
			}
			return f.list
		case <-tick.C:
		}
	}
}

// look asks every node. The first that has a new calendar moves the plan; the
// opening before may be in force until the last has it.
func (f *follower) look(ctx context.Context) {
	asked, behind := f.clock.Now(), 0
	for _, n := range f.nodes {
		c, err := n.calendar(ctx, f.key)
		if err != nil || c.Version < f.version { // nobody knows what it goes by
			behind++
			continue
		}
		d := c.Day(f.day)
		if c.Version > f.version && d != nil && f.version > 0 && d.Opens != f.opens {
			f.moved(d.Opens)
		}
		f.version = c.Version
	}
	if behind > 0 {
		return
	}
	if last := len(f.list) - 2; last >= 0 && f.list[last].Until == 0 {
		f.list[last].Until = f.clock.Now().Add(f.slack).UnixNano()
	}
	f.agreed = asked
}

func (f *follower) moved(opens int64) {
	f.list = append(f.list, loadrun.Opening{Opens: opens, From: f.agreed.Add(-f.slack).UnixNano()})
	by := time.Duration(opens - f.opens)
	f.opens = opens
	words := loadrun.Duration(by)
	say("\nL’apertura è spostata di %s: il piano la segue. / The opening is moved by %s: the plan follows.", words.IT, words.EN)
	f.move(by)
}

func (n *node) calendar(ctx context.Context, key ed25519.PublicKey) (clickday.Calendar, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.url, nil)
	if err != nil {
		return clickday.Calendar{}, err
	}
	res, err := n.web.Do(req)
	if err != nil {
		return clickday.Calendar{}, err
	}
	defer res.Body.Close()
	signed, err := io.ReadAll(io.LimitReader(res.Body, calendarMax))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", n.url, res.Status)
	}
	if err != nil {
		return clickday.Calendar{}, err
	}
	return wire.OpenCalendar(signed, key)
}

// following begins to look; the function returned ends that and notes the
// openings in the manifest.
func (r *run) following(ctx context.Context, ready firing) func() {
	ctx, stop := context.WithCancel(ctx)
	found := make(chan []loadrun.Opening, 1)
	go func() { found <- newFollower(r.site, r.clk, r.open.Opening, ready.Move).follow(ctx) }()
	return func() {
		stop()
		r.manifest.Openings = slices.Clone(<-found)
	}
}
