// Package helpdesk is the help desk of the portal: questions asked often, the
// form and the conversation of who asks, and the desk of the assistants with its
// queue, calls, prepared answers, and the log of what staff looked at. Assistants
// see who asks and how far things are, nothing of what stands in applications.
package helpdesk

import (
	"context"
	"embed"
	"net/http"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/helpdesk"
	"puntuale/internal/portal/api"
	"puntuale/internal/portal/limit"
	"puntuale/internal/portal/site"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed texts.json
var texts []byte

// Store is what the help desk reads and writes. Writes are durable on return,
// with the letter that tells of them. What is missing, or somebody else's, is
// accounts.ErrNotFound.
type Store interface {
	OpenTicket(ctx context.Context, n *helpdesk.New, confirm helpdesk.Letters, now time.Time) (helpdesk.Ticket, error)
	TicketOf(ctx context.Context, account clickday.AccountID, number string) (helpdesk.Ticket, error)
	TicketByToken(ctx context.Context, number string, hash []byte) (helpdesk.Ticket, error)
	TicketsOf(ctx context.Context, account clickday.AccountID, limit int) ([]helpdesk.Ticket, error)
	// Ticket and Caller record the look before they return.
	Ticket(ctx context.Context, id int64, look *accounts.AuditEntry) (helpdesk.Ticket, error)
	Caller(ctx context.Context, key string, look *accounts.AuditEntry) (helpdesk.Caller, error)
	Tickets(ctx context.Context, f *helpdesk.Filter) ([]helpdesk.Ticket, error)
	Conversation(ctx context.Context, ticket int64, notes bool) ([]helpdesk.Message, error)
	Diagnostics(ctx context.Context, ticket, message int64) (string, error)
	// Write, Assign and SetState answer helpdesk.ErrChanged when the revision
	// is not the ticket's any more; Write answers helpdesk.ErrClosed too.
	Write(ctx context.Context, w *helpdesk.Writing, letter helpdesk.Letters, now time.Time) error
	Assign(ctx context.Context, ticket, revision int64, to clickday.AccountID, now time.Time) error
	SetState(ctx context.Context, ticket, revision int64, s helpdesk.State, now time.Time) error
	Assistants(ctx context.Context) ([]helpdesk.Member, error)
	Answers(ctx context.Context) ([]helpdesk.Answer, error)
	SaveAnswer(ctx context.Context, a *helpdesk.Answer, now time.Time) error
	DeleteAnswer(ctx context.Context, id int64) error
	Questions(ctx context.Context, search, lang string, public bool) ([]helpdesk.Question, error)
	SaveQuestion(ctx context.Context, q *helpdesk.Question) error
	AuditLog(ctx context.Context, before int64, limit int) ([]accounts.AuditEntry, error)
}

// Desk is the room. It is safe for concurrent use.
type Desk struct {
	site    *site.Site
	store   Store
	contact api.Help       // how the desk is reached beside the portal
	strange *limit.Limiter // of questions from people who have not logged in
}

// New returns the room.
func New(s *site.Site, store Store, contact api.Help) *Desk {
	return &Desk{site: s, store: store, contact: contact, strange: limit.New(s.Clock(), 1.0/60, 5)}
}

// Room returns the pages.
func (d *Desk) Room() site.Room {
	return site.Room{Name: "help desk", Templates: templates, Texts: texts, Routes: []site.Route{
		{Pattern: "GET /help", Handle: d.hub, Essential: true},
		{Pattern: "GET /help/new", Handle: d.askForm},
		{Pattern: "POST /help/new", Handle: d.ask},
		{Pattern: "GET /help/tickets", Access: site.Personal, Handle: d.mine},
		{Pattern: "GET /help/tickets/{number}", Handle: d.ticket},
		{Pattern: "POST /help/tickets/{number}/reply", Handle: d.reply},
		{Pattern: "POST /help/tickets/{number}/close", Handle: d.closeTicket},
		{Pattern: "GET /desk", Access: site.HelpDesk, Handle: d.queue},
		{Pattern: "GET /desk/tickets/{id}", Access: site.HelpDesk, Handle: d.deskTicket},
		{Pattern: "GET /desk/tickets/{id}/messages/{message}", Access: site.HelpDesk, Handle: d.diagnostics},
		{Pattern: "POST /desk/tickets/{id}/write", Access: site.HelpDesk, Handle: d.write},
		{Pattern: "POST /desk/tickets/{id}/assign", Access: site.HelpDesk, Handle: d.assign},
		{Pattern: "POST /desk/tickets/{id}/state", Access: site.HelpDesk, Handle: d.setState},
		{Pattern: "GET /desk/call", Access: site.HelpDesk, Handle: d.callForm},
		{Pattern: "POST /desk/call", Access: site.HelpDesk, Handle: d.call},
		{Pattern: "GET /desk/caller", Access: site.HelpDesk, Handle: d.caller},
		{Pattern: "POST /desk/caller", Access: site.HelpDesk, Handle: d.findCaller},
		{Pattern: "GET /desk/answers", Access: site.HelpDesk, Handle: d.answers},
		{Pattern: "POST /desk/answers", Access: site.HelpDesk, Handle: d.saveAnswer},
		{Pattern: "GET /desk/questions", Access: site.HelpDesk, Handle: d.questions},
		{Pattern: "POST /desk/questions", Access: site.HelpDesk, Handle: d.saveQuestion},
		{Pattern: "GET /staff/audit", Access: site.Auditor, Handle: d.audit},
	}, Errors: []site.ErrorPage{
		{Err: helpdesk.ErrClosed, Status: http.StatusConflict, Key: "help.error.closed"},
		{Err: helpdesk.ErrTooMany, Status: http.StatusTooManyRequests, Key: "help.error.many"},
		{Err: helpdesk.ErrChanged, Status: http.StatusConflict, Key: "help.error.changed"},
	}}
}

func (d *Desk) crumbs(v *site.Visit, label string) []site.Crumb {
	return []site.Crumb{{Label: d.site.Say(v, "help.title"), URL: "/help"}, {Label: label}}
}

func (d *Desk) deskCrumbs(v *site.Visit, label string) []site.Crumb {
	return []site.Crumb{{Label: d.site.Say(v, "help.desk"), URL: "/desk"}, {Label: label}}
}

// look begins an entry of the log; the store fills in whose it is.
func (d *Desk) look(v *site.Visit, action string) *accounts.AuditEntry {
	return &accounts.AuditEntry{At: d.site.Clock().Now(), Staff: v.Person.ID, Action: action}
}

// choice is one entry of a select.
type choice struct {
	Value, Key string // Key of the texts
	Text       string // when it is not from the texts
	Selected   bool
}

func kinds(chosen helpdesk.Kind, empty string) []choice {
	out := []choice{}
	if empty != "" {
		out = append(out, choice{Key: empty})
	}
	for _, k := range helpdesk.Kinds {
		out = append(out, choice{Value: string(k), Key: "help.kind." + string(k), Selected: k == chosen})
	}
	return out
}

// stateBadge is a state as the desk or as the applicant sees it.
func stateBadge(s helpdesk.State, desk bool) site.Badge {
	class := map[helpdesk.State]string{helpdesk.Open: "ready", helpdesk.Waiting: "todo", helpdesk.Answered: "done", helpdesk.Closed: "wait"}[s]
	if desk && s == helpdesk.Open {
		class = "wrong"
	}
	return site.Badge{Key: "help.state." + string(s), Class: class}
}
