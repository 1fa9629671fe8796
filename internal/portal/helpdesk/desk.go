package helpdesk

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/helpdesk"
	"puntuale/internal/portal/site"
)

// perPage is how many tickets a page of the queue shows.
const perPage = 50

type queueView struct {
	site.Base
	States, Kinds, Whose []choice
	Text                 string
	Rows                 []ticketRow
	Older                string // address of the next page, empty for none
}

// queue is the desk's list of tickets.
func (d *Desk) queue(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	q := r.URL.Query()
	f := filterOf(q, v.Person.ID)
	tickets, err := d.store.Tickets(r.Context(), &f)
	if err != nil {
		return err
	}
	data := &queueView{
		Base: site.Base{Title: "help.desk", Nav: "desk", Crumbs: []site.Crumb{{Label: d.site.Say(v, "help.desk")}}},
		Text: f.Text, Kinds: kinds(f.Kind, "help.any"), Whose: choices(q.Get("whose"), "help.whose.", "any", "mine", "nobody"),
		States: choices(q.Get("state"), "help.state.", "todo", "open", "waiting", "answered", "closed", "all"),
	}
	if len(tickets) == f.Limit {
		tickets = tickets[:perPage]
		q.Set("before", strconv.FormatInt(tickets[perPage-1].ID, 10))
		data.Older = "/desk?" + q.Encode()
	}
	for i := range tickets {
		data.Rows = append(data.Rows, d.row(v, &tickets[i], deskAddress(tickets[i].ID), true))
	}
	return d.site.Render(w, r, v, http.StatusOK, "desk", data)
}

func filterOf(q url.Values, me clickday.AccountID) helpdesk.Filter {
	f := helpdesk.Filter{Limit: perPage + 1, Text: strings.ToValidUTF8(strings.ReplaceAll(strings.TrimSpace(q.Get("q")), "\x00", ""), "")}
	if state := helpdesk.State(q.Get("state")); slices.Contains(helpdesk.States, state) {
		f.State = state
	}
	f.All = q.Get("state") == "all"
	if kind := helpdesk.Kind(q.Get("kind")); slices.Contains(helpdesk.Kinds, kind) {
		f.Kind = kind
	}
	switch q.Get("whose") {
	case "mine":
		f.Assigned = me
	case "nobody":
		f.Nobodys = true
	}
	if before, err := strconv.ParseInt(q.Get("before"), 10, 64); err == nil && before > 0 {
		f.Before = before
	}
	return f
}

func choices(chosen, prefix string, values ...string) []choice {
	var out []choice
	for _, value := range values {
		out = append(out, choice{Value: value, Key: prefix + value, Selected: value == chosen})
	}
	return out
}

func deskAddress(id int64) string { return "/desk/tickets/" + strconv.FormatInt(id, 10) }

type deskTicketView struct {
	ticketView
	URL                      string
	Revision                 int64
	Name, Email, Phone       string
	Channel                  string // key of the texts
	HasAccount               bool
	Assistants, Answers      []choice
	Assigned                 string
	ClosedNow, WritesByPhone bool
}

func (d *Desk) deskTicket(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return d.showDeskTicket(w, r, v, http.StatusOK, "", "")
}

// showDeskTicket shows a ticket to an assistant, with the text that was being
// written, or that of a prepared answer (?answer=).
func (d *Desk) showDeskTicket(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, problem, text string) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return accounts.ErrNotFound
	}
	t, err := d.store.Ticket(r.Context(), id, d.look(v, "ticket.read"))
	if err != nil {
		return err
	}
	data := &deskTicketView{
		URL: deskAddress(t.ID), Revision: t.Revision, Name: t.Person.Name, Email: t.Person.Email, Phone: t.Person.Phone,
		Channel: "help.channel." + string(t.Channel), HasAccount: t.Person.Account != 0, Assigned: t.Desk, ClosedNow: t.State == helpdesk.Closed,
		WritesByPhone: t.Person.Email == "",
	}
	data.Base = site.Base{Text: d.site.Say(v, "help.ticket", t.Number), Nav: "desk", Crumbs: d.deskCrumbs(v, t.Number)}
	data.Number, data.Subject, data.Kind, data.State = t.Number, t.Subject, "help.kind."+string(t.Kind), stateBadge(t.State, true)
	if t.About != (clickday.ApplicationID{}) {
		data.About = t.About.String()
	}
	data.Opened, data.Problem, data.Text = d.site.Minute(v, t.Created), problem, text
	if err := d.deskMessages(r, v, &t, data); err != nil {
		return err
	}
	if err := d.deskChoices(r, &t, data); err != nil {
		return err
	}
	return d.site.Render(w, r, v, status, "deskticket", data)
}

