// Package admission judges the content of durable submissions: ticket,
// signature, document, rules of the model, seal, device and click day. What does
// not hold is refused with the reason that the applicant is shown; the arrival
// stays on record either way.
package admission

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/wire"
)

// Store knows what the portal has done. Every call is one query for a whole
// batch; unknown keys are absent from the answer.
type Store interface {
	SealFacts(ctx context.Context, refs []clickday.SealRef) (map[clickday.SealRef]clickday.SealFact, error)
	DeviceFacts(ctx context.Context, keys [][32]byte) (map[[32]byte]clickday.DeviceFact, error)
	// SignedCalendar returns the newest calendar (package wire).
	SignedCalendar(ctx context.Context) ([]byte, error)
}

// ErrUnknownModel says that the portal has sealed documents of a model version
// that this program does not have. Nothing is refused for it: install the version
// of the portal here too, and it goes on.
var ErrUnknownModel = errors.New("admission: a sealed document is of a model version that this program does not know")

// Config is what a Judge is made of. All fields are required.
type Config struct {
	Store       Store
	Models      *forms.Catalogue
	Tickets     wire.KeyRing
	CalendarKey ed25519.PublicKey
	Log         *slog.Logger
	Metrics     *Metrics
}

// Judge looks into submissions. It is safe for concurrent use.
type Judge struct {
	Config
	decompressor *wire.Decompressor
}

// New returns a Judge that reads the documents of all models.
func New(c Config) (*Judge, error) {
	if c.Store == nil || c.Models == nil || c.Tickets == nil || c.Log == nil || c.Metrics == nil ||
		len(c.CalendarKey) != ed25519.PublicKeySize {
		return nil, errors.New("admission: a required part of the configuration is missing")
	}
	var dictionaries []wire.Dictionary
	for _, m := range c.Models.All() {
		dictionaries = append(dictionaries, m.Dictionary())
	}
	d, err := wire.NewDecompressor(dictionaries...)
	if err != nil {
		return nil, err
	}
	return &Judge{c, d}, nil
}

// Close releases the decompressor.
func (j *Judge) Close() { j.decompressor.Close() }

// candidate is one record on its way through the checks.
type candidate struct {
	submission *clickday.Submission
	envelope   wire.Envelope
	model      *forms.Model // nil: unknown to this program
	document   []byte       // as sealed
	err        error        // the refusal, a *wire.Error
}

// Judge returns one submission per record, in the same order, queued or refused.
// An error means that the facts cannot be had now; nothing is decided then.
func (j *Judge) Judge(ctx context.Context, records []batch.Record) ([]clickday.Submission, error) {
	out := make([]clickday.Submission, len(records))
	list := make([]candidate, len(records))
	parallel(len(records), func(i int) {
		out[i] = clickday.Submission{
			ID: records[i].Leaf.ID, Stamp: records[i].Leaf.Stamp, Envelope: records[i].Envelope, State: clickday.Queued,
		}
		list[i].submission = &out[i]
		list[i].err = j.open(&list[i])
	})
	f, err := j.facts(ctx, list)
	if err != nil {
		return nil, err
	}
	parallel(len(list), func(i int) {
		if list[i].err == nil {
			list[i].err = f.check(&list[i])
		}
	})
	for i := range list {
		if err := j.settle(&list[i]); err != nil {
			return nil, err
		}
	}
	for i := range out {
		j.Metrics.judged(&out[i])
	}
	return out, nil
}

// settle turns the outcome of the checks into state and reason.
func (j *Judge) settle(c *candidate) error {
	if c.err == nil {
		return nil
	}
	var refusal *wire.Error
	if !errors.As(c.err, &refusal) {
		return fmt.Errorf("submission %s: %w", c.submission.ID, c.err)
	}
	c.submission.State, c.submission.Reason = clickday.Refused, refusal.Code
	j.Log.Info("submission refused", "submission", c.submission.ID, "code", refusal.Code, "detail", refusal.Detail)
	return nil
}

// parallel calls f with 0 to n-1 on all processors.
func parallel(n int, f func(i int)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				f(i)
			}
		})
	}
	wg.Wait()
}
