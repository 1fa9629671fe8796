package parties

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/notices"
	rules "puntuale/internal/parties"
	"puntuale/internal/portal/site"
)

type delegationView struct {
	ID     int64
	Name   string // of the delegate, or the address that was invited
	Email  string
	Role   string // key of the texts
	From   string // who gave it
	Until  string
	State  site.Badge
	May    bool // may sub-delegate
	Below  bool // rests on another delegation
	Revoke string
}

type row struct{ Label, Value string }

type partyView struct {
	site.Base
	ID          clickday.AccountID
	URL         string
	Kind        string // key of the texts
	Role        string // key of the texts
	State       *site.Badge
	Reason      string // of a refusal
	Rows        []row
	Edit        bool
	Close       bool
	Invite      bool
	Manage      bool // sees every delegation, not their own alone
	Chosen      bool
	Own         bool
	Delegations []delegationView
	Past        []delegationView
}

// party is the page of an account that the visitor may act for.
func (p *Parties) party(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	who, err := p.actor(r, v)
	if err != nil {
		return err
	}
	acting, err := p.store.ActingFor(r.Context(), who)
	if err != nil {
		return err
	}
	data := &partyView{
		Base: site.Base{Text: acting.Account.Name, Nav: "parties", Crumbs: p.crumbs(v, acting.Account.Name, who.Account, "")},
		ID:   who.Account, URL: partyURL(who.Account), Kind: "parties.kind." + string(acting.Account.Kind), Role: "parties.role." + string(acting.Role),
		Manage: acting.Role.Covers(rules.Manager), Chosen: v.Account.ID == who.Account, Own: v.Person.ID == who.Account,
	}
	o, err := p.store.Organisation(r.Context(), who)
	switch {
	case err == nil:
		data.State, data.Reason, data.Rows, data.Edit = stateBadges[o.State], o.Reason, p.rows(v, &o), data.Manage
		data.Close = acting.Role.Covers(rules.Owner)
		if o.Trade != "" {
			data.Kind = "parties.kind." + string(o.Trade)
		}
	case !errors.Is(err, accounts.ErrNotFound):
		return err
	}
	if err := p.setDelegations(r, v, who, data); err != nil {
		return err
	}
	return p.site.Render(w, r, v, http.StatusOK, "party", data)
}

// rows are the data of an organisation as they are read.
func (p *Parties) rows(v *site.Visit, o *rules.Organisation) []row {
	var out []row
	add := func(name, value string) {
		if value != "" {
			out = append(out, row{p.site.Say(v, "parties.field."+name), value})
		}
	}
	add("name", o.Name)
	add("form", p.site.Say(v, "parties.form."+o.Form))
	add("tax_code", o.TaxCode)
	add("vat", o.VAT)
	add("register", o.Register)
	add("seat", o.Seat())
	add("pec", o.PEC)
	add("email", o.Email)
	add("chamber_number", strings.TrimSpace(o.ChamberProvince+" "+o.ChamberNumber))
	add("inps", o.INPS)
	add("legal", o.LegalName+" ("+o.LegalTaxCode+")")
	return out
}

func (p *Parties) setDelegations(r *http.Request, v *site.Visit, who rules.Actor, data *partyView) error {
	giver, err := p.store.Giver(r.Context(), who)
	if err != nil {
		return err
	}
	data.Invite = giver.Role == rules.Owner || giver.MayDelegate
	list, err := p.store.Delegations(r.Context(), who)
	if err != nil {
		return err
	}
	for i := range list {
		d := &list[i]
		one := p.delegationView(v, who, d)
		if over(d, who.At) {
			data.Past = append(data.Past, one)
			continue
		}
		one.Revoke = fmt.Sprintf("%s/delegations/%d/revoke", data.URL, d.ID)
		data.Delegations = append(data.Delegations, one)
	}
	return nil
}

// over reports whether nothing can come of a delegation any more.
func over(d *rules.Delegation, now time.Time) bool {
	return !d.RevokedAt.IsZero() || !d.Until.IsZero() && !now.Before(d.Until) || d.AcceptedAt.IsZero() && !now.Before(d.InviteEnds)
}

