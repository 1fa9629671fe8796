// Package portal is the web portal of applicants: log-in, applications from
// draft to receipt, paired computers, and the routes of the mini-client's API.
// Every page works without scripts. One page is one file here and one template;
// pages render to memory before the first byte goes out.
package portal

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
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
	"puntuale/internal/portal/limit"
	"puntuale/internal/portal/oauth"
	"puntuale/internal/portal/static"
	"puntuale/internal/portal/timetable"
	"puntuale/internal/verify"
)

// Store is what the pages read and write beyond package drafts. Reads see
// everything that was committed before; errors are those of package accounts.
type Store interface {
	accounts.LoginStore
	drafts.Store
	oauth.Store
	api.Store
	timetable.Source
	ListStore
	LedgerStore
	// NodeKeys returns every key that an intake node has or had.
	NodeKeys(ctx context.Context) ([]accounts.Node, error)
	// Account returns an account, or ErrNotFound.
	Account(ctx context.Context, id clickday.AccountID) (accounts.Account, error)
	// Applications returns a slice of the account's applications, the last
	// changed first, and how many there are.
	Applications(ctx context.Context, account clickday.AccountID, limit, offset int) ([]accounts.Application, int, error)
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
	// ParallelHashes bounds how many passwords are hashed at a time.
	ParallelHashes int
	Log            *slog.Logger
}

// Session lifetimes.
const (
	sessionIdle = 2 * time.Hour
	sessionLife = 12 * time.Hour
)

// Portal answers people and mini-clients. It is safe for concurrent use.
type Portal struct {
	cfg      Config
	secure   bool // the public address is https
	store    Store
	clock    clock.Clock
	rome     *time.Location
	sessions *scs.SessionManager
	login    *accounts.Authenticator
	drafts   *drafts.Service
	calendar *timetable.Reader
	grants   *oauth.Service
	files    *static.Files
	pages    *pages
	uploads  *uploads
	words    *lists.Words
	log      *slog.Logger
}

// New checks the configuration and reads the templates. Errors name the setting.
func New(cfg Config) (*Portal, error) {
	public, err := url.Parse(cfg.PublicURL)
	if err != nil || (public.Scheme != "http" && public.Scheme != "https") || public.Host == "" || strings.HasSuffix(cfg.PublicURL, "/") {
		return nil, fmt.Errorf("public URL %q: want http(s)://host[:port] without a final stroke", cfg.PublicURL)
	}
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return nil, fmt.Errorf("portal: time zone: %w", err)
	}
	files, err := static.New()
	if err != nil {
		return nil, err
	}
	pages, err := parsePages(files)
	if err != nil {
		return nil, err
	}
	p := &Portal{
		cfg: cfg, secure: public.Scheme == "https", store: cfg.Store, clock: cfg.Clock, rome: rome,
		login:    accounts.NewAuthenticator(cfg.Store, cfg.Clock, accounts.DefaultThrottle, cfg.ParallelHashes),
		drafts:   drafts.New(cfg.Store, cfg.Models, cfg.Clock, rome),
		calendar: timetable.NewReader(cfg.Store, cfg.CalendarKey),
		grants:   oauth.New(cfg.Store, cfg.Clock),
		files:    files, pages: pages, words: lists.NewWords(cfg.Models), log: cfg.Log,
		uploads: newUploads(limit.New(cfg.Clock, 0.5, 10)),
	}
	p.sessions = p.sessionManager()
	return p, nil
}

func (p *Portal) sessionManager() *scs.SessionManager {
	m := scs.New()
	m.Store, m.IdleTimeout, m.Lifetime = p.cfg.Sessions, sessionIdle, sessionLife
	m.Cookie.Name = "puntuale_session"
	if p.secure {
		m.Cookie.Name = "__Host-puntuale_session"
	}
	m.Cookie.Secure, m.Cookie.HttpOnly, m.Cookie.SameSite, m.Cookie.Persist = p.secure, true, http.SameSiteLaxMode, false
	m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		p.fail(w, r, &visit{lang: chosenLanguage(r)}, err)
	}
	return m
}

// Handler returns everything the portal serves.
func (p *Portal) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+static.Prefix, p.files)
	mux.Handle("/api/", api.New(api.Config{
		Store: p.store, Clock: p.clock, Calendar: p.calendar, CalendarKey: p.cfg.CalendarKey, Tickets: p.cfg.Tickets,
		Models: p.cfg.Models, Name: p.cfg.Name, NTPServers: p.cfg.NTPServers, ReleaseKey: p.cfg.ReleaseKey, Log: p.log,
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
	people := p.sessions.LoadAndSave(p.people())
	mux.Handle("GET /ledger/{day}", people) // else the files below it would take it
	mux.Handle("/", people)
	return p.guard(mux)
}

// people is the part with sessions and pages.
func (p *Portal) people() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range p.routes() {
		mux.Handle(rt.pattern, p.page(rt))
	}
	if p.cfg.DevMail != "" {
		mux.Handle("GET /dev/mail", p.page(route{handle: p.devMail}))
	}
	return mux
}

// route is one page or action. Personal ones need a log-in.
type route struct {
	pattern  string
	personal bool
	handle   func(http.ResponseWriter, *http.Request, *visit) error
}

func (p *Portal) routes() []route {
	return []route{
		{"GET /{$}", false, p.home},
		{"GET /login", false, p.loginForm},
		{"POST /login", false, p.loginSubmit},
		{"POST /logout", false, p.logout},
		{"GET /miniclient", false, p.miniclient},
		{"GET /accessibility", false, p.accessibility},
		{"GET /privacy", false, p.privacy},
		{"GET /verify", false, p.verifyForm},
		{uploadRoute, false, p.verifyUpload},
		{"GET /verify/{id}", false, p.verify},
		{"GET /lists", false, p.publicLists},
		{"GET /lists/{day}/{version}", false, p.publicList},
		{"GET /quotas/{day}/{version}", false, p.publicQuotas},
		{"GET /ledger", false, p.ledgers},
		{"GET /ledger/{day}", false, p.ledgerDay},
		{"GET /applications", true, p.applications},
		{"GET /applications/new", true, p.newForm},
		{"POST /applications/new", true, p.newSubmit},
		{"GET /applications/{id}", true, p.application},
		{"GET /applications/{id}/pages/{page}", true, p.stepForm},
		{"POST /applications/{id}/pages/{page}", true, p.stepSubmit},
		{"GET /applications/{id}/preview", true, p.preview},
		{"GET /applications/{id}/seal", true, p.sealForm},
		{"POST /applications/{id}/seal", true, p.sealSubmit},
		{"GET /applications/{id}/reopen", true, p.reopenForm},
		{"POST /applications/{id}/reopen", true, p.reopenSubmit},
		{"GET /applications/{id}/receipt", true, p.receipt},
		{"GET /applications/{id}/segnatura", true, p.segnatura},
		{"GET /devices", true, p.devices},
		{"POST /devices/{id}/revoke", true, p.revokeDevice},
		{"GET /oauth/authorize", false, p.consentForm},
		{"POST /oauth/authorize", true, p.consentSubmit},
		{"/", false, func(http.ResponseWriter, *http.Request, *visit) error { return accounts.ErrNotFound }},
	}
}

// errBadRequest is for forms that no page of ours would send.
var errBadRequest = errors.New("portal: bad request")
