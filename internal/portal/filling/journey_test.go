package filling_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"puntuale/internal/bulk"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/portal/portaltest"
	"puntuale/internal/portal/sitetest"
)

const (
	mario = "mario.rossi@example.it"
	anna  = "anna.verdi@example.it"
)

func answers(seed uint64) forms.Answers { return sample.ModelB(sample.New(seed), sample.Person) }

// send posts a form with a file.
func send(t *testing.T, b *sitetest.Browser, path, name string, content []byte, fields ...string) *sitetest.Page {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i+1 < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if name != "" {
		p, err := w.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, b.Server.URL+path, &body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	return b.Do(req)
}

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 30, 20))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAnotherApplicationFromOne(t *testing.T) {
	s := portaltest.New(t)
	b := s.LoggedIn(mario)
	path := b.Begin()
	b.Fill(path, answers(3))
	page := b.Open(path + "/copy?how=worker")
	if got := page.Find("input[name=how][checked]").AttrOr("value", ""); got != "worker" {
		t.Errorf("chosen is %q", got)
	}
	if page.Find("select[name=choice] option[selected]").AttrOr("value", "") != "1/B" {
		t.Error("the day of the original is not chosen")
	}
	if got := b.Open(path + "/copy?how=clone").Find("table").Text(); !strings.Contains(got, "Dichiaro che le risposte sono vere") {
		t.Errorf("a clone does not say that declarations are left: %q", got)
	}
	res := b.Post(path+"/copy", url.Values{"how": {"worker"}, "choice": {"1/B"}})
	if res.Status != http.StatusSeeOther || !strings.HasSuffix(res.Location(), "/pages/worker") {
		t.Fatalf("a new worker: %d to %q", res.Status, res.Location())
	}
	next, _, _ := strings.Cut(res.Location(), "/pages/")
	if got := b.Open(res.Location()).Find("[role=status]").Text(); !strings.Contains(got, "nuova bozza") {
		t.Errorf("nothing says what happened: %q", got)
	}
	preview := b.Open(next + "/preview").Find("main").Text()
	if a := answers(3); next == path || strings.Contains(preview, a["worker_passport"]) || !strings.Contains(preview, a["employer_pec"]) {
		t.Errorf("the new application holds %q", preview)
	}
	for _, form := range []url.Values{{"how": {"all"}, "choice": {"1/B"}}, {"how": {"clone"}, "choice": {"7/B"}}, {"how": {"clone"}}} {
		if res := b.Post(path+"/copy", form); res.Status != http.StatusBadRequest {
			t.Errorf("%v: %d", form, res.Status)
		}
	}
	s.Clock.Advance(30 * 24 * time.Hour)
	if got := b.Open(path + "/copy").Find(".note").Text(); !strings.Contains(got, "in preparazione") {
		t.Errorf("with no day to go to: %q", got)
	}
	if res := b.Post(path+"/copy", url.Values{"how": {"clone"}, "choice": {"1/B"}}); res.Status != http.StatusConflict {
		t.Errorf("for a day that is over: %d", res.Status)
	}
}