func (p *Parties) delegationView(v *site.Visit, who rules.Actor, d *rules.Delegation) delegationView {
	out := delegationView{
		ID: d.ID, Name: d.DelegateName, Email: d.Email, Role: "parties.role." + string(d.Role), From: d.GrantedByName, Until: p.lastDay(d.Until),
		May: d.MayDelegate && d.Role != rules.Owner, Below: d.Parent != 0,
	}
	if out.Name == "" {
		out.Name = d.Email
	}
	switch {
	case !d.RevokedAt.IsZero() && d.AcceptedAt.IsZero() && d.Delegate != 0:
		out.State = site.Badge{Key: "parties.delegation.declined", Class: "wait"}
	case !d.RevokedAt.IsZero():
		out.State = site.Badge{Key: "parties.delegation.revoked", Class: "wait"}
	case over(d, who.At):
		out.State = site.Badge{Key: "parties.delegation.over", Class: "wait"}
	case d.AcceptedAt.IsZero():
		out.State = site.Badge{Key: "parties.delegation.invited", Class: "todo"}
	case d.Holds:
		out.State = site.Badge{Key: "parties.delegation.active", Class: "done"}
	default:
		out.State = site.Badge{Key: "parties.delegation.suspended", Class: "wrong"}
	}
	return out
}

type inviteView struct {
	site.Base
	URL    string
	Name   string
	Limits string // what the visitor's own delegation allows; empty for owners
	May    bool
	Offer  bool // may give leave to sub-delegate
	Fields []field
	Issues []issue
}

func (p *Parties) inviteForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return p.showInvite(w, r, v, http.StatusOK, &rules.Grant{Role: rules.Operator}, "", nil)
}

// showInvite draws the form with what was typed; wrong are fields and keys.
func (p *Parties) showInvite(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, want *rules.Grant, until string, wrong []rules.Problem) error {
	who, err := p.actor(r, v)
	if err != nil {
		return err
	}
	acting, err := p.store.ActingFor(r.Context(), who)
	if err != nil {
		return err
	}
	g, err := p.store.Giver(r.Context(), who)
	if err != nil {
		return err
	}
	if g.Role != rules.Owner && !g.MayDelegate {
		return rules.ErrMayNotDelegate
	}
	data := &inviteView{
		Base: site.Base{Title: "parties.invite", Nav: "parties", Crumbs: p.crumbs(v, acting.Account.Name, who.Account, "parties.invite")},
		URL:  partyURL(who.Account), Name: acting.Account.Name, May: want.MayDelegate, Offer: g.Depth < 3,
	}
	var roles []string
	for _, role := range rules.Roles() {
		if g.Role.Covers(role) && (role != rules.Owner || g.Depth == 0 && !g.Personal) {
			roles = append(roles, string(role))
		}
	}
	if g.Depth > 0 && !g.Until.IsZero() {
		data.Limits = p.site.Say(v, "parties.invite.limits", p.lastDay(g.Until))
	}
	mail := p.text(v, "address", want.Email, true)
	mail.InputMode = "email"
	end := p.text(v, "until", until, true)
	end.InputType, end.Class, end.Optional = "date", "w-medium", g.Until.IsZero()
	data.Fields = []field{mail, p.choice(v, "role", string(want.Role), "radio", "parties.role_long.", roles), end}
	for _, problem := range wrong {
		data.Issues = append(data.Issues, p.mark(v, data.Fields, problem.Field, problem.Key))
	}
	return p.site.Render(w, r, v, status, "invite", data)
}

// inviteProblems are errors of an invitation that its form can say.
var inviteProblems = []struct {
	err        error
	field, key string
}{
	{rules.ErrRoleTooWide, "role", "role_wide"},
	{rules.ErrTooLong, "until", "until_long"},
	{rules.ErrOver, "until", "until_past"},
	{rules.ErrTooDeep, "role", "too_deep"},
	{rules.ErrOwn, "address", "own"},
}

