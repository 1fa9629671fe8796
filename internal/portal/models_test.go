package portal

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/portal/sitetest"
	"puntuale/internal/portal/timetable"
)

// nurses is a model that no program knows, as an administration might write it.
const nurses = `{"code": "NURSE", "version": 1, "title": {"it": "Infermieri", "en": "Nurses"},
 "about": {"it": "Per le strutture sanitarie.", "en": "For hospitals."},
 "pages": [
  {"id": "nurse", "title": {"it": "Infermiere", "en": "Nurse"}, "intro": {"it": "Chi viene assunto.", "en": "Who is hired."}, "fields": [{"part": "worker_abroad"},
   {"id": "nurse_years", "type": "integer", "required": true, "min": 2, "max": 50, "label": {"it": "Anni di esperienza", "en": "Years of experience"}, "help": {"it": "Almeno due.", "en": "At least two."}}]},
  {"id": "clinic", "title": {"it": "Struttura", "en": "Institution"}, "intro": {"it": "Dove lavorerà.", "en": "Where they will work."}, "fields": [{"part": "company"}, {"part": "truth"}]}],
 "quota": {"nationality": "worker_citizenship", "sector_is": "nurses"},
 "summary": {"employer": ["company_name"], "worker": ["worker_surname", "worker_name"]}}`

// allModels is a portal whose one click day takes every model, and one more that
// is read from a file at run time.
func allModels(t *testing.T) *testSite {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "nurse-1.json"), []byte(nurses), 0o644); err != nil {
		t.Fatal(err)
	}
	models, err := forms.LoadWith(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := newSiteWith(t, models)
	var codes []clickday.ModelCode
	for _, m := range models.All() {
		codes = append(codes, m.Code)
	}
	prepare, sync, closes := s.Clock.Now().Add(-time.Hour), s.Opens.Add(-24*time.Hour), s.Opens.Add(10*time.Hour)
	_, _, err = timetable.Set(context.Background(), s.DB, s.CalendarKey, s.Clock, &timetable.Change{
		ID: 2, Code: "TUTTI", TitleIT: "Tutti i modelli", TitleEN: "All models", Models: codes,
		Prepare: &prepare, Sync: &sync, Opens: &s.Opens, Closes: &closes,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestEveryModelFromChoiceToSeal walks each model as a person does: chosen from
// the list, every page sent empty and then filled in, previewed, sealed. What is
// sealed is what was typed.
func TestEveryModelFromChoiceToSeal(t *testing.T) {
	s := allModels(t)
	b := s.loggedIn("mario.rossi@example.it")
	if n := b.Open("/applications/new").Find(`input[value^="2/"]`).Length(); n != len(s.Models.All()) {
		t.Errorf("%d models can be chosen, want %d", n, len(s.Models.All()))
	}
	for _, m := range s.Models.All() {
		t.Run(string(m.Code), func(t *testing.T) {
			answers := sample.Of(sample.New(17), m, sample.Any, s.Clock.Now())
			path := b.walk(t, m, answers)
			preview := b.Open(path + "/preview").Find("main").Text()
			for _, section := range m.Preview(answers, "it") {
				for _, row := range section.Rows {
					if !strings.Contains(preview, row.Label) || !strings.Contains(preview, row.Value) {
						t.Errorf("the preview lacks %q: %q", row.Label, row.Value)
					}
				}
			}
			b.sealAndCompare(t, path, answers)
		})
	}
}

// walk fills in a new application and returns its path.
func (b *browser) walk(t *testing.T, m *forms.Model, answers forms.Answers) string {
	t.Helper()
	res := b.Post("/applications/new", url.Values{"choice": {"2/" + string(m.Code)}})
	path, _, _ := strings.Cut(res.Location(), "/pages/")
	for i := range m.Pages {
		here := path + "/pages/" + m.Pages[i].ID
		p := b.Open(here)
		if got := p.Find("h1").Text(); !strings.Contains(got, m.Pages[i].Title.IT) {
			t.Errorf("%s is headed %q", here, got)
		}
		b.lookAt(t, p)
		if i == 0 {
			b.sendEmptyThenSeeErrors(here)
		}
		b.mendAs(t, m, here, answers)
	}
	return path
}

// lookAt checks that each control of a page has a name that is shown, and a hint.
func (b *browser) lookAt(t *testing.T, p *page) {
	t.Helper()
	p.Find("main form .field").Each(func(_ int, f *goquery.Selection) {
		label := strings.TrimSpace(f.Find("label, legend").First().Text())
		if label == "" || strings.ContainsAny(label, "{}") || strings.TrimSpace(f.Find(".hint").Text()) == "" {
			t.Errorf("a question without a label or a hint: %q", f.Text())
		}
	})
}

// mendAs fills in one page, round by round while answers bring further questions.
func (b *browser) mendAs(t *testing.T, m *forms.Model, here string, answers forms.Answers) {
	t.Helper()
	at := here
	for range 8 {
		p := b.Open(at)
		res := b.Post(here, sitetest.Typed(m, p, answers))
		at, _, _ = strings.Cut(res.Location(), "#")
		if at == here+"?check=1" {
			t.Fatalf("%s: %s", here, b.Open(at).Find(".summary").Text())
		}
		if at != here+"?more=1" {
			return
		}
		b.lookAt(t, b.Open(at))
	}
	t.Fatalf("%s: always more questions", here)
}

func (b *browser) sealAndCompare(t *testing.T, path string, answers forms.Answers) {
	t.Helper()
	revision := b.Open(path+"/seal").Find("input[name=revision]").AttrOr("value", "")
	if res := b.Post(path+"/seal", url.Values{"revision": {revision}}); res.Status != http.StatusSeeOther {
		t.Fatalf("seal: %d", res.Status)
	}
	account, err := b.DB.AccountByEmail(context.Background(), "mario.rossi@example.it")
	if err != nil {
		t.Fatal(err)
	}
	seal, err := b.DB.CurrentSeal(context.Background(), account.ID, sitetest.AppID(t, path))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := forms.Thaw(seal.Document)
	if err != nil || !maps.Equal(doc.Answers, answers) {
		t.Errorf("%v: sealed %v, typed %v", err, doc.Answers, answers)
	}
}
