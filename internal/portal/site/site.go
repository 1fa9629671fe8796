package site

import (
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"puntuale/internal/accounts"
	"puntuale/internal/clock"
	"puntuale/internal/portal/site/texts"
	"puntuale/internal/portal/static"
)

//go:embed templates/*.html templates/rest/*.html
var frames embed.FS

//go:embed texts.json
var frameTexts []byte

// Config is what New needs; every field is required.
type Config struct {
	Store    Store
	Sessions scs.Store
	Clock    clock.Clock
	// PublicURL is the address people use, without a final stroke.
	PublicURL string
	Name      string // of the installation
	Log       *slog.Logger
}

// Site is the frame. Rooms are added first; after that it is safe for
// concurrent use.
type Site struct {
	cfg      Config
	secure   bool // the public address is https
	clock    clock.Clock
	rome     *time.Location
	sessions *scs.SessionManager
	files    *static.Files
	texts    texts.Catalogue
	pages    *pages
	routes   []Route
	errors   []ErrorPage
	log      *slog.Logger
	// periphery is nil where nothing rests.
	periphery *periphery
}

// New checks the configuration. Errors name the setting.
func New(cfg Config) (*Site, error) {
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
	s := &Site{
		cfg: cfg, secure: public.Scheme == "https", clock: cfg.Clock, rome: rome, files: files, log: cfg.Log,
		texts: texts.Catalogue{}, pages: newPages(),
	}
	s.sessions = s.sessionManager()
	if err := s.Add(Room{Name: "site", Templates: frames, Texts: frameTexts, Errors: actingErrors}); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Site) sessionManager() *scs.SessionManager {
	m := scs.New()
	m.Store, m.IdleTimeout, m.Lifetime = s.cfg.Sessions, accounts.SessionIdle, accounts.SessionLife
	m.Codec = steadyCodec{}
	m.Cookie.Name = "puntuale_session"
	if s.secure {
		m.Cookie.Name = "__Host-puntuale_session"
	}
	m.Cookie.Secure, m.Cookie.HttpOnly, m.Cookie.SameSite, m.Cookie.Persist = s.secure, true, http.SameSiteLaxMode, false
	m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		s.Fail(w, r, &Visit{Lang: ChosenLanguage(r)}, err)
	}
	return m
}

// Add takes a room in. Errors name the room: two texts of one key, two templates
// of one name, a template that does not parse.
func (s *Site) Add(room Room) error {
	if room.Texts != nil {
		c, err := texts.Parse(room.Texts)
		if err != nil {
			return fmt.Errorf("room %s: %w", room.Name, err)
		}
		if err := s.texts.Add(c); err != nil {
			return fmt.Errorf("room %s: %w", room.Name, err)
		}
	}
	if room.Templates != nil {
		names, err := fs.Glob(room.Templates, "templates/*.html")
		if err != nil {
			return fmt.Errorf("room %s: %w", room.Name, err)
		}
		for _, name := range names {
			if err := s.parse(room.Templates, name); err != nil {
				return fmt.Errorf("room %s: %w", room.Name, err)
			}
		}
	}
	s.routes = append(s.routes, room.Routes...)
	s.errors = append(s.errors, room.Errors...)
	return nil
}

// Routes returns every route that was added.
func (s *Site) Routes() []Route { return s.routes }

// Sessions returns the sessions of visitors.
func (s *Site) Sessions() *scs.SessionManager { return s.sessions }

// Files returns style, fonts and icons.
func (s *Site) Files() *static.Files { return s.files }

// Texts returns everything that the rooms say.
func (s *Site) Texts() texts.Catalogue { return s.texts }

// Clock returns the clock of the portal.
func (s *Site) Clock() clock.Clock { return s.clock }

// Rome returns the Italian time zone.
func (s *Site) Rome() *time.Location { return s.rome }

// Log returns the logger.
func (s *Site) Log() *slog.Logger { return s.log }

// PublicURL returns the address people use, without a final stroke.
func (s *Site) PublicURL() string { return s.cfg.PublicURL }

// Name returns the name of the installation.
func (s *Site) Name() string { return s.cfg.Name }

// Secure reports whether the public address is https.
func (s *Site) Secure() bool { return s.secure }

// People returns the pages of all rooms, with sessions.
func (s *Site) People() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range s.routes {
		mux.Handle(rt.Pattern, s.gate(rt, s.sessions.LoadAndSave(s.page(rt))))
	}
	return mux
}
