package parties

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	rules "puntuale/internal/parties"
	"puntuale/internal/portal/site"
)

// perPage is how many mandates a page of the list shows.
const perPage = 50

type mandateRow struct {
	URL   string
	Other string // name of the other side
	Code  string // of the employer, on the intermediary's side
	Day   string // code of the click day, empty for all
	From  string
	Until string
	State site.Badge
}

type mandatesView struct {
	site.Base
	Intermediary bool
	Waived       bool        // an account that the installation's operator has made
	State        *site.Badge // of an intermediary that is not approved
	PartyURL     string
	Words        string
	Rows         []mandateRow
	Total        int
	Previous     string
	Next         string
	May          bool // may grant or ask
}

var mandateBadges = map[rules.MandateState]site.Badge{
	rules.Asked:          {Key: "parties.mandate.asked", Class: "todo"},
	rules.Granted:        {Key: "parties.mandate.granted", Class: "done"},
	rules.Declared:       {Key: "parties.mandate.declared", Class: "done"},
	rules.MandateRefused: {Key: "parties.mandate.refused", Class: "wrong"},
	rules.Revoked:        {Key: "parties.mandate.revoked", Class: "wait"},
}

// badge is the state in words; one whose time is over, or has not come, says so.
func (p *Parties) badge(m *rules.Mandate) site.Badge {
	now := p.site.Clock().Now()
	switch {
	case m.State != rules.Revoked && m.State != rules.MandateRefused && !m.Until.IsZero() && !now.Before(m.Until):
		return site.Badge{Key: "parties.mandate.over", Class: "wait"}
	case (m.State == rules.Granted || m.State == rules.Declared) && now.Before(m.From):
		return site.Badge{Key: "parties.mandate.later", Class: "ready"}
	}
	return mandateBadges[m.State]
}

func (p *Parties) mandateRow(v *site.Visit, m *rules.Mandate) mandateRow {
	out := mandateRow{
		URL: "/mandates/" + strconv.FormatInt(m.ID, 10), Other: m.IntermediaryName, Day: m.DayCode, From: p.day(m.From), Until: p.lastDay(m.Until), State: p.badge(m),
	}
	if m.Intermediary == v.Account.ID {
		out.Other, out.Code = m.EmployerName, m.EmployerCode
	}
	return out
}

// mandates lists what the chosen account has given or holds.
func (p *Parties) mandates(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	who := p.chosen(v)
	page, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || page < 1 || page > 1_000_000 {
		page = 1
	}
	words := clean(r.URL.Query().Get("q"), 100)
	list, total, err := p.store.Mandates(r.Context(), who, words, perPage, (page-1)*perPage)
	if err != nil {
		return err
	}
	data := &mandatesView{
		Base:         site.Base{Title: "parties.mandates", Nav: "mandates", Crumbs: []site.Crumb{{Label: p.site.Say(v, "parties.mandates")}}},
		Intermediary: v.Account.Kind == accounts.Intermediary, Words: words, Total: total, PartyURL: partyURL(v.Account.ID),
	}
	if err := p.setStanding(r, v, who, data); err != nil {
		return err
	}
	for i := range list {
		data.Rows = append(data.Rows, p.mandateRow(v, &list[i]))
	}
	turn := func(n int) string {
		return "/mandates?" + url.Values{"q": {words}, "page": {strconv.Itoa(n)}}.Encode()
	}
	if page > 1 {
		data.Previous = turn(page - 1)
	}
	if page*perPage < total {
		data.Next = turn(page + 1)
	}
	return p.site.Render(w, r, v, http.StatusOK, "mandates", data)
}

// setStanding says what the visitor may do with mandates.
func (p *Parties) setStanding(r *http.Request, v *site.Visit, who rules.Actor, data *mandatesView) error {
	if !data.Intermediary {
		data.May = v.Role.Covers(rules.Manager)
		return nil
	}
	o, err := p.store.Organisation(r.Context(), who)
	if errors.Is(err, accounts.ErrNotFound) {
		data.Waived = true
		return nil
	}
	if err != nil {
		return err
	}
	data.May = o.State == rules.Approved
	if !data.May {
		data.State = stateBadges[o.State]
	}
	return nil
}

// clean makes one line of what was typed, of at most so many characters.
func clean(s string, most int) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")), " ")
	if r := []rune(s); len(r) > most {
		s = string(r[:most])
	}
	return s
}

type mandateView struct {
	site.Base
	URL      string
	State    site.Badge
	Mandate  *rules.Mandate
	Rows     []row
	Document string // address, empty without
	Answer   bool   // waits for the visitor's answer
	Waits    bool   // waits for the answer of somebody else
	Revoke   bool
	Resting  int
	Mine     bool // the visitor is on the employer's side
}

