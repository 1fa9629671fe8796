// Package oauth pairs native programs with an account: the authorization code
// grant for loopback redirects (RFC 6749, RFC 8252) with PKCE S256 (RFC 7636).
// There is one public client, the mini-client, and no refresh token; an access
// token ends with its computer's pairing. The consent page is the portal's.
package oauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
)

// ClientID is the one client there is.
const ClientID = "miniclient"

const (
	codeLife = 2 * time.Minute
	// TokenLife is how long an access token holds: from the weeks before a
	// click day to well after its receipts.
	TokenLife = 180 * 24 * time.Hour
	maxState  = 512
)

// Error is a refusal with its RFC 6749 code.
type Error struct {
	Code        string // "invalid_grant", …
	Description string // for the developer of a client
}

// Error returns code and description.
func (e *Error) Error() string { return "oauth: " + e.Code + ": " + e.Description }

// Store keeps codes and tokens by their SHA-256.
type Store interface {
	// AddCode stores a fresh authorization code; it is durable on return.
	AddCode(ctx context.Context, hash [32]byte, g *accounts.Grant) error
	// SpendCode takes a code once and stores the token when check approves.
	// A second use revokes the tokens of the first and is
	// accounts.ErrNotFound, as is an unknown code. Errors of check are passed
	// on; the code is spent all the same.
	SpendCode(ctx context.Context, hash, token [32]byte, now, tokenExpires time.Time, check func(*accounts.Grant) error) error
}

// Service gives out codes and tokens. It is safe for concurrent use.
type Service struct {
	store Store
	clock clock.Clock
}

// New returns a Service.
func New(store Store, c clock.Clock) *Service { return &Service{store, c} }

// Request is an authorization request that was checked.
type Request struct {
	RedirectURI string
	Challenge   string
	State       string
}

// ErrRedirect: client or redirect address are not ours, so the browser must not
// be sent there; the person is told instead.
var ErrRedirect = errors.New("oauth: unknown client or redirect address")

// ParseRequest checks an authorization request. ErrRedirect must be shown to
// the person; for an *Error the browser goes to Request.Refusal.
func ParseRequest(q url.Values) (Request, error) {
	r := Request{RedirectURI: q.Get("redirect_uri"), Challenge: q.Get("code_challenge"), State: q.Get("state")}
	if q.Get("client_id") != ClientID || !loopback(r.RedirectURI) {
		return Request{}, ErrRedirect
	}
	if len(r.State) > maxState {
		r.State = ""
		return r, &Error{"invalid_request", "state is longer than 512 bytes"}
	}
	if q.Get("response_type") != "code" {
		return r, &Error{"unsupported_response_type", "response_type must be code"}
	}
	if sum, err := base64.RawURLEncoding.DecodeString(r.Challenge); q.Get("code_challenge_method") != "S256" || err != nil || len(sum) != sha256.Size {
		return r, &Error{"invalid_request", "code_challenge with method S256 is required"}
	}
	return r, nil
}

// loopback accepts http://127.0.0.1:PORT/callback and http://[::1]:PORT/callback,
// written exactly so.
func loopback(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" || u.Path != "/callback" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	ap, err := netip.ParseAddrPort(u.Host)
	if err != nil || ap.Port() == 0 {
		return false
	}
	if ap.Addr() != netip.MustParseAddr("127.0.0.1") && ap.Addr() != netip.MustParseAddr("::1") {
		return false
	}
	return raw == "http://"+ap.String()+"/callback"
}

// Values returns the request as the parameters it came with.
func (r *Request) Values() url.Values {
	return url.Values{
		"response_type": {"code"}, "client_id": {ClientID}, "redirect_uri": {r.RedirectURI},
		"code_challenge": {r.Challenge}, "code_challenge_method": {"S256"}, "state": {r.State},
	}
}

// Refusal is where the browser goes with an error code.
func (r *Request) Refusal(code string) string { return r.answer("error", code) }

func (r *Request) answer(name, value string) string {
	q := url.Values{name: {value}}
	if r.State != "" {
		q.Set("state", r.State)
	}
	return r.RedirectURI + "?" + q.Encode()
}

// Grant gives out a code for what the person has consented to, for an account
// that is theirs or that they act for, and returns where the browser goes with it.
func (s *Service) Grant(ctx context.Context, person, account clickday.AccountID, r *Request) (string, error) {
	code, hash := fresh()
	g := &accounts.Grant{
		Account: account, Person: person, RedirectURI: r.RedirectURI, Challenge: r.Challenge, ExpiresAt: s.clock.Now().Add(codeLife),
	}
	if err := s.store.AddCode(ctx, hash, g); err != nil {
		return "", err
	}
	return r.answer("code", code), nil
}

// Token is the answer to an exchange.
type Token struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
}

// Exchange turns a code into an access token. Refusals are *Error.
func (s *Service) Exchange(ctx context.Context, form url.Values) (Token, error) {
	if form.Get("grant_type") != "authorization_code" {
		return Token{}, &Error{"unsupported_grant_type", "grant_type must be authorization_code"}
	}
	if form.Get("client_id") != ClientID {
		return Token{}, &Error{"invalid_client", "client_id must be " + ClientID}
	}
	for _, name := range []string{"code", "redirect_uri", "code_verifier"} {
		if form.Get(name) == "" {
			return Token{}, &Error{"invalid_request", name + " is missing"}
		}
	}
	token, hash := fresh()
	now := s.clock.Now()
	err := s.store.SpendCode(ctx, Hash(form.Get("code")), hash, now, now.Add(TokenLife), func(g *accounts.Grant) error {
		return check(g, form, now)
	})
	if errors.Is(err, accounts.ErrNotFound) {
		return Token{}, &Error{"invalid_grant", "code is unknown or was used before"}
	}
	if err != nil {
		return Token{}, err
	}
	return Token{AccessToken: token, TokenType: "Bearer", ExpiresIn: int64(TokenLife / time.Second)}, nil
}

func check(g *accounts.Grant, form url.Values, now time.Time) error {
	if !now.Before(g.ExpiresAt) {
		return &Error{"invalid_grant", "code has expired after " + strconv.Itoa(int(codeLife.Seconds())) + " s"}
	}
	if form.Get("redirect_uri") != g.RedirectURI {
		return &Error{"invalid_grant", "redirect_uri is not the one of the authorization request"}
	}
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	if subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(g.Challenge)) != 1 {
		return &Error{"invalid_grant", "code_verifier does not match code_challenge"}
	}
	return nil
}

// Hash is how codes and tokens are stored.
func Hash(secret string) [32]byte { return sha256.Sum256([]byte(secret)) }

// fresh returns a secret of 256 bits and its hash.
func fresh() (secret string, hash [32]byte) {
	b := make([]byte, 32)
	rand.Read(b)
	secret = base64.RawURLEncoding.EncodeToString(b)
	return secret, Hash(secret)
}

// String hides everything but the redirect address from logs.
func (r Request) String() string { return fmt.Sprintf("authorization request to %s", r.RedirectURI) }
