package filling

import (
	"errors"
	"net/http"
	"strconv"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/drafts"
	"puntuale/internal/bulk"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/portal/site"
)

type uploadRow struct {
	Name, URL, At  string
	Day            string
	Model          clickday.ModelCode
	Applied        bool
	Taken, Refused int
}

type importView struct {
	site.Base
	Days    []dayChoices
	Uploads []uploadRow
	MaxMiB  int
	MaxRows string
	Problem string // key of the texts
}

// maxUploads is how many earlier files the page lists.
const maxUploads = 10

// importForm is the page on which many applications are handed in as a table.
func (f *Filling) importForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return f.showImport(w, r, v, http.StatusOK, r.URL.Query().Get("choice"), "")
}

func (f *Filling) showImport(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, chosen, problem string) error {
	cal, _, err := f.calendar.Current(r.Context())
	if err != nil {
		return err
	}
	list, err := f.store.Uploads(r.Context(), v.Account.ID, maxUploads)
	if err != nil {
		return err
	}
	data := &importView{
		Base: site.Base{Title: "filling.import.title", Nav: "applications", Crumbs: []site.Crumb{
			{Label: f.site.Say(v, "list.title"), URL: "/applications"}, {Label: f.site.Say(v, "filling.import.title")},
		}},
		MaxMiB: bulk.MaxBytes >> 20, MaxRows: site.Thousands(v, bulk.MaxRows), Problem: problem,
	}
	day, code, _ := parseChoice(chosen, cal)
	data.Days = f.dayChoices(v, cal, day, code)
	for i := range list {
		u := &list[i]
		row := uploadRow{Name: u.Name, URL: uploadURL(u), At: f.site.Minute(v, u.UploadedAt), Model: u.Model, Applied: u.Applied(), Taken: u.Taken, Refused: u.Refused}
		if d := cal.Day(u.Day); d != nil {
			row.Day = dayTitle(v, d)
		}
		data.Uploads = append(data.Uploads, row)
	}
	return f.site.Render(w, r, v, status, "import", data)
}

func uploadURL(u *drafts.Upload) string { return "/uploads/" + strconv.FormatInt(u.ID, 10) }

// importSubmit keeps a file and leads to the page that shows what is in it.
func (f *Filling) importSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	cal, _, err := f.calendar.Current(r.Context())
	if err != nil {
		return err
	}
	form, name, content, err := f.receive(w, r, bulk.MaxBytes)
	if status, key := fileProblem(err); key != "" {
		return f.showImport(w, r, v, status, form.Get("choice"), key)
	}
	if err != nil {
		return err
	}
	if acting := form.Get("acting"); acting != "" && acting != strconv.FormatInt(int64(v.Account.ID), 10) {
		return accounts.ErrChanged // the page was for another account
	}
	day, code, ok := parseChoice(form.Get("choice"), cal)
	if !ok {
		return f.showImport(w, r, v, http.StatusUnprocessableEntity, "", "filling.import.choose")
	}
	u, again, err := f.drafts.Upload(r.Context(), v.Account.ID, day, code, plainName(name), content)
	if errors.Is(err, drafts.ErrDay) || errors.Is(err, drafts.ErrModel) {
		return f.showImport(w, r, v, http.StatusUnprocessableEntity, "", "filling.import.choose")
	}
	if err != nil {
		return err
	}
	if again {
		f.site.Flash(r, "filling.flash.again")
	}
	http.Redirect(w, r, uploadURL(&u), http.StatusSeeOther)
	return nil
}

type problemView struct {
	Line                int
	Column, Value, Text string
	Notice              bool
}

type uploadView struct {
	site.Base
	URL      string
	Name     string
	At       string
	Day      string
	Opens    string
	Model    string
	Applied  string // when, empty while it is not
	Expired  bool
	Open     bool // the day still takes drafts
	Taken    int
	Refused  int
	Counts   bulk.Counts
	Notices  int
	Fatal    string
	Alphabet string
	Comma    string // key of the texts
	Problems []problemView
	More     int
}

// maxProblems keeps the page of a bad file short; the report has all of it.
const maxProblems = 100

// upload shows what is in a file before it is applied, and what became of it.
func (f *Filling) upload(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	u, cal, err := f.uploadOf(r, v)
	if err != nil {
		return err
	}
	day := cal.Day(u.Day)
	data := &uploadView{
		Base: site.Base{Text: u.Name, Nav: "applications", Crumbs: []site.Crumb{
			{Label: f.site.Say(v, "list.title"), URL: "/applications"}, {Label: f.site.Say(v, "filling.import.title"), URL: "/applications/import"}, {Label: u.Name},
		}},
		URL: uploadURL(u), Name: u.Name, At: f.site.Minute(v, u.UploadedAt), Model: string(u.Model), Taken: u.Taken, Refused: u.Refused,
		Open: day != nil && f.drafts.InPreparation(day),
	}
	if m, ok := f.models.Model(u.Model, u.ModelVersion); ok {
		data.Model += " – " + m.Title.In(v.Lang)
	}
	if day != nil {
		data.Day, data.Opens = dayTitle(v, day), f.site.Second(v, day.OpensAt())
	}
	if u.Applied() {
		data.Applied = f.site.Minute(v, u.AppliedAt)
	}
	t, err := f.drafts.Table(r.Context(), u)
	switch {
	case errors.Is(err, drafts.ErrExpired):
		data.Expired = true
	case err != nil:
		return err
	default:
		f.describe(v, data, t)
	}
	return f.site.Render(w, r, v, http.StatusOK, "upload", data)
}

