package portal

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/portal/site"
)

// fieldPrefix keeps answers apart from the form's own controls.
const fieldPrefix = "f."

type issueView struct {
	Field string // id of the field, empty for a rule over several
	Href  string
	Text  string
}

type stepPageView struct {
	site.Base
	URL      string
	Action   string
	Intro    string
	Number   int
	Count    int
	Steps    []string // class of each page for the progress bar
	Fields   []site.Field
	Issues   []issueView
	Revision int64
	Conflict bool // somebody saved meanwhile; the fields hold what was typed here
	More     bool // an answer has brought further questions
	Previous string
	Next     string // address of the following page, or of the application
}

// stepForm shows one page of the form with the saved answers; with ?check=1 it
// shows what is wrong with them.
func (p *Portal) stepForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	s, pg, err := p.step(r, v)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	data := p.stepPage(v, s, pg, s.Answers)
	data.More = q.Get("more") != ""
	if q.Get("check") != "" {
		p.showIssues(v, s, pg, data)
	}
	return p.site.Render(w, r, v, http.StatusOK, "step", data)
}

// step reads application and page of the address. A sealed application has no
// pages to fill in.
func (p *Portal) step(r *http.Request, v *site.Visit) (*subject, *forms.Page, error) {
	s, err := p.subject(r, v)
	if err != nil {
		return nil, nil, err
	}
	pg, ok := s.model.Page(r.PathValue("page"))
	if !ok {
		return nil, nil, accounts.ErrNotFound
	}
	if s.State == clickday.Sealed {
		return nil, nil, accounts.ErrState
	}
	return s, pg, nil
}

// stepSubmit saves what was typed, right or wrong, then goes where the button
// says; "next" stays when something on the page is wrong or has become asked.
func (p *Portal) stepSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	s, pg, err := p.step(r, v)
	if err != nil {
		return err
	}
	revision, err := strconv.ParseInt(r.PostForm.Get("revision"), 10, 64)
	if err != nil {
		return site.ErrBadRequest
	}
	before := maps.Clone(s.Answers)
	typed := merge(s.Answers, pg, r.PostForm)
	err = p.drafts.Save(r.Context(), &s.Application, s.model, revision, typed)
	if errors.Is(err, accounts.ErrChanged) {
		return p.showConflict(w, r, v, s, pg)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, p.afterSave(s, pg, before, r.PostForm.Get("go")), http.StatusSeeOther)
	return nil
}

// merge lays what a page sent over the saved answers. Fields that were not on
// the page as it was shown keep theirs.
func merge(saved map[string]string, pg *forms.Page, form url.Values) forms.Answers {
	out := maps.Clone(saved)
	if out == nil {
		out = map[string]string{}
	}
	for i := range pg.Fields {
		if values, sent := form[fieldPrefix+pg.Fields[i].ID]; sent && len(values) > 0 {
			out[pg.Fields[i].ID] = storable(values[len(values)-1])
		}
	}
	return out
}

// storable drops what the database cannot hold: NUL and what is not UTF-8.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
}

func (p *Portal) afterSave(s *subject, pg *forms.Page, before forms.Answers, button string) string {
	here := s.url("/pages/" + pg.ID)
	previous, next := s.neighbours(pg)
	switch button {
	case "previous":
		return previous
	case "exit":
		return s.url("")
	}
	for i := range pg.Fields {
		f := &pg.Fields[i]
		if s.model.Asked(s.Answers, f) && !s.model.Asked(before, f) {
			return here + "?more=1#" + fieldPrefix + f.ID
		}
	}
	if len(s.model.CheckPage(pg.ID, s.Answers, p.drafts.Today())) > 0 {
		return here + "?check=1"
	}
	return next
}

// neighbours are the addresses before and after a page; the application itself
// stands at both ends.
func (s *subject) neighbours(pg *forms.Page) (previous, next string) {
	previous, next = s.url(""), s.url("")
	for i := range s.model.Pages {
		if s.model.Pages[i].ID != pg.ID {
			continue
		}
		if i > 0 {
			previous = s.url("/pages/" + s.model.Pages[i-1].ID)
		}
		if i+1 < len(s.model.Pages) {
			next = s.url("/pages/" + s.model.Pages[i+1].ID)
		}
	}
	return previous, next
}

func (p *Portal) stepPage(v *site.Visit, s *subject, pg *forms.Page, answers forms.Answers) *stepPageView {
	title := pg.Title.In(v.Lang)
	data := &stepPageView{
		Base: site.Base{Text: title, Nav: "applications", Crumbs: p.crumbs(v, s, title)},
		URL:  s.url(""), Action: s.url("/pages/" + pg.ID), Intro: pg.Intro.In(v.Lang),
		Count: len(s.model.Pages), Revision: s.Revision,
	}
	for i := range s.model.Pages {
		class := ""
		switch {
		case s.model.Pages[i].ID == pg.ID:
			data.Number, class = i+1, "here"
		case p.stepState(s, s.model.Pages[i].ID).Class == "done":
			class = "done"
		}
		data.Steps = append(data.Steps, class)
	}
	data.Previous, data.Next = s.neighbours(pg)
	for i := range pg.Fields {
		if f := &pg.Fields[i]; s.model.Asked(answers, f) {
			data.Fields = append(data.Fields, newFieldView(s.model, f, answers[f.ID], v.Lang))
		}
	}
	return data
}

// showIssues puts each problem beside its field and into the list on top.
func (p *Portal) showIssues(v *site.Visit, s *subject, pg *forms.Page, data *stepPageView) {
	for _, issue := range s.model.CheckPage(pg.ID, s.Answers, p.drafts.Today()) {
		text := issue.Text.In(v.Lang)
		out := issueView{Field: issue.Field, Text: text}
		for i := range data.Fields {
			if f := &data.Fields[i]; f.ID == issue.Field {
				f.Error, out.Href = text, "#"+f.Anchor()
				if !strings.Contains(text, f.Label) { // "Scrivi un valore da 20 a 40." of what?
					out.Text = f.Label + ": " + text
				}
			}
		}
		data.Issues = append(data.Issues, out)
	}
}

// showConflict keeps what was typed, says what is stored now, and lets the
// person decide by saving again.
func (p *Portal) showConflict(w http.ResponseWriter, r *http.Request, v *site.Visit, s *subject, pg *forms.Page) error {
	now, err := p.subject(r, v)
	if err != nil {
		return err
	}
	if now.State == clickday.Sealed {
		return accounts.ErrState
	}
	mine := merge(now.Answers, pg, r.PostForm)
	data := p.stepPage(v, now, pg, s.model.Clean(mine))
	data.Conflict = true
	for i := range data.Fields {
		f := &data.Fields[i]
		if field, ok := s.model.Field(f.ID); ok && s.model.Clean(mine)[f.ID] != now.Answers[f.ID] {
			f.Theirs, f.Differs = s.model.Show(field, now.Answers[f.ID], v.Lang), true
		}
	}
	return p.site.Render(w, r, v, http.StatusConflict, "step", data)
}
