package archive

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"puntuale/internal/accounts"
	old "puntuale/internal/archive"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/portal/site"
)

type eventView struct {
	At, Text, More string
	URL            string // of what is told of, empty for nothing more to see
	Main           bool   // the arrival, and what it led to
}

type historyView struct {
	site.Base
	URL    string
	Ask    string // address of the form of the help desk
	State  site.Badge
	Events []eventView
}

// history shows what has happened with an application, the first thing first.
func (a *Archive) history(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	id, err := clickday.ParseApplicationID(r.PathValue("id"))
	if err != nil {
		return accounts.ErrNotFound
	}
	app, err := a.store.Application(r.Context(), v.Account.ID, id)
	if err != nil {
		return err
	}
	events, err := a.store.Timeline(r.Context(), v.Account.ID, id)
	if err != nil {
		return err
	}
	name := a.site.Say(v, "archive.unnamed")
	if m, ok := a.models.Model(app.Model, app.ModelVersion); ok {
		if _, worker := m.SummaryOf(app.Answers); worker != "" {
			name = worker
		}
	}
	data := &historyView{Base: site.Base{Title: "archive.history", Nav: "applications"}, URL: "/applications/" + id.String(), State: badge(stateOf(&app))}
	data.Ask = "/help/new?about=" + id.String()
	data.Crumbs = []site.Crumb{
		{Label: a.site.Say(v, "list.title"), URL: "/applications"}, {Label: name, URL: data.URL}, {Label: a.site.Say(v, "archive.history")},
	}
	for i := range events {
		e := a.event(v, &events[i])
		if events[i].Kind == old.Receipted {
			e.URL, e.More = data.URL+"/receipt", a.site.Say(v, "archive.receipt.file")
		}
		data.Events = append(data.Events, e)
	}
	return a.site.Render(w, r, v, http.StatusOK, "archive-history", data)
}

func (a *Archive) event(v *site.Visit, e *old.Event) eventView {
	out := eventView{At: a.site.Second(v, e.At), Text: a.site.Say(v, "archive.event."+string(e.Kind))}
	if e.Exact {
		out.At = a.site.Exact(v, e.At)
	}
	switch e.Kind {
	case old.Sealed, old.Reopened:
		out.More = a.site.Say(v, "archive.version", e.Version)
	case old.Synced:
		out.More = e.Detail
	case old.Numbered:
		out.More = clickday.ProtocolNumber(e.Detail, e.Number)
	case old.Refused:
		m := clickday.MeaningOf(clickday.Code(e.Detail))
		out.More = m.Title.In(v.Lang) + ". " + m.Detail.In(v.Lang)
	case old.Asked, old.Answered:
		out.More, out.URL = e.Detail, "/help/tickets/"+e.Detail
	case old.Listed:
		out.More = a.site.Say(v, "archive.list", e.Number)
	}
	out.Main = e.Kind == old.Arrived || e.Kind == old.Numbered || e.Kind == old.Receipted || e.Kind == old.Refused
	return out
}

type recordView struct {
	site.Base
	State    site.Badge
	Rows     []forms.Row
	Sections []forms.Section
	// Copy leads to a new application that begins with these answers, where
	// there are any.
	Copy string
}

// record shows an application of an earlier year.
func (a *Archive) record(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	id, err := clickday.ParseApplicationID(r.PathValue("id"))
	if err != nil {
		return accounts.ErrNotFound
	}
	rec, err := a.store.Archived(r.Context(), v.Account.ID, id)
	if err != nil {
		return err
	}
	name := rec.Worker
	if name == "" {
		name = a.site.Say(v, "archive.unnamed")
	}
	data := &recordView{Base: site.Base{Text: name, Nav: "applications"}, State: badge(string(rec.State))}
	data.Crumbs = []site.Crumb{{Label: a.site.Say(v, "list.title"), URL: "/applications"}, {Label: name}}
	say := func(key, value string) {
		if value != "" {
			data.Rows = append(data.Rows, forms.Row{Label: a.site.Say(v, "archive.column."+key), Value: value})
		}
	}
	say("number", rec.Number)
	say("day", rec.Day)
	say("model", string(rec.Model))
	say("sent", a.site.Second(v, rec.SentAt))
	say("employer", rec.Employer)
	say("worker", rec.Worker)
	say("nationality", nation(rec.Nationality, v.Lang))
	say("source", rec.Source+" – "+rec.Reference)
	data.Sections = a.sections(v, &rec)
	if len(rec.Answers) > 0 {
		data.Copy = "/archive/" + id.String() + "/copy"
	}
	return a.site.Render(w, r, v, http.StatusOK, "archive-record", data)
}

// sections shows the other columns of the file: those that are fields of the
// model as the model shows them, the others under their own names.
func (a *Archive) sections(v *site.Visit, rec *old.Record) []forms.Section {
	var out []forms.Section
	rest := maps.Clone(rec.Answers)
	if m, ok := a.models.Newest(rec.Model); ok {
		for i := range m.Pages {
			s := forms.Section{Title: m.Pages[i].Title.In(v.Lang)}
			for j := range m.Pages[i].Fields {
				f := &m.Pages[i].Fields[j]
				if value := rest[f.ID]; value != "" {
					s.Rows = append(s.Rows, forms.Row{Label: f.Label.In(v.Lang), Value: m.Show(f, value, v.Lang)})
					delete(rest, f.ID)
				}
			}
			if len(s.Rows) > 0 {
				out = append(out, s)
			}
		}
	}
	if len(rest) > 0 {
		s := forms.Section{Title: a.site.Say(v, "archive.others")}
		for _, k := range slices.Sorted(maps.Keys(rest)) {
			s.Rows = append(s.Rows, forms.Row{Label: strings.ReplaceAll(k, "_", " "), Value: rest[k]})
		}
		out = append(out, s)
	}
	return out
}
