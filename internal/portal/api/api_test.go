package api_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/portal"
	"puntuale/internal/portal/api"
	"puntuale/internal/wire"
)

const (
	mario = "mario.rossi@example.it"
	anna  = "anna.verdi@example.it"
)

// detail is what the tests read of an application.
type detail struct {
	ID, State, Model string
	Revision         int64
	Answers          forms.Answers
	Dropped          []string
	Issues           []api.FieldError
	Seal             *struct{ Digest string }
	Outcome          *struct{ State, Reason string }
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// helpDesk is a help desk that remembers.
type helpDesk struct{ asked []api.NewTicket }

func (h *helpDesk) Open(_ context.Context, t api.NewTicket) (string, error) {
	h.asked = append(h.asked, t)
	return fmt.Sprintf("A-%07d", len(h.asked)), nil
}

// TestEveryRouteAnswersAsDocumented walks the way of a program and of a
// mini-client through every route, with every answer held against the document.
func TestEveryRouteAnswersAsDocumented(t *testing.T) {
	desk := &helpDesk{}
	c := newContract(t, func(cfg *portal.Config) { cfg.HelpDesk = desk })
	for path, item := range c.doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.Security != nil && len(*op.Security) > 0 {
				c.call("", method, strings.NewReplacer("{id}", "none", "{code}", "B", "{file}", "1").Replace(path), "").refused(401, "unauthorized")
			}
		}
	}
	c.publicRoutes()
	id := c.programRoutes()
	c.importRoutes()
	c.attachmentRoutes()
	c.clientRoutes(id, desk)
	c.everyOperation("begin-rehearsal", "rehearsal-outcomes", "rehearsal-receipt") // package rehearsal tests these
}

func (c *contract) publicRoutes() {
	c.call("", "GET", "/api/v1/config", "").ok(200, nil)
	c.call("", "GET", "/api/v1/calendar", "").ok(200, nil)
	var days struct {
		Days []struct{ Code, Phase string }
	}
	c.call("", "GET", "/api/v1/days", "").ok(200, &days)
	if len(days.Days) != 1 || days.Days[0].Code != "FLUSSI-2027" || days.Days[0].Phase != "before" {
		c.T.Errorf("days: %+v", days)
	}
	var models struct{ Models []struct{ Code string } }
	c.call("", "GET", "/api/v1/models", "").ok(200, &models)
	for _, m := range models.Models {
		c.call("", "GET", "/api/v1/models/"+m.Code, "").ok(200, nil)
	}
	c.call("", "GET", "/api/v1/models/B?version=1", "").ok(200, nil)
	c.call("", "GET", "/api/v1/models/B/template?lang=en", "").ok(200, nil)
	c.call("", "GET", "/api/v1/models/NOPE", "").refused(404, "not_found")
	c.call("", "GET", "/api/v1/models/B?version=x", "").refused(422, "request_invalid")
	if len(models.Models) < 12 {
		c.T.Errorf("%d models", len(models.Models))
	}
}

