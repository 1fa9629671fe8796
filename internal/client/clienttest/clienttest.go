// Package clienttest is a portal and an intake for tests of the mini-client:
// real TLS and HTTP on loopback, built from the contract packages, with faults
// to order. It stores in memory and numbers in order of arrival.
package clienttest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"puntuale/internal/clickday"
	"puntuale/internal/client/portalapi"
	"puntuale/internal/clock"
	"puntuale/internal/wire"
)

// Fault is what goes wrong with one submission at the intake.
type Fault int

const (
	Fine         Fault = iota
	CutBefore          // the connection is cut, nothing is stored
	LostAfter          // it is stored, the connection is cut before the answer
	Overloaded         // 503 with the documented code
	EarlyRefusal       // 425, whatever the clock says
	Forged             // an acknowledgement with a wrong signature, nothing is stored
	WrongKey           // a final refusal: ticket_invalid
)

// Server is both in one. Change its exported fields before the first request,
// or through the methods.
type Server struct {
	Portal *httptest.Server // plain http on loopback, as the demo has it
	Intake *httptest.Server // https with its own authority
	Warm   *httptest.Server // the intake's ticketed address; nil until OpenWarm
	Token  string

	clk     clock.Clock
	calKey  ed25519.PrivateKey
	nodeKey ed25519.PrivateKey
	ticket  []byte

	mu         sync.Mutex
	calendar   clickday.Calendar
	apps       []App                                          // sealed
	device     ed25519.PublicKey                              // registered
	challenges map[string]string                              // code to PKCE challenge
	stored     map[clickday.SubmissionID]wire.Acknowledgement // in the journal
	order      []clickday.SubmissionID
	numbers    map[string]int64                   // by application
	sent       map[string]clickday.SubmissionID   // its first, by application
	runs       map[string][]portalapi.Application // of rehearsals
	frozen     bool                               // no rehearsal may begin
	held       bool                               // numbers and receipts of rehearsals do not come
	receipts   bool
	fault      func(id clickday.SubmissionID, attempt int) Fault
	attempts   map[clickday.SubmissionID]int
	deny       bool
	visits     map[visit]int
	warmCode   clickday.Code // refuses every ticket
	releases   http.Handler  // nil: nothing is published
	releaseKey ed25519.PublicKey
	helps      bool               // there is a help desk
	tickets    []portalapi.Ticket // requests for help
}

// App is one sealed application.
type App struct {
	ID       clickday.ApplicationID
	Seal     uint32
	Worker   string
	Employer string
	Document []byte
}

// NewServer starts both and stops them with the test. The calendar has one day,
// "B-2026", that opens at opens and closes an hour later.
func NewServer(t testing.TB, clk clock.Clock, opens int64) *Server {
	t.Helper()
	s := &Server{
		Token: "token-of-the-device", clk: clk, ticket: make([]byte, 32),
		challenges: map[string]string{}, stored: map[clickday.SubmissionID]wire.Acknowledgement{},
		numbers: map[string]int64{}, sent: map[string]clickday.SubmissionID{}, runs: map[string][]portalapi.Application{},
		attempts: map[clickday.SubmissionID]int{}, visits: map[visit]int{},
		calendar: clickday.Calendar{Version: 1, Days: []clickday.Day{{
			ID: 1, Code: "B-2026", TitleIT: "Lavoro subordinato 2026", TitleEN: "Subordinate work 2026",
			Models: []clickday.ModelCode{"B"}, Opens: opens, Closes: opens + 3600e9, State: clickday.DayScheduled,
		}}},
	}
	s.calKey, s.nodeKey = newKey(t), newKey(t)
	s.Intake = httptest.NewTLSServer(s.intakeRoutes())
	s.Portal = httptest.NewServer(s.portalRoutes())
	t.Cleanup(s.Portal.Close)
	t.Cleanup(s.Intake.Close)
	return s
}

func newKey(t testing.TB) ed25519.PrivateKey {
	_, k, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Add seals n applications and returns their ids.
func (s *Server) Add(n int) []clickday.ApplicationID {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []clickday.ApplicationID
	workers := []string{"Amina El Fassi", "Bogdan Ionescu", "Carlos Ferreira", "Dritan Hoxha", "Elena Popović", "Fatou Diop"}
	for range n {
		i := len(s.apps)
		a := App{
			ID: clickday.NewApplicationID(), Seal: 1, Employer: "Cascina Aurora S.r.l.",
			Worker:   fmt.Sprintf("%s %d", workers[i%len(workers)], i+1),
			Document: fmt.Appendf(nil, "canonical document %d of a person who wants to work", i),
		}
		s.apps = append(s.apps, a)
		ids = append(ids, a.ID)
	}
	return ids
}

// Reseal gives an application a new sealed version.
func (s *Server) Reseal(id clickday.ApplicationID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.apps {
		if s.apps[i].ID == id {
			s.apps[i].Seal++
			s.apps[i].Document = append(slices.Clone(s.apps[i].Document), " edited"...)
		}
	}
}

// Remove takes an application back to a draft.
func (s *Server) Remove(id clickday.ApplicationID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apps = slices.DeleteFunc(s.apps, func(a App) bool { return a.ID == id })
}

// Day changes the click day in a new version of the calendar.
func (s *Server) Day(change func(d *clickday.Day)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	days := slices.Clone(s.calendar.Days)
	change(&days[0])
	s.calendar = clickday.Calendar{Version: s.calendar.Version + 1, Days: days}
}

// Fault orders what goes wrong, by submission and attempt (1, 2, …).
func (s *Server) Fault(f func(id clickday.SubmissionID, attempt int) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Deny makes the person at the browser say no.
func (s *Server) Deny() { s.mu.Lock(); defer s.mu.Unlock(); s.deny = true }

// IssueReceipts makes the receipts of everything numbered available.
func (s *Server) IssueReceipts() { s.mu.Lock(); defer s.mu.Unlock(); s.receipts = true }

// Stored returns the stamps of what the intake has, in order of arrival.
func (s *Server) Stored() []wire.Leaf {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]wire.Leaf, 0, len(s.order))
	for _, id := range s.order {
		a := s.stored[id]
		out = append(out, a.Leaf)
	}
	return out
}

// Attempts returns how often each submission was sent.
func (s *Server) Attempts(id clickday.SubmissionID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attempts[id]
}

func (s *Server) caPEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Intake.Certificate().Raw}))
}

// dictionary is what the model's documents are compressed with.
func dictionary() wire.Dictionary {
	content := []byte("canonical document of a person who wants to work")
	sum := sha256.Sum256(content)
	return wire.Dictionary{ID: uint32(sum[0])<<8 | uint32(sum[1]) | 1, Content: content}
}