var commas = map[rune]string{';': "filling.comma.semicolon", ',': "filling.comma.comma", '\t': "filling.comma.tab"}

// describe puts what was found in a table onto its page, what is wrong first.
func (f *Filling) describe(v *site.Visit, data *uploadView, t *bulk.Table) {
	data.Counts, data.Alphabet, data.Comma = t.Counts(), t.Alphabet, commas[t.Comma]
	if p := t.Fatal(); p != nil {
		data.Fatal = p.In(v.Lang)
	}
	all := t.AllProblems()
	for _, notices := range []bool{false, true} {
		for i := range all {
			p := &all[i]
			if p.Notice != notices {
				continue
			}
			if p.Notice {
				data.Notices++
			}
			if len(data.Problems) == maxProblems {
				data.More++
				continue
			}
			data.Problems = append(data.Problems, problemView{p.Line, p.Column, p.Value, p.Text.In(v.Lang), p.Notice})
		}
	}
}

func (f *Filling) uploadOf(r *http.Request, v *site.Visit) (*drafts.Upload, clickday.Calendar, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return nil, clickday.Calendar{}, accounts.ErrNotFound
	}
	u, err := f.store.Upload(r.Context(), v.Account.ID, id)
	if err != nil {
		return nil, clickday.Calendar{}, err
	}
	cal, _, err := f.calendar.Current(r.Context())
	return &u, cal, err
}

// apply makes the drafts. A file that was applied already is no error: its page
// says so.
func (f *Filling) apply(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	u, cal, err := f.uploadOf(r, v)
	if err != nil {
		return err
	}
	err = f.drafts.Apply(r.Context(), u, cal.Day(u.Day))
	switch {
	case errors.Is(err, drafts.ErrApplied):
		f.site.Flash(r, "filling.flash.applied")
	case errors.Is(err, drafts.ErrNothing):
		f.site.Flash(r, "filling.flash.nothing")
	case err != nil:
		return err
	default:
		f.site.Log().InfoContext(r.Context(), "imported", "account", v.Account.ID, "upload", u.ID, "taken", u.Taken, "refused", u.Refused)
		f.site.Flash(r, "filling.flash.imported")
	}
	http.Redirect(w, r, uploadURL(u), http.StatusSeeOther)
	return nil
}

// report sends the rows that were not taken, with the reasons in a column.
func (f *Filling) report(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	u, _, err := f.uploadOf(r, v)
	if err != nil {
		return err
	}
	t, err := f.drafts.Table(r.Context(), u)
	if err != nil {
		return err
	}
	private(w.Header())
	download(w, mediaCSV, f.site.Say(v, "filling.report.name", u.ID), t.Report(v.Lang))
	return nil
}

const mediaCSV = "text/csv; charset=utf-8"

// chosenModel reads ?choice=day/model.
func (f *Filling) chosenModel(r *http.Request) (*clickday.Day, *forms.Model, error) {
	cal, _, err := f.calendar.Current(r.Context())
	if err != nil {
		return nil, nil, err
	}
	day, code, ok := parseChoice(r.URL.Query().Get("choice"), cal)
	m, known := f.models.Newest(code)
	if !ok || !known {
		return nil, nil, accounts.ErrNotFound
	}
	return day, m, nil
}

// template sends an empty table for a model.
func (f *Filling) template(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	_, m, err := f.chosenModel(r)
	if err != nil {
		return err
	}
	private(w.Header())
	download(w, mediaCSV, f.site.Say(v, "filling.template.name", m.Code), bulk.Template(m, v.Lang))
	return nil
}

// export sends the account's applications of a model to a day, sealed or not.
func (f *Filling) export(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	day, m, err := f.chosenModel(r)
	if err != nil {
		return err
	}
	list, err := f.store.ApplicationsTo(r.Context(), v.Account.ID, day.ID, m.Code, bulk.MaxRows)
	if err != nil {
		return err
	}
	var rows []bulk.Exported
	for i := range list {
		a := &list[i]
		one := bulk.Exported{ID: a.ID, State: f.site.Say(v, states[a.State].Key), Answers: a.Answers}
		if a.Outcome != nil && a.Outcome.Number > 0 {
			one.Number = clickday.ProtocolNumber(day.Code, a.Outcome.Number)
		}
		rows = append(rows, one)
	}
	private(w.Header())
	download(w, mediaCSV, f.site.Say(v, "filling.export.name", day.Code, m.Code), bulk.Export(m, rows, v.Lang))
	return nil
}

// plainName is how a file is called in lists: without directories.
func plainName(name string) string {
	const most = 100
	clean := []rune{}
	for _, r := range name {
		switch {
		case r == '/' || r == '\\':
			clean = clean[:0]
		case r >= ' ' && r != 0x7f && len(clean) < most:
			clean = append(clean, r)
		}
	}
	if len(clean) == 0 {
		return "file.csv"
	}
	return string(clean)
}
