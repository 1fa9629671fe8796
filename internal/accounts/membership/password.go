package membership

import (
	"context"
	"crypto/sha256"

	"puntuale/internal/accounts"
)

// AskReset writes a letter with a link to a new password, if the address has an
// account. It takes as long if it has none.
func (s *Service) AskReset(ctx context.Context, email, lang string) error {
	ok, err := s.mayWrite(ctx, "reset", email)
	if err != nil {
		return err
	}
	acc, err := s.find(ctx, email)
	if err != nil {
		return err
	}
	if !ok || acc == nil {
		return s.Store.Nobody(ctx, "account-"+randomKey(), s.Clock.Now())
	}
	token, link := s.newLink(ResetFor)
	l := s.letter("reset", acc.Email, acc.Name, lang, facts{link: "/password/new?token=" + token, until: link.ExpiresAt})
	if err := s.Store.BeginReset(ctx, acc.ID, link, l); err != nil {
		return err
	}
	s.Log.InfoContext(ctx, "new password asked for", "account", acc.ID)
	return nil
}

// ResetTarget returns the account whose password a token changes, or ErrLink.
func (s *Service) ResetTarget(ctx context.Context, token string) (accounts.Account, error) {
	hash, err := hashOf(token)
	if err != nil {
		return accounts.Account{}, err
	}
	acc, _, err := s.Store.LinkTarget(ctx, hash, accounts.LinkReset, s.Clock.Now())
	return acc, err
}

// Reset replaces the password that a token is for, ends every log-in and tells
// the owner. Errors are ErrLink and *ErrWeak.
func (s *Service) Reset(ctx context.Context, token, password, lang string) error {
	acc, err := s.ResetTarget(ctx, token)
	if err != nil {
		return err
	}
	hash, err := s.newHash(ctx, password, ownWords(&acc)...)
	if err != nil {
		return err
	}
	err = s.Store.ResetPassword(ctx, sha256.Sum256([]byte(token)), hash, s.Clock.Now(), s.letter("changed", acc.Email, acc.Name, lang, facts{}))
	if err != nil {
		return err
	}
	s.Log.InfoContext(ctx, "password reset by e-mail", "account", acc.ID)
	return nil
}

// ChangePassword replaces the password of somebody who knows it, ends every
// log-in but keep, and tells the owner. Errors are those of Login, and *ErrWeak.
func (s *Service) ChangePassword(ctx context.Context, acc *accounts.Account, old, password string, keep int64, lang string) error {
	if err := s.Login.Verify(ctx, acc, old); err != nil {
		return err
	}
	hash, err := s.newHash(ctx, password, ownWords(acc)...)
	if err != nil {
		return err
	}
	if err := s.Store.ChangePassword(ctx, acc.ID, hash, keep, s.Clock.Now(), s.letter("changed", acc.Email, acc.Name, lang, facts{})); err != nil {
		return err
	}
	s.Log.InfoContext(ctx, "password changed", "account", acc.ID)
	return nil
}
