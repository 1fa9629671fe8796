package portal

import (
	"net/http"

	"puntuale/internal/clickday"
	"puntuale/internal/lists"
	"puntuale/internal/portal/site"
	"puntuale/internal/ranking"
)

// standingView says what the newest list gave to an application.
type standingView struct {
	Class string // of the note
	Title string // key of the texts
	Lines []string
	URL   string // of the list
	List  string
}

// standing looks a submission up in the newest list of its day; nil while none
// is published.
func (p *Portal) standing(r *http.Request, v *site.Visit, id clickday.SubmissionID) (*standingView, error) {
	all, err := p.store.Standings(r.Context(), v.Account.ID)
	if err != nil {
		return nil, err
	}
	s, ok := all[id]
	if !ok {
		return nil, nil
	}
	return p.standingView(v, &s), nil
}

func (p *Portal) standingView(v *site.Visit, s *lists.Standing) *standingView {
	out := &standingView{Title: standingTitle(s), URL: listURL(s.DayCode, s.Version)}
	kind := "standing.provisional"
	if s.Kind == ranking.Final {
		kind = "standing.final"
	}
	out.List = p.site.Say(v, kind, s.Version, p.site.Second(v, s.At))
	say := func(key string, args ...any) { out.Lines = append(out.Lines, p.site.Say(v, key, args...)) }
	group := p.words.Group(s.Group, v.Lang)
	places := site.Thousands(v, s.Count.Places)
	switch {
	case s.Group == "":
		say("standing.noquotas")
		return out
	case !s.Decided:
		say("standing.draw", group, places)
		return out
	}
	say("standing.rank", site.Thousands(v, s.Rank), site.Thousands(v, s.Count.Demand), group, places)
	switch {
	case s.Admitted && s.Round > 0:
		out.Class = "good"
		say("standing.reallocated", p.words.Group(s.Source, v.Lang), s.Round)
	case s.Admitted:
		out.Class = "good"
	default:
		out.Class = "warn"
		say("standing.change")
	}
	if s.Kind == ranking.Provisional {
		say("standing.maychange")
	}
	return out
}

// standingTitle is the one-line answer, as a key of the texts.
func standingTitle(s *lists.Standing) string {
	switch {
	case s.Group == "":
		return "standing.listed"
	case !s.Decided:
		return "standing.undecided"
	case s.Admitted:
		return "standing.in"
	default:
		return "standing.out"
	}
}
