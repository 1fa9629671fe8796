// Package portal is the web portal of applicants: log-in, applications from
// draft to receipt, paired computers, and the routes of the mini-client's API.
// Every page works without scripts. One page is one file here and one template;
// pages render to memory before the first byte goes out.
package portal

import (
	"context"
	"crypto/ed25519"
	"embed"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/alexedwards/scs/v2"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/drafts"
	"puntuale/internal/clickday"
	"puntuale/internal/client/update"
	"puntuale/internal/clock"
	"puntuale/internal/forms"
	"puntuale/internal/keys"
	"puntuale/internal/ledger"
	"puntuale/internal/lists"
	"puntuale/internal/portal/api"
	"puntuale/internal/portal/archive"
	"puntuale/internal/portal/filling"
	"puntuale/internal/portal/helpdesk"
	"puntuale/internal/portal/limit"
	"puntuale/internal/portal/miniclient"
	"puntuale/internal/portal/oauth"
	"puntuale/internal/portal/parties"
	"puntuale/internal/portal/placenames"
	"puntuale/internal/portal/programs"
	"puntuale/internal/portal/registration"
	"puntuale/internal/portal/site"
	"puntuale/internal/portal/static"
	"puntuale/internal/portal/timetable"
	"puntuale/internal/verify"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed texts.json
var textsFile []byte

// Store is what the pages read and write beyond package drafts. Reads see
// everything that was committed before; errors are those of package accounts.
type Store interface {
	site.Store
	registration.Store
	drafts.Store
	oauth.Store
	api.Store
	programs.Store
	timetable.Source
	RestStore
	ListStore
	LedgerStore
	parties.Store
	archive.Store
	helpdesk.Store
	filling.Store
	// NodeKeys returns every key that an intake node has or had.
	NodeKeys(ctx context.Context) ([]accounts.Node, error)
	// CurrentSeal returns the seal that counts, or ErrNotFound.
	CurrentSeal(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) (accounts.Seal, error)
	// SegnaturaOf returns the protocol signature of an application of the
	// account, or ErrNotFound while there is none.
	SegnaturaOf(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) ([]byte, error)
	// RegisterEntry returns the public entry of a numbered submission, or
	// ErrNotFound.
	RegisterEntry(ctx context.Context, id clickday.SubmissionID) (accounts.Entry, error)
	// ReceiptsAhead returns about how many receipts will be made before that
	// of a number.
	ReceiptsAhead(ctx context.Context, day clickday.DayID, number int64) (int64, error)
	// RevokeDevice disconnects a computer with its tokens at once; it may be
	// repeated. Devices of others are ErrNotFound.
	RevokeDevice(ctx context.Context, account clickday.AccountID, id int64, now time.Time) error
}

// Config is what New needs.
type Config struct {
	Store    Store
	Sessions scs.Store // of web sessions
	Clock    clock.Clock
	Models   *forms.Catalogue
	// PublicURL is the address people use, without a final stroke.
	PublicURL   string
	Name        string // of the installation
	CalendarKey ed25519.PublicKey
	Tickets     *keys.TicketKeys
	NTPServers  []string // for mini-clients
	Help        api.Help // whom people ask, told to mini-clients
	// HelpDesk takes requests for help from programs; nil for the portal's own.
	HelpDesk api.Tickets
	// Rest is how long the periphery rests around openings; nil for the rule.
	Rest *site.Freeze
	// APIPerToken and APIPerAddress bound how often programs may ask; zero
	// values mean the defaults.
	APIPerToken, APIPerAddress api.Rate
	// Ledger checks heads of the ledger; its keys are shown to the public. Nil
	// shows none.
	Ledger *ledger.Verifier
	// DevMail is a directory of mails to show at /dev/mail, for a demo only;
	// empty for none.
	DevMail string
	// Releases is the directory of releases of the mini-client, empty for none;
	// ReleaseKey checks them and is told to mini-clients at the pairing.
	Releases   string
	ReleaseKey ed25519.PublicKey
	// Seals are the certificates that seal receipts, Authorities the roots of
	// the RFC 3161 authority (DER): the public is told of them.
	Seals, Authorities [][]byte
	// AccountKey is the portal's own secret of 32 bytes, see package
	// registration; WorkBits the difficulty of its proof of work, 0 for the usual.
	AccountKey []byte
	WorkBits   int
	// Proxies are networks whose X-Forwarded-For says who asks, for limits per
	// address; none: the address of the connection counts.
	Proxies []netip.Prefix
	// ParallelHashes bounds how many passwords are hashed at a time.
	ParallelHashes int
	Log            *slog.Logger
}

// Portal answers people and mini-clients. It is safe for concurrent use.
type Portal struct {
	cfg      Config
	site     *site.Site
	store    Store
	clock    clock.Clock
	own      *registration.Registration
	drafts   *drafts.Service
	calendar *timetable.Reader
	grants   *oauth.Service
	uploads  *uploads
	words    *lists.Words
	log      *slog.Logger
}

// New checks the configuration and reads the templates. Errors name the setting.
func New(cfg Config) (*Portal, error) {
	s, err := site.New(site.Config{
		Store: cfg.Store, Sessions: cfg.Sessions, Clock: cfg.Clock, PublicURL: cfg.PublicURL, Name: cfg.Name, Log: cfg.Log,
	})
	if err != nil {
		return nil, err
	}
	p := &Portal{
		cfg: cfg, site: s, store: cfg.Store, clock: cfg.Clock,
		drafts:   drafts.New(cfg.Store, cfg.Models, cfg.Clock, s.Rome()),
		calendar: timetable.NewReader(cfg.Store, cfg.CalendarKey),
		grants:   oauth.New(cfg.Store, cfg.Clock),
		words:    lists.NewWords(cfg.Models), log: cfg.Log,
		uploads: newUploads(limit.New(cfg.Clock, 0.5, 10)),
	}
	p.own, err = registration.New(s, registration.Config{
		Store: cfg.Store, Login: accounts.NewAuthenticator(cfg.Store, cfg.Clock, accounts.DefaultThrottle, cfg.ParallelHashes),
		Key: cfg.AccountKey, WorkBits: cfg.WorkBits,
	})
	if err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	s.RestAround(&rests{p.calendar, cfg.Store}, cfg.Rest)
	for _, room := range p.rooms() {
		if err := s.Add(room); err != nil {
			return nil, fmt.Errorf("portal: %w", err)
		}
	}
	return p, nil
}

// Handler returns everything the portal serves.
func (p *Portal) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+static.Prefix, p.site.Files())
	mux.Handle("/api/", api.New(api.Config{
		Store: p.store, Clock: p.clock, Calendar: p.calendar, CalendarKey: p.cfg.CalendarKey, Tickets: p.cfg.Tickets,
		Models: p.cfg.Models, Drafts: p.drafts, PublicURL: p.cfg.PublicURL, Name: p.cfg.Name, NTPServers: p.cfg.NTPServers, Help: p.cfg.Help, ReleaseKey: p.cfg.ReleaseKey,
		Resting:  p.site.Resting,
		HelpDesk: p.cfg.HelpDesk, PerToken: p.cfg.APIPerToken, PerAddress: p.cfg.APIPerAddress, Log: p.log,
	}).Handler())
	if p.cfg.Releases != "" {
		releases := update.Serve(p.cfg.Releases)
		mux.Handle("GET "+update.ManifestPath, releases)
		mux.Handle("GET "+update.FilesPath, releases)
	}
	mux.Handle("POST /oauth/token", oauth.TokenHandler(p.grants, limit.New(p.clock, 5, 30), p.log))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET "+verify.KeysPath, p.publicKeys)
	p.ledgerFiles(mux)
	mux.Handle("GET /lists/{day}/{version}/{file}", p.listFiles())
	mux.Handle("GET /quotas/{day}/{version}/{file}", p.quotaFiles())
	people := p.site.People()
	mux.Handle("GET /ledger/{day}", people) // else the files below it would take it
	mux.Handle("GET /api/docs", people)
	mux.Handle("/", people)
	return limit.Behind(p.cfg.Proxies, p.site.Guard(mux))
}

