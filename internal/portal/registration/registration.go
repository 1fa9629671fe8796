// Package registration is the room of the portal for a person's own account:
// registration with its confirmation by e-mail, log-in with a second step, new
// passwords, and under /account everything about the account itself. What is done
// is package membership's; here are the pages. Every one works without scripts;
// with them, the registration is spared its stricter limits by a proof of work.
package registration

import (
	"context"
	"embed"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/membership"
	"puntuale/internal/clickday"
	"puntuale/internal/portal/limit"
	"puntuale/internal/portal/site"
	"puntuale/internal/proofofwork"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed texts.json
var textsFile []byte

// Store is what the pages need beyond package membership.
type Store interface {
	membership.Store
	// Logins returns the log-ins of an account that are open, the last seen first.
	Logins(ctx context.Context, id clickday.AccountID, now time.Time) ([]accounts.Login, error)
	// EndLogin ends one of them, ErrNotFound for those of others.
	EndLogin(ctx context.Context, id clickday.AccountID, login int64, now time.Time) error
	// EndOtherLogins ends all of them but keep.
	EndOtherLogins(ctx context.Context, id clickday.AccountID, keep int64, now time.Time) error
}

// Config is what New needs.
type Config struct {
	Store Store
	Login *accounts.Authenticator
	// Key is the secret of 32 bytes that all processes of the portal share: it
	// signs challenges and encrypts secrets of second factors.
	Key []byte
	// WorkBits is the difficulty of the proof of work; 0 is 18.
	WorkBits int
}

// Registration is the room. It is safe for concurrent use.
type Registration struct {
	site    *site.Site
	store   Store
	login   *accounts.Authenticator
	members *membership.Service
	work    *proofofwork.Desk
	solved  *limit.Limiter // registrations with a proof of work
	plain   *limit.Limiter // and without
	letters *limit.Limiter // letters that strangers ask for
}

// How often one network address may do what strangers may do.
const (
	solvedPerSecond, solvedBurst   = 1.0 / 20, 30
	plainPerSecond, plainBurst     = 1.0 / 120, 6
	lettersPerSecond, lettersBurst = 1.0 / 30, 12
)

// New prepares the room. Errors name the setting.
func New(s *site.Site, c Config) (*Registration, error) {
	vault, err := accounts.NewVault(c.Key)
	if err != nil {
		return nil, err
	}
	if c.WorkBits == 0 {
		c.WorkBits = 18
	}
	work, err := proofofwork.New(c.Key, c.WorkBits, s.Clock())
	if err != nil {
		return nil, err
	}
	members, err := membership.New(membership.Config{
		Store: c.Store, Login: c.Login, Vault: vault, Clock: s.Clock(), Rome: s.Rome(), PublicURL: s.PublicURL(), Name: s.Name(), Log: s.Log(),
	})
	if err != nil {
		return nil, err
	}
	return &Registration{
		site: s, store: c.Store, login: c.Login, members: members, work: work,
		solved:  limit.New(s.Clock(), solvedPerSecond, solvedBurst),
		plain:   limit.New(s.Clock(), plainPerSecond, plainBurst),
		letters: limit.New(s.Clock(), lettersPerSecond, lettersBurst),
	}, nil
}

// Room implements the contract of package site.
func (g *Registration) Room() site.Room {
	return site.Room{Name: "registration", Templates: templateFiles, Texts: textsFile, Routes: []site.Route{
		{Pattern: "GET /login", Handle: g.loginForm, Essential: true},
		{Pattern: "POST /login", Handle: g.loginSubmit, Essential: true},
		{Pattern: "GET /login/code", Handle: g.codeForm, Essential: true},
		{Pattern: "POST /login/code", Handle: g.codeSubmit, Essential: true},
		{Pattern: "POST /logout", Handle: g.logout, Essential: true},
		{Pattern: "GET /conditions", Handle: g.conditions},
		{Pattern: "GET /register", Handle: g.registerForm},
		{Pattern: "POST /register", Handle: g.registerSubmit},
		{Pattern: "GET /register/sent", Handle: g.registerSent},
		{Pattern: "GET /register/resend", Handle: g.resendForm},
		{Pattern: "POST /register/resend", Handle: g.resendSubmit},
		{Pattern: "GET /register/confirm", Handle: g.confirmForm},
		{Pattern: "POST /register/confirm", Handle: g.confirmSubmit},
		{Pattern: "GET /password", Handle: g.forgotForm},
		{Pattern: "POST /password", Handle: g.forgotSubmit},
		{Pattern: "GET /password/sent", Handle: g.forgotSent},
		{Pattern: "GET /password/new", Handle: g.resetForm},
		{Pattern: "POST /password/new", Handle: g.resetSubmit},
		{Pattern: "GET /account/email/confirm", Handle: g.addressConfirmForm},
		{Pattern: "POST /account/email/confirm", Handle: g.addressConfirmSubmit},
		{Pattern: "GET /account/email/undo", Handle: g.addressUndoForm},
		{Pattern: "POST /account/email/undo", Handle: g.addressUndoSubmit},
		{Pattern: "GET /account/closed", Handle: g.leftPage},
		{Pattern: "GET /account", Access: site.Personal, Handle: g.account},
		{Pattern: "GET /account/data", Access: site.Personal, Handle: g.dataForm},
		{Pattern: "POST /account/data", Access: site.Personal, Handle: g.dataSubmit},
		{Pattern: "GET /account/password", Access: site.Personal, Handle: g.passwordForm},
		{Pattern: "POST /account/password", Access: site.Personal, Handle: g.passwordSubmit},
		{Pattern: "GET /account/email", Access: site.Personal, Handle: g.addressForm},
		{Pattern: "POST /account/email", Access: site.Personal, Handle: g.addressSubmit},
		{Pattern: "GET /account/factor", Access: site.Personal, Handle: g.factorForm},
		{Pattern: "POST /account/factor", Access: site.Personal, Handle: g.factorSubmit},
		{Pattern: "POST /account/factor/codes", Access: site.Personal, Handle: g.factorCodes},
		{Pattern: "POST /account/factor/off", Access: site.Personal, Handle: g.factorOff},
		{Pattern: "GET /account/sessions", Access: site.Personal, Handle: g.sessions},
		{Pattern: "POST /account/sessions/{id}/end", Access: site.Personal, Handle: g.endSession},
		{Pattern: "POST /account/sessions/others", Access: site.Personal, Handle: g.endOthers},
		{Pattern: "GET /account/delete", Access: site.Personal, Handle: g.leaveForm},
		{Pattern: "POST /account/delete", Access: site.Personal, Handle: g.leaveSubmit},
	}, Errors: []site.ErrorPage{
		{Err: accounts.ErrLink, Status: http.StatusGone, Key: "registration.error.link"},
		{Err: accounts.ErrTaken, Status: http.StatusConflict, Key: "registration.error.taken"},
		{Err: accounts.ErrSoleOwner, Status: http.StatusConflict, Key: "registration.error.owner"},
		{Err: errTooMany, Status: http.StatusTooManyRequests, Key: "registration.error.toomany"},
	}}
}

// errTooMany is for an address that asks for too much.
var errTooMany = errors.New("registration: too many requests from one address")

// slow counts a request; errTooMany when it is one too many.
func (g *Registration) slow(w http.ResponseWriter, r *http.Request, l *limit.Limiter) error {
	if l.Allow(r) {
		return nil
	}
	w.Header().Set("Retry-After", "120")
	return errTooMany
}

// view is the frame of the pages here.
func (g *Registration) base(v *site.Visit, title string, trail ...site.Crumb) site.Base {
	return site.Base{Title: title, Crumbs: append(trail, site.Crumb{Label: g.site.Say(v, title)})}
}

// under are the crumbs of pages below /account.
func (g *Registration) under(v *site.Visit) site.Crumb {
	return site.Crumb{Label: g.site.Say(v, "registration.account.title"), URL: "/account"}
}

// private keeps pages that carry a token or a secret out of every cache.
func private(w http.ResponseWriter) { w.Header().Set("Cache-Control", "no-store") }

// refusal is the text for a log-in that was refused; false for other errors.
func (g *Registration) refusal(w http.ResponseWriter, v *site.Visit, err error, wrong string) (text string, status int, ok bool) {
	var throttled *accounts.ThrottledError
	switch {
	case errors.As(err, &throttled):
		wait := throttled.Until.Sub(g.site.Clock().Now())
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		return g.site.Say(v, "login.throttled", int(math.Ceil(wait.Minutes()))), http.StatusTooManyRequests, true
	case errors.Is(err, accounts.ErrLogin), errors.Is(err, membership.ErrCode):
		return g.site.Say(v, wrong), http.StatusUnprocessableEntity, true
	}
	return "", 0, false
}

// weakness is the text for a password that may not be chosen.
func (g *Registration) weakness(v *site.Visit, err error) (string, bool) {
	var weak *membership.ErrWeak
	if !errors.As(err, &weak) {
		return "", false
	}
	return g.said(v, &membership.Issue{Key: "weak" + string(weak.Weakness)}), true
}
