package clienttest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"puntuale/internal/clickday"
	"puntuale/internal/client/portalapi"
	"puntuale/internal/client/store"
	"puntuale/internal/client/update"
	"puntuale/internal/wire"
)

func (s *Server) portalRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /oauth/authorize", s.authorize)
	mux.HandleFunc("POST /oauth/token", s.token)
	mux.HandleFunc("GET /api/v1/config", s.config)
	mux.HandleFunc("GET "+update.ManifestPath, s.versions)
	mux.HandleFunc("POST /api/v1/devices", s.auth(s.registerDevice))
	mux.HandleFunc("GET /api/v1/sync", s.auth(s.sync))
	mux.HandleFunc("GET /api/v1/outcomes", s.auth(s.outcomes))
	mux.HandleFunc("GET /api/v1/applications/{id}/receipt", s.auth(s.receipt))
	mux.HandleFunc("POST /api/v1/tickets", s.auth(s.openTicket))
	s.rehearsalRoutes(mux)
	return mux
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) //nolint:errcheck // the client under test may have gone
}

func (s *Server) auth(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+s.Token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

// authorize plays the person who is logged in already and agrees at once.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || back.Hostname() != "127.0.0.1" || q.Get("code_challenge_method") != "S256" || q.Get("client_id") != "miniclient" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := url.Values{"state": {q.Get("state")}}
	if s.deny {
		answer.Set("error", "access_denied")
	} else {
		code := fmt.Sprintf("code-%d", len(s.challenges))
		s.challenges[code] = q.Get("code_challenge")
		answer.Set("code", code)
	}
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusSeeOther)
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	s.mu.Lock()
	challenge, ok := s.challenges[r.PostFormValue("code")]
	delete(s.challenges, r.PostFormValue("code"))
	s.mu.Unlock()
	if !ok || challenge != base64.RawURLEncoding.EncodeToString(sum[:]) {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"access_token": s.Token, "token_type": "Bearer", "expires_in": 86400})
}

func (s *Server) config(w http.ResponseWriter, _ *http.Request) {
	node := store.Node{Node: 1, URL: s.Intake.URL, PublicKey: s.nodeKey.Public().(ed25519.PublicKey), CAPEM: s.caPEM()}
	if s.Warm != nil {
		node.WarmURL = s.Warm.URL
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	writeJSON(w, http.StatusOK, portalapi.Settings{
		ReleaseKey: s.releaseKey, Name: "Portale di prova", CalendarKey: s.calKey.Public().(ed25519.PublicKey),
		Nodes: []store.Node{node},
	})
}

// Publish serves the releases of a directory and names their key.
func (s *Server) Publish(dir string, key ed25519.PublicKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.releases, s.releaseKey = update.Serve(dir), key
}

func (s *Server) versions(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	h := s.releases
	s.mu.Unlock()
	if h == nil {
		http.NotFound(w, r)
		return
	}
	h.ServeHTTP(w, r)
}

var account = store.Account{ID: 7, Name: "Cascina Aurora S.r.l.", Email: "aurora@example.test"}

func (s *Server) registerDevice(w http.ResponseWriter, r *http.Request) {
	var d portalapi.Device
	if err := json.NewDecoder(r.Body).Decode(&d); err != nil {
		refuse(w, wire.NewProblem(clickday.CodeRequest))
		return
	}
	if err := wire.CheckDevice(d.PublicKey, s.Token, d.Proof); err != nil {
		refuse(w, wire.NewProblem(clickday.CodeSignature))
		return
	}
	s.mu.Lock()
	s.device = d.PublicKey
	s.mu.Unlock()
	writeJSON(w, http.StatusCreated, map[string]any{"device_id": 12, "account": account})
}

func (s *Server) sync(w http.ResponseWriter, _ *http.Request) {
	d := dictionary()
	out := portalapi.Sync{Account: account, Calendar: s.sealedCalendar(), Models: []portalapi.Model{{
		Code: "B", Version: 1, DictionaryID: d.ID, Dictionary: d.Content,
	}}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.apps {
		if s.numbers[a.ID.String()] > 0 {
			continue
		}
		digest := clickday.Digest(sha256.Sum256(a.Document))
		t := wire.Ticket{
			KeyID: 1, Day: 1, Model: "B", ModelVersion: 1, Application: a.ID, SealVersion: a.Seal, Digest: digest,
			Device: [32]byte(s.device), Account: account.ID, IssuedAt: s.clk.Now().Unix(), NotAfter: s.calendar.Days[0].Closes/1e9 + 3600,
		}
		out.Applications = append(out.Applications, portalapi.Application{
			ID: a.ID.String(), ClickDay: 1, Model: "B", ModelVersion: 1, SealVersion: a.Seal, Digest: digest.String(),
			Document: a.Document, Ticket: wire.SealTicket(&t, s.ticket), Employer: a.Employer, Worker: a.Worker, DictionaryID: d.ID,
		})
	}
	writeJSON(w, http.StatusOK, out)
}

func (s *Server) outcomes(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []map[string]any{}
	for _, a := range s.apps {
		n := s.numbers[a.ID.String()]
		if n == 0 {
			continue
		}
		for _, id := range s.order {
			if state := s.stateOf(id, a); state != "" {
				list = append(list, map[string]any{
					"application_id": a.ID.String(), "submission_id": id.String(), "state": state, "number": n,
					"protocol_number": clickday.ProtocolNumber("B-2026", n), "receipt": s.receipts,
					"arrived_ns": fmt.Sprint(s.stored[id].Leaf.Stamp.UnixNano),
				})
			}
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"outcomes": list})
}

// stateOf matches by position: the n-th number belongs to the n-th arrival.
func (s *Server) stateOf(id clickday.SubmissionID, a App) clickday.SubmissionState {
	if int64(1+indexOf(s.order, id)) != s.numbers[a.ID.String()] {
		return ""
	}
	if s.receipts {
		return clickday.Receipted
	}
	return clickday.Sequenced
}

func indexOf(ids []clickday.SubmissionID, id clickday.SubmissionID) int {
	for i := range ids {
		if ids[i] == id {
			return i
		}
	}
	return -1
}

func (s *Server) receipt(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	ready := s.receipts && s.numbers[r.PathValue("id")] > 0
	s.mu.Unlock()
	if !ready {
		refuse(w, wire.NewProblem(clickday.CodeNotFound))
		return
	}
	reply(w, "application/pdf", []byte("%PDF-1.7\n% receipt of "+r.PathValue("id")+"\n%%EOF\n"))
}
