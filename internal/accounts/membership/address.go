package membership

import (
	"context"
	"crypto/sha256"
	"strings"

	"puntuale/internal/accounts"
)

// AskAddress writes to a new address, which counts once it is confirmed there,
// and tells the old one. If the new one has an account, its owner is told; who
// asks sees no difference. Errors are those of Login.
func (s *Service) AskAddress(ctx context.Context, acc *accounts.Account, password, email, lang string) error {
	if err := s.Login.Verify(ctx, acc, password); err != nil {
		return err
	}
	ok, err := s.mayWrite(ctx, "address", email)
	if err != nil || !ok {
		return err
	}
	other, err := s.find(ctx, email)
	if err != nil {
		return err
	}
	asked := s.letter("asked", acc.Email, acc.Name, lang, facts{email: email})
	switch {
	case strings.EqualFold(email, acc.Email):
		return nil
	case other != nil:
		return s.Store.QueueLetters(ctx, asked, s.letter("known", other.Email, "", lang, facts{}))
	}
	token, link := s.newLink(ConfirmFor)
	fresh := s.letter("newemail", email, acc.Name, lang, facts{link: "/account/email/confirm?token=" + token, until: link.ExpiresAt})
	if err := s.Store.BeginAddress(ctx, acc.ID, email, link, fresh, asked); err != nil {
		return err
	}
	s.Log.InfoContext(ctx, "change of address asked for", "account", acc.ID)
	return nil
}

// AddressTarget returns the account and the address that a token leads to.
func (s *Service) AddressTarget(ctx context.Context, token string, p accounts.Purpose) (accounts.Account, string, error) {
	hash, err := hashOf(token)
	if err != nil {
		return accounts.Account{}, "", err
	}
	return s.Store.LinkTarget(ctx, hash, p, s.Clock.Now())
}

// ConfirmAddress makes the new address count and gives the old one three days to
// undo that. Errors are ErrLink and ErrTaken.
func (s *Service) ConfirmAddress(ctx context.Context, token, lang string) error {
	acc, email, err := s.AddressTarget(ctx, token, accounts.LinkEmail)
	if err != nil {
		return err
	}
	back, undo := s.newLink(UndoFor)
	l := s.letter("moved", acc.Email, acc.Name, lang, facts{link: "/account/email/undo?token=" + back, email: email, until: undo.ExpiresAt})
	if err := s.Store.ConfirmAddress(ctx, sha256.Sum256([]byte(token)), undo, s.Clock.Now(), l); err != nil {
		return err
	}
	s.Log.InfoContext(ctx, "address changed", "account", acc.ID)
	return nil
}

// UndoAddress goes back to the old address and ends every log-in. Errors are
// ErrLink and ErrTaken.
func (s *Service) UndoAddress(ctx context.Context, token, lang string) error {
	acc, email, err := s.AddressTarget(ctx, token, accounts.LinkUndo)
	if err != nil {
		return err
	}
	if err := s.Store.UndoAddress(ctx, sha256.Sum256([]byte(token)), s.Clock.Now(), s.letter("back", email, acc.Name, lang, facts{})); err != nil {
		return err
	}
	s.Log.WarnContext(ctx, "change of address undone", "account", acc.ID)
	return nil
}