func (d *Desk) deskMessages(r *http.Request, v *site.Visit, t *helpdesk.Ticket, data *deskTicketView) error {
	messages, err := d.store.Conversation(r.Context(), t.ID, true)
	if err != nil {
		return err
	}
	for i := range messages {
		m := &messages[i]
		view := messageView{Who: t.Person.Name, At: d.site.Minute(v, m.At), Text: m.Text}
		switch m.Author {
		case helpdesk.Assistant:
			view.Class, view.Who = "good", m.StaffEmail
		case helpdesk.Note:
			view.Class, view.Who = "warn", d.site.Say(v, "help.note.by", m.StaffEmail)
		}
		if m.Diagnostics {
			view.Diagnostics = data.URL + "/messages/" + strconv.FormatInt(m.ID, 10)
		}
		data.Messages = append(data.Messages, view)
	}
	return nil
}

// deskChoices fills in who may take the ticket and the prepared answers.
func (d *Desk) deskChoices(r *http.Request, t *helpdesk.Ticket, data *deskTicketView) error {
	assistants, err := d.store.Assistants(r.Context())
	if err != nil {
		return err
	}
	data.Assistants = []choice{{Value: "0", Key: "help.nobody", Selected: t.Assigned == 0}}
	for _, a := range assistants {
		data.Assistants = append(data.Assistants, choice{Value: strconv.FormatInt(int64(a.ID), 10), Text: a.Email, Selected: a.ID == t.Assigned})
	}
	answers, err := d.store.Answers(r.Context())
	if err != nil {
		return err
	}
	chosen := r.URL.Query().Get("answer")
	for i := range answers {
		id := strconv.FormatInt(answers[i].ID, 10)
		data.Answers = append(data.Answers, choice{Value: id, Text: answers[i].Title, Selected: id == chosen})
		if id == chosen && data.Text == "" {
			data.Text = answers[i].Text.In(t.Person.Lang)
		}
	}
	return nil
}

// diagnostics is the report of a mini-client, as a file.
func (d *Desk) diagnostics(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	id, err1 := strconv.ParseInt(r.PathValue("id"), 10, 64)
	message, err2 := strconv.ParseInt(r.PathValue("message"), 10, 64)
	if err1 != nil || err2 != nil {
		return accounts.ErrNotFound
	}
	t, err := d.store.Ticket(r.Context(), id, d.look(v, "ticket.diagnostics"))
	if err != nil {
		return err
	}
	text, err := d.store.Diagnostics(r.Context(), id, message)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+t.Number+`.txt"`)
	w.Write([]byte(text)) // a browser that has gone away misses its file, nothing else
	return nil
}

// change reads what every form about a ticket carries.
func change(r *http.Request) (id, revision int64, err error) {
	id, err1 := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err1 != nil {
		return 0, 0, accounts.ErrNotFound
	}
	revision, err2 := strconv.ParseInt(r.PostForm.Get("revision"), 10, 64)
	if err2 != nil || revision < 1 {
		return 0, 0, site.ErrBadRequest
	}
	return id, revision, nil
}

// write adds an answer, a question back, or a note for the desk.
func (d *Desk) write(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	id, revision, err := change(r)
	if err != nil {
		return err
	}
	m := &helpdesk.Writing{Ticket: id, Revision: revision, Author: helpdesk.Assistant, Staff: v.Person.ID}
	switch r.PostForm.Get("as") {
	case "answer":
	case "back":
		m.AsksBack = true
	case "note":
		m.Author = helpdesk.Note
	default:
		return site.ErrBadRequest
	}
	text, tooLong := helpdesk.Text(r.PostForm.Get("text"))
	if tooLong {
		return d.showDeskTicket(w, r, v, http.StatusUnprocessableEntity, "help.wrong.long", text)
	}
	if text == "" {
		return d.showDeskTicket(w, r, v, http.StatusUnprocessableEntity, "help.wrong.text", "")
	}
	m.Text = text
	if err := d.store.Write(r.Context(), m, d.answered(), d.site.Clock().Now()); err != nil {
		return err
	}
	d.site.Flash(r, "help.flash.written")
	http.Redirect(w, r, deskAddress(id), http.StatusSeeOther)
	return nil
}

func (d *Desk) assign(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	id, revision, err := change(r)
	if err != nil {
		return err
	}
	to, err := strconv.ParseInt(r.PostForm.Get("to"), 10, 64)
	if err != nil {
		return site.ErrBadRequest
	}
	if err := d.store.Assign(r.Context(), id, revision, clickday.AccountID(to), d.site.Clock().Now()); err != nil {
		return err
	}
	http.Redirect(w, r, deskAddress(id), http.StatusSeeOther)
	return nil
}

func (d *Desk) setState(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	id, revision, err := change(r)
	if err != nil {
		return err
	}
	state := helpdesk.State(r.PostForm.Get("state"))
	if state != helpdesk.Open && state != helpdesk.Closed {
		return site.ErrBadRequest
	}
	if err := d.store.SetState(r.Context(), id, revision, state, d.site.Clock().Now()); err != nil {
		return err
	}
	http.Redirect(w, r, deskAddress(id), http.StatusSeeOther)
	return nil
}