func (p *Parties) mandate(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	id, err := number(r, "mandate")
	if err != nil {
		return err
	}
	m, err := p.store.Mandate(r.Context(), p.chosen(v), id)
	if err != nil {
		return err
	}
	say := func(key string, args ...any) string { return p.site.Say(v, key, args...) }
	one := p.mandateRow(v, &m)
	data := &mandateView{
		Base: site.Base{
			Text: say("parties.mandate.of", m.EmployerName, m.IntermediaryName), Nav: "mandates",
			Crumbs: []site.Crumb{{Label: say("parties.mandates"), URL: "/mandates"}, {Label: one.Other}},
		},
		URL: one.URL, State: one.State, Mandate: &m, Resting: m.Resting, Mine: m.Intermediary != v.Account.ID,
	}
	manager := v.Role.Covers(rules.Manager)
	live := m.Until.IsZero() || p.site.Clock().Now().Before(m.Until)
	data.Answer = m.State == rules.Asked && live && data.Mine && manager
	data.Waits = m.State == rules.Asked && live && !data.Mine
	data.Revoke = (m.State == rules.Granted || m.State == rules.Declared || m.State == rules.Asked && !data.Mine) && manager
	scope := say("parties.scope.all")
	if m.DayCode != "" {
		scope = say("parties.scope.day", m.DayCode)
	}
	until := one.Until
	if until == "" {
		until = say("parties.until.none")
	}
	data.Rows = []row{
		{say("parties.field.employer"), m.EmployerName}, {say("parties.field.employer_code"), m.EmployerCode},
		{say("parties.field.intermediary"), m.IntermediaryName}, {say("parties.field.scope"), scope},
		{say("parties.field.from"), one.From}, {say("parties.field.until"), until}, {say("parties.field.created"), p.site.Minute(v, m.CreatedAt)},
	}
	if !m.DecidedAt.IsZero() {
		data.Rows = append(data.Rows, row{say("parties.field.decided"), p.site.Minute(v, m.DecidedAt)})
	}
	if !m.RevokedAt.IsZero() {
		data.Rows = append(data.Rows, row{say("parties.field.revoked"), p.site.Minute(v, m.RevokedAt)})
	}
	if m.Document != "" {
		data.Document = one.URL + "/document"
	}
	return p.site.Render(w, r, v, http.StatusOK, "mandate", data)
}

// mandateDocument serves the file so that nothing in it can act as a page of the
// portal: as a download, under a policy that allows nothing.
func (p *Parties) mandateDocument(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	id, err := number(r, "mandate")
	if err != nil {
		return err
	}
	f, err := p.store.MandateDocument(r.Context(), p.chosen(v), id)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", f.MediaType)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Length", strconv.Itoa(len(f.Content)))
	w.Write(f.Content) // a browser that has gone away misses its file, nothing else
	return nil
}

func (p *Parties) mandateAnswer(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	id, err := number(r, "mandate")
	if err != nil {
		return err
	}
	answer := r.PostForm.Get("answer")
	if answer != "grant" && answer != "refuse" {
		return site.ErrBadRequest
	}
	m, err := p.store.Mandate(r.Context(), p.chosen(v), id)
	if err != nil {
		return err
	}
	grant := answer == "grant"
	flash, words := "parties.flash.refused", "parties.letter.refuse."
	if grant {
		flash, words = "parties.flash.granted", "parties.letter.grant."
	}
	if err := p.store.AnswerMandate(r.Context(), p.chosen(v), id, grant, p.mandateLetter(&m, words)); err != nil {
		return err
	}
	p.site.Log().InfoContext(r.Context(), "mandate answered", "person", v.Person.ID, "account", v.Account.ID, "mandate", id, "answer", answer)
	p.site.Flash(r, flash)
	http.Redirect(w, r, "/mandates/"+strconv.FormatInt(id, 10), http.StatusSeeOther)
	return nil
}

func (p *Parties) mandateRevoke(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	id, err := number(r, "mandate")
	if err != nil {
		return err
	}
	m, err := p.store.Mandate(r.Context(), p.chosen(v), id)
	if err != nil {
		return err
	}
	voided, err := p.store.RevokeMandate(r.Context(), p.chosen(v), id, p.mandateLetter(&m, "parties.letter.revoke."))
	if err != nil {
		return err
	}
	p.site.Log().InfoContext(r.Context(), "mandate revoked", "person", v.Person.ID, "account", v.Account.ID, "mandate", id, "seals", voided)
	p.site.Flash(r, "parties.flash.mandate_revoked")
	http.Redirect(w, r, "/mandates/"+strconv.FormatInt(id, 10), http.StatusSeeOther)
	return nil
}

type missingView struct {
	site.Base
	Kind    string // key of the texts
	Name    string
	Code    string
	Day     string
	Ask     string // address of the form for a mandate, filled in; empty where that does not help
	See     string // address of what is there
	Back    string
	Refresh string
}

// missing says what keeps an application from being sealed, and what to do. When
// nothing does any more it goes on to the seal.
func (p *Parties) missing(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	id, err := clickday.ParseApplicationID(r.PathValue("id"))
	if err != nil {
		return accounts.ErrNotFound
	}
	back := "/applications/" + id.String()
	o, err := p.store.SealObstacle(r.Context(), v.Account.ID, id, p.site.Clock().Now())
	if err != nil {
		return err
	}
	if o == nil {
		http.Redirect(w, r, back+"/seal", http.StatusSeeOther)
		return nil
	}
	data := &missingView{
		Base: site.Base{
			Title: "parties.missing", Nav: "applications",
			Crumbs: []site.Crumb{{Label: p.site.Say(v, "parties.applications"), URL: "/applications"}, {Label: o.Name, URL: back}, {Label: p.site.Say(v, "parties.missing")}},
		},
		Kind: "parties.obstacle." + o.Kind, Name: o.Name, Code: o.Code, Back: back, Refresh: back + "/seal",
	}
	switch o.Kind {
	case rules.NotApproved:
		data.See = partyURL(v.Account.ID)
	case rules.Foreign:
		data.See = back
	default:
		data.Ask = "/mandates/new?" + url.Values{"code": {o.Code}, "name": {o.Name}}.Encode()
	}
	if o.Mandate != nil {
		data.See, data.Day = "/mandates/"+strconv.FormatInt(o.Mandate.ID, 10), p.lastDay(o.Mandate.Until)
	}
	if o.Kind == rules.Unanswered {
		data.Ask += "&how=declare"
	}
	return p.site.Render(w, r, v, http.StatusConflict, "missing", data)
}
