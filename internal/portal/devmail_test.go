package portal

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"puntuale/internal/clickday"
)

// TestSegnaturaIsTheApplicantsOwn: it is offered when it is there, and nobody
// else gets it.
func TestSegnaturaIsTheApplicantsOwn(t *testing.T) {
	s := newSite(t)
	owner, other := s.loggedIn("mario.rossi@example.it"), s.loggedIn("anna.verdi@example.it")
	path := owner.Sealed(1)
	s.Arrive(path, clickday.Receipted, 42, nil)
	link := fmt.Sprintf(`a[href="%s/segnatura"]`, path)
	if n := owner.Open(path).Find(link).Length(); n != 0 {
		t.Error("offered before it is there")
	}
	_, err := s.DB.Pool.Exec(context.Background(), "INSERT INTO segnature SELECT id, '<prova/>', now() FROM submissions")
	if err != nil {
		t.Fatal(err)
	}
	if n := owner.Open(path).Find(link).Length(); n != 1 {
		t.Error("not offered")
	}
	p := owner.Get(path + "/segnatura")
	if p.Body != "<prova/>" || p.Header.Get("Content-Type") != "application/xml" || p.Header.Get("Cache-Control") != "no-store" ||
		!strings.HasPrefix(p.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%v %q", p.Header, p.Body)
	}
	if p := other.Get(path + "/segnatura"); p.Status != http.StatusNotFound {
		t.Errorf("somebody else: %d", p.Status)
	}
}

// TestDevMail: the page of kept mails is there only in a demo, and shows what a
// mail says, not what it does.
func TestDevMail(t *testing.T) {
	if p := newSite(t).browser().Get("/dev/mail"); p.Status != http.StatusNotFound {
		t.Fatalf("without a demo: %d", p.Status)
	}
	dir := filepath.Join(t.TempDir(), "mail")
	s := newSiteSet(t, func(c *Config) { c.DevMail = dir })
	b := s.loggedIn("mario.rossi@example.it")
	if got := b.Open("/dev/mail").Find("main").Text(); !strings.Contains(got, "Nessuna e-mail") {
		t.Error(got)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	const mail = "Subject: =?utf-8?q?Citt=C3=A0?=\r\nTo: <%d@example.it>\r\nDate: Sun, 22 Nov 2026 09:00:00 +0000\r\n" +
		"Content-Type: multipart/alternative; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nperch=C3=A9 <script>x</script>\r\n" +
		"--b\r\nContent-Type: text/html\r\n\r\n<p>HTML</p>\r\n--b--\r\n"
	for i := range 52 {
		path := filepath.Join(dir, fmt.Sprintf("%08d.eml", i))
		if err := os.WriteFile(path, fmt.Appendf(nil, mail, i), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := b.Open("/dev/mail")
	text := p.Find("main").Text()
	if p.Find("main section").Length() != 50 || p.Find("main script").Length() != 0 || !strings.Contains(text, "perché <script>x</script>") ||
		!strings.Contains(text, "Città") || strings.Index(text, "51@example.it") > strings.Index(text, "50@example.it") || !strings.Contains(text, "Altre 2 e-mail") {
		t.Error(text)
	}
}