// programRoutes takes an application from nothing to sealed and returns its id.
func (c *contract) programRoutes() string {
	token := c.program(mario, accounts.ScopeWrite, time.Hour)
	answers := sample.ModelB(sample.New(1), sample.Person)
	var a detail
	c.call(token, "POST", "/api/v1/applications", asJSON(c.T, map[string]any{"click_day": 1, "model": "B"})).ok(201, &a)
	if a.State != "to_complete" || len(a.Issues) == 0 || !a.Issues[0].Missing || a.Issues[0].Text.IT == "" {
		c.T.Errorf("an empty draft: %+v", a)
	}
	path := "/api/v1/applications/" + a.ID
	var checked struct{ State string }
	c.call(token, "POST", "/api/v1/models/B/validate", asJSON(c.T, map[string]any{"answers": answers})).ok(200, &checked)
	if checked.State != "ready" {
		c.T.Errorf("the sample is %s", checked.State)
	}
	change := map[string]any{"revision": a.Revision, "answers": answers}
	c.call(token, "PUT", path, asJSON(c.T, change)).ok(200, &a)
	if a.State != "ready" || len(a.Issues) != 0 {
		c.T.Fatalf("after all answers: %s %+v", a.State, a.Issues)
	}
	c.call(token, "PUT", path, asJSON(c.T, change)).refused(409, "application_changed")
	c.call(token, "PATCH", path, asJSON(c.T, map[string]any{"revision": a.Revision, "answers": map[string]string{"worker_surname": ""}})).ok(200, &a)
	if len(a.Issues) == 0 || a.Issues[0].Field != "worker_surname" || !a.Issues[0].Missing {
		c.T.Errorf("without a surname: %+v", a.Issues)
	}
	issues := c.call(token, "POST", path+"/seal", asJSON(c.T, map[string]any{"revision": a.Revision}))
	if issues.status == 200 {
		c.T.Error("sealed without a surname")
	}
	c.call(token, "PATCH", path, asJSON(c.T, map[string]any{
		"revision": a.Revision, "answers": map[string]string{"worker_surname": answers["worker_surname"]},
	})).ok(200, &a)
	c.call(token, "POST", path+"/validate", "").ok(200, &checked)
	c.call(token, "POST", path+"/seal", asJSON(c.T, map[string]any{"revision": a.Revision})).ok(200, &a)
	if a.State != "sealed" || a.Seal == nil || len(a.Seal.Digest) != 64 {
		c.T.Errorf("sealed: %+v", a)
	}
	c.call(token, "PUT", path, asJSON(c.T, map[string]any{"revision": a.Revision, "answers": answers})).refused(409, "application_state")
	c.call(token, "POST", path+"/reopen", "").ok(200, &a)
	c.call(token, "POST", path+"/seal", asJSON(c.T, map[string]any{"revision": a.Revision})).ok(200, &a)
	c.call(token, "GET", path, "").ok(200, &a)
	c.call(token, "GET", "/api/v1/applications", "").ok(200, nil)
	c.call(token, "GET", path+"/receipt", "").refused(404, "not_found")
	return a.ID
}

// clientRoutes pairs a computer, syncs, and looks at what became of what was sent.
func (c *contract) clientRoutes(id string, desk *helpDesk) {
	token := c.computer(mario)
	c.call(token, "GET", "/api/v1/sync", "").refused(403, "device_not_registered")
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		c.T.Fatal(err)
	}
	c.call(token, "POST", "/api/v1/devices", "{").refused(422, "device_invalid")
	c.call(token, "POST", "/api/v1/devices", asJSON(c.T, map[string]any{
		"name": "PC dell’ufficio", "public_key": []byte(key.Public().(ed25519.PublicKey)), "proof": wire.SignDevice(key, token), "new_member": 1,
	})).ok(201, nil)
	c.call(token, "GET", "/api/v1/devices", "").ok(200, nil)
	c.Clock.Set(c.Opens.Add(-time.Hour))
	var sync struct{ Applications []struct{ ID string } }
	c.call(token, "GET", "/api/v1/sync", "").ok(200, &sync)
	if len(sync.Applications) != 1 || sync.Applications[0].ID != id {
		c.T.Errorf("sync: %+v", sync)
	}
	c.Arrive("/applications/"+id, clickday.Receipted, 42, nil)
	program := c.program(mario, accounts.ScopeRead, time.Hour)
	for _, who := range []string{token, program} {
		var out struct {
			Outcomes []struct{ State string }
		}
		c.call(who, "GET", "/api/v1/outcomes", "").ok(200, &out)
		if len(out.Outcomes) != 1 || out.Outcomes[0].State != "receipted" {
			c.T.Errorf("outcomes: %+v", out)
		}
		if g := c.call(who, "GET", "/api/v1/applications/"+id+"/receipt", ""); g.status != 200 || g.header.Get("Content-Type") != "application/pdf" {
			c.T.Errorf("receipt: %d %v", g.status, g.header)
		}
	}
	var a detail
	c.call(program, "GET", "/api/v1/applications/"+id, "").ok(200, &a)
	if a.Outcome == nil || a.Outcome.State != "receipted" {
		c.T.Errorf("outcome: %+v", a.Outcome)
	}
	writer := c.program(mario, accounts.ScopeWrite, time.Hour)
	c.call(writer, "POST", "/api/v1/applications/"+id+"/reopen", "").refused(409, "application_sent")
	c.tickets(token, writer, desk)
}

