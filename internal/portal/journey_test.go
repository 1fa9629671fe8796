package portal

import (
	"context"
	"crypto/sha256"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"puntuale/internal/clickday"
	"puntuale/internal/forms/sample"
)

// TestFromLogInToSeal walks the whole path of a person, with every page sent
// empty first and mended after.
func TestFromLogInToSeal(t *testing.T) {
	b := newSite(t).loggedIn("mario.rossi@example.it")
	m, _ := b.models.Newest("B")
	answers := sample.ModelB(sample.New(3), sample.Person)
	path := b.begin()
	for i := range m.Pages {
		here := path + "/pages/" + m.Pages[i].ID
		b.sendEmptyThenSeeErrors(here)
		b.mend(here, answers)
	}
	app := b.open(path)
	if got := app.Find("main .badge-state").First().Text(); got != "Pronta" {
		t.Fatalf("state after every page is %q", got)
	}
	seal := b.open(path + "/seal")
	if !strings.Contains(seal.Find("dl").Text(), answers["worker_surname"]) {
		t.Error("the page that asks to seal does not show what is sealed")
	}
	stale := b.post(path+"/seal", url.Values{"revision": {"1"}})
	if stale.status != http.StatusConflict {
		t.Errorf("sealing another revision than the one shown: %d", stale.status)
	}
	revision := seal.Find("input[name=revision]").AttrOr("value", "")
	if res := b.post(path+"/seal", url.Values{"revision": {revision}}); res.location() != path {
		t.Fatalf("seal leads to %q (%d)", res.location(), res.status)
	}
	app = b.open(path)
	if got := app.Find("main .badge-state").First().Text(); got != "Sigillata" {
		t.Errorf("state after the seal is %q", got)
	}
	if got := app.Find("[role=status]").Text(); !strings.Contains(got, "sigillata") {
		t.Errorf("no word about the seal: %q", got)
	}
	if p := b.get(path + "/pages/employer"); p.status != http.StatusConflict {
		t.Errorf("a sealed application can be edited: %d", p.status)
	}
	if got := b.open("/applications").Find("tbody tr").Text(); !strings.Contains(got, "Sigillata") || !strings.Contains(got, answers["worker_surname"]) {
		t.Errorf("the list says %q", got)
	}
}

// sendEmptyThenSeeErrors saves a page with nothing in it and checks the list of
// errors, its links and the state.
func (b *browser) sendEmptyThenSeeErrors(here string) {
	b.t.Helper()
	p := b.open(here)
	res := b.post(here, url.Values{"go": {"next"}, "revision": {p.Find("input[name=revision]").AttrOr("value", "")}})
	if res.location() != here+"?check=1" {
		b.t.Fatalf("an empty page leads to %q (%d)", res.location(), res.status)
	}
	p = b.open(res.location())
	items := p.Find(".summary li")
	if items.Length() == 0 || items.Length() != p.Find(".field .error").Length() {
		b.t.Errorf("%s: %d errors on top, %d beside fields", here, items.Length(), p.Find(".field .error").Length())
	}
	p.Find(".summary a").Each(func(_ int, a *goquery.Selection) {
		id := strings.TrimPrefix(a.AttrOr("href", ""), "#")
		if p.Find(`[id="`+id+`"]`).Length() != 1 {
			b.t.Errorf("%s: the link to %q leads nowhere", here, id)
		}
	})
	path, _, _ := strings.Cut(here, "/pages/")
	if got := b.open(path).Find("main .badge-state").First().Text(); got != "Da completare" {
		b.t.Errorf("state is %q with answers missing", got)
	}
}

// mend fills in one page, round by round while answers bring further questions.
func (b *browser) mend(here string, answers map[string]string) {
	b.t.Helper()
	m, _ := b.models.Newest("B")
	at := here
	for range 5 {
		res := b.post(here, typed(m, b.open(at), answers))
		at, _, _ = strings.Cut(res.location(), "#")
		if at == here+"?check=1" {
			b.t.Fatalf("%s: %s", here, b.open(at).Find(".summary").Text())
		}
		if at != here+"?more=1" {
			return
		}
	}
	b.t.Fatalf("%s: always more questions", here)
}

