package archive_test

import (
	"archive/zip"
	"context"
	"encoding/csv"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"puntuale/internal/clickday"
	"puntuale/internal/portal/pagetest"
	"puntuale/internal/portal/portaltest"
	"puntuale/internal/portal/sitetest"
)

const rossi = "mario.rossi@example.it"

func TestSearchOnThePages(t *testing.T) {
	s := portaltest.New(t)
	b := s.LoggedIn(rossi)
	if p := b.Open("/applications"); p.Find("table").Length() != 0 || !strings.Contains(p.Find("main").Text(), "Non hai ancora nessuna domanda") || p.Find("form[role=search]").Length() != 0 {
		t.Error("an account without applications is not told how to begin")
	}
	sealed := b.Sealed(1)
	archived := s.Archived(rossi)
	s.Archived("anna.verdi@example.it")
	p := b.Open("/applications")
	if got := p.Find("tbody tr").Length(); got != 2 || !strings.Contains(p.Find("caption").Text(), "2 domande") {
		t.Errorf("%d rows, %q", got, p.Find("caption").Text())
	}
	for query, want := range map[string]string{
		"q=benali+om": "/archive/" + archived.String(), "state=sealed": sealed, "year=2011": "/archive/" + archived.String(), "year=2027": sealed,
		"nationality=Z330&state=accepted": "/archive/" + archived.String(), "number=K-2011%2F0004711": "/archive/" + archived.String(), "day=1": sealed,
		"q=niente": "", "year=1": "", "year=x": "", "day=999": "", "state=nothing": "", "model=B%27": "",
	} {
		p := b.Open("/applications?" + query)
		if got := p.Find("tbody th a").AttrOr("href", ""); got != want {
			t.Errorf("%s finds %q, want %q", query, got, want)
		}
		if want == "" && !strings.Contains(p.Find("main .note").Text(), "Nessuna domanda corrisponde") {
			t.Errorf("%s: no word of help", query)
		}
	}
	if got := b.Open("/applications?nationality=Z330").Find("#nationality option[selected]").Text(); got != "Marocco" {
		t.Errorf("the nationality that is filtered for is shown as %q", got)
	}
	p = b.Open("/archive/" + archived.String())
	for _, want := range []string{"In quota", "Benali Omar", "Marocco", "K-2011/0004711", "31/01/2011", "Decreto flussi 2010", "vecchio campo"} {
		if !strings.Contains(p.Find("main").Text(), want) {
			t.Errorf("the archived application lacks %q", want)
		}
	}
	if p := b.Open(sealed + "/history"); p.Find("ol.timeline li").Length() != 2 {
		t.Errorf("history: %s", p.Find("ol.timeline").Text())
	}
	if href := b.Open(sealed).Find(`a[href$="/history"]`).AttrOr("href", ""); href != sealed+"/history" {
		t.Errorf("the application leads to the history at %q", href)
	}
}

func TestHostileAddresses(t *testing.T) {
	s := portaltest.New(t)
	s.Archived(rossi)
	b := s.LoggedIn(rossi)
	for _, text := range []string{"'", `"`, "%00", "\x00", "\xff", "a & b | !c:*", strings.Repeat("x", 10_000), sitetest.Evil, "<->", "../..", "|", "1e400", "-1", "9999999999999999999"} {
		for _, name := range []string{"q", "worker", "number", "year", "day", "model", "state", "nationality", "after", "before", "lang"} {
			p := b.Open("/applications?" + url.Values{name: {text}}.Encode())
			if p.Find("script, img, [onerror]").Length() > 0 {
				t.Errorf("%s=%.30q carries foreign markup", name, text)
			}
		}
		if p := b.Get("/applications/receipts.zip?" + url.Values{"year": {text}}.Encode()); p.Status != 400 {
			t.Errorf("receipts of %.30q: %d", text, p.Status)
		}
	}
	long := b.Get("/applications?" + url.Values{"q": {strings.Repeat("ab ", 4000)}}.Encode())
	if long.Status != 200 {
		t.Errorf("a search of 12 kB: %d", long.Status)
	}
}

