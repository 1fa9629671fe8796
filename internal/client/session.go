package client

import (
	"context"
	"slices"
	"sync"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/store"
	"puntuale/internal/client/timing"
)

// Activity is what a Session is doing besides sending.
type Activity string

const (
	Idle     Activity = ""
	Pairs    Activity = "pairing"
	Syncs    Activity = "syncing"
	Unlocks  Activity = "unlocking"
	Receives Activity = "receipts"
	Forgets  Activity = "forgetting"
	Orders   Activity = "ordering"
	Opens    Activity = "opening"    // of a Desk: its accounts are opened anew
	Tests    Activity = "testing"    // the self-test
	Plays    Activity = "rehearsing" // a rehearsal
)

// Notice is the last thing to tell the person; the zero value is nothing.
type Notice struct {
	Bad  bool // something to act upon, rather than good news
	Text clickday.Text
	// Unsettled says that a deletion was refused because outcomes are missing.
	Unsettled bool
}

const (
	// tick is how often a countdown is redrawn.
	tick = 200 * time.Millisecond
	// settle is the shortest time between two snapshots.
	settle = 50 * time.Millisecond
	// lookAgain is how often the intake's clock is looked at when nothing is armed.
	lookAgain = 5 * time.Minute
)

// Watch publishes a snapshot after every change, and five times a second for
// the countdown, until ctx ends. The listener is called from this goroutine
// alone and must not block for long.
func (c *Client) Watch(ctx context.Context, decorate func(*Snapshot), listener func(Snapshot)) {
	dirty := make(chan struct{}, 1)
	c.onChange(func() {
		select {
		case dirty <- struct{}{}:
		default:
		}
	})
	defer c.onChange(nil)
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		s := c.Snapshot()
		if decorate != nil {
			decorate(&s)
		}
		listener(s)
		if timing.Pause(ctx, settle) != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-dirty:
		case <-t.C:
		}
	}
}

func (c *Client) onChange(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed = f
}

// Session runs a Client for a window: its methods return at once, what comes
// of them is shown in the next snapshots. One activity at a time, and sending
// beside it.
type Session struct {
	c   *Client
	ctx context.Context
	wg  sync.WaitGroup

	mu        sync.Mutex
	activity  Activity           // guarded by mu
	cancel    context.CancelFunc // guarded by mu; of the activity
	stopSend  context.CancelFunc // guarded by mu; of the sending, nil when there is none
	pairURL   string             // guarded by mu
	notice    Notice             // guarded by mu
	checks    []Check            // guarded by mu; of the last self-test, as they come
	rehearsal RehearsalView      // guarded by mu
	preview   PreviewView        // guarded by mu; of the application that is open
}

// RehearsalView is a rehearsal under way, or how the last one went.
type RehearsalView struct {
	Step   *RehearsalStep   // nil when none is under way
	Report *RehearsalReport // nil before the first has ended
	// Unfinished: one was interrupted, and goes on at the next Rehearse.
	Unfinished bool
}

// NewSession prepares a session that lives as long as ctx. Run starts it.
func NewSession(ctx context.Context, c *Client) *Session { return &Session{c: c, ctx: ctx} }

// Run publishes snapshots to the listener until ctx ends, takes up what an
// earlier run has armed, and returns when everything it started has stopped.
func (s *Session) Run(listener func(Snapshot)) {
	s.mu.Lock()
	s.rehearsal.Unfinished = s.c.Unfinished()
	s.mu.Unlock()
	s.wg.Go(s.background)
	s.resume()
	s.c.Watch(s.ctx, s.decorate, listener)
	s.wg.Wait()
}

func (s *Session) decorate(snap *Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	snap.Activity, snap.PairURL, snap.Notice = s.activity, s.pairURL, s.notice
	snap.Checks, snap.Rehearsal, snap.Preview = slices.Clone(s.checks), s.rehearsal, s.preview
}

// resume goes on sending what was armed when the program ended.
func (s *Session) resume() {
	for _, r := range s.c.store.All() {
		if r.State == store.Armed || r.State == store.Sending {
			s.Send("")
			return
		}
	}
}

// background looks at clock and outcomes from time to time.
func (s *Session) background() {
	look := int64(0)
	for n := 0; s.ctx.Err() == nil; n++ {
		_, paired := s.c.Profile()
		if paired && s.c.base.Now() >= look && !s.sending() {
			look = s.c.base.Now() + int64(timing.Jitter(lookAgain))
			if err := s.c.Measure(s.ctx); err != nil {
				s.c.Log.Warn("clock of the intake", "err", err)
				look = s.c.base.Now() + int64(timing.Jitter(10*time.Second))
			}
			if err := s.c.CheckTime(s.ctx); err != nil {
				s.c.Log.Info("time servers", "err", err)
			}
			if _, err := s.c.CheckUpdate(s.ctx, false); err != nil {
				s.c.Log.Info("list of versions", "err", err)
			}
			s.lookLater()
		}
		if paired && !s.c.Snapshot().Locked && s.c.awaitsOutcome() {
			if err := s.c.Refresh(s.ctx); err != nil {
				s.c.Log.Warn("outcomes", "err", err)
			}
		} else {
			n = 0
		}
		if timing.Pause(s.ctx, min(pollPause(n+1), 15*time.Second)) != nil {
			return
		}
	}
}

func (c *Client) awaitsOutcome() bool {
	for _, r := range c.store.All() {
		if r.State == store.Acknowledged || r.State == store.Sequenced || r.State == store.Sending && !c.running(r.Day) {
			return true
		}
	}
	return false
}

