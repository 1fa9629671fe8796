package filling

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/drafts"
	"puntuale/internal/bulk"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/portal/site"
)

type howView struct {
	Value    forms.Carry
	Label    string // key of the texts
	Help     string // likewise
	Selected bool
}

type leftView struct {
	Label, Value, Why string
}

type copyView struct {
	site.Base
	URL     string // of this page
	Back    string
	Hows    []howView
	Days    []dayChoices
	Kept    int // answers that are taken over
	Left    []leftView
	Problem string // key of the texts
	Archive bool
}

type dayChoices struct {
	Title, Opens string
	Models       []choiceView
}

// request is what a page to copy asks for: what is taken over, and where it goes.
type request struct {
	how  forms.Carry
	day  *clickday.Day
	code clickday.ModelCode
}

// copyForm shows what a new application would take over from this one. Choosing
// another day or model shows the page again.
func (f *Filling) copyForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	s, err := f.subject(r, v)
	if err != nil {
		return err
	}
	data := f.copyView(v, s)
	return f.showCopy(w, r, v, data, &drafts.Origin{Model: s.model, Answers: s.Answers}, s.cal, f.requested(r.URL.Query(), s.cal, s.Day, s.Model))
}

func (f *Filling) copyView(v *site.Visit, s *subject) *copyView {
	return &copyView{Base: site.Base{Title: "filling.copy.title", Nav: "applications", Crumbs: f.crumbs(v, s, "filling.copy.title")}, URL: s.url("/copy"), Back: s.url("")}
}

// requested reads a form; what it leaves open is the day and model of the
// original, as long as they can still be used.
func (f *Filling) requested(form url.Values, cal clickday.Calendar, day clickday.DayID, code clickday.ModelCode) request {
	out := request{how: forms.Carry(form.Get("how"))}
	if !out.how.Valid() {
		out.how = forms.CarryAll
	}
	if d, m, ok := parseChoice(form.Get("choice"), cal); ok {
		out.day, out.code = d, m
		return out
	}
	for _, same := range []bool{true, false} {
		for i := range cal.Days {
			d := &cal.Days[i]
			if !d.Rehearsal && f.drafts.InPreparation(d) && (!same || d.ID == day) && d.Accepts(code) {
				out.day, out.code = d, code
				return out
			}
		}
	}
	return out
}

// parseChoice reads "day/model".
func parseChoice(s string, cal clickday.Calendar) (*clickday.Day, clickday.ModelCode, bool) {
	id, code, ok := strings.Cut(s, "/")
	n, err := strconv.ParseUint(id, 10, 32)
	d := cal.Day(clickday.DayID(n))
	return d, clickday.ModelCode(code), ok && err == nil && d != nil && !d.Rehearsal
}

func (f *Filling) showCopy(w http.ResponseWriter, r *http.Request, v *site.Visit, data *copyView, from *drafts.Origin, cal clickday.Calendar, want request) error {
	if !offered(from.Model, want.how) {
		want.how = forms.CarryAll
	}
	for _, how := range hows(from.Model) {
		how.Selected = how.Value == want.how
		data.Hows = append(data.Hows, how)
	}
	data.Days = f.dayChoices(v, cal, want.day, want.code)
	switch {
	case len(data.Days) == 0:
		data.Problem = "filling.copy.nodays"
	case want.day == nil:
		data.Problem = "filling.copy.choose"
	default:
		plan, err := f.drafts.Plan(from, want.code, want.how)
		if errors.Is(err, drafts.ErrModel) {
			data.Problem = "filling.copy.choose"
			break
		}
		if err != nil {
			return err
		}
		data.Kept = len(plan.Answers)
		for _, l := range plan.Left {
			data.Left = append(data.Left, leftView{l.Label.In(v.Lang), l.Value.In(v.Lang), "filling.why." + string(l.Why)})
		}
	}
	return f.site.Render(w, r, v, http.StatusOK, "copy", data)
}

// hows lists what can be taken over from an application of a model.
func hows(m *forms.Model) []howView {
	out := []howView{{Value: forms.CarryAll, Label: "filling.how.clone", Help: "filling.how.clone.help"}}
	if m.HasGroup(forms.GroupEmployer) {
		out = append(out, howView{Value: forms.CarryEmployer, Label: "filling.how.employer", Help: "filling.how.employer.help"})
	}
	if m.HasGroup(forms.GroupContract) {
		out = append(out, howView{Value: forms.CarryContract, Label: "filling.how.worker", Help: "filling.how.worker.help"})
	}
	return out
}

