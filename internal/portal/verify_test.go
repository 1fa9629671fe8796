package portal

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"puntuale/internal/clickday"
	"puntuale/internal/verdict"
)

func TestAnybodyCanCheckAReceiptAndLearnsNothingOfAPerson(t *testing.T) {
	s := newSite(t)
	b := s.loggedIn("mario.rossi@example.it")
	sent, refused := b.sealed(1), b.sealed(2)
	s.arrive(sent, clickday.Receipted, 42, nil)
	s.arrive(refused, clickday.Refused, nil, "document_altered")
	address := func(path string, state clickday.SubmissionState) string {
		sum := sha256.Sum256([]byte(path + string(state)))
		return "/verify/" + hex.EncodeToString(sum[:])
	}
	anybody := s.browser()
	p := anybody.get(address(sent, clickday.Receipted))
	text := p.Find("main").Text()
	for _, want := range []string{"FLUSSI-2027/0000042", "09:00:00,123456"} {
		if p.status != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("%d: the register lacks %q", p.status, want)
		}
	}
	for _, person := range []string{"Rossi", "mario", "RSSMRA"} {
		if strings.Contains(p.body, person) {
			t.Errorf("the public page names %q", person)
		}
	}
	for _, none := range []string{address(refused, clickday.Refused), "/verify/" + strings.Repeat("0", 64), "/verify/x", "/verify/" + strings.Repeat("z", 64)} {
		if p := anybody.get(none); p.status != http.StatusNotFound || p.Find(".note.bad").Length() != 1 {
			t.Errorf("%s: %d", none, p.status)
		}
	}
}

// verifyFileViews are the pages about a file, with hostile data.
func verifyFileViews(b func() base) []view {
	report := func(ok bool) *reportView {
		return &reportView{
			OK: ok, Headline: evil, Facts: []factView{{evil, evil}}, Checks: []checkView{{verdict.Open, "wait", evil, evil, evil}},
			Findings: []findingView{{3, evil, evil}, {0, evil, evil}}, More: 2,
		}
	}
	return []view{
		&verifyFileView{base: b(), MaxMiB: 1}, &verifyFileView{base: b(), Problem: "verifyfile.long"},
		&verifyFileView{base: b(), Name: evil, Report: report(true)}, &verifyFileView{base: b(), Name: evil, Report: report(false)},
	}
}
