// Package membership is what people do with an account of theirs: they register
// and confirm it by e-mail, choose a new password, move to another address, add
// a second factor, change their data, and leave. Nothing here tells a stranger
// whether an address has an account: the answer is the same, and the letter
// goes to whoever reads that address.
//
//	form.go      personal data as they are typed, checked against each other
//	letters.go   the words of the letters
//	register.go  registration and its confirmation
//	password.go  reset and change
//	address.go   change of the e-mail address, and the way back
//	factor.go    second factor and recovery codes
//	leave.go     data, and the end of an account
package membership

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clock"
	"puntuale/internal/notices"
)

// How long links hold.
const (
	ConfirmFor = 24 * time.Hour
	ResetFor   = time.Hour
	UndoFor    = 72 * time.Hour
)

// mailThrottle bounds the letters that strangers can have sent to one address.
var mailThrottle = accounts.Throttle{Free: 3, Base: 10 * time.Minute, Max: time.Hour, Forget: 24 * time.Hour}

// Config is what New needs; all of it.
type Config struct {
	Store     Store
	Login     *accounts.Authenticator
	Vault     *accounts.Vault
	Clock     clock.Clock
	Rome      *time.Location
	PublicURL string // without a final stroke
	Name      string // of the installation
	Log       *slog.Logger
}

// Service is safe for concurrent use.
type Service struct {
	Config
	letters stationery
}

// New reads the letters.
func New(c Config) (*Service, error) {
	l, err := readLetters()
	if err != nil {
		return nil, err
	}
	return &Service{Config: c, letters: l}, nil
}

// Today is the day in Italy, at midnight UTC.
func (s *Service) Today() time.Time {
	y, m, d := s.Clock.Now().In(s.Rome).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// newLink returns a token and what is stored of it.
func (s *Service) newLink(d time.Duration) (token string, l accounts.MailLink) {
	b := make([]byte, 32)
	rand.Read(b)
	token = base64.RawURLEncoding.EncodeToString(b)
	now := s.Clock.Now()
	return token, accounts.MailLink{Hash: sha256.Sum256([]byte(token)), CreatedAt: now, ExpiresAt: now.Add(d)}
}

// hashOf refuses at once what no link has.
func hashOf(token string) ([32]byte, error) {
	if len(token) != base64.RawURLEncoding.EncodedLen(32) {
		return [32]byte{}, accounts.ErrLink
	}
	return sha256.Sum256([]byte(token)), nil
}

// mayWrite counts a letter to an address that a stranger asks for; false when
// there were too many.
func (s *Service) mayWrite(ctx context.Context, what, email string) (bool, error) {
	key := sha256.Sum256([]byte(what + "\n" + strings.ToLower(email)))
	ok, _, err := s.Store.CountAttempt(ctx, key, s.Clock.Now(), mailThrottle)
	if err != nil {
		return false, fmt.Errorf("membership: %w", err)
	}
	if !ok {
		s.Log.InfoContext(ctx, "no more letters to this address for now", "what", what)
	}
	return ok, nil
}

// address returns an address as it is stored.
func address(email string) (string, error) {
	email = strings.TrimSpace(email)
	if at := strings.LastIndexByte(email, '@'); at >= 0 {
		email = email[:at] + strings.ToLower(email[at:])
	}
	return notices.Address(email)
}

// ErrWeak says that a password may not be chosen.
type ErrWeak struct{ Weakness accounts.Weakness }

// Error names the weakness.
func (e *ErrWeak) Error() string { return "membership: password is " + string(e.Weakness) }

// newHash hashes a password that may be chosen; *ErrWeak otherwise.
func (s *Service) newHash(ctx context.Context, password string, own ...string) (string, error) {
	if w := accounts.Weak(password, own...); w != "" {
		return "", &ErrWeak{w}
	}
	return s.Login.Hash(ctx, password)
}

// ownWords are the words that a password must not be made of.
func ownWords(acc *accounts.Account) []string { return []string{acc.Email, acc.Name, acc.TaxCode} }

// find returns the account of an address, nil if there is none.
func (s *Service) find(ctx context.Context, email string) (*accounts.Account, error) {
	acc, err := s.Store.AccountByEmail(ctx, email)
	if errors.Is(err, accounts.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("membership: %w", err)
	}
	return &acc, nil
}
