// Package issuer makes the PDF receipt of every submission that has a number:
// it takes those without, renders and seals the receipt, and stores it together
// with the new state. Any number of workers and processes may issue at once; a
// receipt that cannot be made is logged, counted and tried again later, and does
// not hold up the others.
package issuer

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/forms"
	"puntuale/internal/ledger"
	"puntuale/internal/receipt"
)

// Store holds numbered submissions and receipts.
type Store interface {
	// IssueReceipts takes up to limit submissions that have a number and no
	// receipt, or whose receipt is to be issued again, and that nobody else
	// has taken, except these; gives them to make, with their proofs and the
	// newest signed calendar (package wire), and stores what it returns, with
	// the states, all or nothing and durably. make is not called when there
	// are none. It is safe to call again after an error.
	IssueReceipts(ctx context.Context, limit int, except []clickday.SubmissionID,
		make func(calendar []byte, due []clickday.Numbered) ([]clickday.Receipt, error)) (taken int, err error)
}

// Sealer signs a PDF so that every reader can check it.
type Sealer interface {
	Sign(pdf []byte, at time.Time) ([]byte, error)
}

// Config is what an Issuer is made of. All fields are required.
type Config struct {
	Store       Store
	Models      *forms.Catalogue
	CalendarKey ed25519.PublicKey
	Render      func(*receipt.Data) ([]byte, error)
	Seal        Sealer
	Body        string           // who issues, as in the certificate of the seal
	Ledger      *ledger.Verifier // of the ledger that receipts prove their place in
	// VerifyURL is where the QR code leads; the submission id is added to it
	// as one more step of the path.
	VerifyURL string
	Clock     clock.Clock
	Log       *slog.Logger
	Metrics   *Metrics
	Workers   int // how many receipts are made at the same time
}

const (
	chunk      = 32                     // receipts of one transaction
	idlePause  = 500 * time.Millisecond // between looks that nothing has caused
	errorPause = time.Second            // after a failure of the store
)

// Issuer issues receipts. Use New and Run.
type Issuer struct {
	Config
	wake   chan struct{}
	failed *failures
	proved *proved
}

// New checks the configuration.
func New(c Config) (*Issuer, error) {
	if c.Store == nil || c.Models == nil || c.Render == nil || c.Seal == nil || c.Ledger == nil || c.Clock == nil || c.Log == nil ||
		c.Metrics == nil || len(c.CalendarKey) != ed25519.PublicKeySize {
		return nil, errors.New("issuer: a required part of the configuration is missing")
	}
	if c.Workers < 1 {
		return nil, fmt.Errorf("issuer: %d workers: want at least 1", c.Workers)
	}
	u, err := url.Parse(c.VerifyURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("verify-url: %q: want an http or https address", c.VerifyURL)
	}
	c.VerifyURL = strings.TrimRight(c.VerifyURL, "/")
	return &Issuer{c, make(chan struct{}, c.Workers), newFailures(), newProved()}, nil
}

// Wake lets the workers look at once. It never blocks.
func (i *Issuer) Wake() {
	for range i.Workers {
		select {
		case i.wake <- struct{}{}:
		default:
			return
		}
	}
}

// Run issues until ctx ends.
func (i *Issuer) Run(ctx context.Context) error {
	var g errgroup.Group
	for range i.Workers {
		g.Go(func() error {
			i.work(ctx)
			return nil
		})
	}
	return g.Wait()
}

func (i *Issuer) work(ctx context.Context) {
	for ctx.Err() == nil {
		taken, err := i.Step(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			i.Metrics.Errors.Inc()
			i.Log.Error("receipts cannot be stored; trying again", "error", err)
			i.wait(ctx, errorPause)
		case taken == 0:
			i.wait(ctx, idlePause)
		}
	}
}

func (i *Issuer) wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-i.wake:
	case <-ctx.Done():
	}
}

// Step issues some receipts and returns how many submissions it has taken up,
// failed ones included.
func (i *Issuer) Step(ctx context.Context) (taken int, err error) {
	issued := 0
	taken, err = i.Store.IssueReceipts(ctx, chunk, i.failed.waiting(i.Clock.Now()),
		func(calendar []byte, due []clickday.Numbered) ([]clickday.Receipt, error) {
			titles, err := i.titles(calendar)
			if err != nil {
				return nil, err
			}
			out := i.makeAll(due, titles)
			issued = len(out)
			return out, nil
		})
	if err == nil {
		i.Metrics.Issued.Add(float64(issued))
	}
	return taken, err
}

// makeAll makes what can be made.
func (i *Issuer) makeAll(due []clickday.Numbered, titles map[clickday.DayID]string) []clickday.Receipt {
	out := make([]clickday.Receipt, 0, len(due))
	for k := range due {
		n := &due[k]
		now := i.Clock.Now()
		pdf, err := i.make(n, titles[n.Day], now)
		if err != nil {
			i.Metrics.Failed.Inc()
			again := i.failed.add(n.Submission, now)
			i.Log.Error("receipt cannot be made; trying again", "submission", n.Submission, "number", n.Number, "in", again, "error", err)
			continue
		}
		i.failed.remove(n.Submission)
		out = append(out, clickday.Receipt{Submission: n.Submission, PDF: pdf, IssuedAt: now, Edition: n.Edition})
	}
	return out
}
