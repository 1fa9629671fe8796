package portal

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"puntuale/internal/clickday"
	"puntuale/internal/forms/sample"
	"puntuale/internal/portal/sitetest"
)

// TestFromLogInToSeal walks the whole path of a person, with every page sent
// empty first and mended after.
func TestFromLogInToSeal(t *testing.T) {
	b := newSite(t).loggedIn("mario.rossi@example.it")
	m, _ := b.Models.Newest("B")
	answers := sample.ModelB(sample.New(3), sample.Person)
	path := b.Begin()
	for i := range m.Pages {
		here := path + "/pages/" + m.Pages[i].ID
		b.sendEmptyThenSeeErrors(here)
		b.mend(here, answers)
	}
	app := b.Open(path)
	if got := app.Find("main .badge-state").First().Text(); got != "Pronta" {
		t.Fatalf("state after every page is %q", got)
	}
	seal := b.Open(path + "/seal")
	if !strings.Contains(seal.Find("dl").Text(), answers["worker_surname"]) {
		t.Error("the page that asks to seal does not show what is sealed")
	}
	stale := b.Post(path+"/seal", url.Values{"revision": {"1"}})
	if stale.Status != http.StatusConflict {
		t.Errorf("sealing another revision than the one shown: %d", stale.Status)
	}
	revision := seal.Find("input[name=revision]").AttrOr("value", "")
	if res := b.Post(path+"/seal", url.Values{"revision": {revision}}); res.Location() != path {
		t.Fatalf("seal leads to %q (%d)", res.Location(), res.Status)
	}
	app = b.Open(path)
	if got := app.Find("main .badge-state").First().Text(); got != "Sigillata" {
		t.Errorf("state after the seal is %q", got)
	}
	if got := app.Find("[role=status]").Text(); !strings.Contains(got, "sigillata") {
		t.Errorf("no word about the seal: %q", got)
	}
	if p := b.Get(path + "/pages/employer"); p.Status != http.StatusConflict {
		t.Errorf("a sealed application can be edited: %d", p.Status)
	}
	if got := b.Open("/applications").Find("tbody tr").Text(); !strings.Contains(got, "Sigillata") || !strings.Contains(got, answers["worker_surname"]) {
		t.Errorf("the list says %q", got)
	}
}

// sendEmptyThenSeeErrors saves a page with nothing in it and checks the list of
// errors, its links and the state.
func (b *browser) sendEmptyThenSeeErrors(here string) {
	b.T.Helper()
	p := b.Open(here)
	res := b.Post(here, url.Values{"go": {"next"}, "revision": {p.Find("input[name=revision]").AttrOr("value", "")}})
	if res.Location() != here+"?check=1" {
		b.T.Fatalf("an empty page leads to %q (%d)", res.Location(), res.Status)
	}
	p = b.Open(res.Location())
	items := p.Find(".summary li")
	if items.Length() == 0 || items.Length() != p.Find(".field .error").Length() {
		b.T.Errorf("%s: %d errors on top, %d beside fields", here, items.Length(), p.Find(".field .error").Length())
	}
	p.Find(".summary a").Each(func(_ int, a *goquery.Selection) {
		id := strings.TrimPrefix(a.AttrOr("href", ""), "#")
		if p.Find(`[id="`+id+`"]`).Length() != 1 {
			b.T.Errorf("%s: the link to %q leads nowhere", here, id)
		}
	})
	path, _, _ := strings.Cut(here, "/pages/")
	if got := b.Open(path).Find("main .badge-state").First().Text(); got != "Da completare" {
		b.T.Errorf("state is %q with answers missing", got)
	}
}

// mend fills in one page, round by round while answers bring further questions.
func (b *browser) mend(here string, answers map[string]string) {
	b.T.Helper()
	m, _ := b.Models.Newest("B")
	at := here
	for range 5 {
		res := b.Post(here, sitetest.Typed(m, b.Open(at), answers))
		at, _, _ = strings.Cut(res.Location(), "#")
		if at == here+"?check=1" {
			b.T.Fatalf("%s: %s", here, b.Open(at).Find(".summary").Text())
		}
		if at != here+"?more=1" {
			return
		}
	}
	b.T.Fatalf("%s: always more questions", here)
}

func TestWrongDataIsSavedAndSaid(t *testing.T) {
	b := newSite(t).loggedIn("mario.rossi@example.it")
	answers := sample.ModelB(sample.New(5), sample.Person)
	path := b.Begin()
	b.Fill(path, answers)
	here := path + "/pages/contract"
	m, _ := b.Models.Newest("B")
	form := sitetest.Typed(m, b.Open(here), answers)
	form.Set(fieldPrefix+"contract_hours", "venti")
	form.Set("go", "exit")
	if res := b.Post(here, form); res.Location() != path {
		t.Fatalf("save and leave leads to %q", res.Location())
	}
	if got := b.Open(path).Find("main .badge-state").First().Text(); got != "Da validare" {
		t.Errorf("state with something wrong is %q", got)
	}
	p := b.Open(here + "?check=1")
	if got := p.Find(`[id="f.contract_hours"]`).AttrOr("value", ""); got != "venti" {
		t.Errorf("what was typed is not shown again: %q", got)
	}
	if p.Find(`[id="f.contract_hours"]`).AttrOr("aria-invalid", "") != "true" {
		t.Error("the wrong field is not marked for screen readers")
	}
	if p := b.Get(path + "/seal"); p.Status != http.StatusConflict {
		t.Errorf("something wrong can be sealed: %d", p.Status)
	}
}

