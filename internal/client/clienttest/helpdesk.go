package clienttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"puntuale/internal/clickday"
	"puntuale/internal/client/portalapi"
	"puntuale/internal/wire"
)

// OpenHelpDesk makes the portal take requests for help; before, it has no help desk.
func (s *Server) OpenHelpDesk() { s.mu.Lock(); defer s.mu.Unlock(); s.helps = true }

// Tickets returns the requests for help that have come, in order.
func (s *Server) Tickets() []portalapi.Ticket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tickets)
}

func (s *Server) openTicket(w http.ResponseWriter, r *http.Request) {
	var t portalapi.Ticket
	err := json.NewDecoder(r.Body).Decode(&t)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.helps:
		refuse(w, wire.NewProblem(clickday.CodeNotFound))
	case err != nil || t.Kind == "" || t.Subject == "" || t.Text == "":
		refuse(w, wire.NewProblem(clickday.CodeMalformed))
	default:
		s.tickets = append(s.tickets, t)
		writeJSON(w, http.StatusCreated, map[string]string{"number": fmt.Sprintf("2027-%06d", len(s.tickets))})
	}
}
