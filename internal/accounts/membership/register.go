package membership

import (
	"context"
	"crypto/sha256"
	"errors"

	"puntuale/internal/accounts"
)

// Registration is a form that was read without issues.
type Registration struct {
	Email, Password string
	Identity        accounts.Identity
	TaxCode         string
	Lang            string
}

// CheckEmail returns an address as it is stored, or an issue.
func CheckEmail(email string) (string, []Issue) {
	out, err := address(email)
	switch {
	case out == "" && err == nil, email == "":
		return "", []Issue{{Field: FieldEmail, Key: "missing"}}
	case err != nil:
		return email, []Issue{{Field: FieldEmail, Key: "email"}}
	}
	return out, nil
}

// Register stores a registration and writes to its address; if there is an
// account, its owner is told instead. Nobody who asks can tell the two apart, nor
// from the case that too many letters went there lately.
func (s *Service) Register(ctx context.Context, r *Registration) error {
	p := &r.Identity
	hash, err := s.newHash(ctx, r.Password, r.Email, p.Surname, p.Name, r.TaxCode)
	if err != nil {
		return err
	}
	ok, err := s.mayWrite(ctx, "register", r.Email)
	if err != nil {
		return err
	}
	if !ok {
		return s.Store.Nobody(ctx, "account-"+randomKey(), s.Clock.Now())
	}
	token, link := s.newLink(ConfirmFor)
	pending := &accounts.Pending{
		Email: r.Email, PasswordHash: hash, Identity: r.Identity, TaxCode: r.TaxCode, Lang: r.Lang,
		Conditions: accounts.ConditionsVersion, Privacy: accounts.PrivacyVersion, BegunAt: link.CreatedAt,
	}
	f := facts{link: "/register/confirm?token=" + token, until: link.ExpiresAt}
	err = s.Store.BeginRegistration(ctx, pending, link, s.letter("confirm", r.Email, "", r.Lang, f), s.letter("known", r.Email, "", r.Lang, facts{}))
	if err != nil {
		return err
	}
	s.Log.InfoContext(ctx, "registration begun")
	return nil
}

// Resend writes the letter of a registration once more, with a link of its own.
func (s *Service) Resend(ctx context.Context, email, lang string) error {
	ok, err := s.mayWrite(ctx, "register", email)
	if err != nil {
		return err
	}
	token, link := s.newLink(ConfirmFor)
	f := facts{link: "/register/confirm?token=" + token, until: link.ExpiresAt}
	if ok {
		err = s.Store.RenewRegistration(ctx, email, link, s.letter("confirm", email, "", lang, f), s.letter("known", email, "", lang, facts{}))
	}
	if !ok || errors.Is(err, accounts.ErrNotFound) {
		return s.Store.Nobody(ctx, "account-"+randomKey(), s.Clock.Now())
	}
	return err
}

// Pending returns the registration that a token confirms, or ErrLink.
func (s *Service) Pending(ctx context.Context, token string) (accounts.Pending, error) {
	hash, err := hashOf(token)
	if err != nil {
		return accounts.Pending{}, err
	}
	return s.Store.PendingByLink(ctx, hash, s.Clock.Now())
}

// Confirm makes the account. The password of the registration is asked for:
// without it a stranger could register somebody else's address with a password of
// his own and wait for the owner to confirm. Errors are those of Login, ErrLink
// and ErrTaken.
func (s *Service) Confirm(ctx context.Context, token, password string) (accounts.Account, error) {
	p, err := s.Pending(ctx, token)
	if err != nil {
		return accounts.Account{}, err
	}
	key := sha256.Sum256([]byte("confirm\n" + token))
	if err := s.Login.VerifyHash(ctx, key, p.PasswordHash, password); err != nil {
		return accounts.Account{}, err
	}
	acc, err := s.Store.ConfirmRegistration(ctx, sha256.Sum256([]byte(token)), s.Clock.Now())
	if err != nil {
		return accounts.Account{}, err
	}
	s.Log.InfoContext(ctx, "registration confirmed", "account", acc.ID)
	return acc, nil
}
