package portal

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
	accountKey     = "account" // in the session
	flashKey       = "flash"
	maxForm        = 256 << 10 // bytes
)

// visit is what is known about a request before its page runs.
type visit struct {
	lang    string
	account *accounts.Account // nil for somebody who is not logged in
}

// guard is around everything: security headers, refusal of cross-site writes,
// and an answer when a page panics.
func (p *Portal) guard(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.renderError(w, r, &visit{lang: chosenLanguage(r)}, http.StatusForbidden, "error.cross")
	}))
	checked := cross.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if e := recover(); e != nil {
				p.log.ErrorContext(r.Context(), "panic", "path", r.URL.Path, "err", e, "stack", string(debug.Stack()))
				p.renderError(w, r, &visit{lang: chosenLanguage(r)}, http.StatusInternalServerError, "error.internal")
			}
		}()
		p.headers(w.Header())
		checked.ServeHTTP(w, r)
	})
}

// formTargets is the part of the policy that the consent page widens.
const formTargets = "form-action 'self'; "

func (p *Portal) headers(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "+
		formTargets+"frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	if p.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// page runs one route: language, account, then the handler, then its error.
func (p *Portal) page(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{lang: p.setLanguage(w, r)}
		h := w.Header()
		h.Add("Vary", "Cookie, Accept-Language")
		h.Set("Cache-Control", "no-cache")
		if err := p.recognise(r, v); err != nil {
			p.fail(w, r, v, err)
			return
		}
		if v.account != nil || rt.personal {
			h.Set("Cache-Control", "no-store")
		}
		if rt.personal && v.account == nil {
			p.askLogin(w, r)
			return
		}
		if r.Method == http.MethodPost && rt.pattern != uploadRoute {
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
			if err := r.ParseForm(); err != nil {
				p.fail(w, r, v, errBadRequest)
				return
			}
		}
		if err := rt.handle(w, r, v); err != nil {
			p.fail(w, r, v, err)
		}
	})
}

// recognise finds the account of the session. A session whose account is gone
// is nobody's.
func (p *Portal) recognise(r *http.Request, v *visit) error {
	id := p.sessions.GetInt64(r.Context(), accountKey)
	if id == 0 {
		return nil
	}
	a, err := p.store.Account(r.Context(), clickday.AccountID(id))
	if errors.Is(err, accounts.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	v.account = &a
	return nil
}

// askLogin leads to the log-in and, for pages, back here.
func (p *Portal) askLogin(w http.ResponseWriter, r *http.Request) {
	next := "/applications"
	if r.Method == http.MethodGet {
		next = r.URL.RequestURI()
	}
	http.Redirect(w, r, "/login?"+url.Values{"next": {next}}.Encode(), http.StatusSeeOther)
}

var matcher = language.NewMatcher([]language.Tag{language.Italian, language.English})

// setLanguage takes ?lang= and remembers it, else the cookie, else what the
// browser asks for, else Italian.
func (p *Portal) setLanguage(w http.ResponseWriter, r *http.Request) string {
	lang := chosenLanguage(r)
	if r.URL.Query().Get("lang") == lang {
		http.SetCookie(w, &http.Cookie{
			Name: languageCookie, Value: lang, Path: "/", MaxAge: 365 * 24 * 3600, Secure: p.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	}
	return lang
}

func chosenLanguage(r *http.Request) string {
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

// flash leaves a message (a key of the texts) for the next page.
func (p *Portal) flash(r *http.Request, key string) { p.sessions.Put(r.Context(), flashKey, key) }

// localPath accepts addresses within the portal only, so that a link to the
// log-in cannot lead elsewhere.
func localPath(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && strings.HasPrefix(u.Path, "/") &&
		strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//") && !strings.Contains(s, `\`) &&
		!strings.HasPrefix(u.Path, static.Prefix)
}

// fail answers an error in words; what is not meant for people is logged.
func (p *Portal) fail(w http.ResponseWriter, r *http.Request, v *visit, err error) {
	switch {
	case errors.Is(err, accounts.ErrNotFound):
		p.renderError(w, r, v, http.StatusNotFound, "error.notfound")
	case errors.Is(err, errBadRequest):
		p.renderError(w, r, v, http.StatusBadRequest, "error.bad")
	case errors.Is(err, accounts.ErrSent):
		p.renderError(w, r, v, http.StatusConflict, "error.sent")
	case errors.Is(err, accounts.ErrState), errors.Is(err, accounts.ErrChanged):
		p.renderError(w, r, v, http.StatusConflict, "error.state")
	default:
		p.log.ErrorContext(r.Context(), "page", "path", r.URL.Path, "err", fmt.Sprint(err))
		p.renderError(w, r, v, http.StatusInternalServerError, "error.internal")
	}
}