// TestPagesAndFile goes through a long list by its links, and compares it with
// the file.
func TestPagesAndFile(t *testing.T) {
	s := portaltest.New(t)
	b := s.LoggedIn(rossi)
	s.Archived(rossi)
	_, err := s.DB.Pool.Exec(context.Background(), `INSERT INTO archive SELECT gen_random_uuid(), account_id, source, 'r' || i, 2012, day, model, state, '=1+' || i, sent_at + i / 3 * interval '1 day',
		employer, 'Lavoratore ' || i, nationality, answers, imported_at FROM archive, generate_series(1, 60) AS i`)
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	path := "/applications?year=2012"
	pages := 0
	for path != "" {
		p := b.Open(path)
		seen = append(seen, p.Find("tbody th a").Map(func(_ int, a *goquery.Selection) string { return a.Text() })...)
		pages++
		if back := p.Find("nav.pager a[rel=prev]").AttrOr("href", ""); (back == "") != (pages == 1) {
			t.Errorf("page %d leads back to %q", pages, back)
		} else if back != "" && b.Open(back).Find("tbody tr").Length() != 25 {
			t.Errorf("from page %d back: %d rows", pages, b.Open(back).Find("tbody tr").Length())
		}
		path = p.Find("nav.pager a[rel=next]").AttrOr("href", "")
	}
	file := b.Open("/applications/export.csv?year=2012")
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.Body, "\xef\xbb\xbf")))
	r.Comma = ';'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if pages != 3 || len(seen) != 60 || len(rows) != 61 {
		t.Fatalf("%d pages with %d rows, %d rows in the file", pages, len(seen), len(rows))
	}
	for i, name := range seen {
		if rows[i+1][4] != name || !strings.HasPrefix(rows[i+1][0], "'=1+") {
			t.Errorf("row %d of the file is %q, of the list %q", i, rows[i+1], name)
		}
	}
	if got := file.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment;") {
		t.Errorf("the file is shown as %q", got)
	}
}

func TestReceiptsOfAYear(t *testing.T) {
	s := portaltest.New(t)
	b := s.LoggedIn(rossi)
	app := sitetest.AppID(t, b.Sealed(1))
	if p := b.Open("/applications"); p.Find(`a[href*="receipts.zip"]`).Length() != 0 {
		t.Error("receipts are offered where there are none")
	}
	for i, sql := range []string{
		fmt.Sprintf(`INSERT INTO submissions (id, application_id, seal_version, click_day_id, account_id, model, model_version, device, digest,
			arrived, source, clock, bound, node, journal, sequence, state, number, ingested_at, sequenced_at)
			SELECT sha256('1'), id, 1, 1, account_id, 'B', 1, '\x01', '\x01', %d, 0, 0, 0, 1, 1, 1, 'receipted', 7, now(), now() FROM applications`, s.Opens.UnixNano()),
		`INSERT INTO receipts VALUES (sha256('1'), 'a receipt', '\x01', now())`,
	} {
		if _, err := s.DB.Pool.Exec(context.Background(), sql); err != nil {
			t.Fatal(i, err)
		}
	}
	href := b.Open("/applications").Find(`a[href*="receipts.zip"]`).AttrOr("href", "")
	p := b.Open(href)
	z, err := zip.NewReader(strings.NewReader(p.Body), int64(len(p.Body)))
	if err != nil {
		t.Fatal(err)
	}
	if len(z.File) != 1 || z.File[0].Name != "FLUSSI-2027-0000007.pdf" || z.File[0].UncompressedSize64 != 9 {
		t.Errorf("%+v", z.File)
	}
	if p := s.LoggedIn("anna.verdi@example.it").Get(href); p.Status != 404 {
		t.Errorf("another account: %d", p.Status)
	}
	text := b.Open("/applications/" + app.String() + "/history").Find("ol.timeline").Text()
	for _, want := range []string{"Arrivata", "FLUSSI-2027/0000007", "Ricevuta disponibile"} {
		if !strings.Contains(text, want) {
			t.Errorf("history lacks %q: %s", want, text)
		}
	}
}

// TestHowMyApplicationsLook opens the pages of this room in a real browser, as
// somebody who has many applications sees them.
func TestHowMyApplicationsLook(t *testing.T) {
	s := portaltest.New(t)
	b := s.LoggedIn(rossi)
	b.Begin()
	sent := b.Sealed(1)
	s.Arrive(sent, clickday.Receipted, 42, nil)
	archived := s.Archived(rossi)
	_, err := s.DB.Pool.Exec(context.Background(), `INSERT INTO archive SELECT gen_random_uuid(), account_id, source, 'r' || i, 2008 + i % 15, 'Decreto flussi ' || 2008 + i % 15, model,
		(ARRAY['submitted', 'accepted', 'waiting', 'rejected', 'withdrawn'])[1 + i % 5], 'K-' || 2008 + i % 15 || '/00' || i, sent_at + i * interval '30 days',
		'Azienda agricola Fratelli Bianchi S.r.l.', 'Singh Lavoratore ' || i, nationality, answers, imported_at FROM archive, generate_series(1, 60) AS i`)
	if err != nil {
		t.Fatal(err)
	}
	chrome := pagetest.Start(t, s.Server.URL)
	chrome.Cookies(b.Cookies())
	for _, path := range []string{
		"/applications", "/applications?q=singh&year=2012&state=accepted&lang=it", "/applications?q=niente&model=B", "/applications?lang=en", sent + "/history",
		"/archive/" + archived.String(),
	} {
		for _, screen := range pagetest.Screens {
			chrome.Look(path, screen)
		}
	}
}
