// Package api is what programs talk to: the mini-client (configuration,
// calendar, registration of the device key, sync with tickets, outcomes and
// receipts; docs/protocol.md is the contract) and the software of
// intermediaries (models, applications, validation, sealing, help desk;
// docs/api.md). Routes are declared with huma, which makes the OpenAPI document
// of them; bodies are JSON, refusals problem+json.
package api

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/drafts"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/forms"
	"puntuale/internal/keys"
	"puntuale/internal/lists"
	"puntuale/internal/portal/timetable"
	"puntuale/internal/rehearsal"
)

// Store is what the API reads and writes. Reads see everything that was
// committed before; RegisterDevice is durable on return and may be repeated.
type Store interface {
	rehearsal.Store
	// Bearer returns who an access token speaks for, or accounts.ErrNotFound.
	Bearer(ctx context.Context, hash [32]byte, now time.Time) (accounts.Bearer, error)
	// Program returns the personal access token of a hash with the account
	// that it speaks for, or accounts.ErrNotFound when it is unknown, over or
	// revoked. It notes, roughly, when the token was last used.
	Program(ctx context.Context, hash [32]byte, now time.Time) (accounts.ProgramBearer, error)
	// RegisterDevice binds the token to a device key. Errors:
	// accounts.ErrForeignDevice, accounts.ErrTokenBound.
	RegisterDevice(ctx context.Context, token [32]byte, d *accounts.Device) (accounts.Device, error)
	// Devices lists the account's computers, revoked ones among them.
	Devices(ctx context.Context, account clickday.AccountID) ([]accounts.Device, error)
	// Unnumbered returns the sealed applications without a protocol number.
	Unnumbered(ctx context.Context, account clickday.AccountID, days []clickday.DayID) ([]accounts.SealedApplication, error)
	// NoteSync remembers that a computer was given the sealed applications, the
	// newest of which was sealed at that instant.
	NoteSync(ctx context.Context, account clickday.AccountID, device int64, newest, at time.Time) error
	// Outcomes returns every submission of the account.
	Outcomes(ctx context.Context, account clickday.AccountID) ([]accounts.Outcome, error)
	// ReceiptOf returns a PDF, or accounts.ErrNotFound.
	ReceiptOf(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) ([]byte, error)
	// Standings returns what the newest lists gave to the account's submissions.
	Standings(ctx context.Context, account clickday.AccountID) (map[clickday.SubmissionID]lists.Standing, error)
	// Nodes returns the intake nodes that mini-clients may send to.
	Nodes(ctx context.Context) ([]accounts.Node, error)
	// ApplicationsAfter returns a slice of the account's applications in the
	// order in which they were last changed.
	ApplicationsAfter(ctx context.Context, account clickday.AccountID, c *accounts.Changes) ([]accounts.Application, error)
	// Files lists the attachments of an application without their content.
	Files(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) ([]drafts.File, error)
	// RemoveFile takes an attachment off a draft; again is accounts.ErrNotFound.
	RemoveFile(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID, file int64) error
	// CurrentSeal returns the seal that counts, or accounts.ErrNotFound.
	CurrentSeal(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) (accounts.Seal, error)
}

// Config is what New needs; every field that does not say otherwise is required.
type Config struct {
	Store       Store
	Clock       clock.Clock
	Calendar    *timetable.Reader
	CalendarKey ed25519.PublicKey
	Tickets     *keys.TicketKeys
	Models      *forms.Catalogue
	Drafts      *drafts.Service
	Name        string            // of the installation, shown in the mini-client
	PublicURL   string            // of the portal, without a final stroke
	Help        Help              // whom people ask, told to mini-clients
	NTPServers  []string          // names or addresses, in order of preference
	ReleaseKey  ed25519.PublicKey // checks versions of the mini-client; nil: none are published
	// HelpDesk takes requests for help; nil while there is none.
	HelpDesk Tickets
	// Resting returns until when programs may change nothing, because an opening
	// is near; nil for never.
	Resting func(context.Context) (until time.Time, ok bool)
	// PerToken and PerAddress bound how often programs may ask; zero values mean
	// the defaults.
	PerToken, PerAddress Rate
	// Address tells whose request it is; nil takes the remote address.
	Address func(*http.Request) string
	Log     *slog.Logger
}

// API answers programs. It is safe for concurrent use.
type API struct {
	Config
	tokens, addresses *limiter
	mux               *http.ServeMux
	huma              huma.API
}

// New returns an API.
func New(c Config) *API {
	a := &API{Config: c, mux: http.NewServeMux()}
	if a.Address == nil {
		a.Address = remoteAddress
	}
	a.tokens, a.addresses = newLimiter(c.Clock, "token", c.PerToken, defaultPerToken), newLimiter(c.Clock, "address", c.PerAddress, defaultPerAddress)
	a.huma = humago.New(a.mux, document(c.PublicURL))
	describeProblem(a.huma.OpenAPI())
	a.routes()
	widen(a.huma.OpenAPI())
	a.serveDocument()
	a.mux.HandleFunc("/api/", a.nothing)
	return a
}

// Handler returns everything below /api/.
func (a *API) Handler() http.Handler { return a.mux }

// nothing answers addresses that there are not.
func (a *API) nothing(w http.ResponseWriter, r *http.Request) {
	ctx := humago.NewContext(&huma.Operation{}, r, w)
	ctx.SetHeader("Cache-Control", "no-store")
	if _, err := a.identify(r, w.Header(), public); err != nil {
		a.writeProblem(ctx, err)
		return
	}
	a.writeProblem(ctx, refuse(clickday.CodeNotFound))
}

// routes registers what the document lists.
func (a *API) routes() {
	a.clientRoutes()
	a.rehearsalRoutes()
	a.dayRoutes()
	a.modelRoutes()
	a.applicationRoutes()
	a.attachmentRoutes()
	a.importRoutes()
	a.ticketRoutes()
}
