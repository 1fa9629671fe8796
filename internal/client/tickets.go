package client

import (
	"context"
	"errors"
	"unicode/utf8"

	"puntuale/internal/clickday"
	"puntuale/internal/client/keystore"
	"puntuale/internal/client/portalapi"
	"puntuale/internal/client/store"
)

// Longest parts of a request for help, as the portal takes them: characters, and
// bytes of the report. What is longer is cut.
const (
	SubjectMax     = 200
	TicketTextMax  = 10_000
	diagnosticsMax = 256 << 10
)

// Texts of requests for help.
var (
	textTicketSent    = clickday.Text{IT: "La richiesta è arrivata all’assistenza: numero ", EN: "The help desk has your request: number "}
	textTicketWaiting = clickday.Text{
		IT: "La richiesta è salvata su questo computer e parte da sola appena il portale è raggiungibile.",
		EN: "The request is kept on this computer and leaves by itself as soon as the portal can be reached.",
	}
	textNoHelpDesk = clickday.Text{
		IT: "Il portale non riceve richieste da questo programma: telefona o scrivi un’e-mail. Il testo è ancora qui.",
		EN: "The portal takes no requests from this program: call, or write an e-mail. The text is still here.",
	}
)

// Ask puts a request for help on disk, then sends it and whatever else waits. The
// text says what has come of it: its number, or that it waits for the network. What
// has to be mended on this computer first is an error, and it waits too. A
// request that the portal does not take is an error. The same one once more, while
// it still waits, is one request.
func (c *Client) Ask(ctx context.Context, t portalapi.Ticket) (clickday.Text, error) {
	if _, paired := c.Profile(); !paired {
		return clickday.Text{}, ErrNotPaired
	}
	if err := c.keepTicket(t); err != nil {
		return clickday.Text{}, err
	}
	err := c.SendTickets(ctx)
	ts, rerr := c.store.Tickets()
	if rerr != nil || len(ts) == 0 {
		return clickday.Text{}, errors.Join(err, rerr)
	}
	switch last := ts[len(ts)-1]; {
	case last.Number != "":
		return clickday.Text{IT: textTicketSent.IT + last.Number + ".", EN: textTicketSent.EN + last.Number + "."}, nil
	case last.Waiting() && notTheNetwork(err):
		return textTicketWaiting, err
	case last.Waiting():
		return textTicketWaiting, nil
	default:
		return clickday.Text{}, err
	}
}

// notTheNetwork reports whether something has to be done on this computer first.
func notTheNetwork(err error) bool {
	for _, e := range []error{ErrNotPaired, portalapi.ErrUnauthorized, keystore.ErrPassphrase, keystore.ErrNoPassphrase, keystore.ErrNotFound} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// keepTicket puts a request on disk.
func (c *Client) keepTicket(t portalapi.Ticket) error {
	c.asking.Lock()
	defer c.asking.Unlock()
	ts, err := c.store.Tickets()
	if err != nil {
		return err
	}
	asked := store.Ticket{
		Kind: t.Kind, Subject: firstRunes(t.Subject, SubjectMax), Text: firstRunes(t.Text, TicketTextMax), Diagnostics: firstBytes(t.Diagnostics, diagnosticsMax),
		Written: c.base.Now(),
	}
	if i := len(ts) - 1; i >= 0 && ts[i].Waiting() && ts[i].Kind == asked.Kind && ts[i].Subject == asked.Subject && ts[i].Text == asked.Text {
		ts = ts[:i] // its report may be newer
	}
	ts = append(ts, asked)
	if err := c.store.PutTickets(ts); err != nil {
		return err
	}
	c.readTickets()
	return nil
}

// SendTickets sends the requests for help that wait. What the portal refuses is
// kept with its reason; what does not get there waits on. One whose answer was
// lost is sent again, so that the help desk may have it twice, but never not at all.
func (c *Client) SendTickets(ctx context.Context) error {
	c.asking.Lock()
	defer c.asking.Unlock()
	ts, err := c.store.Tickets()
	if err != nil {
		return err
	}
	for i := range ts {
		if !ts[i].Waiting() {
			continue
		}
		failed := c.sendTicket(ctx, &ts[i])
		if !ts[i].Waiting() {
			if perr := c.store.PutTickets(ts); perr != nil {
				return errors.Join(failed, perr)
			}
			c.readTickets()
		}
		err = errors.Join(err, failed)
		if ts[i].Waiting() {
			return err // the next would not get there either
		}
	}
	return err
}

func (c *Client) sendTicket(ctx context.Context, t *store.Ticket) error {
	api, err := c.portal()
	if err != nil {
		return err
	}
	number, err := api.OpenTicket(ctx, portalapi.Ticket{Kind: t.Kind, Subject: t.Subject, Text: t.Text, Diagnostics: t.Diagnostics})
	var r *portalapi.Refusal
	switch {
	case err == nil:
		t.Number, t.Diagnostics = number, ""
	case errors.Is(err, portalapi.ErrNoHelpDesk):
		t.Failure = textNoHelpDesk
	case errors.As(err, &r) && r.Problem.Status < 500 && r.Problem.Status != 429:
		t.Failure = Explain(err)
	}
	return err
}

// readTickets takes what is on disk over for snapshots.
func (c *Client) readTickets() {
	ts, err := c.store.Tickets()
	if err != nil {
		c.Log.Warn("requests for help", "err", err)
		return
	}
	c.mu.Lock()
	c.tickets = ts
	c.mu.Unlock()
	c.touch()
}

// ticketsWait reports whether a request for help is still to be sent.
func (c *Client) ticketsWait() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.tickets {
		if c.tickets[i].Waiting() {
			return true
		}
	}
	return false
}

// lookLater does what has time: it sends what waits for the help desk, and looks
// for new lists, which come days after the numbers.
func (s *Session) lookLater() {
	if s.c.Snapshot().Locked {
		return
	}
	if s.c.ticketsWait() {
		if err := s.c.SendTickets(s.ctx); err != nil {
			s.c.Log.Info("requests for help", "err", err)
		}
	}
	if s.c.numbered() {
		if err := s.c.Refresh(s.ctx); err != nil {
			s.c.Log.Info("lists", "err", err)
		}
	}
}

// Ask sends a request for help; see Client.Ask.
func (s *Session) Ask(t portalapi.Ticket) {
	s.wg.Go(func() {
		text, err := s.c.Ask(s.ctx, t)
		if err == nil {
			s.mu.Lock()
			s.notice = Notice{Text: text}
			s.mu.Unlock()
		}
		s.tell(err)
	})
}

// Ask sends a request for help in the name of the account that is shown.
func (d *Desk) Ask(t portalapi.Ticket) { d.now().Ask(t) }

func firstRunes(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n])
}

func firstBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
