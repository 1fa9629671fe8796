package drafts

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/bulk"
	"puntuale/internal/clickday"
)

// Upload is a CSV file of applications: looked at first, applied once.
type Upload struct {
	ID           int64
	Account      clickday.AccountID
	Day          clickday.DayID
	Model        clickday.ModelCode
	ModelVersion uint16
	Name         string // of the file
	SHA256       [32]byte
	Content      []byte // nil once it has expired
	UploadedAt   time.Time
	AppliedAt    time.Time // zero while its drafts are not there
	Taken        int       // drafts made
	Refused      int       // rows not taken
}

// Applied reports whether the drafts of the file are there.
func (u *Upload) Applied() bool { return !u.AppliedAt.IsZero() }

// KeepUploads is how long the content of a file is there to be applied and
// reported on.
const KeepUploads = 30 * 24 * time.Hour

// Errors about uploads.
var (
	// ErrApplied: the drafts of the file are there already.
	ErrApplied = errors.New("drafts: the file has been imported already")
	// ErrExpired: the file is not there any more.
	ErrExpired = errors.New("drafts: the file has expired")
	// ErrNothing: no row of the file can become an application.
	ErrNothing = errors.New("drafts: nothing in the file can be imported")
)

// UploadStore keeps uploads. Those of other accounts are ErrNotFound.
type UploadStore interface {
	// KeepUpload stores a file, or returns the upload of the same content,
	// day and model that is there, and whether it was there. Contents from
	// before expired go.
	KeepUpload(ctx context.Context, u *Upload, expired time.Time) (stored Upload, again bool, err error)
	// Upload returns one with its content.
	Upload(ctx context.Context, account clickday.AccountID, id int64) (Upload, error)
	// Uploads returns the newest of an account without their contents.
	Uploads(ctx context.Context, account clickday.AccountID, limit int) ([]Upload, error)
	// ApplyUpload stores the drafts of an upload and marks it, in one
	// transaction; ErrApplied when somebody has done so.
	ApplyUpload(ctx context.Context, account clickday.AccountID, id int64, list []accounts.Application, refused int, now time.Time) error
	// Passports returns the passports of workers in the account's
	// applications to a day.
	Passports(ctx context.Context, account clickday.AccountID, day clickday.DayID) (map[string]bool, error)
}

// Upload keeps a file for a day and a model, to be looked at before it is
// applied; again says that the same file was there. Errors wrap ErrDay, ErrModel.
func (s *Service) Upload(ctx context.Context, account clickday.AccountID, day *clickday.Day, code clickday.ModelCode, name string, content []byte) (u Upload, again bool, err error) {
	if day == nil || !s.InPreparation(day) {
		return u, false, ErrDay
	}
	m, ok := s.models.Newest(code)
	if !ok || !day.Accepts(code) {
		return u, false, ErrModel
	}
	now := s.clock.Now()
	return s.store.KeepUpload(ctx, &Upload{
		Account: account, Day: day.ID, Model: code, ModelVersion: m.Version, Name: name, SHA256: sha256.Sum256(content), Content: content, UploadedAt: now,
	}, now.Add(-KeepUploads))
}

// Table reads the file of an upload; ErrExpired once it has gone.
func (s *Service) Table(ctx context.Context, u *Upload) (*bulk.Table, error) {
	if u.Content == nil {
		return nil, ErrExpired
	}
	m, ok := s.models.Model(u.Model, u.ModelVersion)
	if !ok {
		return nil, fmt.Errorf("upload %d: model %s version %d: %w", u.ID, u.Model, u.ModelVersion, ErrModel)
	}
	known := map[string]bool{}
	if !u.Applied() { // else its own drafts would be known
		var err error
		if known, err = s.store.Passports(ctx, u.Account, u.Day); err != nil {
			return nil, err
		}
	}
	return bulk.Read(m, u.Content, s.Today(), known), nil
}

// Apply makes drafts of the good rows of an upload, all or none, once. Errors are
// ErrApplied, ErrExpired, ErrDay, ErrNothing and those of the store.
func (s *Service) Apply(ctx context.Context, u *Upload, day *clickday.Day) error {
	if u.Applied() {
		return ErrApplied
	}
	if day == nil || !s.InPreparation(day) {
		return ErrDay
	}
	t, err := s.Table(ctx, u)
	if err != nil {
		return err
	}
	var list []accounts.Application
	for i := range t.Rows {
		if r := &t.Rows[i]; r.Good() {
			list = append(list, s.blank(u.Account, u.Day, t.Model, r.Answers, r.State))
		}
	}
	if len(list) == 0 {
		return ErrNothing
	}
	now, refused := s.clock.Now(), len(t.Rows)-len(list)
	if err := s.store.ApplyUpload(ctx, u.Account, u.ID, list, refused, now); err != nil {
		return err
	}
	u.AppliedAt, u.Taken, u.Refused = now, len(list), refused
	return nil
}

// Import is Upload and Apply in one, for programs.
func (s *Service) Import(ctx context.Context, account clickday.AccountID, day *clickday.Day, code clickday.ModelCode, name string, content []byte) (Upload, error) {
	u, _, err := s.Upload(ctx, account, day, code, name, content)
	if err != nil {
		return u, err
	}
	return u, s.Apply(ctx, &u, day)
}
