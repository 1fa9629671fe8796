package filling

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/portal/site"
)

type flowView struct {
	Name   string
	Models []modelView
}

type modelView struct {
	Code  clickday.ModelCode
	Title string
	About string
}

// momentView is one named moment of a day and whether it has passed.
type momentView struct {
	Key    string
	At     string
	Passed bool
}

type countView struct {
	Badge site.Badge
	N     int
}

type dayView struct {
	Code    string
	Title   string
	URL     string
	State   site.Badge
	Moments []momentView
	Flows   []flowView
	Places  string // empty while there are none
	Mine    []countView
	Ready   int
	Sealed  int
	CanFill bool // drafts can be addressed to it now
	Chosen  []choiceView
}

// choiceView is a day and a model of it.
type choiceView struct {
	Value, Label string
	Selected     bool
}

type daysView struct {
	site.Base
	Days []dayView // the nearest opening that is still to come first
}

// days is the overview of the click days.
func (f *Filling) days(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	cal, _, err := f.calendar.Current(r.Context())
	if err != nil {
		return err
	}
	counts, err := f.counts(r, v)
	if err != nil {
		return err
	}
	data := &daysView{Base: site.Base{Title: "filling.days.title", Nav: "days", Crumbs: []site.Crumb{{Label: f.site.Say(v, "filling.days.title")}}}}
	list := cal.Real()
	now := f.site.Clock().Now().UnixNano()
	slices.SortStableFunc(list, func(a, b clickday.Day) int { return rank(&a, &b, now) })
	for i := range list {
		d := f.dayView(v, &list[i], counts[list[i].ID])
		q, err := f.store.NewestQuotas(r.Context(), list[i].ID)
		if err != nil {
			return err
		}
		if q != nil {
			d.Places = site.Thousands(v, q.Table.Total())
		}
		data.Days = append(data.Days, d)
	}
	return f.site.Render(w, r, v, http.StatusOK, "days", data)
}

// rank puts days that are not over first, the nearest opening first; those that
// are over behind them, the latest first.
func rank(a, b *clickday.Day, now int64) int {
	overA, overB := a.PhaseAt(now) == clickday.PhaseAfter, b.PhaseAt(now) == clickday.PhaseAfter
	switch {
	case overA != overB && overA:
		return 1
	case overA != overB:
		return -1
	case overA:
		return int(min(max(b.Opens-a.Opens, -1), 1))
	default:
		return int(min(max(a.Opens-b.Opens, -1), 1))
	}
}

func (f *Filling) counts(r *http.Request, v *site.Visit) (map[clickday.DayID]map[clickday.ApplicationState]int, error) {
	if v.Account == nil {
		return nil, nil
	}
	return f.store.DayCounts(r.Context(), v.Account.ID)
}

func (f *Filling) dayView(v *site.Visit, d *clickday.Day, counts map[clickday.ApplicationState]int) dayView {
	now := f.site.Clock().Now()
	out := dayView{Code: d.Code, Title: dayTitle(v, d), URL: "/days/" + d.Code, CanFill: f.drafts.InPreparation(d), Ready: counts[clickday.Ready], Sealed: counts[clickday.Sealed]}
	switch d.PhaseAt(now.UnixNano()) {
	case clickday.PhaseBefore:
		out.State = site.Badge{Key: "filling.day.before", Class: "ready"}
	case clickday.PhaseOpen:
		out.State = site.Badge{Key: "filling.day.open", Class: "done"}
	case clickday.PhaseSuspended:
		out.State = site.Badge{Key: "filling.day.suspended", Class: "todo"}
	default:
		out.State = site.Badge{Key: "filling.day.after", Class: "wait"}
	}
	moment := func(key string, ns int64) {
		t := time.Unix(0, ns)
		out.Moments = append(out.Moments, momentView{key, f.site.Second(v, t), !now.Before(t)})
	}
	moment("filling.moment.prepare", d.Prepare)
	moment("filling.moment.sync", d.Sync)
	moment("filling.moment.opens", d.Opens)
	moment("filling.moment.closes", d.Closes)
	for _, s := range []clickday.ApplicationState{clickday.ToComplete, clickday.ToValidate, clickday.Ready, clickday.Sealed} {
		if counts[s] > 0 {
			out.Mine = append(out.Mine, countView{states[s], counts[s]})
		}
	}
	f.addModels(v, d, &out)
	return out
}

// addModels groups the models of a day by the flow that they belong to.
func (f *Filling) addModels(v *site.Visit, d *clickday.Day, out *dayView) {
	at := map[string]int{}
	for _, code := range d.Models {
		m, ok := f.models.Newest(code)
		if !ok {
			continue
		}
		flow := m.FlowName().In(v.Lang)
		i, known := at[flow]
		if !known {
			i = len(out.Flows)
			at[flow] = i
			out.Flows = append(out.Flows, flowView{Name: flow})
		}
		out.Flows[i].Models = append(out.Flows[i].Models, modelView{code, m.Title.In(v.Lang), m.About.In(v.Lang)})
		out.Chosen = append(out.Chosen, choiceView{Value: choice(d, code), Label: string(code) + " – " + m.Title.In(v.Lang)})
	}
}

// choice names a day and a model in forms and addresses.
func choice(d *clickday.Day, code clickday.ModelCode) string {
	return strconv.FormatUint(uint64(d.ID), 10) + "/" + string(code)
}

func dayTitle(v *site.Visit, d *clickday.Day) string {
	return clickday.Text{IT: d.TitleIT, EN: d.TitleEN}.In(v.Lang)
}

type groupView struct{ Name, Places string }

type dayPageView struct {
	site.Base
	Day    dayView
	Groups []groupView
	More   string // groups that are left out, empty for none
	Quotas string // address of the page of the quotas, empty while there are none
}

// maxGroups keeps the page of a day with a large table of places short.
const maxGroups = 40

// day is the page of one click day.
func (f *Filling) day(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	d, err := f.dayOf(r)
	if err != nil {
		return err
	}
	counts, err := f.counts(r, v)
	if err != nil {
		return err
	}
	data := &dayPageView{Day: f.dayView(v, d, counts[d.ID])}
	data.Base = site.Base{Text: data.Day.Title, Nav: "days", Crumbs: []site.Crumb{{Label: f.site.Say(v, "filling.days.title"), URL: "/days"}, {Label: data.Day.Title}}}
	q, err := f.store.NewestQuotas(r.Context(), d.ID)
	if err != nil {
		return err
	}
	if q != nil {
		data.Day.Places = site.Thousands(v, q.Table.Total())
		data.Quotas = "/quotas/" + d.Code + "/" + strconv.Itoa(q.Version)
		for _, row := range q.Table.Rows() {
			if row.Places > 0 {
				data.Groups = append(data.Groups, groupView{f.words.Group(row.Group, v.Lang), site.Thousands(v, row.Places)})
			}
		}
		if n := len(data.Groups); n > maxGroups {
			data.More, data.Groups = site.Thousands(v, int64(n-maxGroups)), data.Groups[:maxGroups]
		}
	}
	return f.site.Render(w, r, v, http.StatusOK, "day", data)
}

// dayOf finds the click day of an address; rehearsals have no page.
func (f *Filling) dayOf(r *http.Request) (*clickday.Day, error) {
	cal, _, err := f.calendar.Current(r.Context())
	if err != nil {
		return nil, err
	}
	for i := range cal.Days {
		if cal.Days[i].Code == r.PathValue("code") && !cal.Days[i].Rehearsal {
			return &cal.Days[i], nil
		}
	}
	return nil, accounts.ErrNotFound
}
