package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"puntuale/internal/clickday"
	"puntuale/internal/helpdesk"
)

// Largest parts of a request for help.
const (
	maxSubject     = 200       // runes
	maxTicketText  = 10_000    // runes
	maxDiagnostics = 256 << 10 // bytes
	maxTicketBody  = 2*maxDiagnostics + 64<<10
)

// NewTicket is a request for help that has come by the API.
type NewTicket struct {
	Account     clickday.AccountID
	Device      int64  // paired computer that asks, 0 for none
	Kind        string // "technical", "functional" or "legal"
	Subject     string
	Text        string
	Diagnostics string // what the mini-client knows of itself, as text; may be empty
}

// Tickets is the help desk.
type Tickets interface {
	// Open stores a request and returns its number for people. It is durable
	// on return; asked twice it opens two.
	Open(ctx context.Context, t NewTicket) (number string, err error)
}

func (a *API) ticketRoutes() {
	register(a, senders, huma.Operation{
		OperationID: "open-ticket", Method: http.MethodPost, Path: "/api/v1/tickets", Tags: []string{tagHelp},
		DefaultStatus: http.StatusCreated, MaxBodyBytes: maxTicketBody,
		Summary: "Ask for help", Description: "The number comes by e-mail as well; answers are on the portal.",
	}, []clickday.Code{codeInvalid, codeTooLarge, clickday.CodeRequest, clickday.CodeMediaType, codeNoHelpDesk}, a.openTicket)
}

type ticketJSON struct {
	Kind        string `json:"kind" enum:"technical,functional,legal"`
	Subject     string `json:"subject" minLength:"1" maxLength:"200"`
	Text        string `json:"text" minLength:"1" maxLength:"10000"`
	Diagnostics string `json:"diagnostics,omitempty" doc:"Text, at most 262,144 bytes of UTF-8."`
}

type ticketNumberJSON struct {
	Number string `json:"number"`
}

func (a *API) openTicket(ctx context.Context, in *struct{ Body ticketJSON }) (*body[ticketNumberJSON], error) {
	if a.HelpDesk == nil {
		return nil, refuse(codeNoHelpDesk)
	}
	if len(in.Body.Diagnostics) > maxDiagnostics {
		return nil, refuse(codeTooLarge)
	}
	c := callerOf(ctx)
	t := NewTicket{
		Account: c.Account.ID, Kind: in.Body.Kind, Subject: printable(in.Body.Subject), Text: printable(in.Body.Text), Diagnostics: printable(in.Body.Diagnostics),
	}
	if c.Device != nil {
		t.Device = c.Device.ID
	}
	if t.Subject == "" || t.Text == "" {
		return nil, refuse(codeInvalid)
	}
	number, err := a.HelpDesk.Open(ctx, t)
	if errors.Is(err, helpdesk.ErrTooMany) {
		return nil, refuse(codeTooOften)
	}
	if err != nil {
		return nil, err
	}
	a.Log.InfoContext(ctx, "ticket opened", "account", c.Account.ID, "ticket", number)
	return answer(ticketNumberJSON{number}), nil
}
