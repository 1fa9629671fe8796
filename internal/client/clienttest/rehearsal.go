package clienttest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/portalapi"
	"puntuale/internal/wire"
)

// RehearsalDay is the id of the click day of rehearsals.
const RehearsalDay clickday.DayID = 900

// OpenRehearsals puts a click day of rehearsals into the calendar. Their numbers
// and receipts come at once.
func (s *Server) OpenRehearsals() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clk.Now()
	s.calendar.Version++
	s.calendar.Days = append(slices.Clone(s.calendar.Days), clickday.Day{
		ID: RehearsalDay, Code: "PROVA", TitleIT: "Prova generale", TitleEN: "Rehearsal", Models: []clickday.ModelCode{"B"}, Rehearsal: true,
		Opens: now.Add(-24 * time.Hour).UnixNano(), Closes: now.Add(1000 * time.Hour).UnixNano(), State: clickday.DayScheduled,
	})
}

// Runs is how many rehearsals have begun.
func (s *Server) Runs() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.runs)
}

// FreezeRehearsals makes the portal refuse them, as near an opening.
func (s *Server) FreezeRehearsals() { s.mu.Lock(); defer s.mu.Unlock(); s.frozen = true }

// HoldRehearsals keeps numbers and receipts of rehearsals back, or lets them go.
func (s *Server) HoldRehearsals(hold bool) { s.mu.Lock(); defer s.mu.Unlock(); s.held = hold }

func (s *Server) rehearsalRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/v1/rehearsals", s.auth(s.beginRehearsal))
	mux.HandleFunc("GET /api/v1/rehearsals/{run}/outcomes", s.auth(s.rehearsalOutcomes))
	mux.HandleFunc("GET /api/v1/rehearsals/{run}/applications/{id}/receipt", s.auth(s.rehearsalReceipt))
}

// beginRehearsal copies what is sealed under new ids; one sample when there is nothing.
func (s *Server) beginRehearsal(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Applications int }
	err := json.NewDecoder(r.Body).Decode(&asked)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || s.frozen {
		p := wire.NewProblem(portalapi.CodeRehearsalFrozen)
		p.Code, p.Status, p.Detail, p.DetailEN = portalapi.CodeRehearsalFrozen, http.StatusConflict, "Un’apertura è vicina.", "An opening is near."
		refuse(w, p)
		return
	}
	d := dictionary()
	out := portalapi.Run{
		ID: clickday.NewApplicationID().String(), Day: RehearsalDay, Calendar: s.sealedLocked(),
		Models: []portalapi.Model{{Code: "B", Version: 1, DictionaryID: d.ID, Dictionary: d.Content}},
	}
	apps := s.apps
	if out.Samples = len(apps) == 0; out.Samples {
		apps = []App{{Worker: "Sample Person", Document: []byte("canonical document of a sample")}}
	}
	if asked.Applications > 0 {
		apps = apps[:min(len(apps), asked.Applications)]
	}
	for _, a := range apps {
		a.ID = clickday.NewApplicationID()
		a.Document = fmt.Appendf(slices.Clone(a.Document), " in %s", out.ID)
		out.Applications = append(out.Applications, s.played(&a))
	}
	s.runs[out.ID] = out.Applications
	writeJSON(w, http.StatusCreated, out)
}

func (s *Server) played(a *App) portalapi.Application {
	digest := clickday.Digest(sha256.Sum256(a.Document))
	t := wire.Ticket{
		KeyID: 1, Day: RehearsalDay, Model: "B", ModelVersion: 1, Application: a.ID, SealVersion: 1, Digest: digest,
		Device: [ed25519.PublicKeySize]byte(s.device), Account: account.ID, IssuedAt: s.clk.Now().Unix(), NotAfter: s.clk.Now().Add(2 * time.Hour).Unix(),
	}
	return portalapi.Application{
		ID: a.ID.String(), ClickDay: RehearsalDay, Model: "B", ModelVersion: 1, SealVersion: 1, Digest: digest.String(), Document: a.Document,
		Ticket: wire.SealTicket(&t, s.ticket), Employer: a.Employer, Worker: a.Worker, DictionaryID: dictionary().ID,
	}
}

func (s *Server) rehearsalOutcomes(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []map[string]any{}
	for _, a := range s.runs[r.PathValue("run")] {
		id, arrived := s.sent[a.ID]
		if !arrived || s.held {
			continue
		}
		n := s.numbers[a.ID]
		list = append(list, map[string]any{
			"application_id": a.ID, "submission_id": id.String(), "state": clickday.Receipted, "number": n, "receipt": true,
			"protocol_number": clickday.ProtocolNumber("PROVA", n), "arrived_ns": fmt.Sprint(s.stored[id].Leaf.Stamp.UnixNano),
		})
	}
	writeJSON(w, http.StatusOK, map[string]any{"outcomes": list})
}

func (s *Server) rehearsalReceipt(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	_, there := s.sent[r.PathValue("id")]
	s.mu.Unlock()
	if !there {
		refuse(w, wire.NewProblem(clickday.CodeNotFound))
		return
	}
	reply(w, "application/pdf", []byte("%PDF-1.7\n% PROVA "+r.PathValue("id")+"\n%%EOF\n"))
}
