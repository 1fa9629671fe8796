package portal

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/portal/oauth"
	"puntuale/internal/portal/sitetest"
	"puntuale/internal/wire"
)

const (
	callback = "http://127.0.0.1:51234/callback"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func authorization(change ...string) url.Values {
	q := url.Values{
		"response_type": {"code"}, "client_id": {oauth.ClientID}, "redirect_uri": {callback}, "state": {"s1"},
		"code_challenge": {challenge(verifier)}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(change); i += 2 {
		q.Set(change[i], change[i+1])
	}
	return q
}

// code consents in the browser and returns the code.
func (b *browser) code() string {
	b.T.Helper()
	p := b.Open("/oauth/authorize?" + authorization().Encode())
	form := url.Values{"decision": {"allow"}}
	p.Find("main form input[type=hidden]").Each(func(_ int, in *goquery.Selection) { form.Set(in.AttrOr("name", ""), in.AttrOr("value", "")) })
	to, err := url.Parse(b.Post("/oauth/authorize", form).Location())
	if err != nil {
		b.T.Fatal(err)
	}
	if !strings.HasPrefix(to.String(), callback+"?") || to.Query().Get("state") != "s1" || to.Query().Get("code") == "" {
		b.T.Fatalf("consent leads to %q", to)
	}
	return to.Query().Get("code")
}

func exchange(code string, change ...string) url.Values {
	f := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "client_id": {oauth.ClientID}, "code_verifier": {verifier},
	}
	for i := 0; i+1 < len(change); i += 2 {
		f.Set(change[i], change[i+1])
	}
	return f
}

// program is a paired mini-client.
type program struct {
	*testSite
	token string
	key   ed25519.PrivateKey
}

func (s *testSite) pair(b *browser) *program {
	s.T.Helper()
	res := s.browser().Post("/oauth/token", exchange(b.code()))
	var token oauth.Token
	if err := json.Unmarshal([]byte(res.Body), &token); err != nil || token.TokenType != "Bearer" || token.AccessToken == "" || token.ExpiresIn <= 0 {
		s.T.Fatalf("token: %d %s", res.Status, res.Body)
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		s.T.Fatal(err)
	}
	return &program{s, token.AccessToken, key}
}

func (p *program) call(method, path, body string) *page {
	p.T.Helper()
	req, err := http.NewRequest(method, p.Server.URL+path, strings.NewReader(body))
	if err != nil {
		p.T.Fatal(err)
	}
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	return p.browser().Do(req)
}

// refused checks a problem document.
func (p *program) refused(method, path, body string, status int, code clickday.Code) {
	p.T.Helper()
	res := p.call(method, path, body)
	problem := wire.ParseProblem([]byte(res.Body))
	if res.Status != status || problem.Code != code || problem.Status != status || res.Header.Get("Content-Type") != wire.TypeProblem ||
		problem.Title == "" || problem.Detail == "" || problem.DetailEN == "" {
		p.T.Errorf("%s %s: %d %s; want %d %s", method, path, res.Status, res.Body, status, code)
	}
}

func (p *program) registration(key ed25519.PrivateKey) string {
	b, err := json.Marshal(map[string]any{
		"name": "PC dell’ufficio", "public_key": []byte(key.Public().(ed25519.PublicKey)), "proof": wire.SignDevice(key, p.token),
	})
	if err != nil {
		p.T.Fatal(err)
	}
	return string(b)
}

type registeredDevice struct{ ID string }

func (s *testSite) registered(p *program) registeredDevice {
	s.T.Helper()
	res := p.call(http.MethodPost, "/api/v1/devices", p.registration(p.key))
	var out struct {
		ID      json.Number `json:"device_id"`
		Account struct{ Email string }
	}
	if err := json.Unmarshal([]byte(res.Body), &out); err != nil || res.Status != http.StatusCreated || out.Account.Email == "" {
		s.T.Fatalf("register: %d %s", res.Status, res.Body)
	}
	return registeredDevice{out.ID.String()}
}

func TestAuthorizationRequests(t *testing.T) {
	s := newSite(t)
	b := s.loggedIn("mario.rossi@example.it")
	for _, redirect := range []string{
		"", "https://evil.example/callback", "http://evil.example:1/callback", "http://localhost:1/callback", "http://127.0.0.1/callback",
		"http://127.0.0.1:1/other", "http://127.0.0.1:1/callback?x=1", "http://127.0.0.1:1/callback#x", "http://a@127.0.0.1:1/callback",
		"http://127.0.0.1:1@evil.example/callback", "http://127.1:1/callback", "http://127.0.0.1:0/callback", "https://127.0.0.1:1/callback", "http://[::2]:1/callback",
	} {
		for _, client := range []*browser{b, s.browser()} {
			if p := client.Get("/oauth/authorize?" + authorization("redirect_uri", redirect).Encode()); p.Status != 400 || p.Location() != "" {
				t.Errorf("redirect %q: %d %s", redirect, p.Status, p.Location())
			}
		}
		if p := b.Post("/oauth/authorize", authorization("redirect_uri", redirect, "decision", "allow")); p.Status != 400 {
			t.Errorf("consent to redirect %q: %d", redirect, p.Status)
		}
	}
	if p := b.Get("/oauth/authorize?" + authorization("client_id", "x").Encode()); p.Status != 400 {
		t.Errorf("unknown client: %d", p.Status)
	}
	for want, change := range map[string][]string{
		"unsupported_response_type": {"response_type", "token"},
		"invalid_request":           {"code_challenge_method", "plain"},
	} {
		if p := b.Get("/oauth/authorize?" + authorization(change...).Encode()); p.Location() != callback+"?error="+want+"&state=s1" {
			t.Errorf("%v leads to %q", change, p.Location())
		}
	}
	if p := b.Get("/oauth/authorize?" + authorization("code_challenge", "kurz").Encode()); !strings.Contains(p.Location(), "error=invalid_request") {
		t.Errorf("a short challenge leads to %q", p.Location())
	}
	if p := b.Post("/oauth/authorize", authorization("decision", "deny")); p.Location() != callback+"?error=access_denied&state=s1" {
		t.Errorf("denial leads to %q", p.Location())
	}
	if p := b.Post("/oauth/authorize", authorization("redirect_uri", "http://[::1]:5/callback", "decision", "allow")); !strings.HasPrefix(p.Location(), "http://[::1]:5/callback?code=") {
		t.Errorf("IPv6 loopback leads to %q", p.Location())
	}
	p := b.Open("/oauth/authorize?" + authorization().Encode())
	if csp := p.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' http://127.0.0.1:51234;") {
		t.Errorf("the browser would stop the way back: %q", csp)
	}
	login := s.browser().Get("/oauth/authorize?" + authorization().Encode()).Location()
	if next, err := url.Parse(login); err != nil || next.Path != "/login" || !strings.HasPrefix(next.Query().Get("next"), "/oauth/authorize?") {
		t.Errorf("without a log-in it leads to %q", login)
	}
}

