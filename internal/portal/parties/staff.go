package parties

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"

	"puntuale/internal/accounts"
	"puntuale/internal/notices"
	rules "puntuale/internal/parties"
	"puntuale/internal/portal/site"
)

type staffRow struct {
	ID       int64
	Name     string
	Kind     string // key of the texts
	Rows     []row
	Asked    string
	Revision int64
	Reason   string
}

type staffView struct {
	site.Base
	State   rules.State
	Tabs    []tab
	List    []staffRow
	Problem string // a decision that was not taken
	About   int64  // and what it was about
}

type tab struct {
	URL, Label string
	Current    bool
}

// staffList shows the intermediaries in a state; the look is recorded.
func (p *Parties) staffList(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return p.showStaff(w, r, v, http.StatusOK, rules.State(r.URL.Query().Get("state")), "", 0)
}

func (p *Parties) showStaff(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, state rules.State, problem string, about int64) error {
	if state != rules.Approved && state != rules.Refused {
		state = rules.Pending
	}
	list, err := p.store.Intermediaries(r.Context(), v.Person.ID, state, p.site.Clock().Now())
	if err != nil {
		return err
	}
	data := &staffView{
		Base:  site.Base{Title: "parties.staff", Nav: "staff", Crumbs: []site.Crumb{{Label: p.site.Say(v, "parties.staff")}}},
		State: state, Problem: problem, About: about,
	}
	for _, s := range []rules.State{rules.Pending, rules.Approved, rules.Refused} {
		data.Tabs = append(data.Tabs, tab{"/staff/intermediaries?state=" + string(s), p.site.Say(v, "parties.staff_tab."+string(s)), s == state})
	}
	for i := range list {
		o := &list[i]
		data.List = append(data.List, staffRow{
			ID: int64(o.ID), Name: o.Name, Kind: "parties.kind." + string(o.Trade), Rows: p.rows(v, o), Asked: p.site.Minute(v, o.CreatedAt),
			Revision: o.Revision, Reason: o.Reason,
		})
	}
	return p.site.Render(w, r, v, status, "staffintermediaries", data)
}

// staffDecide approves or refuses what was shown.
func (p *Parties) staffDecide(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	who, err := p.actor(r, v)
	if err != nil {
		return err
	}
	revision, err := strconv.ParseInt(r.PostForm.Get("revision"), 10, 64)
	decision := rules.State(r.PostForm.Get("decision"))
	if err != nil || decision != rules.Approved && decision != rules.Refused {
		return site.ErrBadRequest
	}
	reason := clean(r.PostForm.Get("reason"), 1000)
	from := rules.State(r.PostForm.Get("state"))
	if decision == rules.Refused && reason == "" {
		return p.showStaff(w, r, v, http.StatusUnprocessableEntity, from, p.site.Say(v, "parties.wrong.reason"), int64(who.Account))
	}
	if decision == rules.Approved {
		reason = ""
	}
	o := &rules.Organisation{ID: who.Account, Revision: revision}
	err = p.store.DecideIntermediary(r.Context(), v.Person.ID, o, decision, reason, who.At, p.decisionLetter(o, decision, reason))
	if errors.Is(err, accounts.ErrChanged) {
		return p.showStaff(w, r, v, http.StatusConflict, from, p.site.Say(v, "parties.wrong.staff_changed"), 0)
	}
	if err != nil {
		return err
	}
	p.site.Log().InfoContext(r.Context(), "intermediary decided", "staff", v.Person.ID, "account", who.Account, "state", decision)
	p.site.Flash(r, "parties.flash.staff."+string(decision))
	http.Redirect(w, r, "/staff/intermediaries", http.StatusSeeOther)
	return nil
}

func (p *Parties) decisionLetter(o *rules.Organisation, decision rules.State, reason string) Letterhead {
	key, link := rand.Text(), p.site.PublicURL()+partyURL(o.ID)
	return func(email, name, lang string) notices.Letter {
		v := &site.Visit{Lang: lang}
		l := notices.Letter{To: email, Name: name, Lang: lang, Key: "intermediary/" + key}
		if decision == rules.Refused {
			l.Subject, l.Text = p.site.Say(v, "parties.letter.refused.subject", name), p.site.Say(v, "parties.letter.refused.text", name, reason, link)
		} else {
			l.Subject, l.Text = p.site.Say(v, "parties.letter.approved.subject", name), p.site.Say(v, "parties.letter.approved.text", name, link)
		}
		return l
	}
}
