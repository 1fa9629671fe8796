package parties

import (
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/attachment"
	"puntuale/internal/clickday"
	"puntuale/internal/codicefiscale"
	"puntuale/internal/notices"
	rules "puntuale/internal/parties"
	"puntuale/internal/portal/site"
)

type mandateForm struct {
	site.Base
	Intermediary bool
	Fields       []field
	FileError    string
	Issues       []issue
	// Search is for the employer, who looks for an intermediary first.
	Search string
	Found  []option
	Chosen string
	None   bool
}

// proposal is a form for a mandate as it was typed.
type proposal struct {
	name, code, how, day, from, until, intermediary, search string
}

func (p *Parties) mandateForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	q := r.URL.Query()
	t := &proposal{name: clean(q.Get("name"), 200), code: clean(q.Get("code"), 16), how: "ask", search: clean(q.Get("q"), 100), intermediary: q.Get("intermediary")}
	if q.Get("how") == "declare" {
		t.how = "declare"
	}
	if err := p.mayPropose(r, v); err != nil {
		return err
	}
	return p.showMandate(w, r, v, http.StatusOK, t, nil)
}

// mayPropose: an employer's manager may grant, an approved intermediary's
// operator may ask.
func (p *Parties) mayPropose(r *http.Request, v *site.Visit) error {
	var standing mandatesView
	standing.Intermediary = v.Account.Kind == accounts.Intermediary
	if err := p.setStanding(r, v, p.chosen(v), &standing); err != nil {
		return err
	}
	if !standing.May {
		return rules.ErrRole
	}
	return nil
}

func (p *Parties) showMandate(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, t *proposal, wrong []rules.Problem) error {
	data := &mandateForm{Intermediary: v.Account.Kind == accounts.Intermediary, Search: t.search, Chosen: t.intermediary}
	data.Title = "parties.grant"
	if data.Intermediary {
		data.Title = "parties.ask"
	}
	data.Nav, data.Crumbs = "mandates", []site.Crumb{{Label: p.site.Say(v, "parties.mandates"), URL: "/mandates"}, {Label: p.site.Say(v, data.Title)}}
	if data.Intermediary {
		code := p.text(v, "employer_code", t.code, true)
		code.Class = "w-medium"
		data.Fields = []field{p.text(v, "employer", t.name, false), code, p.choice(v, "how", t.how, "radio", "parties.how.", []string{"ask", "declare"})}
	} else if err := p.find(r, data); err != nil {
		return err
	}
	scope, err := p.scope(r, v, t.day)
	if err != nil {
		return err
	}
	from, until := p.text(v, "from", t.from, false), p.text(v, "until", t.until, true)
	from.InputType, from.Class, from.Optional = "date", "w-medium", true
	until.InputType, until.Class, until.Optional = "date", "w-medium", true
	data.Fields = append(data.Fields, scope, from, until)
	for _, problem := range wrong {
		line := issue{"", p.site.Say(v, "parties.wrong."+problem.Key)}
		switch problem.Field {
		case "document":
			data.FileError, line.Href = line.Text, "#document"
		case "intermediary":
			line.Href = "#q"
		default:
			line = p.mark(v, data.Fields, problem.Field, problem.Key)
		}
		data.Issues = append(data.Issues, line)
	}
	return p.site.Render(w, r, v, status, "mandatenew", data)
}

// find lists the intermediaries that the employer may mean.
func (p *Parties) find(r *http.Request, data *mandateForm) error {
	list, err := p.store.ApprovedIntermediaries(r.Context(), data.Search, 20)
	if err != nil {
		return err
	}
	for i := range list {
		id := strconv.FormatInt(int64(list[i].ID), 10)
		data.Found = append(data.Found, option{ID: "intermediary." + id, Value: id, Label: list[i].Name + " – " + list[i].Seat(), Selected: id == data.Chosen})
	}
	data.None = len(list) == 0
	return nil
}

