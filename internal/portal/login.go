package portal

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"puntuale/internal/accounts"
	"puntuale/internal/portal/site"
)

type loginView struct {
	site.Base
	Email   string
	Next    string
	Error   string // key of the texts
	Minutes int    // to wait, when throttled
}

func (p *Portal) loginForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	next := r.URL.Query().Get("next")
	if v.Account != nil {
		http.Redirect(w, r, target(next), http.StatusSeeOther)
		return nil
	}
	return p.showLogin(w, r, v, http.StatusOK, &loginView{Next: next})
}

func (p *Portal) showLogin(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, data *loginView) error {
	data.Title, data.Nav = "login.title", "login"
	data.Crumbs = []site.Crumb{{Label: p.site.Say(v, "login.title")}}
	return p.site.Render(w, r, v, status, "login", data)
}

func (p *Portal) loginSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
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
	if err := p.site.LogIn(r, acc.ID); err != nil {
		return err
	}
	p.log.InfoContext(r.Context(), "log-in", "account", acc.ID)
	http.Redirect(w, r, target(next), http.StatusSeeOther)
	return nil
}

// target is where a log-in leads.
func target(next string) string {
	if site.LocalPath(next) {
		return next
	}
	return "/applications"
}

func (p *Portal) logout(w http.ResponseWriter, r *http.Request, _ *site.Visit) error {
	if err := p.site.LogOut(w, r); err != nil {
		return err
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
