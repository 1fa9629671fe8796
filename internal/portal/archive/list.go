package archive

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"puntuale/internal/accounts"
	old "puntuale/internal/archive"
	"puntuale/internal/clickday"
	"puntuale/internal/portal/site"
)

// perPage is how many applications a page of the list shows.
const perPage = 25

type rowView struct {
	URL      string
	Worker   string
	Employer string
	Model    clickday.ModelCode
	Nation   string
	Day      string
	When     string // of the click day
	State    site.Badge
	Number   string
	Receipt  string // address, empty for none
	Updated  string
	Archived bool
}

type listView struct {
	site.Base
	Rows     []rowView
	Count    string
	F        filters
	O        options
	Open     bool // filters are shown
	Searched bool
	Clear    string
	Before   string // address of the page in front, empty for none
	After    string
	First    string
	Export   string
	Receipts string // address of the receipts of a year, empty for none
	Zip      string // what that link says
}

func (a *Archive) list(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	cal, _, err := a.calendar.Current(r.Context())
	if err != nil {
		return err
	}
	f := readFilters(r.URL.Query())
	q := f.query(&cal, a.site.Rome())
	page := readPage(r.URL.Query(), perPage)
	res, err := a.store.Search(r.Context(), v.Account.ID, &q, page)
	if err != nil {
		return err
	}
	data := &listView{
		Base: site.Base{Title: "list.title", Nav: "applications", Crumbs: []site.Crumb{{Label: a.site.Say(v, "list.title")}}},
		F:    f, O: a.options(v, &f, &cal), Open: f.narrowed() > 0, Searched: len(f.values()) > 0, Clear: "/applications", Count: a.count(v, &res),
	}
	for i := range res.Entries {
		row, err := a.row(v, &res.Entries[i], &cal)
		if err != nil {
			return err
		}
		data.Rows = append(data.Rows, row)
	}
	data.links(&f, &res)
	if err := a.zipLink(r, v, &f, data); err != nil {
		return err
	}
	return a.site.Render(w, r, v, http.StatusOK, "archive-list", data)
}

// links lead to the other pages, and to the file.
func (l *listView) links(f *filters, res *old.Result) {
	to := func(name string, c *old.Cursor) string {
		v := f.values()
		v.Set(name, encode(c))
		return "/applications?" + v.Encode()
	}
	if n := len(res.Entries); n > 0 {
		if res.Earlier {
			l.Before = to("before", &res.Entries[0].Cursor)
			l.First = "/applications?" + f.values().Encode()
		}
		if res.Later {
			l.After = to("after", &res.Entries[n-1].Cursor)
		}
		l.Export = "/applications/export.csv?" + f.values().Encode()
	}
}

func (a *Archive) count(v *site.Visit, res *old.Result) string {
	switch {
	case res.More:
		return a.site.Say(v, "archive.count.more", site.Thousands(v, int64(res.Total)))
	case res.Total == 1:
		return a.site.Say(v, "archive.count.one")
	default:
		return a.site.Say(v, "archive.count", site.Thousands(v, int64(res.Total)))
	}
}

func (a *Archive) row(v *site.Visit, e *old.Entry, cal *clickday.Calendar) (rowView, error) {
	if r := e.Old; r != nil {
		return rowView{
			URL: "/archive/" + r.ID.String(), Worker: r.Worker, Employer: r.Employer, Model: r.Model, Nation: nation(r.Nationality, v.Lang), Day: r.Day,
			State: badge(string(r.State)), Number: r.Number, Updated: a.site.Second(v, r.SentAt), Archived: true,
		}, nil
	}
	app := e.Live
	row := rowView{URL: "/applications/" + app.ID.String(), Model: app.Model, State: badge(stateOf(app)), Updated: a.site.Minute(v, app.UpdatedAt)}
	if m, ok := a.models.Model(app.Model, app.ModelVersion); ok {
		row.Employer, row.Worker = m.SummaryOf(app.Answers)
		row.Nation = nation(m.QuotaOf(app.Answers).State, v.Lang)
	}
	if d := cal.Day(app.Day); d != nil {
		row.Day = clickday.Text{IT: d.TitleIT, EN: d.TitleEN}.In(v.Lang)
		row.When, row.Number = a.site.Minute(v, d.OpensAt()), numberOf(app, d)
	}
	if app.Outcome != nil && app.Outcome.Receipt && row.Number != "" {
		row.Receipt = row.URL + "/receipt"
	}
	return row, nil
}

func numberOf(a *accounts.Application, d *clickday.Day) string {
	if a.Outcome == nil || a.Outcome.Number == 0 {
		return ""
	}
	return clickday.ProtocolNumber(d.Code, a.Outcome.Number)
}

// zipLink offers the receipts of the year that is filtered for, else of this one.
func (a *Archive) zipLink(r *http.Request, v *site.Visit, f *filters, data *listView) error {
	year, ok := a.year(f.Year)
	if !ok {
		return nil
	}
	from, until := a.span(year)
	n, err := a.store.CountReceipts(r.Context(), v.Account.ID, from, until)
	if err != nil || n == 0 {
		return err
	}
	data.Receipts = "/applications/receipts.zip?" + url.Values{"year": {strconv.Itoa(year)}}.Encode()
	data.Zip = a.site.Say(v, "archive.zip", year, n)
	return nil
}

// year reads a year; an empty text is this one.
func (a *Archive) year(text string) (int, bool) {
	if text == "" {
		return a.site.Clock().Now().In(a.site.Rome()).Year(), true
	}
	year, err := strconv.Atoi(text)
	return year, err == nil && year >= 1990 && year <= 2200
}

// span is a year in Italy.
func (a *Archive) span(year int) (from, until time.Time) {
	return time.Date(year, 1, 1, 0, 0, 0, 0, a.site.Rome()), time.Date(year+1, 1, 1, 0, 0, 0, 0, a.site.Rome())
}
