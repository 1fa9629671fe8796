package site

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"golang.org/x/text/language"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/portal/static"
)

const (
	languageCookie = "puntuale_lang"
	accountKey     = "account" // in the session: who has logged in
	loginKey       = "login"   // and by which log-in
	flashKey       = "flash"
	maxForm        = 256 << 10 // bytes
)

// Guard is around everything: security headers, refusal of cross-site writes,
// and an answer when a page panics.
func (s *Site) Guard(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.RenderError(w, r, &Visit{Lang: ChosenLanguage(r)}, http.StatusForbidden, "error.cross")
	}))
	checked := cross.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			e := recover()
			if e == http.ErrAbortHandler { // a download that cannot be ended
				panic(e)
			}
			if e != nil {
				s.log.ErrorContext(r.Context(), "panic", "path", r.URL.Path, "err", e, "stack", string(debug.Stack()))
				s.RenderError(w, r, &Visit{Lang: ChosenLanguage(r)}, http.StatusInternalServerError, "error.internal")
			}
		}()
		s.headers(w.Header())
		checked.ServeHTTP(w, r)
	})
}

// FormTargets is the part of the policy that the consent page widens.
const FormTargets = "form-action 'self'; "

func (s *Site) headers(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "+
		FormTargets+"frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	if s.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// page runs one route: language, account, then the handler, then its error.
func (s *Site) page(rt Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &Visit{Lang: s.setLanguage(w, r)}
		h := w.Header()
		h.Add("Vary", "Cookie, Accept-Language")
		h.Set("Cache-Control", "no-cache")
		if err := s.mayGoOn(r, rt, s.recognise(r, v)); err != nil {
			s.Fail(w, r, v, err)
			return
		}
		if v.Account != nil || rt.Access != Public {
			h.Set("Cache-Control", "no-store")
		}
		if rt.Access != Public && v.Account == nil {
			s.AskLogin(w, r)
			return
		}
		if role, staff := roleOf[rt.Access]; staff && !v.Has(role) {
			s.Fail(w, r, v, accounts.ErrNotFound)
			return
		}
		if r.Method == http.MethodPost && !rt.Upload {
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
			if err := r.ParseForm(); err != nil {
				s.Fail(w, r, v, ErrBadRequest)
				return
			}
			if err := s.SameAccount(r, v); err != nil {
				s.Fail(w, r, v, err)
				return
			}
		}
		if err := rt.Handle(w, r, v); err != nil {
			s.Fail(w, r, v, err)
		}
	})
}

// recognise finds the account of the session. A session whose log-in was ended,
// here or on another device, is nobody's.
func (s *Site) recognise(r *http.Request, v *Visit) error {
	login := s.sessions.GetInt64(r.Context(), loginKey)
	if login == 0 {
		return nil
	}
	a, err := s.cfg.Store.AccountOfLogin(r.Context(), login, s.clock.Now())
	if errors.Is(err, accounts.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	v.Login = login
	v.Person, v.Account = &a, &a
	if v.Roles, err = s.cfg.Store.StaffRoles(r.Context(), a.ID); err != nil {
		return err
	}
	return s.actFor(r, v)
}

// AskLogin leads to the log-in and, for pages, back here.
func (s *Site) AskLogin(w http.ResponseWriter, r *http.Request) {
	next := "/applications"
	if r.Method == http.MethodGet {
		next = r.URL.RequestURI()
	}
	http.Redirect(w, r, "/login?"+url.Values{"next": {next}}.Encode(), http.StatusSeeOther)
}

var matcher = language.NewMatcher([]language.Tag{language.Italian, language.English})

// setLanguage takes ?lang= and remembers it, else the cookie, else what the
// browser asks for, else Italian.
func (s *Site) setLanguage(w http.ResponseWriter, r *http.Request) string {
	lang := ChosenLanguage(r)
	if r.URL.Query().Get("lang") == lang {
		http.SetCookie(w, &http.Cookie{
			Name: languageCookie, Value: lang, Path: "/", MaxAge: 365 * 24 * 3600, Secure: s.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	}
	return lang
}

// ChosenLanguage is ?lang=, else the cookie, else what the browser asks for,
// else Italian.
func ChosenLanguage(r *http.Request) string {
	wishes := []string{r.URL.Query().Get("lang")}
	if c, err := r.Cookie(languageCookie); err == nil {
		wishes = append(wishes, c.Value)
	}
	for _, w := range wishes {
		if w == "it" || w == "en" {
			return w
		}
	}
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(tags) == 0 {
		return "it"
	}
	if _, i, _ := matcher.Match(tags...); i == 1 {
		return "en"
	}
	return "it"
}

// Flash leaves a message (a key of the texts) for the next page.
func (s *Site) Flash(r *http.Request, key string) { s.sessions.Put(r.Context(), flashKey, key) }

// LocalPath accepts addresses within the portal only, so that a link to the
// log-in cannot lead elsewhere.
func LocalPath(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && strings.HasPrefix(u.Path, "/") &&
		strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//") && !strings.Contains(s, `\`) &&
		!strings.HasPrefix(u.Path, static.Prefix)
}

// Fail answers an error in words; what is not meant for people is logged.
func (s *Site) Fail(w http.ResponseWriter, r *http.Request, v *Visit, err error) {
	for _, e := range s.errors {
		if errors.Is(err, e.Err) {
			s.RenderError(w, r, v, e.Status, e.Key)
			return
		}
	}
	switch {
	case errors.Is(err, accounts.ErrNotFound):
		s.RenderError(w, r, v, http.StatusNotFound, "error.notfound")
	case errors.Is(err, ErrBadRequest):
		s.RenderError(w, r, v, http.StatusBadRequest, "error.bad")
	case errors.Is(err, accounts.ErrSent):
		s.RenderError(w, r, v, http.StatusConflict, "error.sent")
	case errors.Is(err, accounts.ErrState), errors.Is(err, accounts.ErrChanged):
		s.RenderError(w, r, v, http.StatusConflict, "error.state")
	default:
		s.log.ErrorContext(r.Context(), "page", "path", r.URL.Path, "err", fmt.Sprint(err))
		s.RenderError(w, r, v, http.StatusInternalServerError, "error.internal")
	}
}

// LogIn makes this session the account's, under a new id, so that one planted
// before the log-in is worth nothing.
func (s *Site) LogIn(r *http.Request, id clickday.AccountID) error {
	ctx := r.Context()
	login, err := s.cfg.Store.OpenLogin(ctx, id, Device(r.UserAgent()), s.clock.Now())
	if err != nil {
		return err
	}
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.sessions.Put(ctx, accountKey, int64(id))
	s.sessions.Put(ctx, loginKey, login)
	s.sessions.Remove(ctx, actingKey)
	return nil
}

// LogOut ends this session.
func (s *Site) LogOut(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	id, login := s.sessions.GetInt64(ctx, accountKey), s.sessions.GetInt64(ctx, loginKey)
	if login != 0 {
		if err := s.cfg.Store.EndLogin(ctx, clickday.AccountID(id), login, s.clock.Now()); err != nil && !errors.Is(err, accounts.ErrNotFound) {
			return err
		}
	}
	if err := s.sessions.Destroy(ctx); err != nil {
		return err
	}
	w.Header().Set("Clear-Site-Data", `"cache"`)
	return nil
}