func TestCodeExchange(t *testing.T) {
	s := newSite(t)
	b, post := s.loggedIn("mario.rossi@example.it"), func(f url.Values) *page { return s.browser().Post("/oauth/token", f) }
	refused := func(what string, p *page, want string) {
		t.Helper()
		var e struct{ Error string }
		if err := json.Unmarshal([]byte(p.Body), &e); err != nil || p.Status != 400 || e.Error != want || p.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s, want %s", what, p.Status, p.Body, want)
		}
	}
	refused("wrong verifier", post(exchange(b.code(), "code_verifier", verifier+"x")), "invalid_grant")
	spent := b.code()
	refused("another redirect", post(exchange(spent, "redirect_uri", "http://127.0.0.1:1/callback")), "invalid_grant")
	refused("a code that a wrong attempt has spent", post(exchange(spent)), "invalid_grant")
	refused("unknown code", post(exchange("nonsense")), "invalid_grant")
	refused("no verifier", post(exchange(b.code(), "code_verifier", "")), "invalid_request")
	refused("other client", post(exchange(b.code(), "client_id", "x")), "invalid_client")
	refused("other grant", post(exchange(b.code(), "grant_type", "password")), "unsupported_grant_type")
	late := b.code()
	s.Clock.Advance(2 * time.Minute)
	refused("expired code", post(exchange(late)), "invalid_grant")

	code := b.code()
	var token oauth.Token
	if err := json.Unmarshal([]byte(post(exchange(code)).Body), &token); err != nil {
		t.Fatal(err)
	}
	p := &program{s, token.AccessToken, nil}
	if res := p.call(http.MethodGet, "/api/v1/outcomes", ""); res.Status != 200 {
		t.Fatalf("a fresh token: %d %s", res.Status, res.Body)
	}
	refused("code used twice", post(exchange(code)), "invalid_grant")
	p.refused(http.MethodGet, "/api/v1/outcomes", "", 401, "unauthorized")
}

