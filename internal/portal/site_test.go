package portal

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/keys"
	"puntuale/internal/portal/timetable"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/pgtest"
)

const password = "corretto cavallo"

var hashOnce = sync.OnceValues(func() (string, error) { return accounts.HashPassword(password) })

// site is a portal on a database of its own, with a clock that the test moves.
type site struct {
	t       *testing.T
	db      *postgres.DB
	clock   *clock.Fake
	portal  *Portal
	server  *httptest.Server
	models  *forms.Catalogue
	tickets *keys.TicketKeys
	calKey  ed25519.PrivateKey
	opens   time.Time
	logs    *bytes.Buffer
}

func newSite(t *testing.T) *site {
	t.Helper()
	models, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	return newSiteWith(t, models)
}

// newSiteWith is newSite with another catalogue of models.
func newSiteWith(t *testing.T, models *forms.Catalogue) *site {
	t.Helper()
	s := &site{models: models, t: t, db: pgtest.New(t), clock: clock.NewFake(time.Date(2027, 1, 10, 10, 0, 0, 0, time.UTC)), logs: &bytes.Buffer{}}
	s.opens = time.Date(2027, 1, 12, 8, 0, 0, 0, time.UTC)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s.calKey = private
	s.tickets = &keys.TicketKeys{Current: 7, Keys: map[uint32][]byte{7: bytes.Repeat([]byte{9}, 32)}}
	s.portal, err = New(Config{
		Store: s.db, Sessions: postgres.NewSessions(s.db, clock.System{}), Clock: s.clock, Models: s.models,
		PublicURL: "http://portal.example", Name: "Puntuale", CalendarKey: public, Tickets: s.tickets,
		NTPServers: []string{"ntp1.inrim.it"}, ParallelHashes: 4, Log: slog.New(slog.NewTextHandler(&locked{w: s.logs}, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.setDay(1, "FLUSSI-2027")
	s.server = httptest.NewServer(s.portal.Handler())
	t.Cleanup(s.server.Close)
	for _, email := range []string{"mario.rossi@example.it", "anna.verdi@example.it"} {
		s.account(email)
	}
	return s
}

// locked makes a log writer safe for concurrent requests.
type locked struct {
	mu sync.Mutex
	w  io.Writer // guarded by mu
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

func (s *site) setDay(id clickday.DayID, code string) {
	s.t.Helper()
	sync, closes, prepare := s.opens.Add(-24*time.Hour), s.opens.Add(10*time.Hour), s.clock.Now().Add(-time.Hour)
	_, _, err := timetable.Set(context.Background(), s.db, s.calKey, s.clock, &timetable.Change{
		ID: id, Code: code, TitleIT: "Click day " + code, TitleEN: "Click day " + code, Models: []clickday.ModelCode{"B"},
		Prepare: &prepare, Sync: &sync, Opens: &s.opens, Closes: &closes,
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) account(email string) accounts.Account {
	s.t.Helper()
	hash, err := hashOnce()
	if err != nil {
		s.t.Fatal(err)
	}
	a, err := s.db.EnsureAccount(context.Background(), &accounts.Account{
		Kind: accounts.Person, Email: email, PasswordHash: hash, Name: strings.Split(email, "@")[0], TaxCode: "RSSMRA80A01H501U", CreatedAt: s.clock.Now(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// browser is a person's browser without scripts.
type browser struct {
	*site
	client *http.Client
}

func (s *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &browser{s, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (s *site) loggedIn(email string) *browser {
	s.t.Helper()
	b := s.browser()
	if res := b.post("/login", url.Values{"email": {email}, "password": {password}}); res.status != http.StatusSeeOther {
		s.t.Fatalf("log-in of %s: %d", email, res.status)
	}
	return b
}

// page is an answer.
type page struct {
	status int
	header http.Header
	body   string
	*goquery.Document
}

func (p *page) location() string { return p.header.Get("Location") }

func (b *browser) do(req *http.Request) *page {
	b.t.Helper()
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if res.StatusCode == http.StatusInternalServerError {
		b.t.Errorf("%s %s: %s\n%s", req.Method, req.URL, res.Status, b.logs)
	}
	return &page{res.StatusCode, res.Header, string(body), doc}
}

func (b *browser) request(method, path string, form url.Values, header ...string) *page {
	b.t.Helper()
	req, err := http.NewRequest(method, b.server.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return b.do(req)
}

func (b *browser) get(path string, header ...string) *page {
	b.t.Helper()
	return b.request(http.MethodGet, path, nil, header...)
}

func (b *browser) post(path string, form url.Values, header ...string) *page {
	b.t.Helper()
	return b.request(http.MethodPost, path, form, header...)
}

// open is get for pages that must be there.
func (b *browser) open(path string) *page {
	b.t.Helper()
	p := b.get(path)
	if p.status != http.StatusOK {
		b.t.Fatalf("GET %s: %d %s", path, p.status, p.Find("h1").Text())
	}
	return p
}

// begin makes an empty draft through the pages and returns its path.
func (b *browser) begin() string {
	b.t.Helper()
	p := b.open("/applications/new")
	choice := p.Find("input[name=choice]").First().AttrOr("value", "")
	res := b.post("/applications/new", url.Values{"choice": {choice}})
	if res.status != http.StatusSeeOther {
		b.t.Fatalf("new application: %d", res.status)
	}
	path, _, _ := strings.Cut(res.location(), "/pages/")
	return path
}

// typed is what a person types for canonical answers on the page shown.
func typed(m *forms.Model, p *page, a forms.Answers) url.Values {
	form := url.Values{"go": {"next"}, "revision": {p.Find("input[name=revision]").AttrOr("value", "")}}
	p.Find("form [name^='" + fieldPrefix + "']").Each(func(_ int, s *goquery.Selection) {
		name := s.AttrOr("name", "")
		id := strings.TrimPrefix(name, fieldPrefix)
		f, ok := m.Field(id)
		if !ok {
			return
		}
		value := m.Input(f, a[id])
		if s.AttrOr("type", "") == "date" {
			value = a[id] // browsers send native dates so
		}
		form.Set(name, value)
	})
	return form
}

// fill goes through every page until nothing more is asked.
func (b *browser) fill(path string, a forms.Answers) {
	b.t.Helper()
	m, _ := b.models.Newest("B")
	next := path + "/pages/" + m.Pages[0].ID
	for range 5 * len(m.Pages) {
		p := b.open(next)
		res := b.post(p.Find("main form").AttrOr("action", ""), typed(m, p, a))
		if res.status != http.StatusSeeOther {
			b.t.Fatalf("save %s: %d", next, res.status)
		}
		next, _, _ = strings.Cut(res.location(), "#")
		if strings.HasSuffix(next, "?check=1") {
			b.t.Fatalf("%s: %s", next, b.open(next).Find(".summary").Text())
		}
		if next == path {
			return
		}
	}
	b.t.Fatalf("the form of %s does not come to an end", path)
}

// sealed makes a sealed application through the pages and returns its path.
func (b *browser) sealed(seed uint64) string {
	b.t.Helper()
	path := b.begin()
	b.fill(path, sample.ModelB(sample.New(seed), sample.Person))
	revision := b.open(path+"/seal").Find("input[name=revision]").AttrOr("value", "")
	if res := b.post(path+"/seal", url.Values{"revision": {revision}}); res.status != http.StatusSeeOther {
		b.t.Fatalf("seal: %d", res.status)
	}
	return path
}

func appID(t *testing.T, path string) clickday.ApplicationID {
	t.Helper()
	id, err := clickday.ParseApplicationID(strings.TrimPrefix(path, "/applications/"))
	if err != nil {
		t.Fatal(err)
	}
	return id
}
