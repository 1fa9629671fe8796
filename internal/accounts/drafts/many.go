package drafts

import (
	"context"

	"puntuale/internal/clickday"
)

// Chosen is an application as somebody has seen it in a list.
type Chosen struct {
	ID       clickday.ApplicationID
	Revision int64
}

// MaxSeals is how many applications are sealed at a time.
const MaxSeals = 1000

// Refusal is an application of several that could not be sealed.
type Refusal struct {
	ID  clickday.ApplicationID
	Err error // as Seal returns it
}

// SealAll seals one after the other; each is sealed or not by itself, as with
// Seal. It returns how many were, and what was not.
func (s *Service) SealAll(ctx context.Context, account clickday.AccountID, list []Chosen) (int, []Refusal) {
	sealed := 0
	var refused []Refusal
	for _, c := range list {
		if err := s.Seal(ctx, account, c.ID, c.Revision); err != nil {
			refused = append(refused, Refusal{c.ID, err})
			continue
		}
		sealed++
	}
	return sealed, refused
}

// Delete throws a draft away, with its files and the seals it had. Errors are
// those of the store: a sealed one is re-opened first, one that was sent stays.
func (s *Service) Delete(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) error {
	return s.store.DeleteApplication(ctx, account, id)
}
