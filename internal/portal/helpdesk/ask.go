package helpdesk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"puntuale/internal/clickday"
	"puntuale/internal/helpdesk"
	"puntuale/internal/portal/api"
	"puntuale/internal/portal/site"
)

type questionView struct {
	Question, Answer string
	Open             bool
}

type hubView struct {
	site.Base
	Phone, Hours, Email string
	Search              string
	Questions           []questionView
	Desk                bool // the visitor is an assistant
	Auditor             bool
}

// hub is the first page of help: how to reach somebody, and the questions asked
// often. It is served while the rest of the portal is at rest.
func (d *Desk) hub(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	search := strings.TrimSpace(r.URL.Query().Get("q"))
	if len(search) > 200 {
		search = search[:200]
	}
	search = strings.ToValidUTF8(strings.ReplaceAll(search, "\x00", ""), "")
	found, err := d.store.Questions(r.Context(), search, v.Lang, true)
	if err != nil {
		return err
	}
	data := &hubView{
		Base:  site.Base{Title: "help.title", Nav: "help", Crumbs: []site.Crumb{{Label: d.site.Say(v, "help.title")}}},
		Phone: d.contact.Phone, Hours: d.contact.Hours.In(v.Lang), Email: d.contact.Email, Search: search,
		Desk: v.Has(roleDesk), Auditor: v.Has(roleAuditor),
	}
	for i := range found {
		data.Questions = append(data.Questions, questionView{found[i].Question.In(v.Lang), found[i].Answer.In(v.Lang), search != "" && i == 0})
	}
	return d.site.Render(w, r, v, http.StatusOK, "help", data)
}

type askView struct {
	site.Base
	Action   string
	Call     bool   // an assistant writes down a call
	Owner    bool   // the account is known: no name and address to give
	About    string // application that the question is about, empty for none
	Kinds    []choice
	New      helpdesk.New
	Problems []helpdesk.Problem
	Slow     bool
}

// wrongKeys are the texts of problems.
var wrongKeys = map[string]string{
	"kind": "help.wrong.kind", "subject": "help.wrong.subject", "text": "help.wrong.text", "long": "help.wrong.long",
	"name": "help.wrong.name", "contact": "help.wrong.contact", "email": "help.wrong.email",
}

// Wrong returns the key of what is wrong with a field, empty for nothing.
func (a *askView) Wrong(field string) string {
	for _, p := range a.Problems {
		if p.Field == field {
			return wrongKeys[p.What]
		}
	}
	return ""
}

func (d *Desk) askForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return d.showAsk(w, r, v, http.StatusOK, &askView{New: helpdesk.New{About: about(r.URL.Query())}})
}

func (d *Desk) showAsk(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, data *askView) error {
	data.Title, data.Nav, data.Crumbs = "help.new", "help", d.crumbs(v, d.site.Say(v, "help.new"))
	if v.Account != nil && data.New.About != (clickday.ApplicationID{}) {
		data.About = data.New.About.String()
	}
	data.Action, data.Owner, data.Kinds = "/help/new", v.Account != nil, kinds(data.New.Kind, "help.choose")
	return d.site.Render(w, r, v, status, "helpnew", data)
}

// about is the application that a question is about; none for what is no id. That
// it is the asker's own is seen to when the question is stored.
func about(f url.Values) clickday.ApplicationID {
	id, err := clickday.ParseApplicationID(f.Get("about"))
	if err != nil {
		return clickday.ApplicationID{}
	}
	return id
}

func formOf(f url.Values, lang string) helpdesk.New {
	return helpdesk.New{
		Person: helpdesk.Person{Name: f.Get("name"), Email: f.Get("email"), Phone: f.Get("phone"), Lang: lang},
		Kind:   helpdesk.Kind(f.Get("kind")), Subject: f.Get("subject"), Text: f.Get("text"),
	}
}

// ask stores a question. Who has not logged in gets a link by e-mail through
// which the conversation goes on; the number is the same for everybody.
func (d *Desk) ask(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	n := formOf(r.PostForm, v.Lang)
	n.Channel = helpdesk.Web
	token := ""
	if v.Account != nil {
		n.Account, n.Name, n.Email, n.About = v.Account.ID, "", v.Person.Email, about(r.PostForm)
	} else {
		token = newToken()
		n.TokenHash = hashToken(token)
	}
	if problems := n.Check(); len(problems) > 0 {
		return d.showAsk(w, r, v, http.StatusUnprocessableEntity, &askView{New: n, Problems: problems})
	}
	if v.Account == nil && !d.strange.Allow(r) {
		w.Header().Set("Retry-After", "60")
		return d.showAsk(w, r, v, http.StatusTooManyRequests, &askView{New: n, Slow: true})
	}
	t, err := d.store.OpenTicket(r.Context(), &n, d.confirmation(token), d.site.Clock().Now())
	if err != nil {
		return err
	}
	d.site.Log().InfoContext(r.Context(), "ticket opened", "ticket", t.Number, "channel", n.Channel)
	http.Redirect(w, r, address(t.Number, token)+"&new=1", http.StatusSeeOther)
	return nil
}

// address is where a conversation is read; the token is empty for owners.
func address(number, token string) string {
	return "/help/tickets/" + number + "?" + url.Values{"t": {token}}.Encode()
}

func newToken() string {
	b := make([]byte, 24)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// Open implements api.Tickets: a question from a program of the account.
func (d *Desk) Open(ctx context.Context, t api.NewTicket) (string, error) {
	n := helpdesk.New{
		Person: helpdesk.Person{Account: t.Account, Lang: "it"}, Kind: helpdesk.Kind(t.Kind), Channel: helpdesk.Program,
		Subject: t.Subject, Text: t.Text, Diagnostics: t.Diagnostics, Device: t.Device,
	}
	n.Check() // trims; the API has checked the rest
	stored, err := d.store.OpenTicket(ctx, &n, d.confirmation(""), d.site.Clock().Now())
	return stored.Number, err
}