// rooms are the parts of the portal with pages, in no order.
func (p *Portal) rooms() []site.Room {
	rooms := []site.Room{p.room(), p.own.Room(), parties.New(p.site, p.store, p.calendar).Room(), archive.New(p.site, p.store, p.calendar, p.cfg.Models).Room()}
	desk := helpdesk.New(p.site, p.store, p.cfg.Help)
	if p.cfg.HelpDesk == nil {
		p.cfg.HelpDesk = desk
	}
	rooms = append(rooms, programs.New(p.site, p.store).Room(), desk.Room())
	rooms = append(rooms, filling.New(p.site, p.store, p.drafts, p.calendar, p.cfg.Models, p.words).Room())
	rooms = append(rooms, placenames.Room())
	rooms = append(rooms, miniclient.New(p.site, p.store, miniclient.Config{
		Releases: p.cfg.Releases, ReleaseKey: p.cfg.ReleaseKey, NTPServers: p.cfg.NTPServers,
	}).Room())
	if p.cfg.DevMail != "" {
		rooms = append(rooms, site.Room{Name: "dev mail", Routes: []site.Route{{Pattern: "GET /dev/mail", Handle: p.devMail}}})
	}
	return rooms
}

// room is what has no room of its own yet.
func (p *Portal) room() site.Room {
	return site.Room{Name: "portal", Templates: templateFiles, Texts: textsFile, Routes: []site.Route{
		{Pattern: "GET /{$}", Handle: p.home},
		{Pattern: "GET /accessibility", Handle: p.accessibility},
		{Pattern: "GET /privacy", Handle: p.privacy},
		{Pattern: "GET /verify", Handle: p.verifyForm},
		{Pattern: "POST /verify", Handle: p.verifyUpload, Upload: true},
		{Pattern: "GET /verify/{id}", Handle: p.verify},
		{Pattern: "GET /lists", Handle: p.publicLists},
		{Pattern: "GET /lists/{day}/{version}", Handle: p.publicList},
		{Pattern: "GET /quotas/{day}/{version}", Handle: p.publicQuotas},
		{Pattern: "GET /ledger", Handle: p.ledgers},
		{Pattern: "GET /ledger/{day}", Handle: p.ledgerDay},
		{Pattern: "GET /applications/new", Access: site.Personal, Handle: p.newForm},
		{Pattern: "POST /applications/new", Access: site.Personal, Handle: p.newSubmit},
		{Pattern: "GET /applications/{id}", Access: site.Personal, Handle: p.application},
		{Pattern: "GET /applications/{id}/pages/{page}", Access: site.Personal, Handle: p.stepForm},
		{Pattern: "POST /applications/{id}/pages/{page}", Access: site.Personal, Handle: p.stepSubmit},
		{Pattern: "GET /applications/{id}/preview", Access: site.Personal, Handle: p.preview},
		{Pattern: "GET /applications/{id}/seal", Access: site.Personal, Handle: p.sealForm},
		{Pattern: "POST /applications/{id}/seal", Access: site.Personal, Handle: p.sealSubmit},
		{Pattern: "GET /applications/{id}/reopen", Access: site.Personal, Handle: p.reopenForm},
		{Pattern: "POST /applications/{id}/reopen", Access: site.Personal, Handle: p.reopenSubmit},
		{Pattern: "GET /applications/{id}/receipt", Access: site.Personal, Handle: p.receipt},
		{Pattern: "GET /applications/{id}/segnatura", Access: site.Personal, Handle: p.segnatura},
		{Pattern: "GET /devices", Access: site.Personal, Handle: p.devices},
		{Pattern: "POST /devices/{id}/revoke", Access: site.Personal, Handle: p.revokeDevice},
		{Pattern: "GET /oauth/authorize", Handle: p.consentForm},
		{Pattern: "POST /oauth/authorize", Access: site.Personal, Handle: p.consentSubmit},
		{Pattern: "/", Handle: func(http.ResponseWriter, *http.Request, *site.Visit) error { return accounts.ErrNotFound }},
	}, Errors: []site.ErrorPage{
		{Err: accounts.ErrSent, Status: http.StatusConflict, Key: "error.sent"},
		{Err: accounts.ErrState, Status: http.StatusConflict, Key: "error.state"},
		{Err: accounts.ErrChanged, Status: http.StatusConflict, Key: "error.state"},
	}}
}
