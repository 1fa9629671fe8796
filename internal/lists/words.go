package lists

import (
	"slices"
	"strings"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/places"
	"puntuale/internal/quota"
)

// Words writes groups as people read them.
type Words struct {
	sectors map[string]clickday.Text
	states  map[string]clickday.Text // by ISO code
}

// NewWords takes the names of sectors from the models.
func NewWords(models *forms.Catalogue) *Words {
	w := &Words{sectors: map[string]clickday.Text{}, states: map[string]clickday.Text{}}
	for _, m := range models.All() {
		for _, o := range m.SectorNames() {
			w.sectors[o.Value] = o.Label
		}
	}
	for _, p := range places.States() {
		if p.ISO != "" {
			w.states[p.ISO] = clickday.Text{IT: p.Name, EN: p.English}
		}
	}
	return w
}

var everybody = clickday.Text{IT: "Tutti gli altri", EN: "Everybody else"}

// Group returns for example "Albania · Turismo · Milano"; parts that do not
// matter are left out.
func (w *Words) Group(g quota.Group, lang string) string {
	if g == quota.Everybody {
		return everybody.In(lang)
	}
	n := g.Names()
	var out []string
	if name := n[quota.Nationality]; name != quota.Any {
		out = append(out, nameOf(w.states, name, lang))
	}
	if name := n[quota.Sector]; name != quota.Any {
		out = append(out, nameOf(w.sectors, name, lang))
	}
	if name := n[quota.Province]; name != quota.Any {
		if p, ok := places.Province(name); ok {
			name = p.Name
		}
		out = append(out, name)
	}
	return strings.Join(out, " · ")
}

func nameOf(names map[string]clickday.Text, code, lang string) string {
	t, ok := names[code]
	switch {
	case !ok:
		return code
	case t.In(lang) == "":
		return t.IT
	default:
		return t.In(lang)
	}
}

var dimensionWords = [...]clickday.Text{
	{IT: "nazionalità", EN: "nationality"}, {IT: "settore", EN: "sector"}, {IT: "provincia", EN: "province"},
}

// Rule says in a few sentences how places are given.
func (w *Words) Rule(r quota.Rule, lang string) string {
	var t clickday.Text
	switch p := r.Policy.(type) {
	case quota.DrawAmongAll:
		t = clickday.Text{
			IT: "Sorteggio verificabile tra tutte le domande della giornata: l’ora di arrivo non conta.",
			EN: "Verifiable draw among all applications of the day: the time of arrival does not count.",
		}
	case quota.DrawAmongEquals:
		span := strings.TrimPrefix(p.String(), "draw-equals span=")
		t = clickday.Text{
			IT: "Ordine di arrivo; tra le domande arrivate nello stesso intervallo di " + span + ", sorteggio verificabile.",
			EN: "Order of arrival; among applications that arrived within the same span of " + span + ", a verifiable draw.",
		}
	default:
		t = clickday.Text{IT: "Ordine di arrivo.", EN: "Order of arrival."}
	}
	if len(r.Rounds) == 0 {
		return t.In(lang) + " " + clickday.Text{
			IT: "I posti non richiesti da un gruppo non passano ad altri.",
			EN: "Places that a group does not ask for do not go to others.",
		}.In(lang)
	}
	var steps []string
	for _, d := range r.Rounds {
		steps = append(steps, dimensionWords[d].In(lang))
	}
	return t.In(lang) + " " + clickday.Text{
		IT: "I posti non richiesti da un gruppo passano a gruppi più ampi, in cui non contano più, un turno dopo l’altro: ",
		EN: "Places that a group does not ask for go to wider groups, in which, round after round, these no longer count: ",
	}.In(lang) + strings.Join(steps, ", ") + "."
}

// NationWords is a nationality group with the states in it.
type NationWords struct {
	Group  string
	States string
}

// Nations returns the groups by name, with their states as people call them.
func (w *Words) Nations(n quota.Nations, lang string) []NationWords {
	var out []NationWords
	at := map[string]int{}
	for _, l := range n.List() {
		name := nameOf(w.states, l.State, lang)
		if i, ok := at[l.Group]; ok {
			out[i].States += ", " + name
			continue
		}
		at[l.Group] = len(out)
		out = append(out, NationWords{l.Group, name})
	}
	slices.SortFunc(out, func(a, b NationWords) int { return strings.Compare(a.Group, b.Group) })
	return out
}
