package portal

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/lists"
	"puntuale/internal/portal/site"
	"puntuale/internal/quota"
	"puntuale/internal/ranking"
)

// ListStore is what published lists and quotas are read from; all of it is for
// everybody but Standings. What is missing is lists.ErrNotFound.
type ListStore interface {
	// Lists returns every list without files, the newest day and version first.
	Lists(ctx context.Context) ([]lists.Published, error)
	// List returns one list with its files.
	List(ctx context.Context, dayCode string, version int) (*lists.Published, error)
	ListFile(ctx context.Context, dayCode string, version int, name string) (lists.File, error)
	// ReadListFile calls send with the bytes of a file, piece by piece.
	ReadListFile(ctx context.Context, dayCode string, version int, name string, send func([]byte) error) error
	// QuotaVersions returns every version without its document, the newest first.
	QuotaVersions(ctx context.Context) ([]lists.Quotas, error)
	QuotaVersion(ctx context.Context, dayCode string, version int) (*lists.Quotas, error)
	// Standings returns what the newest lists gave to an account's submissions.
	Standings(ctx context.Context, account clickday.AccountID) (map[clickday.SubmissionID]lists.Standing, error)
}

// listView is a published list in a few words.
type listView struct {
	URL      string
	Version  int
	Kind     string // key of the texts
	Class    string // of the site.Badge
	At       string
	Operator string
	Reason   string
	Numbered string
	Admitted string // empty while no places are given
}

// quotasView is a version of the quotas in a few words.
type quotasView struct {
	URL      string
	Version  int
	At       string
	Operator string
	Reason   string
	Rule     string
	Total    string
	Groups   string
	SHA256   string // of the document
}

// listDayView is one click day with what is published about it.
type listDayView struct {
	Day    dayView
	Quotas []quotasView // the newest first
	Lists  []listView   // the newest first
}

type listsView struct {
	site.Base
	Days []listDayView
}

// publicLists is the page with everything that is published, the newest click
// days first.
func (p *Portal) publicLists(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	cal, _, err := p.calendar.Current(r.Context())
	if err != nil {
		return err
	}
	published, err := p.store.Lists(r.Context())
	if err != nil {
		return err
	}
	quotas, err := p.store.QuotaVersions(r.Context())
	if err != nil {
		return err
	}
	data := &listsView{Base: site.Base{Title: "lists.title", Nav: "lists", Crumbs: []site.Crumb{{Label: p.site.Say(v, "lists.title")}}}}
	for _, d := range newestFirst(cal.Real()) {
		view := listDayView{Day: p.dayView(v, &d)}
		for i := range quotas {
			if quotas[i].Day == d.ID {
				view.Quotas = append(view.Quotas, p.quotasView(v, &quotas[i]))
			}
		}
		for i := range published {
			if published[i].Day == d.ID {
				view.Lists = append(view.Lists, p.listView(v, &published[i]))
			}
		}
		data.Days = append(data.Days, view)
	}
	return p.site.Render(w, r, v, http.StatusOK, "lists", data)
}

func (p *Portal) listView(v *site.Visit, l *lists.Published) listView {
	out := listView{
		URL: listURL(l.DayCode, l.Version), Version: l.Version, Kind: "lists.provisional", Class: "wait", At: p.site.Second(v, l.At),
		Operator: l.Operator, Reason: l.Reason, Numbered: site.Thousands(v, l.Summary.Numbered),
	}
	if l.Kind == ranking.Final {
		out.Kind, out.Class = "lists.final", "done"
	}
	if l.Summary.Decided {
		var n int64
		for i := range l.Summary.Groups {
			n += l.Summary.Groups[i].Used
		}
		out.Admitted = site.Thousands(v, n)
	}
	return out
}

func listURL(dayCode string, version int) string {
	return "/lists/" + dayCode + "/" + strconv.Itoa(version)
}

