package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"puntuale/internal/clickday"
	"puntuale/internal/client/store"
)

// AccountView is one account of a Desk.
type AccountView struct {
	Key     string // "" is the first
	Label   string // for people
	Current bool
	Armed   bool // it waits or sends
}

// Opener opens the client of an account, "" for the first, with these settings.
type Opener func(account string, s Settings) (*Client, error)

// Desk runs a Session for each account of this computer, all at the same time,
// and shows one of them: an intermediary sends for several, each with a store and
// connections of its own. Like those of a Session, its methods return at once.
type Desk struct {
	ctx  context.Context
	stop context.CancelFunc
	dir  string
	open Opener
	wg   sync.WaitGroup

	mu       sync.Mutex
	settings Settings       // guarded by mu
	seats    []*seat        // guarded by mu; one for each account
	shown    *seat          // guarded by mu
	listener func(Snapshot) // guarded by mu; called with mu held, so that order is kept
	report   string         // guarded by mu
	notice   Notice         // guarded by mu; of the desk itself, before the session's
	closed   bool           // guarded by mu
	opening  bool           // guarded by mu; the accounts are being opened anew
}

// seat is one account while it is open.
type seat struct {
	key     string
	client  *Client
	session *Session
	last    Snapshot // guarded by Desk.mu
	stop    context.CancelFunc
	ended   chan struct{} // closed when Run has ended
}

// OpenDesk opens every account below a directory; the first, or the one that is
// asked for, must open, another that is in use by another process is left out.
func OpenDesk(ctx context.Context, dir, account string, settings Settings, open Opener) (*Desk, error) {
	ctx, stop := context.WithCancel(ctx)
	d := &Desk{ctx: ctx, stop: stop, dir: dir, open: open, settings: settings}
	keys, err := store.Accounts(dir)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(keys, account) {
		keys = append([]string{account}, keys...)
	}
	for _, key := range keys {
		c, err := open(key, settings)
		if err != nil && (key == account || !errors.Is(err, store.ErrLocked)) {
			return nil, errors.Join(err, d.Close())
		}
		if err == nil {
			s := d.sit(key, c)
			if key == account {
				d.shown = s
			}
		}
	}
	return d, nil
}

// sit takes a client in. The caller holds mu, or has the desk for itself.
func (d *Desk) sit(key string, c *Client) *seat {
	ctx, stop := context.WithCancel(d.ctx)
	s := &seat{key: key, client: c, session: NewSession(ctx, c), stop: stop, ended: make(chan struct{})}
	d.seats = append(d.seats, s)
	return s
}

// Stopping ends Run: the window has been closed.
func (d *Desk) Stopping() { d.stop() }

// Close gives the directories back. Run must have ended.
func (d *Desk) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stop()
	var err error
	for _, s := range d.seats {
		err = errors.Join(err, s.client.Close())
	}
	d.seats = nil
	return err
}

// Run publishes snapshots of the account that is shown until ctx ends, and
// returns when every session has stopped.
func (d *Desk) Run(listener func(Snapshot)) {
	d.mu.Lock()
	d.listener = listener
	for _, s := range d.seats {
		d.run(s)
	}
	d.mu.Unlock()
	<-d.ctx.Done()
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.wg.Wait()
}

// run starts a seat. The caller holds mu.
func (d *Desk) run(s *seat) {
	d.wg.Go(func() {
		defer close(s.ended)
		s.session.Run(func(snap Snapshot) { d.take(s, snap) })
	})
}

func (d *Desk) take(s *seat, snap Snapshot) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s.last = snap
	if s == d.shown {
		d.publish()
	}
}

// publish hands out the picture of the account that is shown. The caller holds mu.
func (d *Desk) publish() {
	if d.listener == nil || d.shown == nil {
		return
	}
	snap := d.shown.last
	snap.Settings, snap.Report = d.settings, d.report
	snap.Accounts = make([]AccountView, 0, len(d.seats))
	for _, s := range d.seats {
		snap.Accounts = append(snap.Accounts, d.accountView(s))
	}
	if d.opening {
		snap.Activity = Opens
	}
	if d.notice != (Notice{}) {
		snap.Notice = d.notice
	}
	d.listener(snap)
}

