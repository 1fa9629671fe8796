package filling

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/drafts"
	"puntuale/internal/clickday"
	"puntuale/internal/parties"
	"puntuale/internal/portal/site"
)

type readyView struct {
	Value    string // id and revision
	Control  string // id of the control
	URL      string
	Worker   string
	Employer string
	Model    clickday.ModelCode
	Why      string // key of the texts: why it was not sealed
	Chosen   bool
}

type sealManyView struct {
	site.Base
	Day     dayView
	Ready   []readyView
	Sealed  int // just now
	Refused int
	Done    bool // the answer to a request to seal
	Chosen  bool // something was chosen
	Limit   int  // applications that may have a number on the day
	Limited bool // there is such a limit
	Over    bool // more are sealed and ready than that
}

// sealManyForm shows what is ready for a day, and what sealing means.
func (f *Filling) sealManyForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return f.showReady(w, r, v, http.StatusOK, &sealManyView{Chosen: true}, nil)
}

func (f *Filling) showReady(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, data *sealManyView, why map[clickday.ApplicationID]string) error {
	d, err := f.dayOf(r)
	if err != nil {
		return err
	}
	counts, err := f.counts(r, v)
	if err != nil {
		return err
	}
	list, err := f.store.ReadyApplications(r.Context(), v.Account.ID, d.ID, drafts.MaxSeals)
	if err != nil {
		return err
	}
	data.Day = f.dayView(v, d, counts[d.ID])
	if data.Limit, data.Limited, err = f.store.DayLimit(r.Context(), v.Account.ID); err != nil {
		return err
	}
	data.Over = data.Limited && data.Day.Ready+data.Day.Sealed > data.Limit
	data.Base = site.Base{Title: "filling.seal.title", Nav: "applications", Crumbs: []site.Crumb{
		{Label: f.site.Say(v, "filling.days.title"), URL: "/days"}, {Label: data.Day.Title, URL: data.Day.URL}, {Label: f.site.Say(v, "filling.seal.title")},
	}}
	for i := range list {
		a := &list[i]
		m, err := f.drafts.ModelOf(a)
		if err != nil {
			return err
		}
		employer, _ := m.SummaryOf(a.Answers)
		data.Ready = append(data.Ready, readyView{
			Value: a.ID.String() + ":" + strconv.FormatInt(a.Revision, 10), Control: "a." + strconv.Itoa(i), URL: "/applications/" + a.ID.String(),
			Worker: f.name(v, m, a.Answers), Employer: employer, Model: a.Model, Why: why[a.ID], Chosen: why == nil || why[a.ID] != "",
		})
	}
	return f.site.Render(w, r, v, status, "sealmany", data)
}

// sealManySubmit seals what was chosen, each in the revision that was shown, and
// says what was not sealed and why.
func (f *Filling) sealManySubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	if _, err := f.dayOf(r); err != nil {
		return err
	}
	chosen, err := chosenOf(r.PostForm["application"])
	if err != nil {
		return err
	}
	if len(chosen) == 0 {
		return f.showReady(w, r, v, http.StatusUnprocessableEntity, &sealManyView{}, nil)
	}
	sealed, refused := f.drafts.SealAll(r.Context(), v.Account.ID, chosen)
	f.site.Log().InfoContext(r.Context(), "sealed many", "account", v.Account.ID, "sealed", sealed, "refused", len(refused))
	why := map[clickday.ApplicationID]string{}
	for _, one := range refused {
		key := whyNot(one.Err)
		if key == "" {
			return one.Err
		}
		why[one.ID] = key
	}
	return f.showReady(w, r, v, http.StatusOK, &sealManyView{Done: true, Sealed: sealed, Refused: len(refused), Chosen: true}, why)
}

// whyNot says in words why an application was not sealed; "" for what is no
// matter of the application.
func whyNot(err error) string {
	var unready *drafts.NotReadyError
	switch {
	case errors.As(err, &unready):
		return "filling.seal.unready"
	case errors.Is(err, parties.ErrNoMandate):
		return "filling.seal.mandate"
	case errors.Is(err, accounts.ErrChanged), errors.Is(err, accounts.ErrState):
		return "filling.seal.changed"
	case errors.Is(err, accounts.ErrNotFound):
		return "filling.seal.gone"
	}
	return ""
}

func chosenOf(values []string) ([]drafts.Chosen, error) {
	if len(values) > drafts.MaxSeals {
		return nil, site.ErrBadRequest
	}
	var out []drafts.Chosen
	for _, s := range values {
		id, revision, _ := strings.Cut(s, ":")
		a, errA := clickday.ParseApplicationID(id)
		n, errN := strconv.ParseInt(revision, 10, 64)
		if errA != nil || errN != nil {
			return nil, site.ErrBadRequest
		}
		out = append(out, drafts.Chosen{ID: a, Revision: n})
	}
	return out, nil
}
