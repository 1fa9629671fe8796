package drafts

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/attachment"
	"puntuale/internal/clickday"
)

// File is an attachment of an application.
type File struct {
	ID         int64
	Kind       string // of the model
	Name       string
	Type       attachment.Type
	Size       int
	SHA256     [32]byte
	Content    []byte // nil in lists
	UploadedAt time.Time
}

// Errors about files.
var (
	// ErrKind: the model does not know that kind of file.
	ErrKind = errors.New("drafts: no such kind of attachment")
	// ErrTooMany: the application has attachment.MaxFiles files already.
	ErrTooMany = errors.New("drafts: too many attachments")
	// ErrTwice: the application has that very file already.
	ErrTwice = errors.New("drafts: the same file is attached already")
)

// FileStore keeps attachments. Other people's applications are ErrNotFound,
// sealed ones cannot be changed (ErrState).
type FileStore interface {
	// AddFile stores a file; ErrTooMany beyond most, ErrTwice for content
	// that is there already.
	AddFile(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID, f *File, most int) error
	// Files lists the files of an application without their content, the
	// oldest first.
	Files(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) ([]File, error)
	// File returns one with its content.
	File(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID, file int64) (File, error)
	// RemoveFile deletes one; it may be repeated with ErrNotFound.
	RemoveFile(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID, file int64) error
}

// Attach checks a file and adds it to a draft. Errors are those of package
// attachment, ErrKind, ErrTooMany, ErrTwice and those of the store.
func (s *Service) Attach(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID, kind, name string, content []byte) error {
	a, m, err := s.Read(ctx, account, id)
	if err != nil {
		return err
	}
	if a.State == clickday.Sealed {
		return accounts.ErrState
	}
	if _, ok := m.AttachmentKind(kind); !ok {
		return ErrKind
	}
	t, err := attachment.Check(content)
	if err != nil {
		return err
	}
	return s.store.AddFile(ctx, account, id, &File{
		Kind: kind, Name: attachment.Name(name, t), Type: t, Size: len(content), SHA256: sha256.Sum256(content), Content: content, UploadedAt: s.clock.Now(),
	}, attachment.MaxFiles)
}