// scope is the choice between all click days and each that is not over.
func (p *Parties) scope(r *http.Request, v *site.Visit, chosen string) (field, error) {
	f := p.text(v, "scope", "", false)
	f.Control = "select"
	f.Options = []option{{ID: "scope.all", Value: "all", Label: p.site.Say(v, "parties.scope.all"), Selected: chosen == "" || chosen == "all"}}
	cal, _, err := p.calendar.Current(r.Context())
	if err != nil {
		return f, err
	}
	now := p.site.Clock().Now()
	for i := range cal.Days {
		d := &cal.Days[i]
		id := strconv.FormatInt(int64(d.ID), 10)
		if !d.Rehearsal && d.State != clickday.DayClosed && now.Before(d.ClosesAt()) {
			f.Options = append(f.Options, option{ID: "scope." + id, Value: id, Label: p.site.Say(v, "parties.scope.day", clickday.Text{IT: d.TitleIT, EN: d.TitleEN}.In(v.Lang)), Selected: chosen == id})
		}
	}
	return f, nil
}

// maxUpload is the largest body of the form: the file and the fields around it.
const maxUpload = attachment.MaxBytes + 64<<10

func (p *Parties) mandateSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	var tooLarge *http.MaxBytesError
	err := r.ParseMultipartForm(maxUpload)
	if err != nil && !errors.Is(err, http.ErrNotMultipart) {
		if errors.As(err, &tooLarge) {
			return p.showMandate(w, r, v, http.StatusRequestEntityTooLarge, &proposal{how: "declare"}, []rules.Problem{{Field: "document", Key: "document_size"}})
		}
		return site.ErrBadRequest
	}
	if err := p.site.SameAccount(r, v); err != nil {
		return err
	}
	if err := p.mayPropose(r, v); err != nil {
		return err
	}
	f := r.PostForm.Get
	t := &proposal{
		name: clean(f("employer"), 200), code: codicefiscale.Normalize(f("employer_code")), how: f("how"), day: f("scope"), from: f("from"), until: f("until"),
		intermediary: f("intermediary"), search: clean(f("q"), 100),
	}
	m, file, wrong := p.read(r, v, t)
	if len(wrong) > 0 {
		return p.showMandate(w, r, v, http.StatusUnprocessableEntity, t, wrong)
	}
	return p.keep(w, r, v, t, m, file)
}

// keep stores a proposal that is complete.
func (p *Parties) keep(w http.ResponseWriter, r *http.Request, v *site.Visit, t *proposal, m *rules.Mandate, file *rules.File) error {
	id, err := p.store.AddMandate(r.Context(), p.chosen(v), m, file, p.mandateLetter(m, newMandate[m.State]))
	switch {
	case errors.Is(err, rules.ErrMandated):
		return p.showMandate(w, r, v, http.StatusConflict, t, []rules.Problem{{Key: "mandated"}})
	case errors.Is(err, accounts.ErrNotFound):
		return p.showMandate(w, r, v, http.StatusUnprocessableEntity, t, []rules.Problem{{Field: "intermediary", Key: "intermediary"}})
	case err != nil:
		return err
	}
	p.site.Log().InfoContext(r.Context(), "mandate", "person", v.Person.ID, "account", v.Account.ID, "mandate", id, "state", m.State)
	p.site.Flash(r, "parties.flash.mandate."+string(m.State))
	http.Redirect(w, r, "/mandates/"+strconv.FormatInt(id, 10), http.StatusSeeOther)
	return nil
}

// read turns what was typed into a mandate of the visitor's side.
func (p *Parties) read(r *http.Request, v *site.Visit, t *proposal) (*rules.Mandate, *rules.File, []rules.Problem) {
	var wrong []rules.Problem
	m := &rules.Mandate{Intermediary: v.Account.ID, IntermediaryName: v.Account.Name, EmployerName: t.name, EmployerCode: rules.Plain(t.code), State: rules.Asked}
	var file *rules.File
	if v.Account.Kind == accounts.Intermediary {
		if len([]rune(t.name)) < 2 {
			wrong = append(wrong, rules.Problem{Field: "employer", Key: "name"})
		}
		if !rules.CheckOrganisationCode(t.code) {
			wrong = append(wrong, rules.Problem{Field: "employer_code", Key: "tax_code"})
		}
		if t.how == "declare" {
			var problem *rules.Problem
			m.State = rules.Declared
			if file, problem = upload(r); problem != nil {
				wrong = append(wrong, *problem)
			}
		}
	} else {
		id, err := strconv.ParseInt(t.intermediary, 10, 64)
		if err != nil {
			wrong = append(wrong, rules.Problem{Field: "intermediary", Key: "intermediary"})
		}
		m.State, m.Intermediary, m.EmployerName, m.EmployerCode = rules.Granted, clickday.AccountID(id), v.Account.Name, rules.Plain(v.Account.TaxCode)
	}
	return m, file, append(wrong, p.readTimes(r, t, m)...)
}

