// Package programs is the room of programs that applicants bring along: personal
// access tokens for them, made and revoked, and the page that describes the API
// to whoever writes them.
package programs

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/parties"
	"puntuale/internal/portal/api"
	"puntuale/internal/portal/oauth"
	"puntuale/internal/portal/site"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed texts.json
var textsFile []byte

// Limits.
const (
	maxTokens = 20 // of one account that hold
	maxName   = 60 // runes
)

// lives are how long a token may hold, in days; the second is offered first.
var lives = []int{30, 90, 180, 365}

// Store keeps personal access tokens.
type Store interface {
	// AddProgram stores a token by its hash, durably; accounts.ErrState when the
	// account has most of them that hold.
	AddProgram(ctx context.Context, hash [32]byte, p *accounts.Program, most int) error
	// Programs lists the tokens of an account, the newest first.
	Programs(ctx context.Context, account clickday.AccountID) ([]accounts.Program, error)
	// RevokeProgram ends a token; it may be repeated. Those of others are
	// accounts.ErrNotFound.
	RevokeProgram(ctx context.Context, account clickday.AccountID, id int64, now time.Time) error
}

// Programs is the room.
type Programs struct {
	site  *site.Site
	store Store
	guide api.Guide
}

// New returns the room.
func New(s *site.Site, store Store) *Programs {
	return &Programs{site: s, store: store, guide: api.NewGuide(s.PublicURL())}
}

// Room lists what is in it.
func (p *Programs) Room() site.Room {
	return site.Room{Name: "programs", Templates: templateFiles, Texts: textsFile, Routes: []site.Route{
		{Pattern: "GET /programs", Access: site.Personal, Handle: p.list},
		{Pattern: "POST /programs", Access: site.Personal, Handle: p.create},
		{Pattern: "POST /programs/{id}/revoke", Access: site.Personal, Handle: p.revoke},
		{Pattern: "GET /api/docs", Handle: p.docs},
	}}
}

type programView struct {
	ID                     int64
	Name, Scope            string // Scope is a key of the texts
	Hint                   string
	Created, Expires, Used string
	State                  site.Badge
	Holds                  bool
}

type choice struct {
	ID, Value string
	Text      string
	Selected  bool
}

type programsView struct {
	site.Base
	Programs []programView
	May      bool // make and revoke
	Token    string
	Made     string // name of the token
	Name     string
	Scopes   []choice
	Lives    []choice
	Error    string // key of the texts
}

func (p *Programs) list(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return p.show(w, r, v, http.StatusOK, &programsView{})
}

// show adds what the page always has.
func (p *Programs) show(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, data *programsView) error {
	list, err := p.store.Programs(r.Context(), v.Account.ID)
	if err != nil {
		return err
	}
	data.Title, data.Nav = "programs.title", "programs"
	data.Crumbs = []site.Crumb{{Label: p.site.Say(v, "programs.title")}}
	data.May = may(v)
	for i := range list {
		data.Programs = append(data.Programs, p.view(v, &list[i]))
	}
	scope, life := r.PostForm.Get("scope"), r.PostForm.Get("days")
	if data.Token != "" || life == "" {
		scope, life = string(accounts.ScopeRead), strconv.Itoa(lives[1])
	}
	for _, s := range []accounts.Scope{accounts.ScopeRead, accounts.ScopeWrite} {
		data.Scopes = append(data.Scopes, choice{"scope." + string(s), string(s), "programs.scope." + string(s), string(s) == scope})
	}
	for _, d := range lives {
		value := strconv.Itoa(d)
		data.Lives = append(data.Lives, choice{"", value, p.site.Say(v, "programs.days", d), value == life})
	}
	return p.site.Render(w, r, v, status, "programs", data)
}

func (p *Programs) view(v *site.Visit, t *accounts.Program) programView {
	out := programView{
		ID: t.ID, Name: t.Name, Scope: "programs.scope." + string(t.Scope), Hint: "…" + t.Hint, Created: p.site.Minute(v, t.CreatedAt),
		Expires: p.site.Minute(v, t.ExpiresAt), Used: p.site.Say(v, "programs.never"), State: site.Badge{Key: "programs.holds", Class: "done"},
	}
	if t.LastUsed != nil {
		out.Used = p.site.Minute(v, *t.LastUsed)
	}
	switch {
	case t.RevokedAt != nil:
		out.State = site.Badge{Key: "programs.revoked", Class: "wait"}
	case !t.ExpiresAt.After(p.site.Clock().Now()):
		out.State = site.Badge{Key: "programs.over", Class: "wait"}
	default:
		out.Holds = true
	}
	return out
}

// may says whether the visitor may let programs speak for the account.
func may(v *site.Visit) bool { return v.Role.Covers(parties.Manager) }

// create makes a token and shows it, this once.
func (p *Programs) create(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	if !may(v) {
		return parties.ErrRole
	}
	data := &programsView{Name: strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(r.PostForm.Get("name"), "\x00", ""), "")), " ")}
	scope := accounts.Scope(r.PostForm.Get("scope"))
	days, err := strconv.Atoi(r.PostForm.Get("days"))
	switch {
	case data.Name == "" || utf8.RuneCountInString(data.Name) > maxName:
		data.Error = "programs.error.name"
	case scope != accounts.ScopeRead && scope != accounts.ScopeWrite:
		data.Error = "programs.error.scope"
	case err != nil || days < 1 || days > lives[len(lives)-1]:
		data.Error = "programs.error.days"
	}
	if data.Error != "" {
		return p.show(w, r, v, http.StatusUnprocessableEntity, data)
	}
	token, hash, hint := oauth.NewPersonal()
	now := p.site.Clock().Now()
	err = p.store.AddProgram(r.Context(), hash, &accounts.Program{
		Account: v.Account.ID, Person: v.Person.ID, Name: data.Name, Scope: scope, Hint: hint, CreatedAt: now, ExpiresAt: now.AddDate(0, 0, days),
	}, maxTokens)
	if errors.Is(err, accounts.ErrState) {
		data.Error = "programs.error.many"
		return p.show(w, r, v, http.StatusConflict, data)
	}
	if err != nil {
		return err
	}
	p.site.Log().InfoContext(r.Context(), "access token made", "account", v.Account.ID, "person", v.Person.ID, "scope", scope)
	data.Token, data.Made, data.Name = token, data.Name, ""
	return p.show(w, r, v, http.StatusCreated, data)
}

func (p *Programs) revoke(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return accounts.ErrNotFound
	}
	if !may(v) {
		return parties.ErrRole
	}
	if err := p.store.RevokeProgram(r.Context(), v.Account.ID, id, p.site.Clock().Now()); err != nil {
		return err
	}
	p.site.Log().InfoContext(r.Context(), "access token revoked", "account", v.Account.ID, "person", v.Person.ID, "token", id)
	p.site.Flash(r, "programs.flash")
	http.Redirect(w, r, "/programs", http.StatusSeeOther)
	return nil
}

type docsView struct {
	site.Base
	Guide api.Guide
}

// docs describes the API.
func (p *Programs) docs(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	data := &docsView{Base: site.Base{Title: "programs.docs.title", Nav: "programs", Crumbs: []site.Crumb{{Label: p.site.Say(v, "programs.docs.title")}}}, Guide: p.guide}
	return p.site.Render(w, r, v, http.StatusOK, "apidocs", data)
}
