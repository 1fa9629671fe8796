// Package drafts is what a person does with an application before the click
// day: begin it, fill it in page by page, add files, copy it, import many from a
// table, seal it, re-open it, delete it. It joins the models (package forms) with
// the stored applications and knows no HTTP.
//
//	drafts.go  one application, from its beginning to its seal
//	copy.go    applications that begin with the answers of another
//	many.go    sealing all that is ready, and throwing away
//	files.go   attachments
//	upload.go  CSV files of applications
package drafts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/forms"
)

// ErrModel: the model is not in the catalogue, or the click day does not take it.
var ErrModel = errors.New("drafts: model not available")

// ErrDay: the click day is unknown, not in preparation yet, or over.
var ErrDay = errors.New("drafts: click day not in preparation")

// Store keeps applications. Every method either happens whole or not at all;
// none is retried here. Errors are those of package accounts.
type Store interface {
	FileStore
	UploadStore
	// CreateApplication stores a new draft.
	CreateApplication(ctx context.Context, a *accounts.Application) error
	// Application reads one; those of other accounts are ErrNotFound.
	Application(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) (accounts.Application, error)
	// SaveAnswers replaces the answers if the revision is still that one
	// (else ErrChanged) and the application is not sealed (else ErrState).
	SaveAnswers(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID, revision int64,
		answers map[string]string, state clickday.ApplicationState, now time.Time) (int64, error)
	// SealApplication stores what freeze makes of a ready application, with
	// the digests of its files; *parties.Obstacle when whoever it is made for
	// has not given its account a mandate.
	SealApplication(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID, revision int64,
		now time.Time, freeze func(*accounts.Application, uint32) ([]byte, clickday.Digest, error)) error
	// ReopenApplication voids the seal; ErrSent once a submission counts.
	ReopenApplication(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID,
		state clickday.ApplicationState, now time.Time) error
	// DeleteApplication removes a draft with its files: ErrState while it is
	// sealed, ErrSent once anything of it has arrived, even if refused.
	DeleteApplication(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) error
}

// Service is safe for concurrent use.
type Service struct {
	store  Store
	models *forms.Catalogue
	clock  clock.Clock
	rome   *time.Location
}

// New returns a Service. Dates in the forms are those of rome.
func New(store Store, models *forms.Catalogue, c clock.Clock, rome *time.Location) *Service {
	return &Service{store: store, models: models, clock: c, rome: rome}
}

// Today is the current date in Italy, which the forms check dates against.
func (s *Service) Today() time.Time {
	y, m, d := s.clock.Now().In(s.rome).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// InPreparation reports whether drafts can be addressed to the day now.
func (s *Service) InPreparation(d *clickday.Day) bool {
	now := s.clock.Now().UnixNano()
	return !d.Rehearsal && d.State != clickday.DayClosed && d.Prepare <= now && now < d.Closes
}

// Begin stores an empty draft of the newest version of a model. Errors wrap
// ErrDay and ErrModel.
func (s *Service) Begin(ctx context.Context, account clickday.AccountID, day *clickday.Day, code clickday.ModelCode) (accounts.Application, error) {
	if day == nil || !s.InPreparation(day) {
		return accounts.Application{}, ErrDay
	}
	if !day.Accepts(code) {
		return accounts.Application{}, ErrModel
	}
	return s.Draft(ctx, account, day.ID, code)
}

// Draft is Begin for callers that have looked at the calendar themselves.
func (s *Service) Draft(ctx context.Context, account clickday.AccountID, day clickday.DayID, code clickday.ModelCode) (accounts.Application, error) {
	m, ok := s.models.Newest(code)
	if !ok {
		return accounts.Application{}, ErrModel
	}
	return s.create(ctx, account, day, m, forms.Answers{})
}

// create stores a draft that begins with canonical answers.
func (s *Service) create(ctx context.Context, account clickday.AccountID, day clickday.DayID, m *forms.Model, answers forms.Answers) (accounts.Application, error) {
	a := s.blank(account, day, m, answers, m.State(answers, s.Today()))
	if err := s.store.CreateApplication(ctx, &a); err != nil {
		return a, fmt.Errorf("begin application: %w", err)
	}
	return a, nil
}

func (s *Service) blank(account clickday.AccountID, day clickday.DayID, m *forms.Model, answers forms.Answers, state clickday.ApplicationState) accounts.Application {
	now := s.clock.Now()
	return accounts.Application{
		ID: clickday.NewApplicationID(), Account: account, Day: day, Model: m.Code, ModelVersion: m.Version,
		Answers: answers, State: state, Revision: 1, CreatedAt: now, UpdatedAt: now,
	}
}

// Read returns an application with its model.
func (s *Service) Read(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) (accounts.Application, *forms.Model, error) {
	a, err := s.store.Application(ctx, account, id)
	if err != nil {
		return a, nil, err
	}
	m, err := s.ModelOf(&a)
	return a, m, err
}

// ModelOf returns the model of an application. An error means that a program
// older than the application is running.
func (s *Service) ModelOf(a *accounts.Application) (*forms.Model, error) {
	m, ok := s.models.Model(a.Model, a.ModelVersion)
	if !ok {
		return nil, fmt.Errorf("model %s version %d of application %s: %w", a.Model, a.ModelVersion, a.ID, ErrModel)
	}
	return m, nil
}

// Save puts the answers of one step into the draft, in canonical form, right or
// wrong, and works out its state. It needs the revision that the answers were
// given on. On success a is the application as it is stored now.
func (s *Service) Save(ctx context.Context, a *accounts.Application, m *forms.Model, revision int64, answers forms.Answers) error {
	clean := m.Clean(answers)
	state := m.State(clean, s.Today())
	now := s.clock.Now()
	next, err := s.store.SaveAnswers(ctx, a.Account, a.ID, revision, clean, state, now)
	if err != nil {
		return err
	}
	a.Answers, a.State, a.Revision, a.UpdatedAt = clean, state, next, now
	return nil
}

// NotReadyError lists what keeps an application from being sealed today.
type NotReadyError struct{ Issues []forms.Issue }

// Error says how much there is to mend.
func (e *NotReadyError) Error() string {
	return fmt.Sprintf("drafts: %d things to mend before sealing", len(e.Issues))
}

// Seal checks the application once more, because dates pass, and freezes it.
// Errors are *NotReadyError and those of the store.
func (s *Service) Seal(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID, revision int64) error {
	return s.store.SealApplication(ctx, account, id, revision, s.clock.Now(),
		func(a *accounts.Application, version uint32) ([]byte, clickday.Digest, error) {
			m, err := s.ModelOf(a)
			if err != nil {
				return nil, clickday.Digest{}, err
			}
			if issues := m.Check(a.Answers, s.Today()); len(issues) > 0 {
				return nil, clickday.Digest{}, &NotReadyError{issues}
			}
			return forms.Freeze(&forms.Document{
				Application: a.ID, Day: a.Day, Model: a.Model, ModelVersion: a.ModelVersion, SealVersion: version, Answers: a.Answers,
			})
		})
}

// Reopen voids the seal and makes the application a draft again.
func (s *Service) Reopen(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) error {
	a, m, err := s.Read(ctx, account, id)
	if err != nil {
		return err
	}
	return s.store.ReopenApplication(ctx, account, id, m.State(a.Answers, s.Today()), s.clock.Now())
}