func (d *Desk) accountView(s *seat) AccountView {
	p, _ := s.client.Profile()
	label := cmp.Or(p.Account.Name, s.key, "…")
	for i := range s.last.Days {
		if s.last.Days[i].Running {
			return AccountView{s.key, label, s == d.shown, true}
		}
	}
	return AccountView{s.key, label, s == d.shown, false}
}

// now returns the session that is shown.
func (d *Desk) now() *Session {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.notice = Notice{}
	return d.shown.session
}

// tell shows a message of the desk itself; nil takes it away.
func (d *Desk) tell(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.notice = Notice{}
	if err != nil {
		d.notice = Notice{Bad: true, Text: Explain(err)}
	}
	d.publish()
}

// ShowAccount turns to another account.
func (d *Desk) ShowAccount(key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.seats {
		if s.key == key && s != d.shown {
			d.shown, d.report, d.notice = s, "", Notice{}
			d.settings.Account = key
			d.keep()
			d.publish()
		}
	}
}

// AddAccount turns to a new account, which is not paired yet.
func (d *Desk) AddAccount() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.seats {
		if _, paired := s.client.Profile(); !paired {
			d.shown = s // there is one already
			d.publish()
			return
		}
	}
	key := ""
	for n := 2; key == "" || slices.ContainsFunc(d.seats, func(s *seat) bool { return s.key == key }); n++ {
		key = fmt.Sprintf("account-%d", n)
	}
	c, err := d.open(key, d.settings)
	if err != nil {
		d.notice = Notice{Bad: true, Text: Explain(err)}
	} else {
		d.shown = d.sit(key, c)
		d.run(d.shown)
	}
	d.publish()
}

// keep puts the settings on disk. The caller holds mu.
func (d *Desk) keep() {
	if err := d.settings.Save(d.dir); err != nil {
		d.notice = Notice{Bad: true, Text: Explain(err)}
	}
}

// Set changes the settings. Another proxy opens every account anew; that is
// refused while one of them is armed or busy.
func (d *Desk) Set(s Settings) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.settings
	s.Account = before.Account
	d.notice = Notice{}
	switch {
	case s.Proxy != before.Proxy && d.busy():
		d.notice = Notice{Bad: true, Text: Explain(ErrBusy)}
	case s.Save(d.dir) != nil:
		d.notice = Notice{Bad: true, Text: clickday.Text{
			IT: "Le impostazioni non sono state salvate: l’indirizzo del proxy deve essere http://nome:porta, oppure manca lo spazio sul disco.",
			EN: "The settings have not been saved: the address of the proxy must be http://name:port, or the disk has no room.",
		}}
	default:
		d.settings = s
		if s.Proxy != before.Proxy {
			d.opening = true
			d.wg.Go(d.reopen)
		}
	}
	d.publish()
}

// busy reports whether an account sends or does anything else. The caller holds mu.
func (d *Desk) busy() bool {
	return d.opening || slices.ContainsFunc(d.seats, func(s *seat) bool { return s.session.sending() || s.session.doing() != Idle })
}

// reopen closes every account and opens it with the new settings.
func (d *Desk) reopen() {
	d.mu.Lock()
	old, shown, settings := d.seats, d.shown.key, d.settings
	d.mu.Unlock()
	fresh, keys := make([]*Client, 0, len(old)), make([]*seat, 0, len(old))
	var failed error
	for _, s := range old { // one after the other: a store has one holder
		s.stop()
		<-s.ended
		err := s.client.Close()
		c, oerr := d.open(s.key, settings)
		if failed = errors.Join(failed, err, oerr); oerr != nil {
			continue
		}
		c.SetPassphrase(s.client.given())
		fresh = append(fresh, c)
		keys = append(keys, s)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if failed != nil {
		d.notice = Notice{Bad: true, Text: Explain(failed)}
	}
	d.seats, d.opening = nil, false
	for i, c := range fresh {
		s := d.sit(keys[i].key, c)
		if s.last = keys[i].last; s.key == shown {
			d.shown = s
		}
		if !d.closed {
			d.run(s)
		}
	}
}
