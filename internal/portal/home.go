package portal

import (
	"net/http"
	"slices"

	"puntuale/internal/clickday"
)

// dayView is a click day as lists show it.
type dayView struct {
	ID     clickday.DayID
	Code   string
	Title  string
	Opens  string
	Closes string
	State  string // key of the texts
	Class  string // of the badge
	Models []modelView
}

type modelView struct {
	Code  clickday.ModelCode
	Title string
	About string
}

func (p *Portal) dayView(v *visit, d *clickday.Day) dayView {
	out := dayView{
		ID: d.ID, Code: d.Code, Title: dayTitle(v, d), Opens: p.second(v, d.OpensAt()), Closes: p.minute(v, d.ClosesAt()),
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
			out.Models = append(out.Models, modelView{code, m.Title.In(v.lang), m.About.In(v.lang)})
		}
	}
	return out
}

func dayTitle(v *visit, d *clickday.Day) string {
	return clickday.Text{IT: d.TitleIT, EN: d.TitleEN}.In(v.lang)
}

// maxDaysShown keeps the first page short when many days have passed.
const maxDaysShown = 10

type homeView struct {
	base
	Days []dayView // the newest opening first
}

func (p *Portal) home(w http.ResponseWriter, r *http.Request, v *visit) error {
	cal, _, err := p.calendar.Current(r.Context())
	if err != nil {
		return err
	}
	slices.SortFunc(cal.Days, func(a, b clickday.Day) int { return int(min(max(b.Opens-a.Opens, -1), 1)) })
	data := &homeView{base: base{Title: "home.title", Nav: "home"}}
	for i := range cal.Days[:min(len(cal.Days), maxDaysShown)] {
		data.Days = append(data.Days, p.dayView(v, &cal.Days[i]))
	}
	return p.render(w, r, v, http.StatusOK, "home", data)
}

type infoView struct {
	base
	PublicURL  string
	NTPServers []string
}

func (p *Portal) info(w http.ResponseWriter, r *http.Request, v *visit, name string) error {
	title := name + ".title"
	return p.render(w, r, v, http.StatusOK, name, &infoView{
		base:      base{Title: title, Nav: name, Crumbs: []crumb{{Label: p.say(v, title)}}},
		PublicURL: p.cfg.PublicURL, NTPServers: p.cfg.NTPServers,
	})
}

func (p *Portal) miniclient(w http.ResponseWriter, r *http.Request, v *visit) error {
	return p.info(w, r, v, "miniclient")
}

func (p *Portal) accessibility(w http.ResponseWriter, r *http.Request, v *visit) error {
	return p.info(w, r, v, "accessibility")
}

func (p *Portal) privacy(w http.ResponseWriter, r *http.Request, v *visit) error {
	return p.info(w, r, v, "privacy")
}