func (c *contract) tickets(client, writer string, desk *helpDesk) {
	ask := map[string]any{"kind": "technical", "subject": "Non parte", "text": "Non si apre\x00", "diagnostics": strings.Repeat("à", 128<<10)}
	for i, who := range []string{client, writer} {
		var out struct{ Number string }
		c.call(who, "POST", "/api/v1/tickets", asJSON(c.T, ask)).ok(201, &out)
		if len(desk.asked) != i+1 || out.Number == "" || desk.asked[i].Text != "Non si apre" || (desk.asked[i].Device != 0) != (i == 0) {
			c.T.Errorf("ticket %q: %d asked", out.Number, len(desk.asked))
		}
	}
	ask["diagnostics"] = strings.Repeat("a", 256<<10+1)
	c.call(client, "POST", "/api/v1/tickets", asJSON(c.T, ask)).refused(413, "body_too_large")
	ask["diagnostics"], ask["kind"] = strings.Repeat("a", 600<<10), "technical"
	c.call(client, "POST", "/api/v1/tickets", asJSON(c.T, ask)).refused(413, "body_too_large")
	ask["diagnostics"], ask["kind"] = "", "other"
	if errs := c.call(client, "POST", "/api/v1/tickets", asJSON(c.T, ask)).refused(422, "request_invalid"); len(errs) != 1 || errs[0].Location != "body.kind" {
		c.T.Errorf("another kind: %+v", errs)
	}
}

// TestWithoutAHelpDesk: a program is told plainly.
func TestWithoutAHelpDesk(t *testing.T) {
	c := newContract(t)
	c.Serve(api.New(api.Config{Store: c.DB, Clock: c.Clock, PublicURL: "http://portal.example", Log: c.Log}).Handler())
	body := `{"kind":"legal","subject":"a","text":"b"}`
	c.call(c.program(mario, accounts.ScopeWrite, time.Hour), "POST", "/api/v1/tickets", body).refused(503, "help_desk_unavailable")
}

// TestProgramsRestAroundTheOpening: what changes applications waits; what a
// click day needs goes on.
func TestProgramsRestAroundTheOpening(t *testing.T) {
	c := newContract(t)
	token := c.program(mario, accounts.ScopeWrite, 72*time.Hour)
	var a detail
	c.call(token, "POST", "/api/v1/applications", `{"click_day":1,"model":"B"}`).ok(201, &a)
	path := "/api/v1/applications/" + a.ID
	c.Clock.Set(c.Opens.Add(-10 * time.Minute))
	for _, call := range [][2]string{{"PATCH", path}, {"PUT", path}, {"DELETE", path}, {"POST", "/api/v1/applications"}, {"POST", path + "/seal"}, {"POST", path + "/attachments"}} {
		g := c.call(token, call[0], call[1], `{}`)
		g.refused(503, "portal_resting")
		if g.header.Get("Retry-After") != "2400" {
			t.Errorf("%v: Retry-After %q", call, g.header.Get("Retry-After"))
		}
	}
	for _, path := range []string{path, "/api/v1/applications", "/api/v1/outcomes", "/api/v1/days", "/api/v1/calendar", "/api/v1/config"} {
		c.call(token, "GET", path, "").ok(200, nil)
	}
	c.call(token, "POST", "/api/v1/tickets", `{"kind":"technical","subject":"a","text":"b"}`).ok(201, nil)
	c.Clock.Set(c.Opens.Add(30 * time.Minute))
	c.call(token, "PATCH", path, `{"revision":1,"answers":{}}`).ok(200, nil)
}

