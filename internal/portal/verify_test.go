package portal

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"puntuale/internal/clickday"
	"puntuale/internal/portal/site"
	"puntuale/internal/verdict"
)

func TestAnybodyCanCheckAReceiptAndLearnsNothingOfAPerson(t *testing.T) {
	s := newSite(t)
	b := s.loggedIn("mario.rossi@example.it")
	sent, refused := b.Sealed(1), b.Sealed(2)
	s.Arrive(sent, clickday.Receipted, 42, nil)
	s.Arrive(refused, clickday.Refused, nil, "document_altered")
	address := func(path string, state clickday.SubmissionState) string {
		sum := sha256.Sum256([]byte(path + string(state)))
		return "/verify/" + hex.EncodeToString(sum[:])
	}
	anybody := s.browser()
	p := anybody.Get(address(sent, clickday.Receipted))
	text := p.Find("main").Text()
	for _, want := range []string{"FLUSSI-2027/0000042", "09:00:00,123456"} {
		if p.Status != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("%d: the register lacks %q", p.Status, want)
		}
	}
	for _, person := range []string{"Rossi", "mario", "RSSMRA"} {
		if strings.Contains(p.Body, person) {
			t.Errorf("the public page names %q", person)
		}
	}
	for _, none := range []string{address(refused, clickday.Refused), "/verify/" + strings.Repeat("0", 64), "/verify/x", "/verify/" + strings.Repeat("z", 64)} {
		if p := anybody.Get(none); p.Status != http.StatusNotFound || p.Find(".note.bad").Length() != 1 {
			t.Errorf("%s: %d", none, p.Status)
		}
	}
}

// verifyFileViews are the pages about a file, with hostile data.
func verifyFileViews(b func() site.Base) []site.View {
	report := func(ok bool) *reportView {
		return &reportView{
			OK: ok, Headline: evil, Facts: []factView{{evil, evil}}, Checks: []checkView{{verdict.Open, "wait", evil, evil, evil}},
			Findings: []findingView{{3, evil, evil}, {0, evil, evil}}, More: 2,
		}
	}
	return []site.View{
		&verifyFileView{Base: b(), MaxMiB: 1}, &verifyFileView{Base: b(), Problem: "verifyfile.long"},
		&verifyFileView{Base: b(), Name: evil, Report: report(true)}, &verifyFileView{Base: b(), Name: evil, Report: report(false)},
	}
}
