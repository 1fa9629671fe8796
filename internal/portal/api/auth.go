package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/portal/oauth"
)

// access is whose tokens a route takes; none at all when it is public.
type access struct {
	computers bool           // tokens of paired mini-clients
	scope     accounts.Scope // least scope of a personal access token; empty for none
}

var (
	public    = access{}
	computers = access{computers: true}
	everyone  = access{computers: true, scope: accounts.ScopeRead}
	readers   = access{scope: accounts.ScopeRead}
	writers   = access{scope: accounts.ScopeWrite}
	senders   = access{computers: true, scope: accounts.ScopeWrite}
)

func (w access) token() bool { return w != public }

// Names of the security schemes in the document.
const (
	schemeClient  = "miniclient"
	schemeProgram = "program"
)

func (w access) security() (list []map[string][]string) {
	if w.computers {
		list = append(list, map[string][]string{schemeClient: {}})
	}
	if w.scope != "" {
		list = append(list, map[string][]string{schemeProgram: {}})
	}
	return list
}

func (w access) refusals() []clickday.Code {
	codes := []clickday.Code{codeUnauthorized}
	if w.computers {
		codes = append(codes, clickday.CodeDeviceRevoked)
	}
	if w.scope != "" {
		codes = append(codes, codeBadToken)
	}
	if !w.computers || w.scope == "" {
		codes = append(codes, codeWrongToken)
	}
	if w.scope == accounts.ScopeWrite {
		codes = append(codes, codeScope)
		if !w.computers {
			codes = append(codes, codeResting)
		}
	}
	return codes
}

func (w access) sentence() string {
	switch {
	case w.scope == "":
		return "Token: that of a paired mini-client."
	case w.computers:
		return "Token: that of a paired mini-client, or a personal access token with the scope `" + string(w.scope) + "`."
	}
	return "Token: a personal access token with the scope `" + string(w.scope) + "`."
}

// caller is who a request speaks for.
type caller struct {
	accounts.Bearer
	program   *accounts.Program // nil for a mini-client
	token     string
	tokenHash [32]byte
}

type contextKey int

const (
	keyAPI contextKey = iota
	keyCaller
)

// callerOf returns who is calling a route that is not public.
func callerOf(ctx context.Context) *caller { return ctx.Value(keyCaller).(*caller) }

// admit runs before a route reads its request: how often, and who.
func (a *API) admit(who access) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		ctx = huma.WithValue(ctx, keyAPI, a)
		ctx.SetHeader("Cache-Control", "no-store")
		r, w := humago.Unwrap(ctx)
		c, err := a.identify(r, w.Header(), who)
		if err == nil && who == writers {
			err = a.rests(r.Context(), w.Header())
		}
		if err != nil {
			a.writeProblem(ctx, err)
			return
		}
		if c != nil {
			ctx = huma.WithValue(ctx, keyCaller, c)
		}
		next(ctx)
	}
}

// rests refuses what is not needed around an opening.
func (a *API) rests(ctx context.Context, h http.Header) error {
	if a.Resting == nil {
		return nil
	}
	until, resting := a.Resting(ctx)
	if !resting {
		return nil
	}
	h.Set("Retry-After", strconv.Itoa(int(math.Ceil(until.Sub(a.Clock.Now()).Seconds()))))
	return refuse(codeResting)
}

// identify finds the caller and counts the call: against the token when it is
// good, else against the address, so that many offices behind one address do
// not stand in each other's way and tokens cannot be guessed.
func (a *API) identify(r *http.Request, h http.Header, who access) (*caller, error) {
	address := a.Address(r)
	if !who.token() {
		return nil, a.addresses.count(address, h)
	}
	if err := a.addresses.check(address, h); err != nil {
		return nil, err
	}
	c, err := a.caller(r, who)
	var refused *refusal
	if errors.As(err, &refused) {
		if err := a.addresses.count(address, h); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	return c, a.tokens.count(string(c.tokenHash[:]), h)
}

func (a *API) caller(r *http.Request, who access) (*caller, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return nil, refuse(codeUnauthorized)
	}
	c := &caller{token: token, tokenHash: oauth.Hash(token)}
	if oauth.IsPersonal(token) {
		return c, a.program(r.Context(), c, who)
	}
	b, err := a.Store.Bearer(r.Context(), c.tokenHash, a.Clock.Now())
	if errors.Is(err, accounts.ErrNotFound) {
		return nil, refuse(codeUnauthorized)
	}
	if err != nil {
		return nil, err
	}
	if b.Device != nil && b.Device.Revoked {
		return nil, refuse(clickday.CodeDeviceRevoked)
	}
	if !who.computers {
		return nil, refuse(codeWrongToken)
	}
	c.Bearer = b
	return c, nil
}

func (a *API) program(ctx context.Context, c *caller, who access) error {
	p, err := a.Store.Program(ctx, c.tokenHash, a.Clock.Now())
	if errors.Is(err, accounts.ErrNotFound) {
		return refuse(codeBadToken)
	}
	if err != nil {
		return err
	}
	switch {
	case who.scope == "":
		return refuse(codeWrongToken)
	case who.scope == accounts.ScopeWrite && p.Program.Scope != accounts.ScopeWrite:
		return refuse(codeScope)
	}
	c.Account, c.program = p.Account, &p.Program
	return nil
}
