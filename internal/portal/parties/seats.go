package parties

import (
	"crypto/sha256"
	"net/http"
	"strconv"

	"puntuale/internal/clickday"
	rules "puntuale/internal/parties"
	"puntuale/internal/portal/site"
)

type seatView struct {
	ID      clickday.AccountID
	URL     string
	Name    string
	TaxCode string
	Kind    string // key of the texts
	Role    string // key of the texts
	Until   string
	State   *site.Badge // of an intermediary
	Own     bool
	Current bool
}

type invitationView struct {
	ID              int64
	Account, Giver  string
	Role            string // key of the texts
	Until, Deadline string
}

type seatsView struct {
	site.Base
	Seats       []seatView
	Invitations []invitationView
}

var stateBadges = map[rules.State]*site.Badge{
	rules.Pending:  {Key: "parties.state.pending", Class: "todo"},
	rules.Approved: {Key: "parties.state.approved", Class: "done"},
	rules.Refused:  {Key: "parties.state.refused", Class: "wrong"},
}

func (p *Parties) seatViews(r *http.Request, v *site.Visit) ([]seatView, error) {
	list, err := p.store.Seats(r.Context(), v.Person.ID, p.site.Clock().Now())
	if err != nil {
		return nil, err
	}
	var out []seatView
	for i := range list {
		s := &list[i]
		kind := string(s.Account.Kind)
		if s.Trade != "" {
			kind = string(s.Trade)
		}
		out = append(out, seatView{
			ID: s.Account.ID, URL: partyURL(s.Account.ID), Name: s.Account.Name, TaxCode: s.Account.TaxCode, Kind: "parties.kind." + kind,
			Role: "parties.role." + string(s.Role), Until: p.lastDay(s.Until), State: stateBadges[s.State],
			Own: s.Account.ID == v.Person.ID, Current: s.Account.ID == v.Account.ID,
		})
	}
	return out, nil
}

// seats is the page of everything that a person may act for.
func (p *Parties) seats(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	seats, err := p.seatViews(r, v)
	if err != nil {
		return err
	}
	invitations, err := p.store.InvitationsFor(r.Context(), v.Person.ID, p.site.Clock().Now())
	if err != nil {
		return err
	}
	data := &seatsView{Base: site.Base{Title: "parties.title", Nav: "parties", Crumbs: []site.Crumb{{Label: p.site.Say(v, "parties.title")}}}, Seats: seats}
	for i := range invitations {
		data.Invitations = append(data.Invitations, p.invitationView(&invitations[i]))
	}
	return p.site.Render(w, r, v, http.StatusOK, "parties", data)
}

func (p *Parties) invitationView(i *rules.Invitation) invitationView {
	return invitationView{
		ID: i.ID, Account: i.AccountName, Giver: i.GrantedByName, Role: "parties.role." + string(i.Role),
		Until: p.lastDay(i.Until), Deadline: p.day(i.InviteEnds),
	}
}

type actingView struct {
	site.Base
	Seats []seatView
}

// actingForm is where the visitor chooses the account that all pages are for.
func (p *Parties) actingForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	seats, err := p.seatViews(r, v)
	if err != nil {
		return err
	}
	return p.site.Render(w, r, v, http.StatusOK, "acting", &actingView{
		Base: site.Base{Title: "parties.acting", Nav: "acting", Crumbs: []site.Crumb{{Label: p.site.Say(v, "parties.acting")}}}, Seats: seats,
	})
}

func (p *Parties) actingSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	id, err := strconv.ParseInt(r.PostForm.Get("account"), 10, 64)
	if err != nil {
		return site.ErrBadRequest
	}
	acting, err := p.store.ActingFor(r.Context(), rules.Actor{Person: v.Person.ID, Account: clickday.AccountID(id), At: p.site.Clock().Now()})
	if err != nil {
		return err
	}
	p.site.ActFor(r, v, acting.Account.ID)
	p.site.Log().InfoContext(r.Context(), "acting", "person", v.Person.ID, "account", acting.Account.ID)
	p.site.Flash(r, "parties.flash.acting")
	http.Redirect(w, r, "/applications", http.StatusSeeOther)
	return nil
}

type invitationPage struct {
	site.Base
	Invitation *invitationView // nil: not for the address of who is logged in
	Email      string
}

// invitation is where the link in the e-mail leads. To somebody who has logged
// in with another address it says so, and nothing of what it offers.
func (p *Parties) invitation(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	now := p.site.Clock().Now()
	id, err := p.store.InvitationByToken(r.Context(), sha256.Sum256([]byte(r.PathValue("token"))), now)
	if err != nil {
		return err
	}
	mine, err := p.store.InvitationsFor(r.Context(), v.Person.ID, now)
	if err != nil {
		return err
	}
	data := &invitationPage{Base: site.Base{Title: "parties.invitation", Nav: "parties", Crumbs: p.crumbs(v, "", 0, "parties.invitation")}, Email: v.Person.Email}
	for i := range mine {
		if mine[i].ID == id {
			one := p.invitationView(&mine[i])
			data.Invitation = &one
		}
	}
	return p.site.Render(w, r, v, http.StatusOK, "invitation", data)
}

func (p *Parties) invitationSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	id, err := strconv.ParseInt(r.PostForm.Get("id"), 10, 64)
	answer := r.PostForm.Get("answer")
	if err != nil || answer != "accept" && answer != "decline" {
		return site.ErrBadRequest
	}
	account, err := p.store.AnswerInvitation(r.Context(), v.Person.ID, id, answer == "accept", p.site.Clock().Now())
	if err != nil {
		return err
	}
	p.site.Log().InfoContext(r.Context(), "invitation", "person", v.Person.ID, "account", account, "answer", answer)
	if answer == "decline" {
		p.site.Flash(r, "parties.flash.declined")
		http.Redirect(w, r, "/parties", http.StatusSeeOther)
		return nil
	}
	p.site.Flash(r, "parties.flash.accepted")
	http.Redirect(w, r, "/acting", http.StatusSeeOther)
	return nil
}

// crumbs lead from the list to a page about a party; key names the last step.
func (p *Parties) crumbs(v *site.Visit, name string, id clickday.AccountID, key string) []site.Crumb {
	out := []site.Crumb{{Label: p.site.Say(v, "parties.title"), URL: "/parties"}}
	if name != "" && key != "" {
		out = append(out, site.Crumb{Label: name, URL: partyURL(id)})
	} else if name != "" {
		return append(out, site.Crumb{Label: name})
	}
	return append(out, site.Crumb{Label: p.site.Say(v, key)})
}