func TestTokenEndpointIsLimited(t *testing.T) {
	b := newSite(t).browser()
	for range 30 {
		b.Post("/oauth/token", url.Values{})
	}
	if p := b.Post("/oauth/token", url.Values{}); p.Status != http.StatusTooManyRequests {
		t.Errorf("31st call within an instant: %d", p.Status)
	}
	b.Clock.Advance(time.Second)
	if p := b.Post("/oauth/token", url.Values{}); p.Status != http.StatusBadRequest {
		t.Errorf("a second later: %d", p.Status)
	}
}

func TestDevices(t *testing.T) {
	s := newSite(t)
	mario, anna := s.loggedIn("mario.rossi@example.it"), s.loggedIn("anna.verdi@example.it")
	p := s.pair(mario)
	p.refused(http.MethodGet, "/api/v1/sync", "", 403, "device_not_registered")
	other := &program{s, "another token", p.key}
	p.refused(http.MethodPost, "/api/v1/devices", other.registration(p.key), 422, "device_invalid") // proof for another token
	p.refused(http.MethodPost, "/api/v1/devices", "{", 422, "device_invalid")
	first := s.registered(p)
	if again := s.registered(p); again != first {
		t.Errorf("the same key twice gives devices %v and %v", first, again)
	}
	_, second, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	p.refused(http.MethodPost, "/api/v1/devices", p.registration(second), 409, "token_of_another_device")
	q := s.pair(anna)
	q.refused(http.MethodPost, "/api/v1/devices", q.registration(p.key), 409, "device_of_another_account")

	page := mario.Open("/devices")
	if !strings.Contains(page.Find("tbody").Text(), "PC dell’ufficio") {
		t.Error("the device is not listed")
	}
	if res := anna.Post("/devices/"+first.ID+"/revoke", url.Values{}); res.Status != 404 {
		t.Errorf("another account revokes: %d", res.Status)
	}
	if res := p.call(http.MethodGet, "/api/v1/sync", ""); res.Status != 200 {
		t.Fatalf("before the revocation: %d", res.Status)
	}
	if res := mario.Post("/devices/"+first.ID+"/revoke", url.Values{}); res.Status != 303 {
		t.Errorf("revoke: %d", res.Status)
	}
	p.refused(http.MethodGet, "/api/v1/sync", "", 401, "unauthorized")
	fresh := s.pair(mario)
	fresh.key = p.key
	if again := s.registered(fresh); again != first {
		t.Errorf("pairing anew gives device %v, want %v", again, first)
	}
	if res := fresh.call(http.MethodGet, "/api/v1/sync", ""); res.Status != 200 {
		t.Errorf("after pairing anew: %d %s", res.Status, res.Body)
	}
}

