package loadreport

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"puntuale/internal/clickday"
	"puntuale/internal/loadrun"
	"puntuale/internal/profile"
	"puntuale/internal/wire"
)

// runDir is a run of n good requests, 10 ms apart, the i-th answered i ms after
// its instant, and one of each that goes wrong.
func runDir(t *testing.T, n int, slower time.Duration) string {
	t.Helper()
	dir := t.TempDir()
	part, err := loadrun.NewPart(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	var plan []loadrun.Request
	var answers []byte
	add := func(r loadrun.Request, a loadrun.Answer) {
		a.Request = uint32(len(plan))
		plan = append(plan, r)
		answers = a.Append(answers)
	}
	problem := wire.NewProblem(clickday.CodeTooEarly)
	add(loadrun.Request{At: -time.Second, Kind: loadrun.Early}, loadrun.Answer{Sent: -time.Second, First: -999 * time.Millisecond, Done: -999 * time.Millisecond,
		Status: 425, Body: problem.Bytes()})
	for i := range n {
		at := time.Duration(i) * 10 * time.Millisecond
		done := at + time.Duration(i)*time.Millisecond + slower
		add(loadrun.Request{At: at, Kind: loadrun.Good}, loadrun.Answer{Sent: at + 50*time.Microsecond, First: done, Done: done, Status: 200})
	}
	add(loadrun.Request{At: 2 * time.Second, Kind: loadrun.Cut}, loadrun.Answer{Sent: 2 * time.Second, First: loadrun.Never, Done: loadrun.Never, Failure: loadrun.CutOff})
	add(loadrun.Request{At: 2 * time.Second, Kind: loadrun.Good}, loadrun.Answer{Sent: 2 * time.Second, First: loadrun.Never, Done: loadrun.Never, Failure: loadrun.TimedOut})
	f, err := part.AnswersFile()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(answers); err != nil {
		t.Fatal(err)
	}
	m := loadrun.Manifest{Name: "<prova>", Profile: []byte(`{"name":"P3","title":{"it":"tìtolo","en":"title"}}`), Scale: 1,
		Opening: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC).UnixNano(), Bounds: loadrun.Bounds{Lateness: time.Millisecond, StarvedShare: 0.001}}
	samples, err := loadrun.NewSampleWriter(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(5) {
		err := samples.Add(&loadrun.Sample{At: time.Duration(i) * time.Second, Progress: &loadrun.Progress{Stored: 100, Numbered: 100, Receipted: min(100, 30*i)},
			Processes: map[string]loadrun.Usage{"intake": {CPU: time.Duration(i) * 300 * time.Millisecond, RSS: 50 << 20}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	v := loadrun.Verdict{Outcome: loadrun.Pass, Checks: []loadrun.Check{{ID: "I1", Title: clickday.Text{IT: "Nulla è perso", EN: "Nothing is lost"}, Outcome: loadrun.Pass,
		Found: clickday.Text{IT: "100 confronti", EN: "100 compared"}}}}
	for _, err := range []error{part.WritePlan(plan), f.Close(), samples.Close(), m.Write(dir), v.Write(dir)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func analysed(t *testing.T, dir string) *Report {
	t.Helper()
	r, err := Analyse(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAnalysisCountsFromThePlannedInstant(t *testing.T) {
	r := analysed(t, runDir(t, 100, 0))
	if r.Planned != 103 || r.Sent != 103 || r.Outcome != loadrun.Pass {
		t.Errorf("%d planned, %d sent, %s", r.Planned, r.Sent, r.Outcome)
	}
	if got := r.Total(); got != (KindCount{Planned: 103, Accepted: 100, Refused: 1, Cut: 1, Failed: 1}) {
		t.Errorf("%+v", got)
	}
	if r.Problems["too_early"] != 1 || r.Failures["timeout"] != 1 || len(r.Failures) != 1 {
		t.Errorf("%v, %v", r.Problems, r.Failures)
	}
	if math.Abs(r.Latency.P50-49) > 1.1 || math.Abs(r.Latency.P99-98) > 1.1 || math.Abs(r.Latency.Max-99) > 0.2 {
		t.Errorf("latency %+v", r.Latency)
	}
	if math.Abs(r.Lateness.P99-0.05) > 0.01 {
		t.Errorf("lateness %+v", r.Lateness)
	}
	if r.Seconds[0].At != -1 || r.Seconds[0].Refused != 1 || r.Seconds[1].Offered != 100 || r.Seconds[1].Accepted < 90 {
		t.Errorf("seconds %+v", r.Seconds)
	}
	if !r.Receipts.All || r.Receipts.After != 4 {
		t.Errorf("receipts %+v", r.Receipts)
	}
}

func TestLateGeneratorVoidsTheRun(t *testing.T) {
	dir := runDir(t, 100, 0)
	m, err := loadrun.ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	m.Bounds.Lateness = 10 * time.Microsecond
	if err := m.Write(dir); err != nil {
		t.Fatal(err)
	}
	if r := analysed(t, dir); r.Outcome != loadrun.Void || len(r.Void()) != 1 || len(r.Quality().Void) != 1 {
		t.Errorf("%s, %v", r.Outcome, r.Void())
	}
}

func TestPageStandsAloneInBothLanguages(t *testing.T) {
	dir := runDir(t, 100, 0)
	if err := analysed(t, dir).Write(dir); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	if found := regexp.MustCompile(`(?i)<script|src=|href=|url\(|@import`).FindString(string(b)); found != "" {
		t.Errorf("the page asks for something: %s", found)
	}
	if !strings.Contains(string(b), "&lt;prova&gt;") || strings.Contains(string(b), "<prova>") {
		t.Error("the name is not escaped")
	}
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if it, en := doc.Find("body [lang=it]").Length(), doc.Find("body [lang=en]").Length(); it != en || it < 30 {
		t.Errorf("%d pieces of Italian, %d of English", it, en)
	}
	doc.Find("body [lang]").Each(func(_ int, s *goquery.Selection) {
		if strings.TrimSpace(s.Text()) == "" {
			h, _ := s.Parent().Html()
			t.Errorf("empty text in %s", h)
		}
	})
	if n := doc.Find("svg").Length(); n != 6 {
		t.Errorf("%d plots, want traffic, latency, errors, progress, processors and memory", n)
	}
	if got := doc.Find("h1 [lang=it]").Text(); got != "Prova superata" {
		t.Errorf("headline %q", got)
	}
	doc.Find("path").Each(func(_ int, s *goquery.Selection) {
		if d, _ := s.Attr("d"); strings.Contains(d, "NaN") || strings.Contains(d, "Inf") {
			t.Errorf("path %s", d)
		}
	})
	again, err := Read(dir)
	if err != nil || again.Latency.Count != 100 {
		t.Errorf("report.json: %v", err)
	}
}

func TestComparisonTellsWhichIsBetter(t *testing.T) {
	var b bytes.Buffer
	if err := Compare(&b, analysed(t, runDir(t, 100, 100*time.Millisecond)), analysed(t, runDir(t, 100, 0))); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`p99 ms +19\d[.\d]* +9\d[.\d]* +0.\d+ +meglio`, `accepted +100 +100 +1.00 +=`} {
		if !regexp.MustCompile(want).MatchString(b.String()) {
			t.Errorf("nothing like %s in\n%s", want, b.String())
		}
	}
}

func TestSizesGrowWithTheEvent(t *testing.T) {
	costs, err := LoadCosts("")
	if err != nil {
		t.Fatal(err)
	}
	small, err := costs.Size(Demand{Applications: 325000, Within: 10 * time.Second, Share: 1, Repeats: 0.25, Receipts: 2 * time.Hour, Connected: 0.385})
	if err != nil {
		t.Fatal(err)
	}
	large, err := costs.Size(Demand{Applications: 1000000, Within: 10 * time.Second, Share: 1, Repeats: 0.25, Receipts: 2 * time.Hour, Connected: 0.385})
	if err != nil {
		t.Fatal(err)
	}
	if small.Rate != 40625 || large.Rate != 125000 || large.IntakeCores < 3*small.IntakeCores-2 || large.NumberAfter < 3*small.NumberAfter-time.Second {
		t.Errorf("%+v\n%+v", small, large)
	}
	if !small.SequencerBehind || small.Nodes < 2 {
		t.Errorf("%+v", small)
	}
	var b bytes.Buffer
	if err := large.Write(&b); err != nil || !strings.Contains(b.String(), "125000") {
		t.Errorf("%v\n%s", err, b.String())
	}
	if _, err := costs.Size(Demand{}); err == nil {
		t.Error("a size of nothing")
	}
}

func TestPlanIsPrinted(t *testing.T) {
	p, err := profile.Load("P2")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	s := p.Plan(profile.Options{Scale: 0.1, Until: 20 * time.Second, Seed: 1}).Summarise()
	if err := WritePlan(&b, p, 0.1, s, true); err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^0 +\d{3} `).MatchString(b.String()) || !strings.Contains(b.String(), "█") {
		t.Errorf("%s", b.String())
	}
}

func TestThePageHasACommaInItalianAndTellsOfFaults(t *testing.T) {
	dir := runDir(t, 100, 0)
	m, err := loadrun.ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	m.Scale = 0.05
	m.Notes = []loadrun.Note{{At: 1500 * time.Millisecond, Kind: "kill", Text: clickday.Text{IT: "ucciso", EN: "killed"}}}
	m.Counts.Models = []loadrun.ModelCount{{Code: "VB", Title: clickday.Text{IT: "Conversione", EN: "Conversion"}, Envelopes: 1234, Smallest: 700, Median: 800, Largest: 900}}
	if err := m.Write(dir); err != nil {
		t.Fatal(err)
	}
	page, err := analysed(t, dir).HTML()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, lang := range []string{"it", "en"} {
		other := map[string]string{"it": "en", "en": "it"}[lang]
		d := goquery.CloneDocument(doc)
		d.Find("style,[lang=" + other + "]:not(html)").Remove()
		texts[lang] = d.Find("body").Text()
	}
	if decimals := regexp.MustCompile(`[0-9]\.[0-9]`).FindAllString(texts["it"], -1); len(decimals) > 0 {
		t.Errorf("points in Italian figures: %q", decimals)
	}
	if decimals := regexp.MustCompile(`[0-9],[0-9]`).FindAllString(texts["en"], -1); len(decimals) > 0 {
		t.Errorf("commas in English figures: %q", decimals)
	}
	for lang, want := range map[string][]string{"it": {"scala 0,05", "1,5 s", "ucciso", "Conversione", "22 novembre 2026, ore 08:00:00"},
		"en": {"scale 0.05", "1.5 s", "killed", "Conversion", "22 November 2026, 08:00:00"}} {
		for _, w := range want {
			if !strings.Contains(texts[lang], w) {
				t.Errorf("%s: no %q", lang, w)
			}
		}
	}
	if !strings.Contains(texts["it"], "Rifiuti ed errori al secondo, per tipo") || !strings.Contains(texts["it"], "nessuna risposta in tempo") {
		t.Error("errors are not shown by kind")
	}
	if n := doc.Find("line.event").Length(); n < 4 {
		t.Errorf("the fault is marked on %d plots", n)
	}
}

func TestThePageOfTwoRunsShowsBoth(t *testing.T) {
	a, b := analysed(t, runDir(t, 100, 100*time.Millisecond)), analysed(t, runDir(t, 100, 0))
	page, err := CompareHTML(a, b)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	if n := doc.Find("svg").Length(); n != 3 {
		t.Errorf("%d plots, want 3", n)
	}
	doc.Find("svg").Each(func(i int, s *goquery.Selection) {
		if s.Find("path.curve.c1").Length() != 1 || s.Find("path.curve.c3").Length() != 1 {
			t.Errorf("plot %d does not show both runs", i)
		}
	})
	if doc.Find("td.better").Length() < 4 || doc.Find("td.worse").Length() > 0 || doc.Find("tbody tr").Length() != len(figures) {
		t.Errorf("%d better, %d worse of %d", doc.Find("td.better").Length(), doc.Find("td.worse").Length(), doc.Find("tbody tr").Length())
	}
	for _, src := range []string{"http://", "https://", "<script"} {
		if bytes.Contains(page, []byte(src)) {
			t.Errorf("the page needs %s", src)
		}
	}
}
