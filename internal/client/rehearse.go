package client

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/portalapi"
	"puntuale/internal/client/sending"
	"puntuale/internal/client/store"
	"puntuale/internal/client/timing"
)

// Rehearsal is what a rehearsal is made of; zero fields mean the defaults.
type Rehearsal struct {
	// In is how long until the opening that is played; 0 is the next whole
	// minute that is at least 30 s ahead.
	In           time.Duration
	Applications int    // at most; 0 is as many as are sealed
	Out          string // folder of report, receipts and proofs; "" is one below the client's
	// Wait is how long after the opening receipts are waited for: 3 min.
	Wait time.Duration
	Tell func(RehearsalStep) // called after every change, by one goroutine at a time
}

// RehearsalPhase is what a rehearsal is doing.
type RehearsalPhase string

const (
	PhaseChecks   RehearsalPhase = "checks"   // the self-test
	PhaseTickets  RehearsalPhase = "tickets"  // applications and tickets from the portal
	PhaseFiring   RehearsalPhase = "firing"   // warm-up, countdown, sending
	PhaseNumbers  RehearsalPhase = "numbers"  // outcomes
	PhaseReceipts RehearsalPhase = "receipts" // PDF files
	PhaseReport   RehearsalPhase = "report"
)

// RehearsalStep is a picture of a rehearsal under way.
type RehearsalStep struct {
	Phase    RehearsalPhase
	Opens    time.Time         // zero before it is chosen
	Progress *sending.Progress // nil before the first
	Counts   Counts
}

const (
	rehearsalDir   = "rehearsal"  // below the client's: records while one is under way
	rehearsalsDir  = "rehearsals" // below the client's: reports
	runName        = "run.json"
	rehearsalAhead = 30 * time.Second
	rehearsalOpen  = 2 * time.Minute // how long answers are tried for
	rehearsalWait  = 3 * time.Minute
	// rehearsalGood is how long the tickets of a run are surely good.
	rehearsalGood = 90 * time.Minute
)

// FrozenError says that a click day opens about now; no rehearsal is made then.
type FrozenError struct {
	Until   time.Time
	Stopped bool // one was under way: the opening has moved
}

// Error says until when.
func (e *FrozenError) Error() string {
	if e.Stopped {
		return "a click day has been moved and opens about now: the rehearsal was stopped; possible again after " + OpeningText(e.Until)
	}
	return "a click day opens about now: no rehearsal until " + OpeningText(e.Until)
}

func (e *FrozenError) text() clickday.Text {
	at := OpeningText(e.Until)
	if e.Stopped {
		return clickday.Text{
			IT: "Prova fermata: il calendario è cambiato e un click day vero si apre da poco o tra poco. Le domande vere non sono state toccate: controlla la loro apertura nella pagina del click day. Le prove si possono rifare dopo il " + at + ".",
			EN: "Rehearsal stopped: the calendar has changed, and a real click day has just opened or is about to. The real applications were not touched: look at their opening on the page of the click day. Rehearsals are possible again after " + at + ".",
		}
	}
	return clickday.Text{
		IT: "Un click day si apre da poco o tra poco: per non disturbarlo le prove sono sospese. Si possono rifare dopo il " + at + ".",
		EN: "A click day has just opened or is about to: rehearsals are off so as not to disturb it. They are possible again after " + at + ".",
	}
}

// run is a rehearsal on disk, so that one that was interrupted goes on.
type run struct {
	ID      string         `json:"run"`
	Day     clickday.DayID `json:"day"`
	Code    string         `json:"code"`
	Samples bool           `json:"samples"`
	Began   int64          `json:"began,string"` // nanoseconds since 1970 of this computer
	Opens   int64          `json:"opens,string"` // of the node's clock
	Out     string         `json:"out"`
}

// Rehearse plays a whole click day, at any time: the portal copies the sealed
// applications (or makes samples) into a click day of rehearsals, and then the
// same code as ever waits, warms, fires, repeats, collects numbers and receipts
// through the same nodes and programs. Records lie in a folder apart; what was
// interrupted goes on. At the end there is a report, in the folder of the
// receipts too. Near a real opening it is a FrozenError.
func (c *Client) Rehearse(ctx context.Context, r Rehearsal) (RehearsalReport, error) {
	var report RehearsalReport
	if c.Reader {
		return report, ErrReader
	}
	if !c.work.TryLock() {
		return report, ErrBusy
	}
	defer c.work.Unlock()
	r.Wait = cmp.Or(r.Wait, rehearsalWait)
	if r.Tell == nil {
		r.Tell = func(RehearsalStep) {}
	}
	p := &play{c: c, r: r, report: &report}
	defer p.close()
	if err := p.prepare(ctx); err != nil {
		return report, errors.Join(err, p.give(err))
	}
	defer c.stayAwake()()
	if err := p.fire(ctx); err != nil {
		return report, errors.Join(err, p.give(err))
	}
	if err := p.collect(ctx); err != nil {
		return report, errors.Join(err, p.give(err))
	}
	return report, p.finish()
}

