package sample

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"puntuale/internal/codicefiscale"
	"puntuale/internal/forms"
)

// Of returns answers to any model that Model.Check finds nothing wrong with on
// today, a date not after 2031, and that Model.Clean leaves as they are. They are
// realistic for the models of the catalogue; questions that it has never heard of
// it answers by their type. Models of families have persons as employers,
// whatever the kind.
func Of(r *rand.Rand, m *forms.Model, kind Kind, today time.Time) forms.Answers {
	if m.Code == "B" && m.Version == 1 {
		return ModelB(r, kind)
	}
	g := &generator{r: r, m: m, a: make(forms.Answers, 100), today: today, home: pick(r, towns...)}
	g.people(kind)
	g.work()
	g.rest()
	return m.Clean(g.a)
}

// generator makes the answers to one application.
type generator struct {
	r       *rand.Rand
	m       *forms.Model
	a       forms.Answers
	today   time.Time
	home    town
	country country
}

func (g *generator) has(id string) bool {
	_, ok := g.m.Field(id)
	return ok
}

// people answers what is asked about employer, worker and person assisted.
func (g *generator) people(kind Kind) {
	if kind == Any || !g.has("employer_kind") {
		kind = pick(g.r, Company, Company, Person)
	}
	switch {
	case g.has("employer_kind") && kind == Company:
		company(g.r, g.a, g.home)
	case g.has("employer_kind"):
		private(g.r, g.a, g.home)
	case g.has("employer_surname"):
		kind = Person
		private(g.r, g.a, g.home)
	}
	if g.has("employer_kind") {
		g.a["employer_kind"] = string(kind)
	}
	if g.has("assisted_surname") {
		person(g.r, g.a, "assisted")
	}
	worker(g.r, g.a)
	if !g.has("worker_state") {
		g.resident()
	}
	declarations(g.r, g.a, kind)
}

// resident makes of a worker abroad one who lives in Italy.
func (g *generator) resident() {
	birth, err := time.Parse(time.DateOnly, g.a["worker_birth_date"])
	if err != nil {
		panic(err) // worker has written something else
	}
	p := codicefiscale.Person{Surname: g.a["worker_surname"], Name: g.a["worker_name"], Sex: g.a["worker_sex"], Birth: birth, Place: g.a["worker_birth_state"]}
	g.a["worker_tax_code"] = taxCode(g.r, p)
	put(g.a, "worker", address(g.r, g.home))
	g.a["worker_email"] = mailbox(p.Name+p.Surname) + pick(g.r, "@posta.example", "@mail.example", "@pec.example")
}

// work answers what is asked about contract, place of work, housing, business.
func (g *generator) work() {
	contract(g.r, g.a)
	if g.has("season_work") {
		delete(g.a, "contract_ccnl") // contract has chosen one of year-round work
		delete(g.a, "contract_task")
	}
	if f, ok := g.m.Field("contract_level"); ok && f.Type == forms.TypeChoice {
		delete(g.a, "contract_ccnl")
		delete(g.a, "contract_level")
	}
	// These depend on each other by rules that differ from model to model.
	delete(g.a, "contract_hours")
	delete(g.a, "contract_pay")
	site := pick(g.r, g.home, g.home, pick(g.r, towns...))
	if !g.has("employer_kind") {
		site = g.home
	}
	put(g.a, "workplace", address(g.r, site))
	put(g.a, "activity", address(g.r, site))
	housing(g.r, g.a, site)
	delete(g.a, "housing_deduction")
}

// rest answers, in the order of the form, what is still open.
func (g *generator) rest() {
	for i := range g.m.Pages {
		p := &g.m.Pages[i]
		for j := range p.Fields {
			f := &p.Fields[j]
			if g.a[f.ID] != "" || !g.m.Asked(g.a, f) || !f.Required && g.r.IntN(2) == 0 {
				continue
			}
			if choices := usual[f.ID]; len(choices) > 0 && f.Type != forms.TypeChoice {
				g.a[f.ID] = pick(g.r, choices...)
			} else {
				g.a[f.ID] = g.byType(f)
			}
		}
	}
}

func (g *generator) byType(f *forms.Field) string {
	switch f.Type {
	case forms.TypeChoice:
		return g.choice(f)
	case forms.TypeBoolean:
		return g.boolean(f)
	case forms.TypeInteger:
		return fmt.Sprint(g.integer(f))
	case forms.TypeMoney:
		return g.money(f)
	case forms.TypeDate:
		return g.date(f)
	case forms.TypeText:
		return g.text(f)
	case forms.TypePassport:
		return "I" + number(g.r, 8)
	case forms.TypeCompanyID:
		return companyCode(g.r)
	case forms.TypeEmail:
		return "persona" + number(g.r, 4) + "@posta.example"
	case forms.TypeState:
		return pick(g.r, countries...).code
	case forms.TypePlace:
		return g.home.code
	case forms.TypeProvince:
		return g.home.province
	case forms.TypePostcode:
		return g.home.postcode
	case forms.TypeTaxCode:
		return taxCode(g.r, codicefiscale.Person{
			Surname: pick(g.r, italianSurnames...), Name: italianName(g.r, "F"), Sex: "F", Birth: date(g.r, 1955, 1996), Place: g.home.code,
		})
	}
	panic("sample: no answers of type " + string(f.Type))
}

func (g *generator) choice(f *forms.Field) string { return pick(g.r, f.Options...).Value }

func (g *generator) boolean(f *forms.Field) string {
	for i := range g.m.Rules {
		if rule := &g.m.Rules[i]; rule.Kind == "must_be_yes" && rule.Fields[0] == f.ID {
			return "yes"
		}
	}
	return pick(g.r, "yes", "no")
}

func (g *generator) text(f *forms.Field) string {
	switch f.ID {
	case "contract_task":
		return pick(g.r, seasonTasks[g.a["season_work"]]...)
	case "activity_name":
		return pick(g.r, businesses...) + " " + g.a["worker_surname"]
	case "care_certificate":
		return "INPS " + g.home.name + ", verbale n. " + number(g.r, 7)
	case "study_school":
		return pick(g.r, schools...) + " " + g.home.name
	case "season_employer":
		return pick(g.r, trades...) + " " + pick(g.r, firms...) + " S.r.l."
	}
	s := pick(g.r, "come da documento", "secondo accordi", "vedi allegato") + " " + strings.ToLower(capitals(g.r, 4))
	return string([]rune(s)[:min(len(s), f.MaxLength)])
}