func TestSyncAndOutcomes(t *testing.T) {
	s := newSite(t)
	mario := s.loggedIn("mario.rossi@example.it")
	sent, waiting := mario.Sealed(1), mario.Sealed(2)
	mario.Begin() // a draft never travels
	p := s.pair(mario)
	s.registered(p)
	type syncAnswer struct {
		Account struct {
			ID    clickday.AccountID
			Email string
		}
		Calendar []byte
		Models   []struct {
			Code         string
			DictionaryID uint32 `json:"dictionary_id"`
			Dictionary   []byte
		}
		Applications []struct {
			ID, Digest, Employer, Worker string
			Document, Ticket             []byte
		}
	}
	read := func() (a syncAnswer) {
		t.Helper()
		res := p.call(http.MethodGet, "/api/v1/sync", "")
		if err := json.Unmarshal([]byte(res.Body), &a); err != nil || res.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("sync: %v %s", err, res.Body)
		}
		return a
	}
	if n := len(read().Applications); n != 0 {
		t.Errorf("%d tickets before the sync begins", n)
	}
	s.Clock.Set(s.Opens.Add(-24 * time.Hour))
	a := read()
	if len(a.Applications) != 2 || len(a.Models) != 1 || len(a.Models[0].Dictionary) == 0 {
		t.Fatalf("sync: %d applications, %d models", len(a.Applications), len(a.Models))
	}
	if _, err := wire.OpenCalendar(a.Calendar, s.CalendarKey.Public().(ed25519.PublicKey)); err != nil {
		t.Error(err)
	}
	for _, app := range a.Applications {
		ticket, err := wire.ParseTicket(app.Ticket)
		if err != nil {
			t.Fatal(err)
		}
		if err := wire.CheckTicket(app.Ticket, &ticket, s.Tickets, s.Opens); err != nil {
			t.Error(err)
		}
		doc, err := forms.Thaw(app.Document)
		if err != nil {
			t.Fatal(err)
		}
		want := wire.Ticket{
			KeyID: 7, Day: 1, Model: "B", ModelVersion: doc.ModelVersion, Application: doc.Application, SealVersion: 1, Digest: sha256.Sum256(app.Document),
			Device: [32]byte(p.key.Public().(ed25519.PublicKey)), Account: a.Account.ID, IssuedAt: s.Clock.Now().Unix(), NotAfter: s.Opens.Add(11 * time.Hour).Unix(),
		}
		if ticket != want || app.Digest != want.Digest.String() || app.ID != doc.Application.String() || app.Worker == "" {
			t.Errorf("ticket %+v\nwant   %+v", ticket, want)
		}
	}
	s.Arrive(sent, clickday.Receipted, 42, nil)
	s.Arrive(waiting, clickday.Refused, nil, "seal_superseded")
	if a := read(); len(a.Applications) != 1 || a.Applications[0].ID != sitetest.AppID(t, waiting).String() {
		t.Errorf("after one is numbered, sync gives %d applications", len(a.Applications))
	}
	outcomes := p.call(http.MethodGet, "/api/v1/outcomes", "").Body
	for _, want := range []string{
		`"protocol_number":"FLUSSI-2027/0000042"`, `"arrived_ns":"1799740800123456789"`, `"arrived":"2027-01-12T08:00:00.123456789Z"`, `"receipt":true`,
		`"reason":"seal_superseded"`, `"state":"refused"`, `"en":"The application was re-opened`,
	} {
		if !strings.Contains(outcomes, want) {
			t.Errorf("outcomes lack %s: %s", want, outcomes)
		}
	}
	if res := p.call(http.MethodGet, "/api/v1"+sent+"/receipt", ""); res.Body != "%PDF-1.7 prova" {
		t.Errorf("receipt: %d %s", res.Status, res.Body)
	}
	s.Clock.Set(s.Opens.Add(10 * time.Hour))
	if n := len(read().Applications); n != 0 {
		t.Errorf("%d tickets after the close", n)
	}
	s.Clock.Advance(oauth.TokenLife)
	p.refused(http.MethodGet, "/api/v1/sync", "", 401, "unauthorized")
}

func TestAPIAuthorisation(t *testing.T) {
	s := newSite(t)
	mario, anna := s.loggedIn("mario.rossi@example.it"), s.loggedIn("anna.verdi@example.it")
	sent := mario.Sealed(1)
	s.Arrive(sent, clickday.Receipted, 1, nil)
	s.Clock.Set(s.Opens)
	nobody, forged, other := &program{testSite: s}, &program{testSite: s, token: "forged"}, s.pair(anna)
	s.registered(other)
	for _, path := range []string{"/api/v1/devices", "/api/v1/sync", "/api/v1/outcomes", "/api/v1" + sent + "/receipt"} {
		nobody.refused(http.MethodGet, path, "", 401, "unauthorized")
		forged.refused(http.MethodGet, path, "", 401, "unauthorized")
	}
	nobody.refused(http.MethodPost, "/api/v1/devices", "{}", 401, "unauthorized")
	other.refused(http.MethodGet, "/api/v1"+sent+"/receipt", "", 404, "not_found")
	other.refused(http.MethodGet, "/api/v1/applications/x/receipt", "", 404, "not_found")
	nobody.refused(http.MethodGet, "/api/v1/nothing", "", 404, "not_found")
	for _, path := range []string{"/api/v1/outcomes", "/api/v1/sync"} {
		if res := other.call(http.MethodGet, path, ""); res.Status != 200 || strings.Contains(res.Body, sitetest.AppID(t, sent).String()) {
			t.Errorf("%s of another account: %d %s", path, res.Status, res.Body)
		}
	}
	if err := s.DB.SetNode(context.Background(), &accounts.Node{ID: 1, URL: "https://127.0.0.1:8443", PublicKey: make([]byte, 32), CA: "pem"}); err != nil {
		t.Fatal(err)
	}
	if res := nobody.call(http.MethodGet, "/api/v1/config", ""); !strings.Contains(res.Body, `"nodes":[{"node":1,"url":"https://127.0.0.1:8443"`) {
		t.Errorf("configuration: %s", res.Body)
	}
	cal := nobody.call(http.MethodGet, "/api/v1/calendar", "")
	if _, err := wire.OpenCalendar([]byte(cal.Body), s.CalendarKey.Public().(ed25519.PublicKey)); err != nil || cal.Header.Get("Content-Type") != wire.TypeCalendar {
		t.Errorf("calendar: %v", err)
	}
}
