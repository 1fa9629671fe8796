package portalapi

import (
	"context"
	"errors"
	"net/http"

	"puntuale/internal/clickday"
)

// Kinds of requests for help.
const (
	TicketTechnical  = "technical"
	TicketFunctional = "functional"
	TicketLegal      = "legal"
)

// ErrNoHelpDesk: this portal takes no requests for help from programs.
var ErrNoHelpDesk = errors.New("the portal takes no requests for help from this program")

// Ticket is a request for help.
type Ticket struct {
	Kind        string `json:"kind"`
	Subject     string `json:"subject"`               // at most 200 characters
	Text        string `json:"text"`                  // at most 10,000
	Diagnostics string `json:"diagnostics,omitempty"` // at most 256 KiB
}

// codeNoHelpDesk is how a portal says that it has the route, but nobody behind it.
const codeNoHelpDesk clickday.Code = "help_desk_unavailable"

// OpenTicket sends a request and returns its number for people. Sent twice it
// opens two. ErrNoHelpDesk from a portal that takes none.
func (c *Client) OpenTicket(ctx context.Context, t Ticket) (number string, err error) {
	var out struct {
		Number string `json:"number"`
	}
	err = c.call(ctx, http.MethodPost, apiRoot+"/tickets", t, &out)
	var r *Refusal
	if errors.As(err, &r) {
		switch {
		case r.Problem.Status == http.StatusNotFound, r.Problem.Status == http.StatusMethodNotAllowed, r.Problem.Code == codeNoHelpDesk:
			return "", ErrNoHelpDesk
		}
	}
	if err == nil && out.Number == "" {
		err = errors.New("portal: the request for help has no number")
	}
	return out.Number, err
}
