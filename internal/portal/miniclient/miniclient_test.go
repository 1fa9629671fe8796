package miniclient_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/client/update"
	"puntuale/internal/portal"
	"puntuale/internal/portal/portaltest"
)

const windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"

// TestDownloads: the visitor's program first, all others, and what is written of
// them holds: address, size, digest and signature.
func TestDownloads(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := portaltest.New(t, func(c *portal.Config) { c.Releases, c.ReleaseKey = dir, public })
	b := s.Browser()
	if p := b.Open("/miniclient"); !strings.Contains(p.Find("main").Text(), "non è ancora pubblicata nessuna versione") || p.Find("main img").Length() != 4 {
		t.Error("without releases it does not say so, or the pictures are gone")
	}
	program := bytes.Repeat([]byte("MZ"), 1500)
	for _, r := range [][2]string{{"windows/amd64", "puntuale-setup.exe"}, {"linux/amd64", "puntuale.deb"}, {"darwin/arm64", "Puntuale.dmg"}} {
		file := filepath.Join(t.TempDir(), r[1])
		if err := os.WriteFile(file, append(program, r[1]...), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := update.Publish(dir, update.Release{
			Version: "1.4.0", System: r[0], File: file, Notes: clickday.Text{IT: "Novità <b>", EN: "News <b>"}, Portal: s.Server.URL, At: s.Clock.Now(),
		}, private)
		if err != nil {
			t.Fatal(err)
		}
	}
	p := b.Get("/miniclient", "User-Agent", windows)
	main := p.Find("main")
	button := main.Find("a.btn")
	if button.Length() != 1 || !strings.HasSuffix(button.AttrOr("href", ""), "/puntuale-setup.exe") || main.Find("table tbody tr").Length() != 3 ||
		!strings.Contains(main.Text(), "1.4.0") || !strings.Contains(main.Text(), "Novità <b>") {
		t.Errorf("downloads: %s", main.Text())
	}
	if !strings.Contains(strings.Join(p.Header.Values("Vary"), ","), "User-Agent") {
		t.Errorf("Vary: %v", p.Header.Values("Vary"))
	}
	if n := b.Get("/miniclient", "User-Agent", "Mozilla/5.0 (Linux; Android 15)").Find("main a.btn").Length(); n != 0 {
		t.Error("a telephone is offered a program")
	}
	got := b.Get(strings.TrimPrefix(button.AttrOr("href", ""), s.Server.URL))
	sum := sha256.Sum256([]byte(got.Body))
	if got.Status != http.StatusOK || !strings.Contains(main.Find("dl").First().Text(), hex.EncodeToString(sum[:])) {
		t.Errorf("download: %d, digest %x is not on the page", got.Status, sum)
	}
	block, _ := pem.Decode([]byte(main.Find("details pre").Text()))
	if block == nil {
		t.Fatal("no key on the page")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Manifest, Signature []byte }
	if err := json.Unmarshal([]byte(b.Get("/api/v1/miniclient").Body), &list); err != nil {
		t.Fatal(err)
	}
	if !ed25519.Verify(key.(ed25519.PublicKey), append([]byte("puntuale/update/v1\x00"), list.Manifest...), list.Signature) ||
		!strings.Contains(main.Find("details dl").Text(), base64.StdEncoding.EncodeToString(list.Signature)) {
		t.Error("the way of checking that the page describes does not work")
	}
	// What somebody else has signed is not offered.
	_, foreign, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := update.Sign(update.Manifest{Version: "9.9.9"}, foreign)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "miniclient.json"), forged, 0o600); err != nil {
		t.Fatal(err)
	}
	if text := b.Open("/miniclient").Find("main").Text(); strings.Contains(text, "9.9.9") || !strings.Contains(text, "nessuna versione") {
		t.Error("a forged list of versions is shown")
	}
}

// TestPicturesAndComputers: pictures in the language of the page, with words for
// who does not see them; computers only of the account that has logged in.
func TestPicturesAndComputers(t *testing.T) {
	s := portaltest.New(t)
	b := s.LoggedIn("mario.rossi@example.it")
	for _, lang := range []string{"it", "en"} {
		imgs := b.Open("/miniclient?lang=" + lang).Find("main img")
		for i := range imgs.Length() {
			src := imgs.Eq(i).AttrOr("src", "")
			if p := b.Get(src); p.Status != http.StatusOK || p.Header.Get("Content-Type") != "image/png" || len(p.Body) > 60_000 || !strings.Contains(src, "-"+lang+".png") || len(imgs.Eq(i).AttrOr("alt", "")) < 40 {
				t.Errorf("%s: %d, %d bytes", src, p.Status, len(p.Body))
			}
		}
	}
	owner := s.Account("mario.rossi@example.it")
	token := [32]byte{1}
	if err := s.DB.AddCode(t.Context(), token, &accounts.Grant{Account: owner.ID, ExpiresAt: s.Clock.Now()}); err != nil {
		t.Fatal(err)
	}
	if err := s.DB.SpendCode(t.Context(), token, token, s.Clock.Now(), s.Opens, func(*accounts.Grant) error { return nil }); err != nil {
		t.Fatal(err)
	}
	d := accounts.Device{Account: owner.ID, Name: "PC dell’ufficio", CreatedAt: s.Clock.Now()}
	if _, err := s.DB.RegisterDevice(t.Context(), token, &d); err != nil {
		t.Fatal(err)
	}
	form := b.Open("/miniclient?lang=it").Find("main form")
	if n := strings.Count(s.LoggedIn("anna.verdi@example.it").Open("/miniclient").Body, "PC dell’ufficio"); n != 0 || form.Length() != 1 {
		t.Fatalf("%d computers of others, %d of one's own", n, form.Length())
	}
	revoke := map[string][]string{"acting": {form.Find("input[name=acting]").AttrOr("value", "")}}
	if p := b.Post(form.AttrOr("action", ""), revoke); p.Status != http.StatusSeeOther {
		t.Errorf("revoke: %d", p.Status)
	}
	if text := b.Open("/miniclient").Find("main").Text(); !strings.Contains(text, "Scollegato") {
		t.Error("the computer is not shown as disconnected")
	}
	if p := s.Browser().Open("/miniclient"); p.Find("main form").Length() != 0 || p.Find(`main a[href^="/login"]`).Length() != 1 {
		t.Error("somebody who has not logged in")
	}
}
