// Package rehearsal begins rehearsals: it copies an account's sealed applications
// into the click day of rehearsals under ids of their own, or makes samples where
// there are none. From then on a rehearsal is what any click day is: tickets,
// arrivals, numbers, ledger and receipts come from the same code. The
// applications themselves are only read.
package rehearsal

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
)

const (
	// MaxApplications is how many applications one rehearsal has at most.
	MaxApplications = 300
	// Samples is how many samples are made for an account without sealed applications.
	Samples = 3
	// PerDay is how many rehearsals an account may begin within 24 hours.
	PerDay = 40
	// Keep is how long a rehearsal is kept unless the operator says otherwise.
	Keep = 30 * 24 * time.Hour
	// Span is how long a rehearsal lasts at most, from its beginning to its opening.
	Span = 10 * time.Minute
)

// Errors of Begin; FrozenError is another.
var (
	// ErrNone: the calendar has no day for rehearsals.
	ErrNone = errors.New("rehearsal: there is no click day for rehearsals")
	// ErrTooOften: the account has begun too many.
	ErrTooOften = errors.New("rehearsal: too many within a day")
)

// FrozenError says that a click day is too near.
type FrozenError struct{ Until time.Time }

// Error says until when.
func (e *FrozenError) Error() string {
	return "rehearsal: a click day opens about now; possible again from " + e.Until.UTC().Format(time.RFC3339)
}

// Application is one copy or sample.
type Application struct {
	ID           clickday.ApplicationID
	Source       *clickday.ApplicationID // nil for a sample
	Model        *forms.Model
	Document     []byte
	Digest       clickday.Digest
	SealedAt     time.Time
	Answers      forms.Answers
	SealVersion  uint32
	ModelVersion uint16
}

// Run is one rehearsal.
type Run struct {
	ID           clickday.ApplicationID // a UUID as theirs
	Account      clickday.AccountID
	Day          clickday.DayID
	CreatedAt    time.Time
	Applications []Application
}

// Store is what rehearsals are kept in.
type Store interface {
	// SealedOf returns up to limit sealed applications of the account whatever
	// their day, those sealed last first.
	SealedOf(ctx context.Context, account clickday.AccountID, limit int) ([]accounts.SealedApplication, error)
	// SaveRehearsal stores a run with its applications, all or nothing, unless
	// the account has begun perDay others since an instant: ErrTooOften.
	SaveRehearsal(ctx context.Context, r *Run, since time.Time, perDay int) error
	// RehearsalOutcomes returns what became of a run, or accounts.ErrNotFound.
	RehearsalOutcomes(ctx context.Context, account clickday.AccountID, run clickday.ApplicationID) ([]accounts.Outcome, error)
	// RehearsalReceipt returns a PDF, or accounts.ErrNotFound while there is none.
	RehearsalReceipt(ctx context.Context, account clickday.AccountID, run, application clickday.ApplicationID) ([]byte, error)
}

// Service begins rehearsals. It is safe for concurrent use.
type Service struct {
	Store  Store
	Models *forms.Catalogue
	Clock  clock.Clock
}

// Begin makes a run for the account: copies of up to n of its applications, all
// of them (MaxApplications) when n is 0. Errors: ErrNone, ErrTooOften, FrozenError.
func (s *Service) Begin(ctx context.Context, cal *clickday.Calendar, account *accounts.Account, n int) (Run, error) {
	now := s.Clock.Now()
	day := cal.Rehearsal(now.UnixNano())
	if day == nil {
		return Run{}, ErrNone
	}
	if until := cal.RehearsalFrozen(now.UnixNano(), now.UnixNano()); until != 0 {
		return Run{}, &FrozenError{time.Unix(0, until).UTC()}
	}
	if n <= 0 || n > MaxApplications {
		n = MaxApplications
	}
	run := Run{ID: clickday.NewApplicationID(), Account: account.ID, Day: day.ID, CreatedAt: now}
	sealed, err := s.Store.SealedOf(ctx, account.ID, n)
	if err != nil {
		return run, err
	}
	for i := range sealed {
		if err := s.copy(&run, day, &sealed[i]); err != nil {
			return run, err
		}
	}
	if len(run.Applications) == 0 {
		if err := s.samples(&run, day, account.Kind, min(n, Samples)); err != nil {
			return run, err
		}
	}
	return run, s.Store.SaveRehearsal(ctx, &run, now.Add(-24*time.Hour), PerDay)
}

// copy freezes the sealed content anew for the day of rehearsals; what the day
// does not take is left out.
func (s *Service) copy(run *Run, day *clickday.Day, a *accounts.SealedApplication) error {
	m, ok := s.Models.Model(a.Model, a.ModelVersion)
	if !ok || !day.Accepts(a.Model) {
		return nil
	}
	doc, err := forms.Thaw(a.Seal.Document)
	if err != nil {
		return fmt.Errorf("rehearsal: application %s: %w", a.ID, err)
	}
	source := a.ID
	return run.add(m, derived(run.ID, a.ID), &source, doc.Answers, a.Seal.SealedAt)
}

func (r *Run) add(m *forms.Model, id clickday.ApplicationID, source *clickday.ApplicationID, answers forms.Answers, sealed time.Time) error {
	document, digest, err := forms.Freeze(&forms.Document{
		Application: id, Day: r.Day, Model: m.Code, ModelVersion: m.Version, SealVersion: 1, Answers: answers,
	})
	if err != nil {
		return fmt.Errorf("rehearsal: %w", err)
	}
	r.Applications = append(r.Applications, Application{
		ID: id, Source: source, Model: m, ModelVersion: m.Version, Document: document, Digest: digest,
		SealedAt: sealed, Answers: answers, SealVersion: 1,
	})
	return nil
}

// derived is the id of a copy: another one for each run, so that each gets new
// numbers, and never that of an application (version 8 of RFC 9562, theirs are 4).
func derived(run, application clickday.ApplicationID) (id clickday.ApplicationID) {
	sum := sha256.Sum256(slices.Concat([]byte("puntuale/rehearsal/v1\x00"), run[:], application[:]))
	copy(id[:], sum[:])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	return id
}

// samples makes invented applications of the models of the day in turn.
func (s *Service) samples(run *Run, day *clickday.Day, kind accounts.Kind, n int) error {
	employer := sample.Company
	if kind == accounts.Person {
		employer = sample.Person
	}
	r := sample.New(rand.Uint64())
	for i := range n {
		m, ok := s.Models.Newest(day.Models[i%len(day.Models)])
		if !ok {
			return fmt.Errorf("rehearsal: model %s of click day %s is not known to this program", day.Models[i%len(day.Models)], day.Code)
		}
		answers, err := valid(r, m, employer, run.CreatedAt)
		if err != nil {
			return err
		}
		if err := run.add(m, clickday.NewApplicationID(), nil, answers, run.CreatedAt); err != nil {
			return err
		}
	}
	return nil
}

// valid returns answers that pass the checks, which random ones do not always.
func valid(r *rand.Rand, m *forms.Model, kind sample.Kind, today time.Time) (forms.Answers, error) {
	for range 100 {
		if a := m.Clean(sample.Of(r, m, kind, today)); len(m.Check(a, today.UTC())) == 0 {
			return a, nil
		}
	}
	return nil, fmt.Errorf("rehearsal: no valid sample of model %s", m.Code)
}
