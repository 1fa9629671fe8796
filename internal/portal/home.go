package portal

import (
	"net/http"
	"slices"

	"puntuale/internal/clickday"
	"puntuale/internal/portal/site"
)

// dayView is a click day as lists show it.
type dayView struct {
	ID     clickday.DayID
	Code   string
	Title  string
	Opens  string
	Closes string
	State  string // key of the texts
	Class  string // of the site.Badge
	Models []modelView
}

type modelView struct {
	Code  clickday.ModelCode
	Title string
	About string
}

func (p *Portal) dayView(v *site.Visit, d *clickday.Day) dayView {
	out := dayView{
		ID: d.ID, Code: d.Code, Title: dayTitle(v, d), Opens: p.site.Second(v, d.OpensAt()), Closes: p.site.Minute(v, d.ClosesAt()),
	}
	switch d.PhaseAt(p.clock.Now().UnixNano()) {
	case clickday.PhaseBefore:
		out.State, out.Class = "day.before", "ready"
	case clickday.PhaseOpen:
		out.State, out.Class = "day.open", "done"
	case clickday.PhaseSuspended:
		out.State, out.Class = "day.suspended", "todo"
	default:
		out.State, out.Class = "day.after", "wait"
	}
	for _, code := range d.Models {
		if m, ok := p.cfg.Models.Newest(code); ok {
			out.Models = append(out.Models, modelView{code, m.Title.In(v.Lang), m.About.In(v.Lang)})
		}
	}
	return out
}

func dayTitle(v *site.Visit, d *clickday.Day) string {
	return clickday.Text{IT: d.TitleIT, EN: d.TitleEN}.In(v.Lang)
}

// maxDaysShown keeps the first page short when many days have passed.
const maxDaysShown = 10

type homeView struct {
	site.Base
	Days []dayView // the newest opening first
}

func (p *Portal) home(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	cal, _, err := p.calendar.Current(r.Context())
	if err != nil {
		return err
	}
	cal.Days = cal.Real()
	slices.SortFunc(cal.Days, func(a, b clickday.Day) int { return int(min(max(b.Opens-a.Opens, -1), 1)) })
	data := &homeView{Base: site.Base{Title: "home.title", Nav: "home"}}
	for i := range cal.Days[:min(len(cal.Days), maxDaysShown)] {
		data.Days = append(data.Days, p.dayView(v, &cal.Days[i]))
	}
	return p.site.Render(w, r, v, http.StatusOK, "home", data)
}

type infoView struct {
	site.Base
	PublicURL  string
	NTPServers []string
}

func (p *Portal) info(w http.ResponseWriter, r *http.Request, v *site.Visit, name string) error {
	title := name + ".title"
	return p.site.Render(w, r, v, http.StatusOK, name, &infoView{
		Base:      site.Base{Title: title, Nav: name, Crumbs: []site.Crumb{{Label: p.site.Say(v, title)}}},
		PublicURL: p.cfg.PublicURL, NTPServers: p.cfg.NTPServers,
	})
}

func (p *Portal) accessibility(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return p.info(w, r, v, "accessibility")
}

func (p *Portal) privacy(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return p.info(w, r, v, "privacy")
}