func TestTokens(t *testing.T) {
	c := newContract(t)
	reader, writer := c.program(mario, accounts.ScopeRead, time.Hour), c.program(mario, accounts.ScopeWrite, 2*time.Hour)
	client := c.computer(mario)
	create := asJSON(t, map[string]any{"click_day": 1, "model": "B"})
	var a detail
	c.call(writer, "POST", "/api/v1/applications", create).ok(201, &a)
	path := "/api/v1/applications/" + a.ID

	g := c.call(reader, "POST", "/api/v1/applications", create)
	g.refused(403, "scope_missing")
	if h := g.header.Get("WWW-Authenticate"); !strings.Contains(h, "insufficient_scope") {
		t.Errorf("WWW-Authenticate: %q", h)
	}
	c.call(client, "GET", path, "").refused(403, "token_of_another_kind")
	c.call(writer, "GET", "/api/v1/sync", "").refused(403, "token_of_another_kind")
	c.call("pun_nonsense", "GET", path, "").refused(401, "token_invalid")

	other := c.program(anna, accounts.ScopeWrite, time.Hour)
	for _, call := range [][3]string{
		{"GET", "", ""}, {"PUT", "", `{"revision":1,"answers":{}}`}, {"PATCH", "", `{"revision":1,"answers":{}}`}, {"POST", "/validate", ""},
		{"POST", "/seal", `{"revision":1}`}, {"POST", "/reopen", ""}, {"GET", "/receipt", ""},
	} {
		c.call(other, call[0], path+call[1], call[2]).refused(404, "not_found")
		c.call(other, call[0], "/api/v1/applications/none"+call[1], call[2]).refused(404, "not_found")
	}
	c.call(reader, "GET", path, "").ok(200, nil)
	c.Clock.Advance(time.Hour)
	c.call(reader, "GET", path, "").refused(401, "token_invalid")
	list, err := c.DB.Programs(t.Context(), c.Account(mario).ID)
	if err != nil || len(list) != 2 || list[0].LastUsed == nil {
		t.Fatalf("tokens: %+v %v", list, err)
	}
	for _, p := range list {
		if err := c.DB.RevokeProgram(t.Context(), c.Account(anna).ID, p.ID, c.Clock.Now()); err == nil {
			t.Error("a stranger revokes a token")
		}
		if err := c.DB.RevokeProgram(t.Context(), c.Account(mario).ID, p.ID, c.Clock.Now()); err != nil {
			t.Error(err)
		}
	}
	c.call(writer, "GET", path, "").refused(401, "token_invalid")
	if strings.Contains(c.Logs.String(), writer) {
		t.Error("a token is in the log")
	}
}

func TestListOfApplications(t *testing.T) {
	c := newContract(t)
	token := c.program(mario, accounts.ScopeWrite, time.Hour)
	for range 5 {
		c.call(token, "POST", "/api/v1/applications", `{"click_day":1,"model":"B"}`).ok(201, nil)
		c.Clock.Advance(time.Second)
	}
	c.call(c.program(anna, accounts.ScopeWrite, time.Hour), "POST", "/api/v1/applications", `{"click_day":1,"model":"B"}`).ok(201, nil)
	var page struct {
		Applications []detail
		Next         string
		More         bool
	}
	seen := map[string]bool{}
	after := ""
	for range 3 {
		c.call(token, "GET", "/api/v1/applications?limit=2&after="+after, "").ok(200, &page)
		for _, a := range page.Applications {
			seen[a.ID] = true
		}
		after = page.Next
	}
	if len(seen) != 5 || page.More || len(page.Applications) != 1 {
		t.Errorf("%d applications on three pages", len(seen))
	}
	c.call(token, "GET", "/api/v1/applications?after="+after, "").ok(200, &page)
	if len(page.Applications) != 0 || page.Next != after {
		t.Errorf("nothing has changed: %+v", page)
	}
	var first detail
	for id := range seen {
		first.ID = id
	}
	c.call(token, "PATCH", "/api/v1/applications/"+first.ID, `{"revision":1,"answers":{}}`).ok(200, nil)
	c.call(token, "GET", "/api/v1/applications?after="+after, "").ok(200, &page)
	if len(page.Applications) != 1 || page.Applications[0].ID != first.ID {
		t.Errorf("the change is not there: %+v", page)
	}
	for query, n := range map[string]int{"click_day=1": 5, "click_day=2": 0, "model=B": 5, "model=A": 0, "state=to_complete": 5, "state=sealed": 0} {
		c.call(token, "GET", "/api/v1/applications?"+query, "").ok(200, &page)
		if len(page.Applications) != n {
			t.Errorf("%s: %d", query, len(page.Applications))
		}
	}
	for _, query := range []string{"limit=0", "limit=501", "state=x", "click_day=-1", "after=x"} {
		c.call(token, "GET", "/api/v1/applications?"+query, "").refused(422, "request_invalid")
	}
}

