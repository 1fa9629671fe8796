package portal

import (
	"fmt"
	"net/http"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/portal/site"
)

// subject is an application with everything its pages need.
type subject struct {
	accounts.Application
	model *forms.Model
	day   *clickday.Day // nil if the calendar no longer has it
}

// subject reads the application of the address; those of others, and ids that
// are none, are not found.
func (p *Portal) subject(r *http.Request, v *site.Visit) (*subject, error) {
	id, err := clickday.ParseApplicationID(r.PathValue("id"))
	if err != nil {
		return nil, accounts.ErrNotFound
	}
	a, m, err := p.drafts.Read(r.Context(), v.Account.ID, id)
	if err != nil {
		return nil, err
	}
	cal, _, err := p.calendar.Current(r.Context())
	if err != nil {
		return nil, err
	}
	return &subject{a, m, cal.Day(a.Day)}, nil
}

func (s *subject) url(rest string) string { return "/applications/" + s.ID.String() + rest }

// name is how lists call an application: its worker, else its model.
func (s *subject) name(p *Portal, v *site.Visit) string {
	if _, worker := s.model.SummaryOf(s.Answers); worker != "" {
		return worker
	}
	return p.site.Say(v, "application.unnamed")
}

// crumbs lead from the list to a page about this application.
func (p *Portal) crumbs(v *site.Visit, s *subject, last string) []site.Crumb {
	c := []site.Crumb{{Label: p.site.Say(v, "list.title"), URL: "/applications"}}
	if last == "" {
		return append(c, site.Crumb{Label: s.name(p, v)})
	}
	return append(c, site.Crumb{Label: s.name(p, v), URL: s.url("")}, site.Crumb{Label: last})
}

type stepView struct {
	Title string
	URL   string
	State site.Badge
}

type outcomeView struct {
	State      clickday.SubmissionState
	Badge      site.Badge
	Protocol   string
	Exact      string
	ExactUTC   string
	Bound      string
	Source     string // key of the texts
	Clock      string // key of the texts
	Node       clickday.NodeID
	Submission string
	Receipt    string // address, empty while there is none
	Segnatura  string // likewise
	Ahead      string // how many receipts come before, empty unless it is being made
	Reason     string
	ReasonText string
}

type sealView struct {
	Version uint32
	At      string
	Digest  string
}

type applicationView struct {
	site.Base
	URL       string
	ModelName string
	Day       *dayView
	State     site.Badge
	Draft     bool
	Ready     bool
	Steps     []stepView
	Continue  string
	Seal      *sealView
	Outcome   *outcomeView
	Refused   bool // the outcome is a refusal; the application can be mended
	Standing  *standingView
}

func (p *Portal) application(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	s, err := p.subject(r, v)
	if err != nil {
		return err
	}
	data := &applicationView{
		Base: site.Base{Text: s.name(p, v), Nav: "applications", Crumbs: p.crumbs(v, s, "")},
		URL:  s.url(""), ModelName: p.modelName(v, s), State: stateOf(&s.Application),
		Draft: s.State != clickday.Sealed, Ready: s.State == clickday.Ready, Refused: refusedNow(&s.Application),
	}
	if s.day != nil {
		d := p.dayView(v, s.day)
		data.Day = &d
	}
	if data.Draft {
		data.Steps, data.Continue = p.steps(v, s)
	} else if data.Seal, err = p.sealView(r, v, s); err != nil {
		return err
	}
	if s.Sent() || data.Refused {
		data.Outcome = p.outcomeView(v, s)
		if err = p.setAhead(r, v, s, data.Outcome); err != nil {
			return err
		}
		if data.Outcome.Receipt != "" {
			if data.Outcome.Segnatura, err = p.segnaturaURL(r, v, s); err != nil {
				return err
			}
		}
		if data.Standing, err = p.standing(r, v, s.Outcome.Submission); err != nil {
			return err
		}
	}
	return p.site.Render(w, r, v, http.StatusOK, "application", data)
}

func (p *Portal) modelName(v *site.Visit, s *subject) string {
	return fmt.Sprintf("%s – %s", s.Model, s.model.Title.In(v.Lang))
}

