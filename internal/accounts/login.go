package accounts

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"puntuale/internal/clock"
)

// ErrLogin: e-mail and password do not belong together, for whatever reason.
var ErrLogin = errors.New("accounts: e-mail or password wrong")

// ThrottledError: too many attempts with this e-mail address, known or not.
type ThrottledError struct{ Until time.Time }

// Error says until when.
func (e *ThrottledError) Error() string {
	return "accounts: too many attempts, blocked until " + e.Until.Format(time.RFC3339)
}

// LoginStore is what a log-in needs of the database.
type LoginStore interface {
	// AccountByEmail finds an account whatever the case of the letters.
	// It returns ErrNotFound when there is none.
	AccountByEmail(ctx context.Context, email string) (Account, error)
	// CountAttempt records one attempt for the key before the password is
	// looked at, atomically, so that attempts in parallel all count. It
	// returns false, and records nothing, while the key is blocked; until
	// then says for how long.
	CountAttempt(ctx context.Context, key [32]byte, now time.Time, t Throttle) (ok bool, until time.Time, err error)
	// ClearAttempts forgets the attempts after a successful log-in.
	ClearAttempts(ctx context.Context, key [32]byte) error
}

// Throttle slows down guessing: the first Free attempts cost nothing, each
// further one doubles a wait that starts at Base and ends at Max. After Forget
// without attempts the count starts again.
type Throttle struct {
	Free              int
	Base, Max, Forget time.Duration
}

// DefaultThrottle lets a person mistype five times and stops a guesser at
// about a hundred attempts a day.
var DefaultThrottle = Throttle{Free: 5, Base: 30 * time.Second, Max: 15 * time.Minute, Forget: 24 * time.Hour}

// Next returns the count and the end of the wait after one more attempt.
func (t Throttle) Next(failures int, blockedUntil, now time.Time) (int, time.Time) {
	if now.Sub(blockedUntil) > t.Forget {
		failures = 0
	}
	failures++
	over := failures - t.Free
	if over <= 0 {
		return failures, now
	}
	wait := t.Max
	if over <= 16 { // beyond, the shift would overflow and Max holds anyway
		wait = min(t.Base<<(over-1), t.Max)
	}
	return failures, now.Add(wait)
}

// Authenticator checks log-ins. It is safe for concurrent use.
type Authenticator struct {
	store    LoginStore
	clock    clock.Clock
	throttle Throttle
	decoy    string        // hash that nobody's password has
	hashing  chan struct{} // bounds the memory that concurrent hashes take
}

// NewAuthenticator returns an Authenticator that hashes at most parallel
// passwords at a time (19 MiB each).
func NewAuthenticator(store LoginStore, c clock.Clock, t Throttle, parallel int) *Authenticator {
	decoy := phc(make([]byte, argonSalt), make([]byte, argonKey))
	return &Authenticator{store: store, clock: c, throttle: t, decoy: decoy, hashing: make(chan struct{}, max(parallel, 1))}
}

// Login returns the account that e-mail and password belong to. Refusals are
// ErrLogin and *ThrottledError; neither tells whether there is such an account.
func (a *Authenticator) Login(ctx context.Context, email, password string) (Account, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	if !utf8.ValidString(email) || strings.ContainsRune(email, 0) {
		return Account{}, ErrLogin // no address; the database would not take it as text
	}
	key := sha256.Sum256([]byte(email))
	ok, until, err := a.store.CountAttempt(ctx, key, a.clock.Now(), a.throttle)
	if err != nil {
		return Account{}, fmt.Errorf("log-in: %w", err)
	}
	if !ok {
		return Account{}, &ThrottledError{Until: until}
	}
	acc, found, err := a.find(ctx, email)
	if err != nil {
		return Account{}, err
	}
	right, err := a.check(ctx, acc.PasswordHash, password)
	if err != nil {
		return Account{}, err
	}
	if !right || !found {
		return Account{}, ErrLogin
	}
	if err := a.store.ClearAttempts(ctx, key); err != nil {
		return Account{}, fmt.Errorf("log-in: %w", err)
	}
	return acc, nil
}

// find returns an account to check against, a decoy when there is none.
func (a *Authenticator) find(ctx context.Context, email string) (Account, bool, error) {
	acc, err := a.store.AccountByEmail(ctx, email)
	if errors.Is(err, ErrNotFound) || err == nil && acc.PasswordHash == "" { // nobody logs in as an organisation
		return Account{PasswordHash: a.decoy}, false, nil
	}
	if err != nil {
		return Account{}, false, fmt.Errorf("log-in: %w", err)
	}
	return acc, true, nil
}

// Verify says whether the password is that of an account whose owner is here
// already. It counts as an attempt to log in; refusals are those of Login.
func (a *Authenticator) Verify(ctx context.Context, acc *Account, password string) error {
	found, err := a.Login(ctx, acc.Email, password)
	if err == nil && found.ID != acc.ID {
		return ErrLogin // the address went to another account meanwhile
	}
	return err
}

// VerifyHash compares with a hash that belongs to no account yet. Attempts
// count for the key.
func (a *Authenticator) VerifyHash(ctx context.Context, key [32]byte, hash, password string) error {
	ok, until, err := a.store.CountAttempt(ctx, key, a.clock.Now(), a.throttle)
	switch {
	case err != nil:
		return fmt.Errorf("log-in: %w", err)
	case !ok:
		return &ThrottledError{Until: until}
	}
	right, err := a.check(ctx, hash, password)
	if err == nil && !right {
		return ErrLogin
	}
	return err
}

// Hash returns the hash of a new password, no more at a time than checks.
func (a *Authenticator) Hash(ctx context.Context, password string) (string, error) {
	select {
	case a.hashing <- struct{}{}:
		defer func() { <-a.hashing }()
		return HashPassword(password)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (a *Authenticator) check(ctx context.Context, hash, password string) (bool, error) {
	select {
	case a.hashing <- struct{}{}:
		defer func() { <-a.hashing }()
		return CheckPassword(hash, password)
	case <-ctx.Done():
		return false, ctx.Err()
	}
}