func offered(m *forms.Model, how forms.Carry) bool {
	return slices.ContainsFunc(hows(m), func(h howView) bool { return h.Value == how })
}

// dayChoices lists the days that can be filled in for, with their models.
func (f *Filling) dayChoices(v *site.Visit, cal clickday.Calendar, day *clickday.Day, code clickday.ModelCode) []dayChoices {
	var out []dayChoices
	for i := range cal.Days {
		d := &cal.Days[i]
		if d.Rehearsal || !f.drafts.InPreparation(d) {
			continue
		}
		one := dayChoices{Title: dayTitle(v, d), Opens: f.site.Minute(v, d.OpensAt())}
		for _, c := range d.Models {
			if m, ok := f.models.Newest(c); ok {
				one.Models = append(one.Models, choiceView{choice(d, c), string(c) + " – " + m.Title.In(v.Lang), day != nil && day.ID == d.ID && c == code})
			}
		}
		out = append(out, one)
	}
	return out
}

// copySubmit makes the application and leads to its first page that is not done.
func (f *Filling) copySubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	s, err := f.subject(r, v)
	if err != nil {
		return err
	}
	return f.makeCopy(w, r, v, &drafts.Origin{Model: s.model, Answers: s.Answers}, s.cal)
}

func (f *Filling) makeCopy(w http.ResponseWriter, r *http.Request, v *site.Visit, from *drafts.Origin, cal clickday.Calendar) error {
	day, code, ok := parseChoice(r.PostForm.Get("choice"), cal)
	how := forms.Carry(r.PostForm.Get("how"))
	if !ok || !how.Valid() {
		return site.ErrBadRequest
	}
	a, plan, err := f.drafts.Copy(r.Context(), v.Account.ID, from, day, code, how)
	if err != nil {
		return err
	}
	f.site.Flash(r, "filling.flash.copied")
	http.Redirect(w, r, "/applications/"+a.ID.String()+"/pages/"+f.firstOpen(plan.Model, a.Answers), http.StatusSeeOther)
	return nil
}

// firstOpen is the first page on which something is missing or wrong.
func (f *Filling) firstOpen(m *forms.Model, a forms.Answers) string {
	for i := range m.Pages {
		if len(m.CheckPage(m.Pages[i].ID, a, f.drafts.Today())) > 0 {
			return m.Pages[i].ID
		}
	}
	return m.Pages[0].ID
}

// archived is an application of an earlier year, as something to copy from.
func (f *Filling) archived(r *http.Request, v *site.Visit) (*drafts.Origin, clickday.Calendar, *copyView, clickday.ModelCode, error) {
	id, err := clickday.ParseApplicationID(r.PathValue("id"))
	if err != nil {
		return nil, clickday.Calendar{}, nil, "", accounts.ErrNotFound
	}
	code, columns, err := f.store.ArchivedAnswers(r.Context(), v.Account.ID, id)
	if err != nil {
		return nil, clickday.Calendar{}, nil, "", err
	}
	cal, _, err := f.calendar.Current(r.Context())
	if err != nil {
		return nil, cal, nil, "", err
	}
	from := bulk.Archived(f.modelOf(code, columns), columns)
	page := "/archive/" + id.String()
	data := &copyView{URL: page + "/copy", Back: page, Archive: true, Base: site.Base{Title: "filling.copy.title", Nav: "applications", Crumbs: []site.Crumb{
		{Label: f.site.Say(v, "list.title"), URL: "/applications"}, {Label: f.name(v, from.Model, from.Answers), URL: page}, {Label: f.site.Say(v, "filling.copy.title")},
	}}}
	return &drafts.Origin{Model: from.Model, Answers: from.Answers}, cal, data, code, nil
}

// modelOf is the model that the columns of an archived application are read
// with: its own or, when that is gone, the one that asks most of them.
func (f *Filling) modelOf(code clickday.ModelCode, columns map[string]string) *forms.Model {
	if m, ok := f.models.Newest(code); ok {
		return m
	}
	return slices.MaxFunc(f.models.All(), func(a, b *forms.Model) int { return bulk.Fits(a, columns) - bulk.Fits(b, columns) })
}

func (f *Filling) archivedForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	from, cal, data, code, err := f.archived(r, v)
	if err != nil {
		return err
	}
	return f.showCopy(w, r, v, data, from, cal, f.requested(r.URL.Query(), cal, 0, code))
}

func (f *Filling) archivedSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	from, cal, _, _, err := f.archived(r, v)
	if err != nil {
		return err
	}
	return f.makeCopy(w, r, v, from, cal)
}