func TestSealingAllThatIsReady(t *testing.T) {
	s := portaltest.New(t)
	b := s.LoggedIn(mario)
	var paths []string
	for seed := range uint64(3) {
		path := b.Begin()
		b.Fill(path, answers(seed))
		paths = append(paths, path)
	}
	b.Begin() // one that is not ready
	if got := b.Open("/days").Find("a[href='/days/FLUSSI-2027/seal']").Text(); !strings.Contains(got, "(3)") {
		t.Errorf("the days say %q", got)
	}
	page := b.Open("/days/FLUSSI-2027/seal")
	boxes := page.Find("input[name=application][checked]")
	if boxes.Length() != 3 || !strings.Contains(page.Find("main").Text(), "Sigillare non è inviare") {
		t.Fatalf("%d to seal", boxes.Length())
	}
	if got := page.Find("main").Text(); !strings.Contains(got, "al massimo 3 domande") || strings.Contains(got, "Ne hai di più") {
		t.Errorf("of the limit: %q", got)
	}
	var chosen []string
	for i := range 3 {
		chosen = append(chosen, boxes.Eq(i).AttrOr("value", ""))
	}
	// One changes before the button is pressed.
	edit := paths[1] + "/pages/workplace"
	form := sitetest.Typed(model(t, s), b.Open(edit), answers(1))
	form.Set("go", "exit")
	b.Post(edit, form)
	res := b.Post("/days/FLUSSI-2027/seal", url.Values{"application": chosen})
	if res.Status != http.StatusOK || !strings.Contains(res.Find(".note.good").Text(), "2") || !strings.Contains(res.Find(".note.bad").Text(), "1") {
		t.Errorf("%d: %q", res.Status, res.Find(".note").Text())
	}
	if got := res.Find("tbody tr").Text(); !strings.Contains(got, "cambiata nel frattempo") || res.Find("tbody tr").Length() != 1 {
		t.Errorf("what is left: %q", got)
	}
	if got := b.Open(paths[0]).Find("main .badge-state").First().Text(); got != "Sigillata" {
		t.Errorf("the first is %q", got)
	}
	again := b.Post("/days/FLUSSI-2027/seal", url.Values{"application": chosen[:1]})
	if again.Find(".note.bad").Length() != 1 || again.Find(".note.good").Length() != 0 {
		t.Errorf("sealed twice: %q", again.Find(".note").Text())
	}
	other := s.LoggedIn(anna)
	if res := other.Post("/days/FLUSSI-2027/seal", url.Values{"application": {res.Find("input[name=application]").AttrOr("value", "")}}); res.Find(".note.good").Length() != 0 {
		t.Error("another account sealed it")
	}
	if res := b.Post("/days/FLUSSI-2027/seal", url.Values{"application": {"x:1"}}); res.Status != http.StatusBadRequest {
		t.Errorf("no id: %d", res.Status)
	}
	if res := b.Get("/days/NESSUNO/seal"); res.Status != http.StatusNotFound {
		t.Errorf("no such day: %d", res.Status)
	}
}

func model(t *testing.T, s *portaltest.Site) *forms.Model {
	t.Helper()
	m, ok := s.Models.Newest("B")
	if !ok {
		t.Fatal("no model B")
	}
	return m
}

func TestDeleting(t *testing.T) {
	s := portaltest.New(t)
	b := s.LoggedIn(mario)
	draft, sealed, sent := b.Begin(), b.Sealed(1), b.Sealed(2)
	s.Arrive(sent, "sequenced", 1, nil)
	if got := b.Open(sealed + "/delete").Find("main"); !strings.Contains(got.Text(), "Riaprila prima") || got.Find("form").Length() != 0 {
		t.Errorf("sealed: %q", got.Text())
	}
	if got := b.Open(sent + "/delete").Find("main"); !strings.Contains(got.Text(), "registro pubblico") || got.Find("form").Length() != 0 {
		t.Errorf("sent: %q", got.Text())
	}
	for path, want := range map[string]int{sealed: http.StatusConflict, sent: http.StatusConflict, draft: http.StatusSeeOther} {
		if res := b.Post(path+"/delete", url.Values{}); res.Status != want {
			t.Errorf("%s: %d, want %d", path, res.Status, want)
		}
	}
	if res := b.Get(draft); res.Status != http.StatusNotFound {
		t.Errorf("the draft is still there: %d", res.Status)
	}
	if got := b.Open("/applications").Find("[role=status]").Text(); !strings.Contains(got, "eliminata") {
		t.Errorf("nothing says so: %q", got)
	}
}

