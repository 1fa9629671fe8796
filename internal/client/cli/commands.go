package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"puntuale/internal/client"
	"puntuale/internal/client/pairing"
	"puntuale/internal/client/store"
)

// Run opens the window.
func (*windowCmd) Run(e *env) error {
	if e.window == nil {
		fmt.Fprintln(e.Err, e.say("no_window"))
		return errNoWindow
	}
	known, err := store.Accounts(e.Dir)
	if err != nil {
		return err
	}
	account := e.Account
	if account == "" && slices.Contains(known, e.kept.Account) {
		account = e.kept.Account
	}
	d, err := client.OpenDesk(e.ctx, e.Dir, account, e.kept, func(account string, s client.Settings) (*client.Client, error) {
		return e.open(opening{account: account, window: true, proxy: s.Proxy})
	})
	if err != nil {
		return err
	}
	return errors.Join(e.window(e.ctx, d, e.Lang), d.Close())
}

// Run pairs this computer.
func (p *pairCmd) Run(e *env) error {
	return e.with(0, func(c *client.Client) error {
		ctx, cancel := context.WithTimeoutCause(e.ctx, p.Timeout, pairing.ErrTimeout)
		defer cancel()
		err := c.Pair(ctx, client.Pairing{
			Portal: p.Portal, Name: p.Name, NoBrowser: p.NoBrowser,
			Show: func(address string) { p.show(e, address) },
		})
		if err != nil {
			return err
		}
		profile, _ := c.Profile()
		if p.JSON {
			return e.json(jsonPaired{profile.Portal, profile.Account, profile.Device, profile.Keystore})
		}
		e.line(e.say("paired", profile.Account.Name, profile.Account.Email))
		e.line(e.say("secrets_"+profile.Keystore, e.Dir))
		return nil
	})
}

// show names the log-in page; with JSON on stderr, so that stdout is the result.
func (p *pairCmd) show(e *env, address string) {
	to := e.Out
	if p.JSON {
		to = e.Err
	}
	fmt.Fprintf(to, "%s\n  %s\n", e.say("open_page"), address)
}

// Run fetches the sealed applications.
func (s *syncCmd) Run(e *env) error {
	return e.with(0, func(c *client.Client) error {
		r, err := c.Sync(e.ctx)
		if err != nil {
			return err
		}
		if s.JSON {
			return s.print(e, r)
		}
		e.line(e.say("synced", r.Prepared, r.Replaced, r.Unchanged, r.Dropped))
		for _, bad := range r.Rejected {
			e.line(e.say("rejected", bad.Worker, client.Explain(bad.Err).In(e.Lang)))
		}
		for _, d := range c.Snapshot().Days {
			e.line(e.say("day", d.Code, d.Title.In(e.Lang), client.OpeningText(d.Opens), d.Counts.Total))
		}
		if len(r.Rejected) > 0 {
			return errRefused
		}
		return nil
	})
}

// Run sends at the opening.
func (s *sendCmd) Run(e *env) error {
	return e.with(s.Connections, func(c *client.Client) error {
		if !anyOpen(c.Snapshot(), s.Day) {
			if _, paired := c.Profile(); !paired {
				return client.ErrNotPaired
			}
			e.line(e.say("nothing_to_send"))
			return errNothing
		}
		p := &progress{env: e, day: s.Day, quiet: s.JSON, seen: map[string]bool{}}
		p.remember(c.Snapshot())
		err := p.watch(c, func(ctx context.Context) error { return c.Send(ctx, s.Day) })
		snap := c.Snapshot()
		if s.JSON {
			if jerr := e.printJSON(snap, s.Day); jerr != nil {
				return jerr
			}
		} else {
			p.summary(snap)
		}
		if err != nil {
			return err
		}
		return verdict(snap, s.Day)
	})
}

// watch shows snapshots while f runs, and returns what f returns.
func (p *progress) watch(c *client.Client, f func(context.Context) error) error {
	ctx, stop := context.WithCancel(p.ctx)
	var wg sync.WaitGroup
	wg.Go(func() { c.Watch(ctx, nil, p.show) })
	wg.Go(func() {
		if err := c.CheckTime(ctx); err != nil {
			c.Log.Info("time servers", "err", err)
		}
	})
	err := f(p.ctx)
	stop()
	wg.Wait()
	p.show(c.Snapshot())
	p.end()
	return err
}

// anyOpen reports whether something is left to send on the day (all: "").
func anyOpen(s client.Snapshot, day string) bool {
	for _, d := range s.Days {
		if (day == "" || d.Code == day) && d.Counts.Open() > 0 {
			return true
		}
	}
	return false
}

// verdict is errUnknown when an outcome is missing, errRefused when one is bad.
func verdict(s client.Snapshot, day string) error {
	var result error
	for _, d := range s.Days {
		if day != "" && d.Code != day {
			continue
		}
		if d.Counts.Open() > 0 {
			return errUnknown
		}
		if d.Counts.Refused > 0 {
			result = errRefused
		}
	}
	return result
}

// Run shows where everything stands.
func (s *statusCmd) Run(e *env) error {
	return e.withOrLook(func(c *client.Client) error {
		if _, paired := c.Profile(); paired && !s.Offline {
			if err := c.Refresh(e.ctx); err != nil { // a reader keeps it in memory
				fmt.Fprintln(e.Err, e.say("not_refreshed", client.Explain(err).In(e.Lang)))
			}
		}
		snap := c.Snapshot()
		if s.JSON {
			return e.printJSON(snap, "")
		}
		if !snap.Paired {
			return client.ErrNotPaired
		}
		e.printStatus(snap)
		return nil
	})
}

// Run saves the receipts.
func (r *receiptsCmd) Run(e *env) error {
	return e.with(0, func(c *client.Client) error {
		report, err := c.Receipts(e.ctx, r.Out, r.Wait)
		if err != nil {
			return err
		}
		if r.JSON {
			err = e.json(jsonReceipts{report.Saved, report.Missing, r.Out})
		} else {
			e.line(e.say("receipts", report.Saved, report.Missing, r.Out))
		}
		if err != nil {
			return err
		}
		if report.Missing > 0 {
			return errUnknown
		}
		return nil
	})
}

// Run removes every local trace.
func (f *forgetCmd) Run(e *env) error {
	return e.with(0, func(c *client.Client) error {
		if err := c.Forget(f.Force); err != nil {
			return err
		}
		if f.JSON {
			return e.json(jsonForgotten{c.Dir})
		}
		e.line(e.say("forgotten", c.Dir))
		return nil
	})
}