func (p *Portal) quotasView(v *site.Visit, q *lists.Quotas) quotasView {
	out := quotasView{
		URL: "/quotas/" + q.DayCode + "/" + strconv.Itoa(q.Version), Version: q.Version, At: p.site.Second(v, q.At), Operator: q.Operator,
		Reason: q.Reason, Rule: p.words.Rule(q.Rule, v.Lang), Total: site.Thousands(v, q.Table.Total()), Groups: site.Thousands(v, int64(len(q.Table.Rows()))),
	}
	if len(q.Document) > 0 {
		out.SHA256 = hexSum(q.Document)
	}
	return out
}

// groupView is one row of the table of groups.
type groupView struct {
	Name, Code                                   string
	Places, Demand, Admitted, Reallocated, Waits string
}

type moveView struct {
	Round            int
	From, To, Places string
}

type fileView struct {
	Name, URL, Size, SHA256, What string
}

type listPageView struct {
	site.Base
	List listView
	Day  dayView

	Facts   []labelled
	Rule    string
	RuleRaw string
	Quotas  string // address, empty for none
	Decided bool
	NoRace  bool
	Final   bool
	Groups  []groupView
	Moves   []moveView
	Files   []fileView
}

// labelled is a text of the catalogue with a value.
type labelled struct{ Key, Value string }

// publicList is the page of one published list.
func (p *Portal) publicList(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	version, err := versionOf(r)
	if err != nil {
		return err
	}
	l, err := p.store.List(r.Context(), r.PathValue("day"), version)
	if err != nil {
		return missing(err)
	}
	data := &listPageView{
		List: p.listView(v, l), RuleRaw: l.Rule, Decided: l.Summary.Decided, NoRace: l.Summary.NoRace,
		Final: l.Kind == ranking.Final,
	}
	if err := p.listDay(r, v, data, l); err != nil {
		return err
	}
	data.Base = site.Base{Text: p.site.Say(v, data.List.Kind+".of", data.Day.Title), Nav: "lists", Crumbs: []site.Crumb{
		{Label: p.site.Say(v, "lists.title"), URL: "/lists"}, {Label: p.site.Say(v, "lists.version", l.DayCode, l.Version)},
	}}
	if rule, err := quota.ParseRule(l.Rule); err == nil {
		data.Rule = p.words.Rule(rule, v.Lang)
		data.Quotas = "/quotas/" + l.DayCode + "/" + strconv.Itoa(l.Quotas)
	}
	p.listTables(v, data, l)
	return p.site.Render(w, r, v, http.StatusOK, "list", data)
}

func (p *Portal) listDay(r *http.Request, v *site.Visit, data *listPageView, l *lists.Published) error {
	cal, _, err := p.calendar.Current(r.Context())
	if err != nil {
		return err
	}
	day := cal.Day(l.Day)
	if day == nil { // published, and gone from the calendar
		day = &clickday.Day{Code: l.DayCode, TitleIT: l.DayCode, TitleEN: l.DayCode}
	}
	data.Day = p.dayView(v, day)
	s := &l.Summary
	at := func(ns int64) string {
		if ns == 0 {
			return "–"
		}
		return p.site.ExactTo(v, time.Unix(0, ns), day.Grain())
	}
	data.Facts = []labelled{
		{"lists.numbered", site.Thousands(v, s.Numbered)}, {"lists.repeated", site.Thousands(v, s.Repeated)}, {"lists.refused", site.Thousands(v, s.Refused)},
		{"lists.late", site.Thousands(v, s.Late)}, {"lists.close", site.Thousands(v, s.ClosePairs)},
		{"lists.first", at(s.First)}, {"lists.last", at(s.Last)},
	}
	return nil
}