// TestFiles: what is added is there, comes back as a download that nothing can
// run, and stays with the seal.
func TestFiles(t *testing.T) {
	s := portaltest.New(t)
	b := s.LoggedIn(mario)
	path := b.Begin()
	b.Fill(path, answers(1))
	here := path + "/files"
	if res := send(t, b, here, "foto.jpg", picture(t), "kind", "passport"); res.Status != http.StatusSeeOther {
		t.Fatalf("add: %d %s", res.Status, res.Find(".summary").Text())
	}
	for name, c := range map[string]struct {
		content []byte
		kind    string
		status  int
	}{
		"again.png": {picture(t), "passport", 409}, "x.exe": {[]byte("MZ"), "passport", 422}, "e.pdf": {nil, "passport", 422},
		"big.pdf": {append([]byte("%PDF-1.7"), make([]byte, 2<<20)...), "passport", 413}, "huge.pdf": {make([]byte, 6<<20), "passport", 413},
		"k.png": {append(picture(t), 0), "diary", 422},
	} {
		if res := send(t, b, here, name, c.content, "kind", c.kind); res.Status != c.status || res.Find(".summary").Length() != 1 {
			t.Errorf("%s: %d, want %d", name, res.Status, c.status)
		}
	}
	if res := send(t, b, here, "", nil, "kind", "passport"); res.Status != http.StatusBadRequest {
		t.Errorf("no file: %d", res.Status)
	}
	page := b.Open(here)
	link := page.Find("dl.data a").First()
	if link.Text() != "foto.png" {
		t.Errorf("the file is called %q", link.Text())
	}
	file := b.Get(link.AttrOr("href", ""))
	for header, want := range map[string]string{
		"Content-Type": "image/png", "Content-Disposition": `attachment; filename=foto.png`, "Content-Security-Policy": "sandbox; default-src 'none'",
		"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
	} {
		if got := file.Header.Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	if file.Body != string(picture(t)) {
		t.Error("the file is another one")
	}
	if res := s.LoggedIn(anna).Get(link.AttrOr("href", "")); res.Status != http.StatusNotFound {
		t.Errorf("somebody else gets %d", res.Status)
	}
	revision := b.Open(path+"/seal").Find("input[name=revision]").AttrOr("value", "")
	b.Post(path+"/seal", url.Values{"revision": {revision}})
	if page = b.Open(here); page.Find("form[enctype]").Length() != 0 || !strings.Contains(page.Find(".note").Text(), "sigillata") {
		t.Error("files of a sealed application can be changed")
	}
	if res := b.Post(link.AttrOr("href", "")+"/delete", url.Values{}); res.Status != http.StatusConflict {
		t.Errorf("removed below the seal: %d", res.Status)
	}
	pdf := b.Get(path + "/preview.pdf")
	if pdf.Status != 200 || !strings.HasPrefix(pdf.Body, "%PDF-") || pdf.Header.Get("Content-Type") != "application/pdf" {
		t.Errorf("preview: %d %v", pdf.Status, pdf.Header)
	}
}

func table(t *testing.T, s *portaltest.Site, n int) []byte {
	t.Helper()
	var list []bulk.Exported
	for i := range n {
		a := answers(uint64(i))
		if i == n-1 {
			a["contract_hours"], a["worker_city"] = "99", sitetest.Evil
		}
		list = append(list, bulk.Exported{Answers: a})
	}
	return bulk.Export(model(t, s), list, "it")
}

func TestImport(t *testing.T) {
	s := portaltest.New(t)
	b := s.LoggedIn(mario)
	file := table(t, s, 5)
	res := send(t, b, "/applications/import", `C:\elenco.csv`, file, "choice", "1/B")
	if res.Status != http.StatusSeeOther {
		t.Fatalf("upload: %d %s", res.Status, res.Find(".summary").Text())
	}
	here := res.Location()
	page := b.Open(here)
	if got := page.Find("main").Text(); !strings.Contains(got, "diventano bozze: 4") || !strings.Contains(got, "punto e virgola") {
		t.Errorf("before: %q", got)
	}
	if got := page.Find("tbody tr").First().Text(); !strings.Contains(got, "6") || !strings.Contains(got, "99") || !strings.Contains(got, "Errore") {
		t.Errorf("what is wrong: %q", got)
	}
	if page.Find("script").Length() > 0 {
		t.Error("the page carries foreign markup")
	}
	report := b.Get(here + "/report")
	if !strings.Contains(report.Body, "99") || strings.Contains(report.Body, answers(0)["worker_passport"]) || report.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("report: %q", report.Body)
	}
	if got := len(b.Open("/applications").Find("tbody tr").Nodes); got != 0 {
		t.Errorf("%d drafts before anybody confirmed", got)
	}
	if res := s.LoggedIn(anna).Post(here, url.Values{}); res.Status != http.StatusNotFound {
		t.Errorf("somebody else confirms: %d", res.Status)
	}
	b.Post(here, url.Values{})
	if got := b.Open(here).Find(".note.good").Text(); !strings.Contains(got, "4") {
		t.Errorf("after: %q", got)
	}
	b.Post(here, url.Values{}) // the button pressed twice
	again := send(t, b, "/applications/import", "altro nome.csv", file, "choice", "1/B")
	if got := b.Open(again.Location()); again.Location() != here || !strings.Contains(got.Find(".note.good").Text(), "non si importa due volte") || got.Find("main form").Length() != 0 {
		t.Errorf("the same file again: %q", got.Find("main").Text())
	}
	if got := b.Open("/days/FLUSSI-2027/seal").Find("input[name=application]").Length(); got != 4 {
		t.Errorf("%d ready after the import", got)
	}
	back := b.Get("/applications/export?choice=1/B")
	if read := bulk.Read(model(t, s), []byte(back.Body), s.Clock.Now(), nil); len(read.Rows) != 4 || read.Counts().Ready != 4 {
		t.Errorf("export: %v", read.AllProblems())
	}
}