func TestWrongDataIsSavedAndSaid(t *testing.T) {
	b := newSite(t).loggedIn("mario.rossi@example.it")
	answers := sample.ModelB(sample.New(5), sample.Person)
	path := b.begin()
	b.fill(path, answers)
	here := path + "/pages/contract"
	m, _ := b.models.Newest("B")
	form := typed(m, b.open(here), answers)
	form.Set(fieldPrefix+"contract_hours", "venti")
	form.Set("go", "exit")
	if res := b.post(here, form); res.location() != path {
		t.Fatalf("save and leave leads to %q", res.location())
	}
	if got := b.open(path).Find("main .badge-state").First().Text(); got != "Da validare" {
		t.Errorf("state with something wrong is %q", got)
	}
	p := b.open(here + "?check=1")
	if got := p.Find(`[id="f.contract_hours"]`).AttrOr("value", ""); got != "venti" {
		t.Errorf("what was typed is not shown again: %q", got)
	}
	if p.Find(`[id="f.contract_hours"]`).AttrOr("aria-invalid", "") != "true" {
		t.Error("the wrong field is not marked for screen readers")
	}
	if p := b.get(path + "/seal"); p.status != http.StatusConflict {
		t.Errorf("something wrong can be sealed: %d", p.status)
	}
}

func TestSealChecksAgainBecauseDatesPass(t *testing.T) {
	b := newSite(t).loggedIn("mario.rossi@example.it")
	path := b.begin()
	b.fill(path, sample.ModelB(sample.New(5), sample.Person))
	revision := b.open(path+"/seal").Find("input[name=revision]").AttrOr("value", "")
	b.clock.Advance(30 * 365 * 24 * time.Hour) // the passport is over
	res := b.post(path+"/seal", url.Values{"revision": {revision}})
	if !strings.HasSuffix(res.location(), "?check=1") {
		t.Fatalf("sealing with a passport that is over leads to %q (%d)", res.location(), res.status)
	}
	if b.open(res.location()).Find(".summary li").Length() == 0 {
		t.Error("the page does not say what is wrong")
	}
}

func TestLostUpdateIsNoticed(t *testing.T) {
	s := newSite(t)
	one, two := s.loggedIn("mario.rossi@example.it"), s.loggedIn("mario.rossi@example.it")
	path := one.begin()
	here := path + "/pages/workplace"
	revision := one.open(here).Find("input[name=revision]").AttrOr("value", "")
	send := func(b *browser, street, revision string) *page {
		return b.post(here, url.Values{"go": {"exit"}, "revision": {revision}, "f.workplace_address": {street}, "f.workplace_postcode": {"00100"}})
	}
	if res := send(two, "Via Due 2", revision); res.status != http.StatusSeeOther {
		t.Fatalf("first save: %d", res.status)
	}
	p := send(one, "Via Uno 1", revision)
	if p.status != http.StatusConflict {
		t.Fatalf("second save on the same revision: %d", p.status)
	}
	if got := p.Find(`[id="f.workplace_address"]`).AttrOr("value", ""); got != "Via Uno 1" {
		t.Errorf("what was typed is lost: %q", got)
	}
	if got := p.Find(".theirs").Text(); !strings.Contains(got, "Via Due 2") || p.Find(".theirs").Length() != 1 {
		t.Errorf("what is stored is not said: %q", got)
	}
	if got := one.open(here).Find(`[id="f.workplace_address"]`).AttrOr("value", ""); got != "Via Due 2" {
		t.Errorf("the refused save left %q", got)
	}
	if res := send(one, "Via Uno 1", p.Find("input[name=revision]").AttrOr("value", "")); res.status != http.StatusSeeOther {
		t.Errorf("saving again after the warning: %d", res.status)
	}
}