// Unfinished reports whether a rehearsal was interrupted that Rehearse would take up.
func (c *Client) Unfinished() bool {
	var old run
	return old.read(filepath.Join(c.Dir, rehearsalDir)) && c.fresh(&old)
}

func (c *Client) fresh(old *run) bool {
	age := time.Duration(c.base.Now() - old.Began)
	return age >= 0 && age < rehearsalGood
}

func (o *run) read(dir string) bool {
	b, err := os.ReadFile(filepath.Join(dir, runName))
	return err == nil && json.Unmarshal(b, o) == nil && o.ID != "" && o.Opens != 0
}

// frozen refuses a rehearsal that would last until about opens.
func (c *Client) frozen(opens int64) error {
	now := c.Snapshot().Clock.Now.UnixNano()
	if until := c.calendars.Current().RehearsalFrozen(now, opens+int64(rehearsalOpen)); until != 0 {
		return &FrozenError{Until: time.Unix(0, until).UTC()}
	}
	return nil
}

// opening chooses the instant that is aimed at, by the node's clock.
func (c *Client) opening(in time.Duration) int64 {
	now := c.Snapshot().Clock.Now
	if in > 0 {
		return now.Add(in).UnixNano()
	}
	return now.Add(rehearsalAhead + time.Minute - 1).Truncate(time.Minute).UnixNano()
}

// begin asks the portal for a run and puts its envelopes on disk, armed.
func (p *play) begin(ctx context.Context) error {
	api, err := p.c.portal()
	if err != nil {
		return err
	}
	data, err := api.BeginRehearsal(ctx, p.r.Applications)
	if err != nil {
		return p.refused(err)
	}
	if _, err := p.c.calendars.Offer(data.Calendar); err != nil {
		return err
	}
	day := p.c.calendars.Current().Day(data.Day)
	if day == nil || !day.Rehearsal {
		return fmt.Errorf("%w: click day %d is no rehearsal", errData, data.Day)
	}
	p.run.ID, p.run.Day, p.run.Code, p.run.Samples, p.run.Began = data.ID, data.Day, day.Code, data.Samples, p.c.base.Now()
	if err := p.cast(&data); err != nil {
		return err
	}
	p.run.Opens = p.c.opening(p.r.In)
	if err := p.c.frozen(p.run.Opens); err != nil {
		return err
	}
	b, err := json.MarshalIndent(&p.run, "", "  ")
	if err != nil {
		return fmt.Errorf("rehearsal: %w", err)
	}
	return store.WriteFile(filepath.Join(p.dir(), runName), append(b, '\n'), false)
}

// refused tells until when, where the portal knows of an opening sooner than we.
func (p *play) refused(err error) error {
	var refusal *portalapi.Refusal
	if !errors.As(err, &refusal) || refusal.Problem.Code != portalapi.CodeRehearsalFrozen {
		return err
	}
	if frozen := p.c.frozen(p.c.opening(p.r.In)); frozen != nil {
		return frozen
	}
	return err
}

// cast builds and signs the envelopes, as every sync does.
func (p *play) cast(data *portalapi.Run) error {
	k, err := p.c.keystore()
	if err != nil {
		return err
	}
	key, err := deviceKey(k)
	if err != nil {
		return err
	}
	p.understudy()
	var sync SyncReport
	if err := p.u.apply(portalapi.Sync{Models: data.Models, Applications: data.Applications}, key, &sync); err != nil {
		return err
	}
	if len(sync.Rejected) > 0 {
		return sync.Rejected[0].Err
	}
	var armed []store.Record
	for _, r := range p.store.All() {
		r.State = store.Armed
		armed = append(armed, r)
	}
	if len(armed) == 0 {
		return fmt.Errorf("%w: a rehearsal without applications", errData)
	}
	return p.store.Put(armed...)
}

// understudy is a client on the records of the rehearsal alone.
func (p *play) understudy() {
	c := p.c
	profile, paired := c.Profile()
	c.mu.Lock()
	keys := c.keys
	c.mu.Unlock()
	p.u = &Client{
		Config: c.Config, store: p.store, proxy: c.proxy, base: c.base, getReady: c.getReady, run: p.run.ID, calendars: c.calendars,
		keys: keys, profile: profile, paired: paired, passphrase: c.given(), progress: map[string]sending.Progress{},
	}
	p.u.changed = p.again
}

// pauseFor waits between two looks at the portal.
func pauseFor(ctx context.Context, n int) error {
	return timing.Pause(ctx, min(pollPause(n), 5*time.Second))
}
