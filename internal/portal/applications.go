package portal

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/drafts"
	"puntuale/internal/clickday"
	"puntuale/internal/portal/site"
)

var draftBadges = map[clickday.ApplicationState]site.Badge{
	clickday.ToComplete: {Key: "state.to_complete", Class: "todo"},
	clickday.ToValidate: {Key: "state.to_validate", Class: "wrong"},
	clickday.Ready:      {Key: "state.ready", Class: "ready"},
	clickday.Sealed:     {Key: "state.sealed", Class: "ready"},
}

var sentBadges = map[clickday.SubmissionState]site.Badge{
	clickday.Queued:    {Key: "state.queued", Class: "wait"},
	clickday.Sequenced: {Key: "state.sequenced", Class: "done"},
	clickday.Receipted: {Key: "state.receipted", Class: "done"},
	clickday.Repeated:  {Key: "state.repeated", Class: "wait"},
	clickday.Refused:   {Key: "state.refused", Class: "wrong"},
}

// stateOf is the one word for where an application stands. A refusal is past
// once the application was re-opened or sealed again.
func stateOf(a *accounts.Application) site.Badge {
	if o := a.Outcome; o != nil && (a.Sent() || refusedNow(a)) {
		return sentBadges[o.State]
	}
	return draftBadges[a.State]
}

// refusedNow reports whether the seal that counts is the one that was refused.
func refusedNow(a *accounts.Application) bool {
	o := a.Outcome
	return o != nil && o.State == clickday.Refused && a.State == clickday.Sealed && o.SealVersion == a.SealVersion
}

func protocolOf(a *accounts.Application, d *clickday.Day) string {
	if a.Outcome == nil || a.Outcome.Number == 0 || d == nil {
		return ""
	}
	return clickday.ProtocolNumber(d.Code, a.Outcome.Number)
}

type newView struct {
	site.Base
	Days  []dayView
	One   bool   // only the day that one comes from is shown
	Error string // key of the texts
}

func (p *Portal) newForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return p.showNew(w, r, v, http.StatusOK, "")
}

func (p *Portal) showNew(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, failure string) error {
	cal, _, err := p.calendar.Current(r.Context())
	if err != nil {
		return err
	}
	data := &newView{Base: site.Base{Title: "new.title", Nav: "applications"}, Error: failure}
	data.Crumbs = []site.Crumb{{Label: p.site.Say(v, "list.title"), URL: "/applications"}, {Label: p.site.Say(v, "new.title")}}
	for i := range cal.Days {
		if d := &cal.Days[i]; p.drafts.InPreparation(d) {
			data.Days = append(data.Days, p.dayView(v, d))
		}
	}
	// Who comes from the page of a day has chosen it already.
	code := r.URL.Query().Get("day")
	if i := slices.IndexFunc(data.Days, func(d dayView) bool { return d.Code == code }); i >= 0 && len(data.Days) > 1 {
		data.Days, data.One = data.Days[i:i+1], true
	}
	return p.site.Render(w, r, v, status, "new", data)
}

// newSubmit takes one choice "day/model", so that the two always fit.
func (p *Portal) newSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	day, model, ok := parseChoice(r.PostForm)
	if !ok {
		return p.showNew(w, r, v, http.StatusUnprocessableEntity, "new.choose")
	}
	cal, _, err := p.calendar.Current(r.Context())
	if err != nil {
		return err
	}
	a, err := p.drafts.Begin(r.Context(), v.Account.ID, cal.Day(day), model)
	if errors.Is(err, drafts.ErrDay) || errors.Is(err, drafts.ErrModel) {
		return p.showNew(w, r, v, http.StatusUnprocessableEntity, "new.gone")
	}
	if err != nil {
		return err
	}
	m, err := p.drafts.ModelOf(&a)
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/applications/"+a.ID.String()+"/pages/"+m.Pages[0].ID, http.StatusSeeOther)
	return nil
}

func parseChoice(form url.Values) (clickday.DayID, clickday.ModelCode, bool) {
	choice := form.Get("choice")
	for i := range choice {
		if choice[i] == '/' {
			day, err := strconv.ParseUint(choice[:i], 10, 32)
			return clickday.DayID(day), clickday.ModelCode(choice[i+1:]), err == nil
		}
	}
	return 0, "", false
}