// readTimes reads scope, beginning and end.
func (p *Parties) readTimes(r *http.Request, t *proposal, m *rules.Mandate) (wrong []rules.Problem) {
	now := p.site.Clock().Now()
	if t.day != "" && t.day != "all" {
		cal, _, err := p.calendar.Current(r.Context())
		id, parseErr := strconv.ParseInt(t.day, 10, 64)
		if err != nil || parseErr != nil || cal.Day(clickday.DayID(id)) == nil {
			wrong = append(wrong, rules.Problem{Field: "scope", Key: "choose"})
		}
		m.Day = clickday.DayID(id)
	}
	m.From = now
	from, ok := p.endOf(t.from)
	if !ok {
		wrong = append(wrong, rules.Problem{Field: "from", Key: "date"})
	} else if first := from.AddDate(0, 0, -1); !from.IsZero() && first.After(now) {
		m.From = first
	}
	if m.Until, ok = p.endOf(t.until); !ok {
		wrong = append(wrong, rules.Problem{Field: "until", Key: "date"})
	} else if !m.Until.IsZero() && (!m.Until.After(now) || !m.Until.After(m.From)) {
		wrong = append(wrong, rules.Problem{Field: "until", Key: "until_past"})
	}
	return wrong
}

// upload reads the document and looks into it.
func upload(r *http.Request) (*rules.File, *rules.Problem) {
	if r.MultipartForm == nil || len(r.MultipartForm.File["document"]) == 0 {
		return nil, &rules.Problem{Field: "document", Key: "document_missing"}
	}
	header := r.MultipartForm.File["document"][0]
	f, err := header.Open()
	if err != nil {
		return nil, &rules.Problem{Field: "document", Key: "document_missing"}
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, attachment.MaxBytes+1))
	if err != nil {
		return nil, &rules.Problem{Field: "document", Key: "document_missing"}
	}
	kind, err := attachment.Check(content)
	switch {
	case errors.Is(err, attachment.ErrEmpty):
		return nil, &rules.Problem{Field: "document", Key: "document_missing"}
	case errors.Is(err, attachment.ErrLarge):
		return nil, &rules.Problem{Field: "document", Key: "document_size"}
	case errors.Is(err, attachment.ErrActive), errors.Is(err, attachment.ErrLocked):
		return nil, &rules.Problem{Field: "document", Key: "document_live"}
	case err != nil:
		return nil, &rules.Problem{Field: "document", Key: "document_kind"}
	}
	return &rules.File{Name: attachment.Name(header.Filename, kind), MediaType: string(kind), Content: content}, nil
}

// newMandate are the words of the letter about a new mandate.
var newMandate = map[rules.MandateState]string{
	rules.Asked: "parties.letter.asked.", rules.Declared: "parties.letter.declared.", rules.Granted: "parties.letter.granted.",
}

// mandateLetter tells the other side what has happened; its texts are words +
// "subject" and words + "text".
func (p *Parties) mandateLetter(m *rules.Mandate, words string) Letterhead {
	key, link := rand.Text(), p.site.PublicURL()+"/mandates"
	if m.ID != 0 {
		link += "/" + strconv.FormatInt(m.ID, 10)
	}
	employer, intermediary := m.EmployerName, m.IntermediaryName
	return func(email, name, lang string) notices.Letter {
		v := &site.Visit{Lang: lang}
		scope := p.site.Say(v, "parties.until.none")
		if !m.Until.IsZero() {
			scope = p.lastDay(m.Until)
		}
		return notices.Letter{
			To: email, Name: name, Lang: lang, Key: "mandate/" + key + "/" + strings.ToLower(email), NotAfter: p.site.Clock().Now().Add(7 * 24 * time.Hour),
			Subject: p.site.Say(v, words+"subject", employer, intermediary),
			Text:    p.site.Say(v, words+"text", employer, intermediary, scope, link),
		}
	}
}
