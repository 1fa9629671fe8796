package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"puntuale/internal/client/portalapi"
	"puntuale/internal/client/store"
)

// helpDesk answers for a portal's help desk and its lists, and passes on whatever
// else is asked.
type helpDesk struct {
	mu     sync.Mutex
	status int                // guarded by mu; of the next requests for help; 0: no network
	code   string             // guarded by mu; of a refusal
	took   []portalapi.Ticket // guarded by mu
	list   string             // guarded by mu; what each outcome says of a list
}

func (h *helpDesk) set(status int, code string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status, h.code = status, code
}

// RoundTrip implements http.RoundTripper.
func (h *helpDesk) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.URL.Path != "/api/v1/tickets" {
		return h.pass(r)
	}
	if r.Header.Get("Authorization") == "" || r.Method != http.MethodPost {
		return nil, errors.New("not a request for help")
	}
	if h.status == 0 {
		return nil, syscall.ECONNREFUSED
	}
	body := fmt.Sprintf(`{"status":%d,"code":%q,"detail":"Testo","detail_en":"Text"}`, h.status, h.code)
	if h.status == http.StatusCreated {
		var t portalapi.Ticket
		if err := json.NewDecoder(r.Body).Decode(&t); err != nil {
			return nil, err
		}
		h.took = append(h.took, t)
		body = fmt.Sprintf(`{"number":"2027-%06d"}`, len(h.took))
	}
	return &http.Response{StatusCode: h.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// pass adds the list to the outcomes. The caller holds mu.
func (h *helpDesk) pass(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || h.list == "" || r.URL.Path != "/api/v1/outcomes" {
		return resp, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	b = bytes.ReplaceAll(b, []byte(`"receipt":`), []byte(`"list":`+h.list+`,"receipt":`))
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	return resp, nil
}

func withHelpDesk(t *testing.T) (*bench, *helpDesk) {
	b, h := setup(t, time.Hour), &helpDesk{}
	b.Transport = h
	b.pair(t)
	return b, h
}

// TestARequestForHelpWaitsForTheNetwork: it is on disk first, survives the
// program, and leaves once; its report is not kept longer than needed.
func TestARequestForHelpWaitsForTheNetwork(t *testing.T) {
	b, h := withHelpDesk(t)
	ask := portalapi.Ticket{Kind: portalapi.TicketTechnical, Subject: strings.Repeat("è", 300), Text: "Non si collega", Diagnostics: "node 1"}
	text, err := b.Ask(t.Context(), ask)
	if err != nil || text != textTicketWaiting {
		t.Fatalf("%v, %v", text, err)
	}
	if _, err := b.Ask(t.Context(), ask); err != nil { // once more is still one
		t.Fatal(err)
	}
	b.reopen(t)
	b.Transport = h
	if ts := b.Snapshot().Tickets; len(ts) != 1 || !ts[0].Waiting() || !b.ticketsWait() {
		t.Fatalf("after a start: %+v", ts)
	}
	h.set(http.StatusServiceUnavailable, "overloaded")
	if err := b.SendTickets(t.Context()); err == nil || !b.ticketsWait() {
		t.Fatalf("given up after a 503: %v", err)
	}
	h.set(http.StatusCreated, "")
	for range 2 {
		if err := b.SendTickets(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ts := b.Snapshot().Tickets
	if len(h.took) != 1 || len([]rune(h.took[0].Subject)) != SubjectMax || h.took[0].Diagnostics != "node 1" || h.took[0].Kind != ask.Kind {
		t.Fatalf("sent %+v", h.took)
	}
	if len(ts) != 1 || ts[0].Number != "2027-000001" || ts[0].Diagnostics != "" || b.ticketsWait() {
		t.Fatalf("kept %+v", ts)
	}
	text, err = b.Ask(t.Context(), ask)
	if err != nil || !strings.HasSuffix(text.IT, "2027-000002.") {
		t.Fatalf("%v, %v", text, err)
	}
	if err := b.Forget(true); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(b.dir, "tickets.json")); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("still there after the deletion: %v", err)
	}
}

// TestAPortalWithoutAHelpDesk: the person is told plainly, and nothing is tried again.
func TestAPortalWithoutAHelpDesk(t *testing.T) {
	b, h := withHelpDesk(t)
	for i, answer := range []struct {
		status int
		code   string
		no     bool
	}{{404, "not_found", true}, {405, "", true}, {503, "help_desk_unavailable", true}, {422, "invalid", false}} {
		h.set(answer.status, answer.code)
		_, err := b.Ask(t.Context(), portalapi.Ticket{Kind: portalapi.TicketLegal, Subject: "x", Text: "y"})
		if err == nil || errors.Is(err, portalapi.ErrNoHelpDesk) != answer.no {
			t.Fatalf("%+v: %v", answer, err)
		}
		ts := b.Snapshot().Tickets
		if len(ts) != i+1 || ts[i].Failure != Explain(err) || ts[i].Failure.EN == "" || b.ticketsWait() {
			t.Fatalf("%+v: %+v", answer, ts)
		}
	}
	if Explain(portalapi.ErrNoHelpDesk) != textNoHelpDesk {
		t.Fatal("not told in plain words")
	}
}

func TestALongReportIsCutBetweenCharacters(t *testing.T) {
	if got := firstBytes("abè", 3); got != "ab" {
		t.Fatalf("%q", got)
	}
	if got := firstBytes("abè", 4); got != "abè" {
		t.Fatalf("%q", got)
	}
}

// TestTheListIsShown: what a published list gives, and a later one changes.
func TestTheListIsShown(t *testing.T) {
	b, h := setup(t, 1500*time.Millisecond), &helpDesk{}
	b.Transport = h
	b.srv.Add(1)
	b.pair(t)
	b.sync(t)
	b.send(t)
	b.srv.IssueReceipts()
	for _, step := range []struct{ list, it, en, word string }{
		{"", "", "", "Ricevuta pronta"},
		{
			`{"version":1,"kind":"provisional","published_at":"2027-02-20T10:00:00Z","place":"waiting","group":"any|any|any","rank":812,"demand":900,"places":500}`,
			"Al momento non in quota: 812° di 900 per 500 posti (graduatoria provvisoria n. 1 del 20/02/2027 11:00)",
			"Not in quota at the moment: number 812 of 900 for 500 places (provisional list no. 1 of 20/02/2027 11:00)", "Non in quota ora",
		},
		{
			`{"version":2,"kind":"final","published_at":"2027-03-20T10:00:00Z","place":"admitted","group":"any|any|any","rank":812,"demand":900,"places":812,"round":1}`,
			"In quota, con posti non richiesti da altri: 812° di 900 per 812 posti (graduatoria definitiva n. 2 del 20/03/2027 11:00)",
			"In quota, with places that others did not ask for: number 812 of 900 for 812 places (final list no. 2 of 20/03/2027 11:00)", "In quota",
		},
		{`{"version":3,"kind":"final","published_at":"2027-03-21T10:00:00Z","place":""}`,
			"In graduatoria, posti non ancora decisi (graduatoria definitiva n. 3 del 21/03/2027 11:00)",
			"In the list, places not decided yet (final list no. 3 of 21/03/2027 11:00)", "Ricevuta pronta"},
	} {
		h.mu.Lock()
		h.list = step.list
		h.mu.Unlock()
		if err := b.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.want(t, store.Receipted)
		version := b.store.Version()
		if err := b.Refresh(t.Context()); err != nil || b.store.Version() != version {
			t.Fatalf("the same list is written again: %v", err)
		}
		b.reopen(t)
		b.Transport = h
		row := b.Snapshot().Days[0].Rows[0]
		if got := StandingText(row.List); got.IT != step.it || got.EN != step.en {
			t.Errorf("%+v", got)
		}
		if got := OutcomeWord(&row).IT; got != step.word {
			t.Errorf("word %q, want %q", got, step.word)
		}
		if !b.numbered() {
			t.Error("no list is looked for")
		}
	}
}
