package portal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/update"
)

// TestReleasesAreServedByThePortal: the manifest is the signed one, the files are
// those that it names, the configuration names the key; without a directory there
// are none. It is what mini-clients ask of a whole portal.
func TestReleasesAreServedByThePortal(t *testing.T) {
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := newSiteSet(t, func(c *Config) { c.Releases, c.ReleaseKey = dir, public })
	if res := s.browser().Get(update.ManifestPath); res.Status != http.StatusNotFound {
		t.Fatalf("before the first release: %d", res.Status)
	}
	file := filepath.Join(t.TempDir(), "puntuale-miniclient_1.2.0_amd64.deb")
	content := bytes.Repeat([]byte("the program "), 100_000)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = update.Publish(dir, update.Release{
		Version: "1.2.0", System: "linux/amd64", File: file, Portal: s.Server.URL, At: time.Unix(1_790_000_000, 0),
		Notes: clickday.Text{IT: "Novità", EN: "News"},
	}, key)
	if err != nil {
		t.Fatal(err)
	}
	m, err := update.Fetch(t.Context(), s.Server.Client(), s.Server.URL+update.ManifestPath, public)
	if err != nil || m.Version != "1.2.0" || m.Notes.EN != "News" {
		t.Fatalf("%+v, %v", m, err)
	}
	wantDownload(t, s, m.Downloads["linux/amd64"], content)
	stranger, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := update.Fetch(t.Context(), s.Server.Client(), s.Server.URL+update.ManifestPath, stranger); err == nil {
		t.Fatal("a manifest of another key is believed")
	}
	for _, path := range []string{update.FilesPath, update.FilesPath + "1.2.0/", update.FilesPath + "..%2fminiclient.json"} {
		if res := s.browser().Get(path); res.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, res.Status)
		}
	}
	if config := (&program{testSite: s}).call(http.MethodGet, "/api/v1/config", "").Body; !strings.Contains(config, `"release_key":"`) {
		t.Errorf("the configuration names no key: %s", config)
	}
	if res := newSite(t).browser().Get(update.ManifestPath); res.Status != http.StatusNotFound {
		t.Errorf("a portal without releases: %d", res.Status)
	}
}

// wantDownload fetches a file as a person's browser does.
func wantDownload(t *testing.T, s *testSite, d update.Download, content []byte) {
	t.Helper()
	u, err := url.Parse(d.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Server.Client().Get(s.Server.URL + u.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	if resp.StatusCode != http.StatusOK || !bytes.Equal(b, content) || hex.EncodeToString(sum[:]) != d.SHA256 || int64(len(b)) != d.Size {
		t.Fatalf("%d, %d bytes of %d, %+v", resp.StatusCode, len(b), len(content), d)
	}
	if h := resp.Header; h.Get("Content-Disposition") != "attachment" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v", h)
	}
}