// steps lists the pages of the form with their state, and the first that is not
// done.
func (p *Portal) steps(v *site.Visit, s *subject) (steps []stepView, first string) {
	for i := range s.model.Pages {
		pg := &s.model.Pages[i]
		step := stepView{Title: pg.Title.In(v.Lang), URL: s.url("/pages/" + pg.ID), State: p.stepState(s, pg.ID)}
		steps = append(steps, step)
		if first == "" && step.State.Class != "done" {
			first = step.URL
		}
	}
	return steps, first
}

func (p *Portal) stepState(s *subject, page string) site.Badge {
	out := site.Badge{Key: "step.done", Class: "done"}
	for _, issue := range s.model.CheckPage(page, s.Answers, p.drafts.Today()) {
		if !issue.Missing {
			return site.Badge{Key: "step.wrong", Class: "wrong"}
		}
		out = site.Badge{Key: "step.todo", Class: "todo"}
	}
	return out
}

func (p *Portal) sealView(r *http.Request, v *site.Visit, s *subject) (*sealView, error) {
	seal, err := p.store.CurrentSeal(r.Context(), v.Account.ID, s.ID)
	if err != nil {
		return nil, err
	}
	return &sealView{seal.Version, p.site.Second(v, seal.SealedAt), seal.Digest.String()}, nil
}

func (p *Portal) outcomeView(v *site.Visit, s *subject) *outcomeView {
	o := s.Outcome
	out := &outcomeView{
		State: o.State, Badge: sentBadges[o.State], Protocol: protocolOf(&s.Application, s.day),
		Exact: p.site.Exact(v, o.Stamp.Time()), ExactUTC: p.site.ExactUTC(v, o.Stamp.Time()), Bound: p.site.Bound(v, o.Stamp.Bound),
		Source: "outcome.source." + o.Stamp.Source.String(), Clock: "outcome.clock." + o.Stamp.Clock.String(),
		Node: o.Stamp.Node, Submission: o.Submission.String(),
	}
	if o.Receipt {
		out.Receipt = s.url("/receipt")
	}
	if o.Reason != "" {
		m := clickday.MeaningOf(o.Reason)
		out.Reason, out.ReasonText = m.Title.In(v.Lang), m.Detail.In(v.Lang)
	}
	return out
}

type previewView struct {
	site.Base
	URL      string
	State    site.Badge
	Sections []forms.Section
}

func (p *Portal) preview(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	s, err := p.subject(r, v)
	if err != nil {
		return err
	}
	sections, err := p.sections(r, v, s)
	if err != nil {
		return err
	}
	return p.site.Render(w, r, v, http.StatusOK, "preview", &previewView{
		Base: site.Base{Title: "preview.title", Nav: "applications", Crumbs: p.crumbs(v, s, p.site.Say(v, "preview.title"))},
		URL:  s.url(""), State: stateOf(&s.Application), Sections: sections,
	})
}

// sections is the preview of what counts: the sealed document if there is one,
// else the answers so far.
func (p *Portal) sections(r *http.Request, v *site.Visit, s *subject) ([]forms.Section, error) {
	if s.State != clickday.Sealed {
		return s.model.Preview(s.Answers, v.Lang), nil
	}
	seal, err := p.store.CurrentSeal(r.Context(), v.Account.ID, s.ID)
	if err != nil {
		return nil, err
	}
	doc, err := forms.Thaw(seal.Document)
	if err != nil {
		return nil, fmt.Errorf("stored seal of %s: %w", s.ID, err)
	}
	return s.model.Preview(doc.Answers, v.Lang), nil
}

func (p *Portal) receipt(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	s, err := p.subject(r, v)
	if err != nil {
		return err
	}
	pdf, err := p.store.ReceiptOf(r.Context(), v.Account.ID, s.ID)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Length", fmt.Sprint(len(pdf)))
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="ricevuta-%s.pdf"`, s.ID))
	w.Write(pdf) // a browser that has gone away misses its file, nothing else
	return nil
}