// listTables fills the groups, moves and files.
func (p *Portal) listTables(v *site.Visit, data *listPageView, l *lists.Published) {
	for i := range l.Summary.Groups {
		c := &l.Summary.Groups[i]
		if c.Places == 0 && c.Demand == 0 {
			continue
		}
		g := groupView{
			Name: p.words.Group(c.Group, v.Lang), Code: string(c.Group), Places: site.Thousands(v, c.Places), Demand: site.Thousands(v, c.Demand),
			Admitted: "–", Reallocated: "–", Waits: "–",
		}
		if l.Summary.Decided {
			g.Admitted, g.Reallocated, g.Waits = site.Thousands(v, c.Own+c.Reallocated), site.Thousands(v, c.Reallocated), site.Thousands(v, c.Waiting)
		}
		data.Groups = append(data.Groups, g)
	}
	for _, m := range l.Summary.Moves {
		data.Moves = append(data.Moves, moveView{m.Round, p.words.Group(m.From, v.Lang), p.words.Group(m.To, v.Lang), site.Thousands(v, m.Places)})
	}
	for _, f := range inReadingOrder(l.Files) {
		what := "lists.file.part"
		switch f.Name {
		case lists.CSVName:
			what = "lists.file.csv"
		case lists.SummaryName:
			what = "lists.file.summary"
		}
		data.Files = append(data.Files, fileView{
			Name: f.Name, URL: listURL(l.DayCode, l.Version) + "/" + f.Name, Size: site.Size(v, f.Size), SHA256: hex.EncodeToString(f.SHA256[:]), What: what,
		})
	}
}

// inReadingOrder puts the overview first, then the CSV, then the parts.
func inReadingOrder(files []lists.File) []lists.File {
	rank := func(f lists.File) int {
		switch f.Name {
		case lists.SummaryName:
			return 0
		case lists.CSVName:
			return 1
		default:
			return 2
		}
	}
	out := slices.Clone(files)
	slices.SortStableFunc(out, func(a, b lists.File) int { return rank(a) - rank(b) })
	return out
}

type quotaPageView struct {
	site.Base
	Quotas  quotasView
	RuleRaw string
	Rows    []groupView
	More    string // rows that are left out, empty for none
	Nations []lists.NationWords
}

// maxQuotaRows keeps the page of a large table short; the CSV has all of it.
const maxQuotaRows = 500

// publicQuotas is the page of one version of the quotas.
func (p *Portal) publicQuotas(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	version, err := versionOf(r)
	if err != nil {
		return err
	}
	q, err := p.store.QuotaVersion(r.Context(), r.PathValue("day"), version)
	if err != nil {
		return missing(err)
	}
	data := &quotaPageView{Quotas: p.quotasView(v, q), RuleRaw: q.Rule.String(), Nations: p.words.Nations(q.Nations, v.Lang)}
	data.Base = site.Base{Text: p.site.Say(v, "quotas.of", q.DayCode, q.Version), Nav: "lists", Crumbs: []site.Crumb{
		{Label: p.site.Say(v, "lists.title"), URL: "/lists"}, {Label: p.site.Say(v, "quotas.crumb", q.DayCode, q.Version)},
	}}
	rows := q.Table.Rows()
	if len(rows) > maxQuotaRows {
		data.More, rows = site.Thousands(v, int64(len(rows)-maxQuotaRows)), rows[:maxQuotaRows]
	}
	for _, row := range rows {
		data.Rows = append(data.Rows, groupView{Name: p.words.Group(row.Group, v.Lang), Code: string(row.Group), Places: site.Thousands(v, row.Places)})
	}
	return p.site.Render(w, r, v, http.StatusOK, "quotas", data)
}

func versionOf(r *http.Request) (int, error) {
	n, err := strconv.Atoi(r.PathValue("version"))
	if err != nil || n < 1 || strconv.Itoa(n) != r.PathValue("version") {
		return 0, accounts.ErrNotFound
	}
	return n, nil
}

// missing turns what is not published into a page that is not there.
func missing(err error) error {
	if errors.Is(err, lists.ErrNotFound) {
		return accounts.ErrNotFound
	}
	return err
}
