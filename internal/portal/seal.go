package portal

import (
	"errors"
	"net/http"
	"strconv"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/drafts"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	rules "puntuale/internal/parties"
	"puntuale/internal/portal/site"
)

type sealPageView struct {
	site.Base
	URL      string
	Day      *dayView
	Revision int64
	Sections []forms.Section
}

func (p *Portal) sealForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	s, err := p.subject(r, v)
	if err != nil {
		return err
	}
	if s.State != clickday.Ready {
		return accounts.ErrState
	}
	if missing, err := p.store.SealObstacle(r.Context(), v.Account.ID, s.ID, p.clock.Now()); err != nil {
		return err
	} else if missing != nil {
		return askMandate(w, r, s)
	}
	data := &sealPageView{
		Base: site.Base{Title: "seal.title", Nav: "applications", Crumbs: p.crumbs(v, s, p.site.Say(v, "seal.title"))},
		URL:  s.url(""), Revision: s.Revision, Sections: s.model.Preview(s.Answers, v.Lang),
	}
	if s.day != nil {
		d := p.dayView(v, s.day)
		data.Day = &d
	}
	return p.site.Render(w, r, v, http.StatusOK, "seal", data)
}

// sealSubmit seals what the person has just been shown: another revision is
// refused. What no longer holds (dates pass) leads back to the page concerned.
func (p *Portal) sealSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	s, err := p.subject(r, v)
	if err != nil {
		return err
	}
	revision, err := strconv.ParseInt(r.PostForm.Get("revision"), 10, 64)
	if err != nil {
		return site.ErrBadRequest
	}
	err = p.drafts.Seal(r.Context(), v.Account.ID, s.ID, revision)
	var unready *drafts.NotReadyError
	switch {
	case errors.As(err, &unready):
		p.site.Flash(r, "flash.unready")
		http.Redirect(w, r, s.url("/pages/"+unready.Issues[0].Page+"?check=1"), http.StatusSeeOther)
		return nil
	case errors.Is(err, rules.ErrNoMandate): // it may have ended since the page was shown
		return askMandate(w, r, s)
	case err != nil:
		return err
	}
	p.log.InfoContext(r.Context(), "sealed", "account", v.Account.ID, "application", s.ID)
	p.site.Flash(r, "flash.sealed")
	http.Redirect(w, r, s.url(""), http.StatusSeeOther)
	return nil
}

// askMandate leads to the page that says why the account may not seal the
// application in the name of its employer, and what to do.
func askMandate(w http.ResponseWriter, r *http.Request, s *subject) error {
	http.Redirect(w, r, s.url("/mandate"), http.StatusSeeOther)
	return nil
}

type reopenView struct {
	site.Base
	URL  string
	Open bool // the click day is open: somebody may be sending it right now
}

func (p *Portal) reopenForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	s, err := p.subject(r, v)
	if err != nil {
		return err
	}
	if s.State != clickday.Sealed {
		return accounts.ErrState
	}
	if s.Sent() {
		return accounts.ErrSent
	}
	open := s.day != nil && s.day.PhaseAt(p.clock.Now().UnixNano()) == clickday.PhaseOpen
	return p.site.Render(w, r, v, http.StatusOK, "reopen", &reopenView{
		Base: site.Base{Title: "reopen.title", Nav: "applications", Crumbs: p.crumbs(v, s, p.site.Say(v, "reopen.title"))},
		URL:  s.url(""), Open: open,
	})
}

func (p *Portal) reopenSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	s, err := p.subject(r, v)
	if err != nil {
		return err
	}
	if err := p.drafts.Reopen(r.Context(), v.Account.ID, s.ID); err != nil {
		return err
	}
	p.log.InfoContext(r.Context(), "re-opened", "account", v.Account.ID, "application", s.ID)
	p.site.Flash(r, "flash.reopened")
	http.Redirect(w, r, s.url(""), http.StatusSeeOther)
	return nil
}
