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
	if c.Store == nil || c.Sender == nil || c.Clock == nil || c.Log == nil || c.Metrics == nil || len(c.CalendarKey) != ed25519.PublicKeySize {
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
	switch {
	case c.Clock.Now().Sub(n.CreatedAt) > c.MaxAge:
		return 0, c.end(ctx, &n, Expired, "not sent within "+c.MaxAge.String())
	case n.Unknown >= maxUnknown:
		return 0, c.end(ctx, &n, Failed, fmt.Sprintf("sent %d times without an answer: it may have been delivered", n.Unknown))
	}
	m, err := c.compose(&n)
	if err != nil {
		return 0, c.end(ctx, &n, Failed, err.Error())
	}
	return c.judge(ctx, &n, c.Sender.Send(ctx, m))
}

// judge writes down what became of an attempt. It does so even when the process
// is told to end in between: what has been sent should be known.
func (c *Courier) judge(ctx context.Context, n *Notice, sent error) (again time.Duration, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var f *Failure
	switch {
	case sent == nil:
		c.reached()
		return 0, c.end(ctx, n, Sent, "")
	case !errors.As(sent, &f):
		f = &Failure{Unreachable, sent.Error()}
	}
	c.Metrics.Failures.WithLabelValues(f.Kind.String()).Inc()
	unknown := f.Kind == Unknown
	switch {
	case f.Kind == Permanent:
		c.reached()
		return 0, c.end(ctx, n, Failed, f.Result)
	case f.Kind == Unreachable:
		c.Log.Warn("mail server cannot be used; trying again", "error", f.Result)
		return c.rest(), c.Store.PutOffNotice(ctx, n.Submission, f.Result, false, false)
	case n.Attempts >= maxAttempts || unknown && n.Unknown+1 >= maxUnknown:
		return 0, c.end(ctx, n, Failed, fmt.Sprintf("given up after %d attempts: %s", n.Attempts, f.Result))
	}
	return delayAfter(n.Attempts), c.Store.PutOffNotice(ctx, n.Submission, f.Result, true, unknown)
}

func (c *Courier) end(ctx context.Context, n *Notice, s State, result string) error {
	if err := c.Store.EndNotice(ctx, n.Submission, s, result, c.Clock.Now()); err != nil {
		return err
	}
	c.Metrics.Ended.WithLabelValues(string(s)).Inc()
	if s != Sent {
		c.Log.Warn("notice not delivered", "submission", n.Submission, "state", s, "result", result)
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
