package registration

import (
	"net/http"
	"strings"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/portal/site"
)

// Between the two steps of a log-in the session knows who has the password, and
// is nobody's yet.
const (
	pendingKey  = "second-step-account" // account
	pendingAt   = "second-step-begun"   // seconds since 1970
	pendingNext = "second-step-next"
	pendingFor  = 10 * time.Minute
)

type loginView struct {
	site.Base
	Email string
	Next  string
	Error string
}

func (g *Registration) loginForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	next := r.URL.Query().Get("next")
	if v.Person != nil {
		http.Redirect(w, r, target(next), http.StatusSeeOther)
		return nil
	}
	return g.showLogin(w, r, v, http.StatusOK, &loginView{Next: next})
}

func (g *Registration) showLogin(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, data *loginView) error {
	data.Base = g.base(v, "login.title")
	data.Nav = "login"
	return g.site.Render(w, r, v, status, "login", data)
}

func (g *Registration) loginSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	email, next := strings.TrimSpace(r.PostForm.Get("email")), r.PostForm.Get("next")
	acc, err := g.login.Login(r.Context(), email, r.PostForm.Get("password"))
	if text, status, refused := g.refusal(w, v, err, "login.wrong"); refused {
		g.site.Log().InfoContext(r.Context(), "log-in refused", "status", status)
		return g.showLogin(w, r, v, status, &loginView{Email: email, Next: next, Error: text})
	}
	if err != nil {
		return err
	}
	second, err := g.members.HasFactor(r.Context(), acc.ID)
	if err != nil {
		return err
	}
	if !second {
		return g.enter(w, r, &acc, next)
	}
	sessions := g.site.Sessions()
	if err := sessions.RenewToken(r.Context()); err != nil {
		return err
	}
	sessions.Put(r.Context(), pendingKey, int64(acc.ID))
	sessions.Put(r.Context(), pendingAt, g.site.Clock().Now().Unix())
	sessions.Put(r.Context(), pendingNext, next)
	http.Redirect(w, r, "/login/code", http.StatusSeeOther)
	return nil
}

// enter logs in and leads on.
func (g *Registration) enter(w http.ResponseWriter, r *http.Request, acc *accounts.Account, next string) error {
	if err := g.site.LogIn(r, acc.ID); err != nil {
		return err
	}
	g.forgetPending(r)
	g.site.Log().InfoContext(r.Context(), "log-in", "account", acc.ID)
	http.Redirect(w, r, target(next), http.StatusSeeOther)
	return nil
}

func (g *Registration) forgetPending(r *http.Request) {
	for _, key := range []string{pendingKey, pendingAt, pendingNext} {
		g.site.Sessions().Remove(r.Context(), key)
	}
}

// target is where a log-in leads.
func target(next string) string {
	if site.LocalPath(next) {
		return next
	}
	return "/applications"
}

// pending is the account that has taken the first step, nil for none or too
// long ago.
func (g *Registration) pending(r *http.Request) (*accounts.Account, string, error) {
	sessions := g.site.Sessions()
	id, at := sessions.GetInt64(r.Context(), pendingKey), sessions.GetInt64(r.Context(), pendingAt)
	if id == 0 || g.site.Clock().Now().Sub(time.Unix(at, 0)) > pendingFor {
		return nil, "", nil
	}
	acc, err := g.store.Account(r.Context(), clickday.AccountID(id))
	if err != nil {
		return nil, "", err
	}
	return &acc, sessions.GetString(r.Context(), pendingNext), nil
}

type codeView struct {
	site.Base
	Field field
	Error string
}

func (g *Registration) codeForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	acc, _, err := g.pending(r)
	if err != nil {
		return err
	}
	if acc == nil {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return nil
	}
	return g.showCode(w, r, v, http.StatusOK, "")
}

func (g *Registration) showCode(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, problem string) error {
	private(w)
	data := &codeView{Base: g.base(v, "registration.code.title"), Field: g.field(v, "code", ""), Error: problem}
	data.Nav, data.Field.Error = "login", problem
	return g.site.Render(w, r, v, status, "logincode", data)
}

func (g *Registration) codeSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	acc, next, err := g.pending(r)
	if err != nil {
		return err
	}
	if acc == nil {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return nil
	}
	err = g.members.CheckFactor(r.Context(), acc, r.PostForm.Get("code"), v.Lang)
	if text, status, refused := g.refusal(w, v, err, "registration.code.wrong"); refused {
		g.site.Log().InfoContext(r.Context(), "second step refused", "account", acc.ID, "status", status)
		return g.showCode(w, r, v, status, text)
	}
	if err != nil {
		return err
	}
	return g.enter(w, r, acc, next)
}

func (g *Registration) logout(w http.ResponseWriter, r *http.Request, _ *site.Visit) error {
	if err := g.site.LogOut(w, r); err != nil {
		return err
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