// arrive writes what the worker writes when a submission has come in.
func (s *site) arrive(path string, state clickday.SubmissionState, number any, reason any) {
	s.t.Helper()
	ctx := context.Background()
	id := appID(s.t, path)
	sum := sha256.Sum256([]byte(path + string(state)))
	_, err := s.db.Pool.Exec(ctx, `INSERT INTO submissions (id, application_id, seal_version, click_day_id, account_id, model, model_version,
		device, digest, arrived, source, clock, bound, node, journal, sequence, state, reason, number, ingested_at)
		SELECT $1, a.id, a.seal_version, a.click_day_id, a.account_id, a.model, a.model_version, '\x00', '\x00',
		$3, 1, 1, 1500000, 1, 18446744073709551615, 1, $4, $6, $5, now() FROM applications a WHERE a.id = $2`,
		sum[:], [16]byte(id), s.opens.UnixNano()+123_456_789, state, number, reason)
	if err != nil {
		s.t.Fatal(err)
	}
	if state == clickday.Receipted {
		if _, err := s.db.Pool.Exec(ctx, "INSERT INTO receipts VALUES ($1, '%PDF-1.7 prova', '\\x00', now())", sum[:]); err != nil {
			s.t.Fatal(err)
		}
	}
}

func TestOutcomeReceiptAndReopening(t *testing.T) {
	s := newSite(t)
	b := s.loggedIn("mario.rossi@example.it")
	sent, refused, draftAgain := b.sealed(1), b.sealed(2), b.sealed(4)
	s.arrive(sent, clickday.Receipted, 42, nil)
	s.arrive(refused, clickday.Refused, nil, "document_altered")

	p := b.open(sent)
	text := p.Find("main").Text()
	for _, want := range []string{"FLUSSI-2027/0000042", "12/01/2027, ore 09:00:00,123456 (ora italiana, CET)", "2027-01-12 08:00:00,123456 UTC", "± 1,500 ms", "Invio corretto"} {
		if !strings.Contains(text, want) {
			t.Errorf("outcome lacks %q", want)
		}
	}
	pdf := b.get(sent + "/receipt")
	if pdf.header.Get("Content-Type") != "application/pdf" || pdf.body != "%PDF-1.7 prova" || pdf.header.Get("Cache-Control") != "no-store" {
		t.Errorf("receipt: %v %q", pdf.header, pdf.body)
	}
	if res := b.post(sent+"/reopen", url.Values{}); res.status != http.StatusConflict {
		t.Errorf("re-opening what was sent: %d", res.status)
	}
	if got := b.open(refused).Find(".note.bad").Text(); !strings.Contains(got, clickday.MeaningOf("document_altered").Detail.IT) {
		t.Errorf("a refusal is not explained: %q", got)
	}
	if p := b.get(refused + "/receipt"); p.status != http.StatusNotFound {
		t.Errorf("receipt of a refused application: %d", p.status)
	}
	for _, path := range []string{refused, draftAgain} {
		if res := b.post(path+"/reopen", url.Values{}); res.location() != path {
			t.Errorf("re-opening %s: %d", path, res.status)
		}
		if got := b.open(path).Find("main .badge-state").First().Text(); got != "Pronta" {
			t.Errorf("state after re-opening is %q", got)
		}
		if _, err := s.db.CurrentSeal(context.Background(), s.account("mario.rossi@example.it").ID, appID(t, path)); err == nil {
			t.Error("the seal still counts after re-opening")
		}
	}
	english := b.get(sent, "Accept-Language", "en").Find("main").Text()
	if !strings.Contains(english, "Sent correctly") || !strings.Contains(english, "09:00:00.123456 (Italian time, CET)") {
		t.Error("the outcome is not in English")
	}
}