func TestAnswersThatDoNotFit(t *testing.T) {
	c := newContract(t)
	token := c.program(mario, accounts.ScopeWrite, time.Hour)
	for body, want := range map[string]clickday.Code{
		`{"click_day":2,"model":"B"}`:                            "click_day_not_in_preparation",
		`{"click_day":1,"model":"VA"}`:                           "wrong_model",
		`{"click_day":1,"model":"B","answers":{"no_field":"x"}}`: "request_invalid",
		`{"click_day":1,"model":"B","answers":{"worker_sex":1}}`: "request_invalid",
		`{"click_day":"1","model":"B"}`:                          "request_invalid",
		`{"model":"B"}`:                                          "request_invalid",
		`{`:                                                      "bad_request",
		`[]`:                                                     "request_invalid",
		`{"click_day":1,"model":"` + strings.Repeat("B", 9) + `"}`: "request_invalid",
		`{"x":"` + strings.Repeat("B", 256<<10) + `"}`:             "body_too_large",
	} {
		g := c.call(token, "POST", "/api/v1/applications", body)
		if p := wire.ParseProblem(g.body); p.Code != want {
			t.Errorf("%.60s: %s, want %s", body, g.body, want)
		}
	}
	var a detail
	c.call(token, "POST", "/api/v1/applications", `{"click_day":1,"model":"B","answers":{"worker_surname":" bianchi\u0000 ","worker_sex":"?"}}`).ok(201, &a)
	if a.Answers["worker_surname"] == "" || strings.ContainsRune(a.Answers["worker_surname"], 0) {
		t.Errorf("answers: %+v", a.Answers)
	}
}

func TestRates(t *testing.T) {
	c := newContract(t, func(cfg *portal.Config) {
		cfg.APIPerToken, cfg.APIPerAddress = api.Rate{PerSecond: 1, Burst: 5}, api.Rate{PerSecond: 1, Burst: 8}
	})
	one, two := c.program(mario, accounts.ScopeRead, time.Hour), c.program(anna, accounts.ScopeRead, time.Hour)
	for i := range 5 {
		g := c.call(one, "GET", "/api/v1/outcomes", "")
		if want := fmt.Sprintf(`"token";r=%d;t=%d`, 4-i, i+1); g.status != 200 || g.header.Get("RateLimit") != want || g.header.Get("RateLimit-Policy") != `"token";q=5;w=5` {
			t.Errorf("call %d: %d %q", i, g.status, g.header.Get("RateLimit"))
		}
	}
	g := c.call(one, "GET", "/api/v1/outcomes", "")
	g.refused(429, "too_many_requests")
	if g.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After: %q", g.header.Get("Retry-After"))
	}
	c.call(two, "GET", "/api/v1/outcomes", "").ok(200, nil) // another token behind the same address
	c.Clock.Advance(time.Second)
	c.call(one, "GET", "/api/v1/outcomes", "").ok(200, nil)

	for c.call("pun_guess", "GET", "/api/v1/outcomes", "").status == http.StatusUnauthorized {
		continue
	}
	c.call("", "GET", "/api/v1/config", "").refused(429, "too_many_requests")
	c.call(two, "GET", "/api/v1/outcomes", "").refused(429, "too_many_requests") // nobody guesses on from here
	c.Clock.Advance(10 * time.Second)
	c.call(two, "GET", "/api/v1/outcomes", "").ok(200, nil)
}
