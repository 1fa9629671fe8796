package portal

import (
	"net/url"
	"strings"
	"testing"

	"puntuale/internal/forms/sample"
)

// TestLogsNameNobody goes through a log-in, a form, a seal, a search and a question,
// with mistakes on the way, and looks for anything personal in the log.
func TestLogsNameNobody(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.Post("/login", url.Values{"email": {"mario.rossi@example.it"}, "password": {"segretissima sbagliata"}})
	b = s.loggedIn("mario.rossi@example.it")
	answers := sample.ModelB(sample.New(1), sample.Person)
	path := b.Sealed(1)
	b.Get(path + "/preview")
	b.Get("/applications?q=" + url.QueryEscape(answers["worker_surname"]))
	b.Get("/applications/" + answers["worker_passport"])
	b.Post(path+"/seal", url.Values{"revision": {answers["worker_surname"]}})
	b.ticket()
	logs := s.Logs.String()
	if !strings.Contains(logs, "sealed") {
		t.Fatalf("nothing was logged: %q", logs)
	}
	personal := []string{"mario.rossi", "RSSMRA80A01H501U", "segretissima"}
	for _, field := range []string{"worker_surname", "worker_name", "worker_passport", "employer_tax_code", "employer_surname", "employer_address"} {
		if answers[field] != "" {
			personal = append(personal, answers[field])
		}
	}
	if len(personal) < 6 {
		t.Fatalf("the sample lacks answers: %v", answers)
	}
	for _, p := range personal {
		if strings.Contains(strings.ToLower(logs), strings.ToLower(p)) {
			t.Errorf("the log says %q", p)
		}
	}
}
