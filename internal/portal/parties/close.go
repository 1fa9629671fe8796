package parties

import (
	"errors"
	"net/http"

	"puntuale/internal/accounts"
	rules "puntuale/internal/parties"
	"puntuale/internal/portal/site"
)

type closeView struct {
	site.Base
	URL     string
	Name    string
	Waiting bool // something is sealed and not sent
}

// closeForm asks an owner whether an organisation is to end.
func (p *Parties) closeForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return p.showClose(w, r, v, http.StatusOK, false)
}

func (p *Parties) showClose(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, waiting bool) error {
	who, err := p.actor(r, v)
	if err != nil {
		return err
	}
	o, err := p.store.Organisation(r.Context(), who)
	if err != nil {
		return err
	}
	acting, err := p.store.ActingFor(r.Context(), who)
	if err == nil && !acting.Role.Covers(rules.Owner) {
		err = rules.ErrRole
	}
	if err != nil {
		return err
	}
	return p.site.Render(w, r, v, status, "close", &closeView{
		Base: site.Base{Title: "parties.close", Nav: "parties", Crumbs: p.crumbs(v, o.Name, o.ID, "parties.close")}, URL: partyURL(o.ID), Name: o.Name, Waiting: waiting,
	})
}

func (p *Parties) closeSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	who, err := p.actor(r, v)
	if err != nil {
		return err
	}
	err = p.store.CloseOrganisation(r.Context(), who)
	if errors.Is(err, accounts.ErrState) {
		return p.showClose(w, r, v, http.StatusConflict, true)
	}
	if err != nil {
		return err
	}
	p.site.Log().InfoContext(r.Context(), "organisation closed", "person", v.Person.ID, "account", who.Account)
	if v.Account.ID == who.Account {
		p.site.ActFor(r, v, v.Person.ID)
	}
	p.site.Flash(r, "parties.flash.closed")
	http.Redirect(w, r, "/parties", http.StatusSeeOther)
	return nil
}
