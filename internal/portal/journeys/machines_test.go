package journeys

import (
	"crypto/ed25519"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/update"
	"puntuale/internal/portal"
	"puntuale/internal/portal/oauth"
	"puntuale/internal/portal/pagetest"
	"puntuale/internal/portal/sitetest"
)

// releases publishes a version of the mini-client.
func releases(t *testing.T, cfg *portal.Config) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "puntuale.deb")
	if err := os.WriteFile(file, []byte("a program"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Releases, cfg.ReleaseKey = t.TempDir(), public
	_, err = update.Publish(cfg.Releases, update.Release{
		Version: "1.4.0", System: "linux/amd64", File: file, Notes: clickday.Text{IT: "Novità", EN: "News"}, Portal: "https://portal.example",
		At: time.Date(2027, 1, 9, 10, 0, 0, 0, time.UTC),
	}, private)
	if err != nil {
		t.Fatal(err)
	}
}

// machines: the page of the mini-client, its pairing, and what may be taken back.
func machines(p *person) {
	p.Open("/")
	p.Follow("Mini-client")
	p.says("main", "1.4.0")
	p.Push("Come controllare ciò che hai scaricato")
	p.Until(`document.querySelector("main details").open`)
	p.says("main details", "SHA-256")
	p.pairs()
	_, err := p.w.DB.Pool.Exec(p.w.t.Context(), `INSERT INTO devices (account_id, public_key, name, created_at) VALUES ($1, '\x01', 'PC di casa', $2)`,
		p.w.Account(mario).ID, p.w.Clock.Now())
	if err != nil {
		p.w.t.Fatal(err)
	}
	p.Open("/")
	p.Follow("Mini-client")
	p.says("main", "PC di casa")
	p.Follow("Computer collegati")
	p.Follow("Scollega PC di casa")
	p.says("[role=status]", "Il computer è scollegato")
	p.says("tbody", "Scollegato")
	p.Follow("Mini-client")
	p.Follow("Accesso per programmi")
	p.put(map[string]string{"name": "Gestionale", "scope": "read", "days": "30"})
	p.Follow("Crea il token")
	p.says("[role=status] code", "pun_")
	p.Follow("Revoca Gestionale")
	p.says("[role=status]", "Il token è stato revocato")
	p.says("tbody", "Revocato")
}

// pairs is what the mini-client opens a browser for: it waits on a port of the
// computer.
func (p *person) pairs() {
	p.w.t.Helper()
	program := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte("<!doctype html><link rel=icon href='data:,'><title>Fatto</title><main>Puoi chiudere questa pagina</main>"))
	}))
	p.w.t.Cleanup(program.Close)
	callback := program.URL + "/callback"
	request := url.Values{
		"response_type": {"code"}, "client_id": {oauth.ClientID}, "redirect_uri": {callback}, "state": {"s1"},
		"code_challenge": {strings.Repeat("a", 43)}, "code_challenge_method": {"S256"},
	}
	p.Open("/oauth/authorize?" + request.Encode())
	p.credentials(mario, sitetest.Password)
	for answer, want := range map[string]string{"Non collegare": "error=access_denied", "Collega questo computer": "code="} {
		p.Open("/oauth/authorize?" + request.Encode())
		p.says("h1", "Collegare questo computer?")
		p.Follow(answer)
		at := pagetest.Value[string](p.Chrome, "location.href")
		if !strings.HasPrefix(at, callback+"?") || !strings.Contains(at, want) || !strings.Contains(at, "state=s1") {
			p.w.t.Errorf("%s leads to %s", answer, at)
		}
	}
}
