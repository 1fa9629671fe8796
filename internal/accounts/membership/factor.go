package membership

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
)

// ErrCode says that a code of the second factor is wrong, old or used.
var ErrCode = errors.New("membership: wrong code")

// HasFactor reports whether a log-in needs a second step.
func (s *Service) HasFactor(ctx context.Context, id clickday.AccountID) (bool, error) {
	f, err := s.Store.SecondFactor(ctx, id)
	if errors.Is(err, accounts.ErrNotFound) {
		return false, nil
	}
	return f.Confirmed, err
}

// BeginFactor returns the secret to set an authenticator app up with: a fresh
// one, or the one of before while it is not confirmed. ErrState if there is one
// that counts already.
func (s *Service) BeginFactor(ctx context.Context, acc *accounts.Account) ([]byte, error) {
	f, err := s.Store.SecondFactor(ctx, acc.ID)
	switch {
	case err == nil && f.Confirmed:
		return nil, accounts.ErrState
	case err == nil:
		return s.Vault.Open(acc.ID, f.Sealed)
	case !errors.Is(err, accounts.ErrNotFound):
		return nil, err
	}
	secret := accounts.NewSecret()
	if err := s.Store.BeginFactor(ctx, acc.ID, s.Vault.Seal(acc.ID, secret), s.Clock.Now()); err != nil {
		return nil, err
	}
	return secret, nil
}

// ConfirmFactor turns the second step on with the first code of the app, and
// returns recovery codes, which are shown once. ErrCode, ErrState and
// *accounts.ThrottledError are refusals.
func (s *Service) ConfirmFactor(ctx context.Context, acc *accounts.Account, typed, lang string) ([]string, error) {
	f, err := s.Store.SecondFactor(ctx, acc.ID)
	if err != nil || f.Confirmed {
		return nil, errors.Join(err, accounts.ErrState)
	}
	step, err := s.match(ctx, acc.ID, &f, typed)
	if err != nil {
		return nil, err
	}
	codes, hashes := accounts.NewRecoveryCodes()
	err = s.Store.ConfirmFactor(ctx, acc.ID, f.Sealed, step, hashes, s.Clock.Now(), s.letter("factor", acc.Email, acc.Name, lang, facts{}))
	if err != nil {
		return nil, err
	}
	s.Log.InfoContext(ctx, "second factor on", "account", acc.ID)
	return codes, nil
}

// match counts an attempt and compares it with the app's code.
func (s *Service) match(ctx context.Context, id clickday.AccountID, f *accounts.SecondFactor, typed string) (int64, error) {
	key := factorKey(id)
	ok, until, err := s.Store.CountAttempt(ctx, key, s.Clock.Now(), accounts.DefaultThrottle)
	if err != nil {
		return 0, fmt.Errorf("membership: %w", err)
	}
	if !ok {
		return 0, &accounts.ThrottledError{Until: until}
	}
	secret, err := s.Vault.Open(id, f.Sealed)
	if err != nil {
		return 0, err
	}
	step, ok := accounts.MatchTOTP(secret, typed, s.Clock.Now(), f.LastStep)
	if !ok {
		return 0, ErrCode
	}
	return step, s.Store.ClearAttempts(ctx, key)
}

func factorKey(id clickday.AccountID) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "second factor\n%d", id))
}

// CheckFactor takes the second step of a log-in: a code of the app, or one of the
// recovery codes, each of them once. Refusals are ErrCode and *ThrottledError.
func (s *Service) CheckFactor(ctx context.Context, acc *accounts.Account, typed, lang string) error {
	f, err := s.Store.SecondFactor(ctx, acc.ID)
	if err != nil {
		return err
	}
	step, err := s.match(ctx, acc.ID, &f, typed)
	if err == nil {
		ok, err := s.Store.UseStep(ctx, acc.ID, step)
		if err == nil && !ok {
			err = ErrCode // in another browser, a moment ago
		}
		return err
	}
	hash, isCode := accounts.RecoveryHash(typed)
	if !errors.Is(err, ErrCode) || !isCode {
		return err
	}
	used, err := s.Store.UseCode(ctx, acc.ID, hash, s.Clock.Now(), s.letter("recovery", acc.Email, acc.Name, lang, facts{}))
	if err == nil && !used {
		err = ErrCode
	}
	if err == nil {
		s.Log.WarnContext(ctx, "log-in with a recovery code", "account", acc.ID)
		err = s.Store.ClearAttempts(ctx, factorKey(acc.ID))
	}
	return err
}

// NewCodes replaces the recovery codes of somebody who knows the password.
func (s *Service) NewCodes(ctx context.Context, acc *accounts.Account, password string) ([]string, error) {
	if err := s.Login.Verify(ctx, acc, password); err != nil {
		return nil, err
	}
	if on, err := s.HasFactor(ctx, acc.ID); err != nil || !on {
		return nil, errors.Join(err, accounts.ErrState)
	}
	codes, hashes := accounts.NewRecoveryCodes()
	if err := s.Store.ReplaceCodes(ctx, acc.ID, hashes); err != nil {
		return nil, err
	}
	s.Log.InfoContext(ctx, "new recovery codes", "account", acc.ID)
	return codes, nil
}

// DropFactor turns the second step off for somebody who knows the password.
func (s *Service) DropFactor(ctx context.Context, acc *accounts.Account, password, lang string) error {
	if err := s.Login.Verify(ctx, acc, password); err != nil {
		return err
	}
	if err := s.Store.DropFactor(ctx, acc.ID, s.letter("nofactor", acc.Email, acc.Name, lang, facts{})); err != nil {
		return err
	}
	s.Log.InfoContext(ctx, "second factor off", "account", acc.ID)
	return nil
}