func TestImportsThatAreNone(t *testing.T) {
	s := portaltest.New(t)
	b := s.LoggedIn(mario)
	for name, c := range map[string]struct {
		content string
		choice  string
		status  int
	}{
		"no day": {"a;b\n", "", 422}, "another model": {"a;b\n", "1/VA", 422}, "no file": {"", "1/B", 303},
		"too large": {strings.Repeat("x", 9<<20), "1/B", 413},
	} {
		if res := send(t, b, "/applications/import", "x.csv", []byte(c.content), "choice", c.choice); res.Status != c.status {
			t.Errorf("%s: %d, want %d", name, res.Status, c.status)
		}
	}
	res := send(t, b, "/applications/import", "x.xlsx", []byte("PK\x03\x04…"), "choice", "1/B")
	page := b.Open(res.Location())
	if !strings.Contains(page.Find(".note.bad").Text(), "cartella di lavoro") || page.Find("main form").Length() != 0 {
		t.Errorf("a workbook: %q", page.Find("main").Text())
	}
	if res := b.Post(res.Location(), url.Values{}); res.Status != http.StatusSeeOther {
		t.Errorf("confirmed all the same: %d", res.Status)
	}
	if res := send(t, b, "/applications/import", "x.csv", []byte("a"), "choice", "1/B", "acting", "999"); res.Status != http.StatusConflict {
		t.Errorf("for another account: %d", res.Status)
	}
	template := b.Get("/applications/template?choice=1/B")
	if !strings.Contains(template.Body, "Numero del passaporto") || template.Header.Get("Content-Disposition") != "attachment; filename=modello-B.csv" {
		t.Errorf("template: %v", template.Header)
	}
	if res := b.Get("/applications/template?choice=1/X"); res.Status != http.StatusNotFound {
		t.Errorf("template of nothing: %d", res.Status)
	}
}

func TestDaysForEverybody(t *testing.T) {
	s := portaltest.New(t)
	b := s.Browser()
	for _, path := range []string{"/days", "/days/FLUSSI-2027"} {
		got := b.Open(path).Find("main").Text()
		for _, want := range []string{"Lavoro subordinato non stagionale", "Apertura", "Non ancora pubblicati", "Non ancora aperto"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s does not say %q", path, want)
			}
		}
	}
	if res := b.Get("/days/PROVA-1"); res.Status != http.StatusNotFound {
		t.Errorf("no such day: %d", res.Status)
	}
	if got := fmt.Sprint(b.Get("/days").Header["Cache-Control"]); got != "[no-cache]" {
		t.Errorf("Cache-Control is %s", got)
	}
}

func TestTheDayOneComesFromIsChosen(t *testing.T) {
	s := portaltest.New(t)
	s.SetDay(2, "AGRICOLI-2027")
	b := s.LoggedIn(mario)
	href := b.Open("/days/AGRICOLI-2027").Find(`a[href^="/applications/new"]`).AttrOr("href", "")
	p := b.Open(href)
	if n := p.Find("fieldset").Length(); n != 1 || !strings.HasPrefix(p.Find("input[name=choice]").First().AttrOr("value", ""), "2/") {
		t.Errorf("%s offers %d days: %s", href, n, p.Find("form").Text())
	}
	if n := b.Open("/applications/new?day=" + url.QueryEscape(sitetest.Evil)).Find("fieldset").Length(); n != 2 {
		t.Errorf("an unknown day: %d days are offered", n)
	}
}
