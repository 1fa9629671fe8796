package helpdesk

import (
	"errors"
	"net/http"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/helpdesk"
	"puntuale/internal/portal/site"
)

// maxMine is how many tickets of an account its list shows, the newest.
const maxMine = 100

type ticketRow struct {
	URL, Number, Subject, Kind, Who, Desk, Updated string // Kind is a key of the texts
	State                                          site.Badge
}

type mineView struct {
	site.Base
	Rows []ticketRow
}

func (d *Desk) mine(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	tickets, err := d.store.TicketsOf(r.Context(), v.Account.ID, maxMine)
	if err != nil {
		return err
	}
	data := &mineView{Base: site.Base{Title: "help.mine", Nav: "help", Crumbs: d.crumbs(v, d.site.Say(v, "help.mine"))}}
	for i := range tickets {
		data.Rows = append(data.Rows, d.row(v, &tickets[i], "/help/tickets/"+tickets[i].Number, false))
	}
	return d.site.Render(w, r, v, http.StatusOK, "helpmine", data)
}

func (d *Desk) row(v *site.Visit, t *helpdesk.Ticket, url string, desk bool) ticketRow {
	return ticketRow{
		URL: url, Number: t.Number, Subject: t.Subject, Kind: "help.kind." + string(t.Kind), Who: t.Person.Name, Desk: t.Desk,
		Updated: d.site.Minute(v, t.Updated), State: stateBadge(t.State, desk),
	}
}

type messageView struct {
	Class, Who, At, Text string
	Diagnostics          string // address, empty for none
}

type ticketView struct {
	site.Base
	Number, Subject, Kind, Opened string
	About                         string // application, empty for none
	State                         site.Badge
	Messages                      []messageView
	Closed                        bool
	New                           bool
	Token                         string
	Problem                       string // key of the texts
	Text                          string // that was not taken
}

// find returns the ticket of the address if the visitor may read it: it is their
// account's, or they have its token.
func (d *Desk) find(r *http.Request, v *site.Visit, token string) (helpdesk.Ticket, error) {
	number := r.PathValue("number")
	if v.Account != nil {
		t, err := d.store.TicketOf(r.Context(), v.Account.ID, number)
		if !errors.Is(err, accounts.ErrNotFound) {
			return t, err
		}
	}
	if token == "" {
		return helpdesk.Ticket{}, accounts.ErrNotFound
	}
	return d.store.TicketByToken(r.Context(), number, hashToken(token))
}

func (d *Desk) ticket(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	token := r.URL.Query().Get("t")
	t, err := d.find(r, v, token)
	if errors.Is(err, accounts.ErrNotFound) && v.Account == nil && token == "" {
		d.site.AskLogin(w, r)
		return nil
	}
	if err != nil {
		return err
	}
	return d.showTicket(w, r, v, http.StatusOK, &t, &ticketView{Token: token, New: r.URL.Query().Get("new") != ""})
}

func (d *Desk) showTicket(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, t *helpdesk.Ticket, data *ticketView) error {
	messages, err := d.store.Conversation(r.Context(), t.ID, false)
	if err != nil {
		return err
	}
	// The address may hold a token: no cache and no other site gets to see it.
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	data.Base = site.Base{Text: d.site.Say(v, "help.ticket", t.Number), Nav: "help", Crumbs: d.crumbs(v, t.Number)}
	data.Number, data.Subject, data.Kind, data.State = t.Number, t.Subject, "help.kind."+string(t.Kind), stateBadge(t.State, false)
	data.Opened, data.Closed = d.site.Minute(v, t.Created), t.State == helpdesk.Closed
	if v.Account != nil && v.Account.ID == t.Person.Account && t.About != (clickday.ApplicationID{}) {
		data.About = t.About.String()
	}
	for i := range messages {
		m := &messages[i]
		view := messageView{Class: "", Who: t.Person.Name, At: d.site.Minute(v, m.At), Text: m.Text}
		if m.Author == helpdesk.Assistant {
			view.Class, view.Who = "good", d.site.Say(v, "help.assistance")
		}
		data.Messages = append(data.Messages, view)
	}
	return d.site.Render(w, r, v, status, "helpticket", data)
}

func (d *Desk) reply(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	token := r.PostForm.Get("t")
	t, err := d.find(r, v, token)
	if err != nil {
		return err
	}
	text, tooLong := helpdesk.Text(r.PostForm.Get("text"))
	if text == "" || tooLong {
		key := "help.wrong.text"
		if tooLong {
			key = "help.wrong.long"
		}
		return d.showTicket(w, r, v, http.StatusUnprocessableEntity, &t, &ticketView{Token: token, Problem: key, Text: text})
	}
	err = d.store.Write(r.Context(), &helpdesk.Writing{Ticket: t.ID, Author: helpdesk.Applicant, Text: text}, nil, d.site.Clock().Now())
	if err != nil {
		return err
	}
	http.Redirect(w, r, address(t.Number, token), http.StatusSeeOther)
	return nil
}

func (d *Desk) closeTicket(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	token := r.PostForm.Get("t")
	t, err := d.find(r, v, token)
	if err != nil {
		return err
	}
	state := helpdesk.Closed
	if r.PostForm.Get("again") != "" {
		state = helpdesk.Open
	}
	if err := d.store.SetState(r.Context(), t.ID, 0, state, d.site.Clock().Now()); err != nil {
		return err
	}
	http.Redirect(w, r, address(t.Number, token), http.StatusSeeOther)
	return nil
}
