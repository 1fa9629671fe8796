// Package sitetest is a portal as its tests see it: a database of its own, a clock
// that the test moves, and browsers without scripts. It takes whatever handler the
// test builds; package portaltest builds the whole portal.
package sitetest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
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
	"puntuale/internal/archive"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/keys"
	"puntuale/internal/portal/timetable"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/pgtest"
)

// FieldPrefix stands before the names of answers.
const FieldPrefix = "f."

// Password is that of every account here.
const Password = "corretto cavallo"

var hashOnce = sync.OnceValues(func() (string, error) { return accounts.HashPassword(Password) })

// Site is what a portal under test stands on.
type Site struct {
	T           *testing.T
	DB          *postgres.DB
	Clock       *clock.Fake
	Server      *httptest.Server
	Models      *forms.Catalogue
	Tickets     *keys.TicketKeys
	CalendarKey ed25519.PrivateKey
	Opens       time.Time     // of the click day FLUSSI-2027
	Logs        *bytes.Buffer // what the portal has logged
	Log         *slog.Logger
}

// New prepares a site with one click day and two accounts, mario.rossi and
// anna.verdi at example.it. Serve gives it its portal.
func New(t *testing.T, models *forms.Catalogue) *Site {
	t.Helper()
	s := &Site{Models: models, T: t, DB: pgtest.New(t), Clock: clock.NewFake(time.Date(2027, 1, 10, 10, 0, 0, 0, time.UTC)), Logs: &bytes.Buffer{}}
	s.Opens = time.Date(2027, 1, 12, 8, 0, 0, 0, time.UTC)
	s.Log = slog.New(slog.NewTextHandler(&locked{w: s.Logs}, nil))
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s.CalendarKey = private
	s.Tickets = &keys.TicketKeys{Current: 7, Keys: map[uint32][]byte{7: bytes.Repeat([]byte{9}, 32)}}
	s.SetDay(1, "FLUSSI-2027")
	for _, email := range []string{"mario.rossi@example.it", "anna.verdi@example.it"} {
		s.Account(email)
	}
	return s
}

// CalendarPublic is the key that checks the calendar.
func (s *Site) CalendarPublic() ed25519.PublicKey { return s.CalendarKey.Public().(ed25519.PublicKey) }

