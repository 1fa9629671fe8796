package membership

import (
	"context"

	"puntuale/internal/accounts"
	"puntuale/internal/notices"
)

// Leave ends the account of somebody who knows its password: it is erased, or
// closed where the law wants submissions kept. Errors are those of Login, and
// accounts.ErrSoleOwner while an organisation would be left without anybody.
func (s *Service) Leave(ctx context.Context, acc *accounts.Account, password, lang string) (kept bool, err error) {
	if err := s.Login.Verify(ctx, acc, password); err != nil {
		return false, err
	}
	kept, err = s.Store.Leave(ctx, acc.ID, s.Clock.Now(), func(kept bool) notices.Letter {
		kind := "erased"
		if kept {
			kind = "closed"
		}
		return s.letter(kind, acc.Email, acc.Name, lang, facts{})
	})
	if err != nil {
		return false, err
	}
	s.Log.InfoContext(ctx, "account ended by its owner", "account", acc.ID, "kept", kept)
	return kept, nil
}

// SaveIdentity stores data that Read found good.
func (s *Service) SaveIdentity(ctx context.Context, acc *accounts.Account, p *accounts.Identity, taxCode string) error {
	if err := s.Store.SaveIdentity(ctx, acc.ID, p, taxCode, s.Clock.Now()); err != nil {
		return err
	}
	s.Log.InfoContext(ctx, "personal data changed", "account", acc.ID)
	return nil
}
