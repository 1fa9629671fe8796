package client

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"puntuale/internal/clickday"
	"puntuale/internal/client/link"
	"puntuale/internal/client/sending"
	"puntuale/internal/client/store"
	"puntuale/internal/client/timing"
)

// Send arms every prepared application of a click day (by code; "" is every
// day), waits for the opening and sends, until each has a final answer or the
// day is over. What became of them stands in the records. After a crash, Send
// takes up where it was left.
func (c *Client) Send(ctx context.Context, dayCode string) error {
	if c.Reader {
		return ErrReader
	}
	if !c.work.TryLock() {
		return ErrBusy
	}
	defer c.work.Unlock()
	nodes, err := c.sendingNodes()
	if err != nil {
		return err
	}
	days, err := c.arm(dayCode)
	if err != nil {
		return err
	}
	c.touch()
	if len(days) > 0 {
		defer c.stayAwake()()
	}
	errs := make([]error, len(days))
	var wg sync.WaitGroup
	for i, d := range days {
		wg.Go(func() { errs[i] = c.sendDay(ctx, d, nodes) })
	}
	wg.Wait()
	c.touch()
	return errors.Join(errs...)
}

// arm puts the decision to send on disk and returns the days concerned.
func (c *Client) arm(dayCode string) ([]clickday.Day, error) {
	cal := c.calendars.Current()
	var days []clickday.Day
	for i := range cal.Days {
		if dayCode == "" || cal.Days[i].Code == dayCode {
			days = append(days, cal.Days[i])
		}
	}
	if len(days) == 0 && dayCode != "" {
		return nil, fmt.Errorf("%w: %q", ErrUnknownDay, dayCode)
	}
	var armed []store.Record
	var concerned []clickday.Day
	for _, d := range days {
		open := 0
		for _, r := range c.store.Day(d.ID) {
			switch r.State {
			case store.Prepared:
				r.State = store.Armed
				armed = append(armed, r)
				open++
			case store.Armed, store.Sending:
				open++
			}
		}
		if open > 0 {
			concerned = append(concerned, d)
		}
	}
	return concerned, c.store.Put(armed...)
}

// Disarm takes the decision to send back for what cannot have been sent yet.
// Cancel the Send of that day first.
func (c *Client) Disarm(dayCode string) error {
	if !c.work.TryLock() {
		return ErrBusy
	}
	defer c.work.Unlock()
	defer c.touch()
	cal := c.calendars.Current()
	var back []store.Record
	for i := range cal.Days {
		if cal.Days[i].Code != dayCode {
			continue
		}
		for _, r := range c.store.Day(cal.Days[i].ID) {
			if r.State == store.Armed {
				r.State = store.Prepared
				back = append(back, r)
			}
		}
	}
	return c.store.Put(back...)
}

func (c *Client) sendDay(ctx context.Context, d clickday.Day, nodes []sending.Node) error {
	defer c.report(d.Code, nil)
	err := sending.Run(ctx, sending.Config{
		Day: d.ID, Nodes: nodes, Records: c.store, Calendars: c.calendars, Base: c.base, Wait: c.Wait, Ready: c.getReady,
		Connections: c.Connections, Moments: c.Moments, Log: c.Log,
		Report: func(p sending.Progress) { c.report(d.Code, &p) },
	})
	if err != nil {
		return fmt.Errorf("click day %s: %w", d.Code, err)
	}
	return nil
}

// report keeps the picture of a run, nil when it has ended.
func (c *Client) report(dayCode string, p *sending.Progress) {
	c.mu.Lock()
	if p == nil {
		delete(c.progress, dayCode)
	} else {
		c.progress[dayCode] = *p
		if p.Known {
			c.measured = &measured{p.Home, p.Estimate, c.base.Now()}
		}
	}
	c.mu.Unlock()
	c.touch()
}

func (c *Client) sendingNodes() ([]sending.Node, error) {
	nodes, err := c.nodes()
	if err != nil {
		return nil, err
	}
	out := make([]sending.Node, 0, len(nodes))
	for _, n := range nodes {
		way := link.NewWay(n, c.base, c.Log)
		out = append(out, sending.Node{
			ID: n.ID, Public: n.Public,
			Dial: func(ctx context.Context, envelope []byte) (sending.Link, error) {
				l, err := way.Dial(ctx, envelope)
				if err != nil {
					return nil, err // never a typed nil in the interface
				}
				return l, nil
			},
		})
	}
	return out, nil
}

// measured is the last look at a node's clock.
type measured struct {
	node     clickday.NodeID
	estimate timing.Estimate
	at       int64 // local instant
}

// measureSamples is how many exchanges a look at the clock takes.
const measureSamples = 8

// Measure looks at the intake's clock, and at its calendar if that is newer
// than ours, so that the countdown is right long before anything is armed.
func (c *Client) Measure(ctx context.Context) error {
	nodes, err := c.nodes()
	if err != nil {
		return err
	}
	if len(nodes) == 0 {
		return sending.ErrNoNode
	}
	for _, n := range nodes {
		if err = c.measure(ctx, n); err == nil {
			return nil
		}
	}
	return err
}

func (c *Client) measure(ctx context.Context, n link.Node) error {
	l, err := link.Dial(ctx, n, c.base)
	if err != nil {
		return err
	}
	defer l.Close()
	var e timing.Estimator
	var version uint64
	for range measureSamples {
		s, a, err := l.Time(ctx)
		if err != nil {
			return err
		}
		e.Add(s)
		version = max(version, a.CalendarVersion)
	}
	if est, ok := e.At(c.base.Now()); ok {
		c.mu.Lock()
		c.measured = &measured{n.ID, est, c.base.Now()}
		c.mu.Unlock()
		c.touch()
	}
	if version <= c.calendars.Current().Version {
		return nil
	}
	signed, err := l.Calendar(ctx)
	if err != nil {
		return err
	}
	_, err = c.calendars.Offer(signed)
	return err
}
