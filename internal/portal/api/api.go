// Package api is what the mini-client talks to: configuration, calendar,
// registration of the device key, sync with tickets, outcomes and receipts.
// Bodies are JSON, refusals problem+json; docs/protocol.md is the contract.
package api

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/forms"
	"puntuale/internal/keys"
	"puntuale/internal/lists"
	"puntuale/internal/portal/oauth"
	"puntuale/internal/portal/timetable"
	"puntuale/internal/wire"
)

// Store is what the API reads and writes. Reads see everything that was
// committed before; RegisterDevice is durable on return and may be repeated.
type Store interface {
	// Bearer returns who an access token speaks for, or accounts.ErrNotFound.
	Bearer(ctx context.Context, hash [32]byte, now time.Time) (accounts.Bearer, error)
	// RegisterDevice binds the token to a device key. Errors:
	// accounts.ErrForeignDevice, accounts.ErrTokenBound.
	RegisterDevice(ctx context.Context, token [32]byte, d *accounts.Device) (accounts.Device, error)
	// Devices lists the account's computers, revoked ones among them.
	Devices(ctx context.Context, account clickday.AccountID) ([]accounts.Device, error)
	// Unnumbered returns the sealed applications without a protocol number.
	Unnumbered(ctx context.Context, account clickday.AccountID, days []clickday.DayID) ([]accounts.SealedApplication, error)
	// Outcomes returns every submission of the account.
	Outcomes(ctx context.Context, account clickday.AccountID) ([]accounts.Outcome, error)
	// ReceiptOf returns a PDF, or accounts.ErrNotFound.
	ReceiptOf(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) ([]byte, error)
	// Standings returns what the newest lists gave to the account's submissions.
	Standings(ctx context.Context, account clickday.AccountID) (map[clickday.SubmissionID]lists.Standing, error)
	// Nodes returns the intake nodes that mini-clients may send to.
	Nodes(ctx context.Context) ([]accounts.Node, error)
}

// Config is what New needs; every field but ReleaseKey is required.
type Config struct {
	Store       Store
	Clock       clock.Clock
	Calendar    *timetable.Reader
	CalendarKey ed25519.PublicKey
	Tickets     *keys.TicketKeys
	Models      *forms.Catalogue
	Name        string            // of the installation, shown in the mini-client
	NTPServers  []string          // names or addresses, in order of preference
	ReleaseKey  ed25519.PublicKey // checks versions of the mini-client; nil: none are published
	Log         *slog.Logger
}

// API answers the mini-client. It is safe for concurrent use.
type API struct{ Config }

// New returns an API.
func New(c Config) *API { return &API{c} }

// Handler returns the routes below /api/v1/.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /api/v1/config", a.public(a.config))
	mux.Handle("GET /api/v1/calendar", a.public(a.calendar))
	mux.Handle("GET /api/v1/devices", a.private(a.listDevices))
	mux.Handle("POST /api/v1/devices", a.private(a.registerDevice))
	mux.Handle("GET /api/v1/sync", a.private(a.sync))
	mux.Handle("GET /api/v1/outcomes", a.private(a.outcomes))
	mux.Handle("GET /api/v1/applications/{id}/receipt", a.private(a.receipt))
	mux.Handle("/api/", a.public(func(http.ResponseWriter, *http.Request) error { return refuse(clickday.CodeNotFound) }))
	return mux
}

// caller is who a request speaks for.
type caller struct {
	accounts.Bearer
	token     string
	tokenHash [32]byte
}

func (a *API) public(h func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			a.problem(w, r, err)
		}
	})
}

func (a *API) private(h func(http.ResponseWriter, *http.Request, *caller) error) http.Handler {
	return a.public(func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Cache-Control", "no-store")
		c, err := a.caller(r)
		if err != nil {
			return err
		}
		return h(w, r, c)
	})
}

func (a *API) caller(r *http.Request) (*caller, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return nil, refuse(codeUnauthorized)
	}
	c := &caller{token: token, tokenHash: oauth.Hash(token)}
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
	c.Bearer = b
	return c, nil
}

func (a *API) receipt(w http.ResponseWriter, r *http.Request, c *caller) error {
	id, err := clickday.ParseApplicationID(r.PathValue("id"))
	if err != nil {
		return refuse(clickday.CodeNotFound)
	}
	pdf, err := a.Store.ReceiptOf(r.Context(), c.Account.ID, id)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Length", fmt.Sprint(len(pdf)))
	_, err = w.Write(pdf)
	return a.gone(r, err)
}

// gone logs a client that left before its answer; there is nobody to tell.
func (a *API) gone(r *http.Request, err error) error {
	if err != nil {
		a.Log.DebugContext(r.Context(), "client left", "path", r.URL.Path, "err", err)
	}
	return nil
}

func (a *API) json(w http.ResponseWriter, r *http.Request, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("api: answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(b)
	return a.gone(r, err)
}

func (a *API) calendar(w http.ResponseWriter, r *http.Request) error {
	_, signed, err := a.Calendar.Current(r.Context())
	if err != nil {
		return err
	}
	if signed == nil {
		return refuse(clickday.CodeNotFound)
	}
	w.Header().Set("Content-Type", wire.TypeCalendar)
	w.Header().Set("Cache-Control", "no-cache")
	_, err = w.Write(signed)
	return a.gone(r, err)
}
