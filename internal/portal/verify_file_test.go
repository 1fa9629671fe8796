package portal

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"puntuale/internal/ranking/rankingtest"
	"puntuale/internal/trust"
)

// upload gives a file to the page, as a browser does.
func (b *browser) upload(field, name string, content []byte, header ...string) *page {
	b.T.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile(field, name)
	if err != nil {
		b.T.Fatal(err)
	}
	part.Write(content)
	if err := form.Close(); err != nil {
		b.T.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, b.Server.URL+"/verify", &body)
	if err != nil {
		b.T.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return b.Do(req)
}

// publishing is a site whose ledger is that of the lists of the tests.
func publishing(t *testing.T) (*testSite, []byte) {
	t.Helper()
	s := newSite(t)
	signer, err := rankingtest.Signer()
	if err != nil {
		t.Fatal(err)
	}
	s.portal.cfg.Ledger = signer.Verifier()
	l, err := rankingtest.Make(500, 1)
	if err != nil {
		t.Fatal(err)
	}
	cal, _, err := s.portal.calendar.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l.Header.TieCommitment, l.Header.TieSeed = cal.Days[0].TieCommitment, nil // the calendar of the site has its own
	var out bytes.Buffer
	if err := l.Publish(&out, signer); err != nil {
		t.Fatal(err)
	}
	return s, out.Bytes()
}

func TestAnybodyCanVerifyAListOnThePage(t *testing.T) {
	s, list := publishing(t)
	b := s.browser()
	if p := b.Open("/verify"); p.Find(`input[type="file"]`).Length() != 1 || p.Find("script").Length() != 0 {
		t.Error("the form")
	}
	p := b.upload("file", "elenco.csv", list)
	if p.Status != http.StatusOK || p.Find(".note.good").Length() != 1 || !strings.Contains(p.Body, "DIMOSTRATO") {
		t.Fatalf("%d: %s", p.Status, p.Find("main").Text())
	}
	if !strings.Contains(p.Find("main").Text(), "pareggi non ancora verificati") || p.Header.Get("Cache-Control") != "no-store" {
		t.Error(p.Find("main").Text(), p.Header)
	}
	list[len(list)/2] ^= 1
	p = b.upload("file", "elenco.csv", list, "Accept-Language", "en")
	if p.Status != http.StatusOK || p.Find(".note.bad").Length() != 1 || !strings.Contains(p.Body, "WRONG") || p.Find("ol.how li").Length() < 2 {
		t.Fatalf("%d: %s", p.Status, p.Find("main").Text())
	}
}

func TestFilesThatCannotBeVerifiedAreExplained(t *testing.T) {
	s, _ := publishing(t)
	b := s.browser()
	for name, c := range map[string]struct {
		field   string
		content []byte
		status  int
	}{
		"another kind": {"file", []byte("hello"), http.StatusUnprocessableEntity},
		"empty":        {"file", nil, http.StatusBadRequest},
		"other field":  {"other", []byte("x"), http.StatusBadRequest},
		"too long":     {"file", make([]byte, maxUpload+1), http.StatusRequestEntityTooLarge},
	} {
		p := b.upload(c.field, "f", c.content)
		if p.Status != c.status || p.Find(`.note.bad[role="alert"]`).Length() != 1 {
			t.Errorf("%s: %d", name, p.Status)
		}
	}
	if p := b.Post("/verify", nil); p.Status != http.StatusBadRequest {
		t.Errorf("no form: %d", p.Status)
	}
	if p := b.upload("file", "f", []byte("hello"), "Sec-Fetch-Site", "cross-site"); p.Status != http.StatusForbidden {
		t.Errorf("from another site: %d", p.Status)
	}
	for range maxUploads {
		s.portal.uploads.slots <- struct{}{}
	}
	if p := b.upload("file", "f", []byte("hello")); p.Status != http.StatusServiceUnavailable || p.Header.Get("Retry-After") == "" {
		t.Errorf("busy: %d", p.Status)
	}
}

func TestVerificationsOfOneAddressAreSlowedDown(t *testing.T) {
	s, _ := publishing(t)
	b := s.browser()
	for range 10 {
		if p := b.upload("file", "f", []byte("hello")); p.Status != http.StatusUnprocessableEntity {
			t.Fatal(p.Status)
		}
	}
	if p := b.upload("file", "f", []byte("hello")); p.Status != http.StatusServiceUnavailable {
		t.Error(p.Status)
	}
}

func TestTheKeysOfTheInstallationArePublic(t *testing.T) {
	s, _ := publishing(t)
	p := s.browser().Get("/ledger/keys.json")
	k, err := trust.Parse([]byte(p.Body))
	if p.Status != http.StatusOK || err != nil || p.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v: %s", p.Status, err, p.Body)
	}
	if len(k.Ledger) != 1 || k.Ledger[0] != s.portal.cfg.Ledger.String() || !bytes.Equal(k.Calendar, s.portal.cfg.CalendarKey) {
		t.Errorf("%+v", k)
	}
}