func (s *Session) sending() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopSend != nil
}

// Pair starts a pairing; passphrase is for the key file and may be empty.
func (s *Session) Pair(address, name, passphrase string) {
	s.start(Pairs, func(ctx context.Context) error {
		if passphrase != "" {
			s.c.SetPassphrase(passphrase)
		}
		err := s.c.Pair(ctx, Pairing{Portal: address, Name: name, Show: s.showURL})
		s.showURL("")
		if err != nil {
			return err
		}
		_, err = s.c.Sync(ctx)
		s.look(ctx)
		return err
	}, textPaired)
}

// look measures the clock at once, without making a failure a message.
func (s *Session) look(ctx context.Context) {
	if err := s.c.Measure(ctx); err != nil {
		s.c.Log.Warn("clock of the intake", "err", err)
	}
}

func (s *Session) showURL(address string) {
	s.mu.Lock()
	s.pairURL = address
	s.mu.Unlock()
	s.c.touch()
}

// Unlock gives the passphrase of the key file and tries it.
func (s *Session) Unlock(passphrase string) {
	s.start(Unlocks, func(context.Context) error {
		s.c.SetPassphrase(passphrase)
		_, err := s.c.portal()
		if err != nil {
			s.c.SetPassphrase("")
		}
		return err
	}, clickday.Text{})
}

// Sync fetches the sealed applications.
func (s *Session) Sync() {
	s.start(Syncs, func(ctx context.Context) error {
		r, err := s.c.Sync(ctx)
		s.look(ctx)
		if err == nil && len(r.Rejected) > 0 {
			return r.Rejected[0].Err
		}
		return err
	}, textSynced)
}

// SaveReceipts saves every receipt that is ready into a folder.
func (s *Session) SaveReceipts(dir string) {
	s.start(Receives, func(ctx context.Context) error {
		_, err := s.c.Receipts(ctx, dir, 0)
		return err
	}, textSaved)
}

// Forget deletes every local trace of the account; see Client.Forget.
func (s *Session) Forget(force bool) {
	s.start(Forgets, func(context.Context) error { return s.c.Forget(force) }, textForgotten)
}

// SelfTest looks at everything that a click day needs; what it finds is in
// Snapshot.Checks, one by one as it comes.
func (s *Session) SelfTest() { s.testThen(func() {}) }

// testThen makes the self-test and calls then if it came to its end.
func (s *Session) testThen(then func()) {
	s.start(Tests, func(ctx context.Context) error {
		s.mu.Lock()
		s.checks = nil
		s.mu.Unlock()
		s.c.SelfTest(ctx, func(k Check) {
			s.mu.Lock()
			s.checks = append(s.checks, k)
			s.mu.Unlock()
			s.c.touch()
		})
		if ctx.Err() == nil {
			then()
		}
		return ctx.Err()
	}, clickday.Text{})
}

// Rehearse plays a click day; how it goes is in Snapshot.Rehearsal.
func (s *Session) Rehearse(r Rehearsal) {
	r.Tell = func(p RehearsalStep) {
		s.mu.Lock()
		s.rehearsal.Step = &p
		s.mu.Unlock()
		s.c.touch()
	}
	s.start(Plays, func(ctx context.Context) error {
		report, err := s.c.Rehearse(ctx, r)
		s.mu.Lock()
		s.rehearsal = RehearsalView{Unfinished: err != nil && s.c.Unfinished()}
		if err == nil {
			s.rehearsal.Report = &report
		}
		s.mu.Unlock()
		return err
	}, clickday.Text{})
}

// Cancel ends the activity under way.
func (s *Session) Cancel() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		s.cancel()
	}
}

// Send arms a click day (by code; "" is every day) and sends at its opening.
func (s *Session) Send(dayCode string) {
	s.mu.Lock()
	if s.stopSend != nil {
		s.mu.Unlock()
		s.tell(ErrBusy)
		return
	}
	ctx, cancel := context.WithCancel(s.ctx)
	s.stopSend = cancel
	s.mu.Unlock()
	s.wg.Go(func() {
		err := s.c.Send(ctx, dayCode)
		cancelled := ctx.Err() != nil
		cancel()
		s.mu.Lock()
		s.stopSend = nil
		s.mu.Unlock()
		if !cancelled {
			s.tell(err)
		} else if s.ctx.Err() == nil && dayCode != "" {
			s.tell(s.c.Disarm(dayCode))
		}
		s.c.touch()
	})
}

// Stop takes the decision to send back, for what has not been sent.
func (s *Session) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopSend != nil {
		s.stopSend()
	}
}

// start runs an activity unless there is one already.
func (s *Session) start(a Activity, f func(ctx context.Context) error, good clickday.Text) {
	s.mu.Lock()
	if s.activity != Idle {
		s.mu.Unlock()
		return
	}
	ctx, cancel := context.WithCancel(s.ctx)
	s.activity, s.cancel, s.notice = a, cancel, Notice{}
	s.mu.Unlock()
	s.c.touch()
	s.wg.Go(func() {
		err := f(ctx)
		cancel()
		s.mu.Lock()
		s.activity, s.cancel = Idle, nil
		s.notice = Notice{Text: good}
		s.mu.Unlock()
		s.tell(err)
	})
}

// tell shows an error; nil leaves the notice as it is.
func (s *Session) tell(err error) {
	if err != nil {
		s.c.Log.Warn("session", "err", err)
		s.mu.Lock()
		s.notice = Notice{Bad: true, Text: Explain(err)}
		s.mu.Unlock()
	}
	s.c.touch()
}
