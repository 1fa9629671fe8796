package notices

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
)

// Limits of what is tried for one notice.
const (
	maxAttempts = 12
	maxUnknown  = 3 // attempts that may have been delivered: so many mails at most
	firstDelay  = time.Minute
	lastDelay   = time.Hour
	firstPause  = 5 * time.Second // while the server cannot be reached
	lastPause   = 5 * time.Minute
)

// Config is what a Courier is made of.
type Config struct {
	Store       Store
	Letters     LetterStore
	Sender      Sender
	Clock       clock.Clock
	Log         *slog.Logger
	Metrics     *Metrics
	CalendarKey ed25519.PublicKey
	Body        string        // who writes, as in the seal's certificate
	PortalURL   string        // address that people use, without a final stroke
	PerSecond   float64       // mails per second of this process
	MaxAge      time.Duration // a receipt older than that is not announced any more
}

// Courier delivers notices. It is safe for concurrent use.
type Courier struct {
	Config
	words *words
	limit *rate.Limiter

	mu     sync.Mutex
	until  time.Time     // nobody tries before
	pause  time.Duration // the next pause
	titles titleCache
}

// New checks the configuration; errors name the setting.
func New(c Config) (*Courier, error) {
	if c.Store == nil || c.Letters == nil || c.Sender == nil || c.Clock == nil || c.Log == nil || c.Metrics == nil || len(c.CalendarKey) != ed25519.PublicKeySize {
		return nil, errors.New("notices: a required part of the configuration is missing")
	}
	if c.PerSecond <= 0 || c.PerSecond > 1000 {
		return nil, fmt.Errorf("smtp-rate: %g: want more than 0 and at most 1000 mails per second", c.PerSecond)
	}
	if c.MaxAge < time.Hour || c.MaxAge > 90*24*time.Hour {
		return nil, fmt.Errorf("smtp-max-age: %s: want 1h to 2160h", c.MaxAge)
	}
	w, err := newWords(c.Body, c.PortalURL)
	if err != nil {
		return nil, err
	}
	return &Courier{Config: c, words: w, limit: rate.NewLimiter(rate.Limit(c.PerSecond), max(1, int(c.PerSecond/10))), pause: firstPause}, nil
}

// parcel is what is to be sent in one attempt: a notice or a letter.
type parcel struct {
	name              string // for the log
	attempts, unknown int
	last              time.Time // nothing is sent after that
	compose           func() (*Message, error)
	end               func(ctx context.Context, s State, result string) error
	putOff            func(ctx context.Context, result string, counts, unknown bool) error
}

// Deliver makes one attempt. It returns how long to wait before the next one, 0
// when there is nothing left to do. An error means that the store failed: the
// same attempt may be made again.
func (c *Courier) Deliver(ctx context.Context, id clickday.SubmissionID) (again time.Duration, err error) {
	if d := c.paused(); d > 0 {
		return d, nil
	}
	if err := c.limit.Wait(ctx); err != nil {
		return 0, err
	}
	n, err := c.Store.BeginNotice(ctx, id, c.Clock.Now())
	if errors.Is(err, ErrSettled) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return c.attempt(ctx, &parcel{
		name: "notice " + id.String(), attempts: n.Attempts, unknown: n.Unknown, last: n.CreatedAt.Add(c.MaxAge),
		compose: func() (*Message, error) { return c.compose(&n) },
		end: func(ctx context.Context, s State, result string) error {
			return c.Store.EndNotice(ctx, id, s, result, c.Clock.Now())
		},
		putOff: func(ctx context.Context, result string, counts, unknown bool) error {
			return c.Store.PutOffNotice(ctx, id, result, counts, unknown)
		},
	})
}

// attempt sends what has begun.
func (c *Courier) attempt(ctx context.Context, p *parcel) (again time.Duration, err error) {
	switch {
	case c.Clock.Now().After(p.last):
		return 0, c.end(ctx, p, Expired, "not sent by "+p.last.UTC().Format(time.RFC3339))
	case p.unknown >= maxUnknown:
		return 0, c.end(ctx, p, Failed, fmt.Sprintf("sent %d times without an answer: it may have been delivered", p.unknown))
	}
	m, err := p.compose()
	if err != nil {
		return 0, c.end(ctx, p, Failed, err.Error())
	}
	return c.judge(ctx, p, c.Sender.Send(ctx, m))
}

// judge writes down what became of an attempt. It does so even when the process
// is told to end in between: what has been sent should be known.
func (c *Courier) judge(ctx context.Context, p *parcel, sent error) (again time.Duration, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var f *Failure
	switch {
	case sent == nil:
		c.reached()
		return 0, c.end(ctx, p, Sent, "")
	case !errors.As(sent, &f):
		f = &Failure{Unreachable, sent.Error()}
	}
	c.Metrics.Failures.WithLabelValues(f.Kind.String()).Inc()
	unknown := f.Kind == Unknown
	switch {
	case f.Kind == Permanent:
		c.reached()
		return 0, c.end(ctx, p, Failed, f.Result)
	case f.Kind == Unreachable:
		c.Log.Warn("mail server cannot be used; trying again", "error", f.Result)
		return c.rest(), p.putOff(ctx, f.Result, false, false)
	case p.attempts >= maxAttempts || unknown && p.unknown+1 >= maxUnknown:
		return 0, c.end(ctx, p, Failed, fmt.Sprintf("given up after %d attempts: %s", p.attempts, f.Result))
	}
	return delayAfter(p.attempts), p.putOff(ctx, f.Result, true, unknown)
}

func (c *Courier) end(ctx context.Context, p *parcel, s State, result string) error {
	if err := p.end(ctx, s, result); err != nil {
		return err
	}
	c.Metrics.Ended.WithLabelValues(string(s)).Inc()
	if s != Sent {
		c.Log.Warn("not delivered", "what", p.name, "state", s, "result", result)
	}
	return nil
}

// delayAfter doubles from a minute to an hour.
func delayAfter(attempts int) time.Duration {
	d := firstDelay << min(attempts-1, 6)
	return min(d, lastDelay)
}

// paused returns how long nobody may try.
func (c *Courier) paused() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.until.Sub(c.Clock.Now())
}

// reached ends pauses: the server has answered.
func (c *Courier) reached() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pause = firstPause
}

// rest lets every notice wait, because the server cannot be used. Failures at
// the same time make one pause.
func (c *Courier) rest() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.Clock.Now()
	if c.until.Before(now) || c.until.Equal(now) {
		c.until = now.Add(c.pause)
		c.pause = min(2*c.pause, lastPause)
	}
	return c.until.Sub(now)
}