func (p *Parties) inviteSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	who, err := p.actor(r, v)
	if err != nil {
		return err
	}
	typed := r.PostForm.Get("until")
	end, ok := p.endOf(typed)
	want := &rules.Grant{
		Email: strings.TrimSpace(r.PostForm.Get("address")), Role: rules.Role(r.PostForm.Get("role")), MayDelegate: r.PostForm.Get("may") == "yes", Until: end,
	}
	var wrong []rules.Problem
	if !rules.ValidEmail(want.Email) {
		wrong = append(wrong, rules.Problem{Field: "address", Key: "email"})
	}
	if !ok {
		wrong = append(wrong, rules.Problem{Field: "until", Key: "date"})
	}
	if len(wrong) > 0 {
		return p.showInvite(w, r, v, http.StatusUnprocessableEntity, want, typed, wrong)
	}
	acting, err := p.store.ActingFor(r.Context(), who)
	if err != nil {
		return err
	}
	secret := rand.Text()
	err = p.store.Invite(r.Context(), who, want, sha256.Sum256([]byte(secret)), p.inviteLetter(v, &acting.Account, want, secret))
	for _, known := range inviteProblems {
		if errors.Is(err, known.err) {
			return p.showInvite(w, r, v, http.StatusUnprocessableEntity, want, typed, []rules.Problem{{Field: known.field, Key: known.key}})
		}
	}
	if err != nil {
		return err
	}
	p.site.Log().InfoContext(r.Context(), "invited", "person", v.Person.ID, "account", who.Account, "role", want.Role)
	p.site.Flash(r, "parties.flash.invited")
	http.Redirect(w, r, partyURL(who.Account), http.StatusSeeOther)
	return nil
}

func (p *Parties) inviteLetter(v *site.Visit, a *accounts.Account, want *rules.Grant, secret string) Letterhead {
	giver, link := v.Person.Name, p.site.PublicURL()+"/invitations/"+secret
	ends := p.site.Clock().Now().Add(rules.InvitationFor)
	sum := sha256.Sum256([]byte(secret))
	return func(email, name, lang string) notices.Letter {
		v := &site.Visit{Lang: lang}
		return notices.Letter{
			To: email, Name: name, Lang: lang, Key: "invitation/" + hex.EncodeToString(sum[:]), NotAfter: ends,
			Subject: p.site.Say(v, "parties.letter.invite.subject", a.Name),
			Text:    p.site.Say(v, "parties.letter.invite.text", giver, a.Name, p.site.Say(v, "parties.role."+string(want.Role)), link, p.day(ends)),
		}
	}
}

type revokeView struct {
	site.Base
	URL   string
	One   delegationView
	Below []delegationView // that end with it
	Leave bool             // it is the visitor's own
}

func (p *Parties) revokeForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	who, err := p.actor(r, v)
	if err != nil {
		return err
	}
	acting, err := p.store.ActingFor(r.Context(), who)
	if err != nil {
		return err
	}
	id, err := number(r, "delegation")
	if err != nil {
		return err
	}
	list, err := p.store.Delegations(r.Context(), who)
	if err != nil {
		return err
	}
	data := &revokeView{
		Base: site.Base{Title: "parties.revoke", Nav: "parties", Crumbs: p.crumbs(v, acting.Account.Name, who.Account, "parties.revoke")}, URL: partyURL(who.Account),
	}
	below := map[int64]bool{id: true}
	for changed := true; changed; { // parents may stand anywhere in the list
		changed = false
		for i := range list {
			if d := &list[i]; below[d.Parent] && !below[d.ID] && !over(d, who.At) {
				below[d.ID], changed = true, true
				data.Below = append(data.Below, p.delegationView(v, who, d))
			}
		}
	}
	for i := range list {
		if d := &list[i]; d.ID == id && !over(d, who.At) {
			data.One, data.Leave = p.delegationView(v, who, d), d.Delegate == v.Person.ID
			return p.site.Render(w, r, v, http.StatusOK, "revoke", data)
		}
	}
	return accounts.ErrNotFound
}

func (p *Parties) revokeSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	who, err := p.actor(r, v)
	if err != nil {
		return err
	}
	id, err := number(r, "delegation")
	if err != nil {
		return err
	}
	computers, err := p.store.RevokeDelegation(r.Context(), who, id)
	if err != nil {
		return err
	}
	p.site.Log().InfoContext(r.Context(), "delegation revoked", "person", v.Person.ID, "account", who.Account, "delegation", id, "computers", computers)
	p.site.Flash(r, "parties.flash.revoked")
	to := partyURL(who.Account)
	if _, err := p.store.ActingFor(r.Context(), who); errors.Is(err, accounts.ErrNotFound) {
		to = "/parties" // they have left
		if v.Account.ID == who.Account {
			p.site.ActFor(r, v, v.Person.ID)
		}
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}