func TestSealChecksAgainBecauseDatesPass(t *testing.T) {
	b := newSite(t).loggedIn("mario.rossi@example.it")
	path := b.Begin()
	b.Fill(path, sample.ModelB(sample.New(5), sample.Person))
	revision := b.Open(path+"/seal").Find("input[name=revision]").AttrOr("value", "")
	b.Clock.Advance(30 * 365 * 24 * time.Hour) // the passport is over
	res := b.Post(path+"/seal", url.Values{"revision": {revision}})
	if !strings.HasSuffix(res.Location(), "?check=1") {
		t.Fatalf("sealing with a passport that is over leads to %q (%d)", res.Location(), res.Status)
	}
	if b.Open(res.Location()).Find(".summary li").Length() == 0 {
		t.Error("the page does not say what is wrong")
	}
}

func TestLostUpdateIsNoticed(t *testing.T) {
	s := newSite(t)
	one, two := s.loggedIn("mario.rossi@example.it"), s.loggedIn("mario.rossi@example.it")
	path := one.Begin()
	here := path + "/pages/workplace"
	revision := one.Open(here).Find("input[name=revision]").AttrOr("value", "")
	send := func(b *browser, street, revision string) *page {
		return b.Post(here, url.Values{"go": {"exit"}, "revision": {revision}, "f.workplace_address": {street}, "f.workplace_postcode": {"00100"}})
	}
	if res := send(two, "Via Due 2", revision); res.Status != http.StatusSeeOther {
		t.Fatalf("first save: %d", res.Status)
	}
	p := send(one, "Via Uno 1", revision)
	if p.Status != http.StatusConflict {
		t.Fatalf("second save on the same revision: %d", p.Status)
	}
	if got := p.Find(`[id="f.workplace_address"]`).AttrOr("value", ""); got != "Via Uno 1" {
		t.Errorf("what was typed is lost: %q", got)
	}
	if got := p.Find(".theirs").Text(); !strings.Contains(got, "Via Due 2") || p.Find(".theirs").Length() != 1 {
		t.Errorf("what is stored is not said: %q", got)
	}
	if got := one.Open(here).Find(`[id="f.workplace_address"]`).AttrOr("value", ""); got != "Via Due 2" {
		t.Errorf("the refused save left %q", got)
	}
	if res := send(one, "Via Uno 1", p.Find("input[name=revision]").AttrOr("value", "")); res.Status != http.StatusSeeOther {
		t.Errorf("saving again after the warning: %d", res.Status)
	}
}

func TestOutcomeReceiptAndReopening(t *testing.T) {
	s := newSite(t)
	b := s.loggedIn("mario.rossi@example.it")
	sent, refused, draftAgain := b.Sealed(1), b.Sealed(2), b.Sealed(4)
	s.Arrive(sent, clickday.Receipted, 42, nil)
	s.Arrive(refused, clickday.Refused, nil, "document_altered")

	p := b.Open(sent)
	text := p.Find("main").Text()
	for _, want := range []string{"FLUSSI-2027/0000042", "12/01/2027, ore 09:00:00,123456 (ora italiana, CET)", "2027-01-12 08:00:00,123456 UTC", "± 1,500 ms", "Invio corretto"} {
		if !strings.Contains(text, want) {
			t.Errorf("outcome lacks %q", want)
		}
	}
	pdf := b.Get(sent + "/receipt")
	if pdf.Header.Get("Content-Type") != "application/pdf" || pdf.Body != "%PDF-1.7 prova" || pdf.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("receipt: %v %q", pdf.Header, pdf.Body)
	}
	if res := b.Post(sent+"/reopen", url.Values{}); res.Status != http.StatusConflict {
		t.Errorf("re-opening what was sent: %d", res.Status)
	}
	if got := b.Open(refused).Find(".note.bad").Text(); !strings.Contains(got, clickday.MeaningOf("document_altered").Detail.IT) {
		t.Errorf("a refusal is not explained: %q", got)
	}
	if p := b.Get(refused + "/receipt"); p.Status != http.StatusNotFound {
		t.Errorf("receipt of a refused application: %d", p.Status)
	}
	for _, path := range []string{refused, draftAgain} {
		if res := b.Post(path+"/reopen", url.Values{}); res.Location() != path {
			t.Errorf("re-opening %s: %d", path, res.Status)
		}
		if got := b.Open(path).Find("main .badge-state").First().Text(); got != "Pronta" {
			t.Errorf("state after re-opening is %q", got)
		}
		if _, err := s.DB.CurrentSeal(context.Background(), s.Account("mario.rossi@example.it").ID, sitetest.AppID(t, path)); err == nil {
			t.Error("the seal still counts after re-opening")
		}
	}
	english := b.Get(sent, "Accept-Language", "en").Find("main").Text()
	if !strings.Contains(english, "Sent correctly") || !strings.Contains(english, "09:00:00.123456 (Italian time, CET)") {
		t.Error("the outcome is not in English")
	}
}
