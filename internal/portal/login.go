package portal

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"puntuale/internal/accounts"
)

type loginView struct {
	base
	Email   string
	Next    string
	Error   string // key of the texts
	Minutes int    // to wait, when throttled
}

func (p *Portal) loginForm(w http.ResponseWriter, r *http.Request, v *visit) error {
	next := r.URL.Query().Get("next")
	if v.account != nil {
		http.Redirect(w, r, target(next), http.StatusSeeOther)
		return nil
	}
	return p.showLogin(w, r, v, http.StatusOK, &loginView{Next: next})
}

func (p *Portal) showLogin(w http.ResponseWriter, r *http.Request, v *visit, status int, data *loginView) error {
	data.Title, data.Nav = "login.title", "login"
	data.Crumbs = []crumb{{Label: p.say(v, "login.title")}}
	return p.render(w, r, v, status, "login", data)
}

func (p *Portal) loginSubmit(w http.ResponseWriter, r *http.Request, v *visit) error {
	email, next := strings.TrimSpace(r.PostForm.Get("email")), r.PostForm.Get("next")
	acc, err := p.login.Login(r.Context(), email, r.PostForm.Get("password"))
	var throttled *accounts.ThrottledError
	switch {
	case errors.Is(err, accounts.ErrLogin):
		return p.showLogin(w, r, v, http.StatusUnprocessableEntity, &loginView{Email: email, Next: next, Error: "login.wrong"})
	case errors.As(err, &throttled):
		wait := throttled.Until.Sub(p.clock.Now())
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		return p.showLogin(w, r, v, http.StatusTooManyRequests, &loginView{
			Email: email, Next: next, Error: "login.throttled", Minutes: int(math.Ceil(wait.Minutes())),
		})
	case err != nil:
		return err
	}
	// A new id, so that one planted before the log-in is worth nothing.
	if err := p.sessions.RenewToken(r.Context()); err != nil {
		return err
	}
	p.sessions.Put(r.Context(), accountKey, int64(acc.ID))
	p.log.InfoContext(r.Context(), "log-in", "account", acc.ID)
	http.Redirect(w, r, target(next), http.StatusSeeOther)
	return nil
}

// target is where a log-in leads.
func target(next string) string {
	if localPath(next) {
		return next
	}
	return "/applications"
}

func (p *Portal) logout(w http.ResponseWriter, r *http.Request, _ *visit) error {
	if err := p.sessions.Destroy(r.Context()); err != nil {
		return err
	}
	w.Header().Set("Clear-Site-Data", `"cache"`)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