// Serve starts the portal on loopback.
func (s *Site) Serve(h http.Handler) {
	s.Server = httptest.NewServer(h)
	s.T.Cleanup(s.Server.Close)
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

// SetDay adds a click day or changes it: opening, in two days, for ten hours.
func (s *Site) SetDay(id clickday.DayID, code string) {
	s.T.Helper()
	sync, closes, prepare := s.Opens.Add(-24*time.Hour), s.Opens.Add(10*time.Hour), s.Clock.Now().Add(-time.Hour)
	_, _, err := timetable.Set(context.Background(), s.DB, s.CalendarKey, s.Clock, &timetable.Change{
		ID: id, Code: code, TitleIT: "Click day " + code, TitleEN: "Click day " + code, Models: []clickday.ModelCode{"B"},
		Prepare: &prepare, Sync: &sync, Opens: &s.Opens, Closes: &closes,
	})
	if err != nil {
		s.T.Fatal(err)
	}
}

// Account makes a person with that address, or returns it.
func (s *Site) Account(email string) accounts.Account {
	s.T.Helper()
	hash, err := hashOnce()
	if err != nil {
		s.T.Fatal(err)
	}
	a, err := s.DB.EnsureAccount(context.Background(), &accounts.Account{
		Kind: accounts.Person, Email: email, PasswordHash: hash, Name: strings.Split(email, "@")[0], TaxCode: "RSSMRA80A01H501U", CreatedAt: s.Clock.Now(),
	})
	if err != nil {
		s.T.Fatal(err)
	}
	return a
}

// Browser is a person's browser without scripts.
type Browser struct {
	*Site
	client *http.Client
}

// Browser opens a browser in which nobody has logged in.
func (s *Site) Browser() *Browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.T.Fatal(err)
	}
	return &Browser{s, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Cookies are what makes this browser who it is.
func (b *Browser) Cookies() http.CookieJar { return b.client.Jar }

// LoggedIn opens a browser in which an account has logged in.
func (s *Site) LoggedIn(email string) *Browser {
	s.T.Helper()
	b := s.Browser()
	if res := b.Post("/login", url.Values{"email": {email}, "password": {Password}}); res.Status != http.StatusSeeOther {
		s.T.Fatalf("log-in of %s: %d", email, res.Status)
	}
	return b
}

// Page is an answer.
type Page struct {
	Status int
	Header http.Header
	Body   string
	*goquery.Document
}

// Location is where a redirect leads.
func (p *Page) Location() string { return p.Header.Get("Location") }

// Do sends a request as it is.
func (b *Browser) Do(req *http.Request) *Page {
	b.T.Helper()
	res, err := b.client.Do(req)
	if err != nil {
		b.T.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.T.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(body))
	if err != nil {
		b.T.Fatal(err)
	}
	if res.StatusCode == http.StatusInternalServerError {
		b.T.Errorf("%s %s: %s\n%s", req.Method, req.URL, res.Status, b.Logs)
	}
	return &Page{res.StatusCode, res.Header, string(body), doc}
}

// Request sends a form, or none; header is names and values.
func (b *Browser) Request(method, path string, form url.Values, header ...string) *Page {
	b.T.Helper()
	req, err := http.NewRequest(method, b.Server.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.T.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return b.Do(req)
}

// Get is a request for a page.
func (b *Browser) Get(path string, header ...string) *Page {
	b.T.Helper()
	return b.Request(http.MethodGet, path, nil, header...)
}

// Post sends a form.
func (b *Browser) Post(path string, form url.Values, header ...string) *Page {
	b.T.Helper()
	return b.Request(http.MethodPost, path, form, header...)
}

// Open is get for pages that must be there.
func (b *Browser) Open(path string) *Page {
	b.T.Helper()
	p := b.Get(path)
	if p.Status != http.StatusOK {
		b.T.Fatalf("GET %s: %d %s", path, p.Status, p.Find("h1").Text())
	}
	return p
}

// Begin makes an empty draft through the pages and returns its path.
func (b *Browser) Begin() string {
	b.T.Helper()
	p := b.Open("/applications/new")
	choice := p.Find("input[name=choice]").First().AttrOr("value", "")
	res := b.Post("/applications/new", url.Values{"choice": {choice}})
	if res.Status != http.StatusSeeOther {
		b.T.Fatalf("new application: %d", res.Status)
	}
	path, _, _ := strings.Cut(res.Location(), "/pages/")
	return path
}

// Typed is what a person types for canonical answers on the page shown.
func Typed(m *forms.Model, p *Page, a forms.Answers) url.Values {
	form := url.Values{"go": {"next"}, "revision": {p.Find("input[name=revision]").AttrOr("value", "")}}
	p.Find("form [name^='" + FieldPrefix + "']").Each(func(_ int, s *goquery.Selection) {
		name := s.AttrOr("name", "")
		id := strings.TrimPrefix(name, FieldPrefix)
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

// Fill goes through every page until nothing more is asked.
func (b *Browser) Fill(path string, a forms.Answers) {
	b.T.Helper()
	m, _ := b.Models.Newest("B")
	next := path + "/pages/" + m.Pages[0].ID
	for range 5 * len(m.Pages) {
		p := b.Open(next)
		res := b.Post(p.Find("main form").AttrOr("action", ""), Typed(m, p, a))
		if res.Status != http.StatusSeeOther {
			b.T.Fatalf("save %s: %d", next, res.Status)
		}
		next, _, _ = strings.Cut(res.Location(), "#")
		if strings.HasSuffix(next, "?check=1") {
			b.T.Fatalf("%s: %s", next, b.Open(next).Find(".summary").Text())
		}
		if next == path {
			return
		}
	}
	b.T.Fatalf("the form of %s does not come to an end", path)
}

// Sealed makes a sealed application through the pages and returns its path.
func (b *Browser) Sealed(seed uint64) string {
	b.T.Helper()
	path := b.Begin()
	b.Fill(path, sample.ModelB(sample.New(seed), sample.Person))
	revision := b.Open(path+"/seal").Find("input[name=revision]").AttrOr("value", "")
	if res := b.Post(path+"/seal", url.Values{"revision": {revision}}); res.Status != http.StatusSeeOther {
		b.T.Fatalf("seal: %d", res.Status)
	}
	return path
}

// AppID parses the id in the path of an application.
func AppID(t *testing.T, path string) clickday.ApplicationID {
	t.Helper()
	id, err := clickday.ParseApplicationID(strings.TrimPrefix(path, "/applications/"))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Arrive writes what the worker writes when a submission has come in.
func (s *Site) Arrive(path string, state clickday.SubmissionState, number any, reason any) {
	s.T.Helper()
	ctx := context.Background()
	id := AppID(s.T, path)
	sum := sha256.Sum256([]byte(path + string(state)))
	_, err := s.DB.Pool.Exec(ctx, `INSERT INTO submissions (id, application_id, seal_version, click_day_id, account_id, model, model_version,
		device, digest, arrived, source, clock, bound, node, journal, sequence, state, reason, number, ingested_at)
		SELECT $1, a.id, a.seal_version, a.click_day_id, a.account_id, a.model, a.model_version, '\x00', '\x00',
		$3, 1, 1, 1500000, 1, 18446744073709551615, 1, $4, $6, $5, now() FROM applications a WHERE a.id = $2`,
		sum[:], [16]byte(id), s.Opens.UnixNano()+123_456_789, state, number, reason)
	if err != nil {
		s.T.Fatal(err)
	}
	if state == clickday.Receipted {
		if _, err := s.DB.Pool.Exec(ctx, "INSERT INTO receipts VALUES ($1, '%PDF-1.7 prova', '\\x00', now())", sum[:]); err != nil {
			s.T.Fatal(err)
		}
	}
}

// Archived stores an application of an earlier year and returns its id.
func (s *Site) Archived(email string) clickday.ApplicationID {
	s.T.Helper()
	r := archive.Record{
		ID: archive.IDOf("SUI", email), Account: s.Account(email).ID, Source: "SUI", Reference: email, Year: 2011, Day: "Decreto flussi 2010", Model: "B",
		State: archive.Accepted, Number: "K-2011/0004711", SentAt: time.Date(2011, 1, 31, 7, 0, 1, 0, time.UTC), Employer: "Verdi S.r.l.", Worker: "Benali Omar",
		Nationality: "Z330", Answers: map[string]string{"worker_surname": "Benali", "worker_name": "Omar", "worker_citizenship": "Z330", "vecchio_campo": "sì"},
	}
	if _, err := s.DB.StoreArchive(context.Background(), []archive.Record{r}, s.Clock.Now()); err != nil {
		s.T.Fatal(err)
	}
	return r.ID
}
