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
	path := owner.sealed(1)
	s.arrive(path, clickday.Receipted, 42, nil)
	link := fmt.Sprintf(`a[href="%s/segnatura"]`, path)
	if n := owner.open(path).Find(link).Length(); n != 0 {
		t.Error("offered before it is there")
	}
	_, err := s.db.Pool.Exec(context.Background(), "INSERT INTO segnature SELECT id, '<prova/>', now() FROM submissions")
	if err != nil {
		t.Fatal(err)
	}
	if n := owner.open(path).Find(link).Length(); n != 1 {
		t.Error("not offered")
	}
	p := owner.get(path + "/segnatura")
	if p.body != "<prova/>" || p.header.Get("Content-Type") != "application/xml" || p.header.Get("Cache-Control") != "no-store" ||
		!strings.HasPrefix(p.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%v %q", p.header, p.body)
	}
	if p := other.get(path + "/segnatura"); p.status != http.StatusNotFound {
		t.Errorf("somebody else: %d", p.status)
	}
}

// TestDevMail: the page of kept mails is there only in a demo, and shows what a
// mail says, not what it does.
func TestDevMail(t *testing.T) {
	s := newSite(t)
	b := s.loggedIn("mario.rossi@example.it")
	if p := b.get("/dev/mail"); p.status != http.StatusNotFound {
		t.Fatalf("without a demo: %d", p.status)
	}
	s.portal.cfg.DevMail = filepath.Join(t.TempDir(), "mail")
	s.server.Config.Handler = s.portal.Handler()
	if got := b.open("/dev/mail").Find("main").Text(); !strings.Contains(got, "Nessuna e-mail") {
		t.Error(got)
	}
	if err := os.Mkdir(s.portal.cfg.DevMail, 0o700); err != nil {
		t.Fatal(err)
	}
	const mail = "Subject: =?utf-8?q?Citt=C3=A0?=\r\nTo: <%d@example.it>\r\nDate: Sun, 22 Nov 2026 09:00:00 +0000\r\n" +
		"Content-Type: multipart/alternative; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nperch=C3=A9 <script>x</script>\r\n" +
		"--b\r\nContent-Type: text/html\r\n\r\n<p>HTML</p>\r\n--b--\r\n"
	for i := range 52 {
		path := filepath.Join(s.portal.cfg.DevMail, fmt.Sprintf("%08d.eml", i))
		if err := os.WriteFile(path, fmt.Appendf(nil, mail, i), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := b.open("/dev/mail")
	text := p.Find("main").Text()
	if p.Find("main section").Length() != 50 || p.Find("main script").Length() != 0 || !strings.Contains(text, "perché <script>x</script>") ||
		!strings.Contains(text, "Città") || strings.Index(text, "51@example.it") > strings.Index(text, "50@example.it") || !strings.Contains(text, "Altre 2 e-mail") {
		t.Error(text)
	}
}
