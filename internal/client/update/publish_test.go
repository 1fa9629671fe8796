package update

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"puntuale/internal/clickday"
)

func TestPublishedVersionsAreServedSigned(t *testing.T) {
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	srv := httptest.NewServer(Serve(dir))
	defer srv.Close()
	program := filepath.Join(t.TempDir(), "puntuale-setup.exe")
	if err := os.WriteFile(program, []byte("the program"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Fetch(t.Context(), srv.Client(), srv.URL+ManifestPath, public); err == nil {
		t.Fatal("a manifest before anything was published")
	}
	r := Release{Version: "1.2.0", System: "windows/amd64", File: program, Portal: srv.URL, At: time.Unix(1e9, 0), Notes: clickday.Text{IT: "Novità", EN: "News"}}
	publish := func(version, system string) error {
		r.Version, r.System = version, system
		_, err := Publish(dir, r, key)
		return err
	}
	for _, system := range []string{"windows/amd64", "linux/amd64"} {
		if err := publish("1.2.0", system); err != nil {
			t.Fatal(err)
		}
	}
	m, err := Fetch(t.Context(), srv.Client(), srv.URL+ManifestPath, public)
	if err != nil || m.Version != "1.2.0" || len(m.Downloads) != 2 || m.Notes.IT != "Novità" {
		t.Fatalf("%+v %v", m, err)
	}
	d := m.Downloads["windows/amd64"]
	if b := get(t, d.URL, http.StatusOK); digest(b) != d.SHA256 || int64(len(b)) != d.Size {
		t.Errorf("%q is not what the manifest says: %+v", b, d)
	}
	if err := publish("1.1.9", "linux/amd64"); !errors.Is(err, ErrOlder) {
		t.Errorf("an older version: %v", err)
	}
	if err := publish("1.3.0", "linux/amd64"); err != nil {
		t.Fatal(err)
	}
	if m, err = Fetch(t.Context(), srv.Client(), srv.URL+ManifestPath, public); err != nil || m.Version != "1.3.0" || len(m.Downloads) != 1 {
		t.Errorf("the newer version: %+v %v", m, err)
	}
	get(t, d.URL, http.StatusOK) // who has the older manifest still finds what it names
	for _, path := range []string{"1.3.0/", "", "1.3.0/linux/amd64", "../miniclient.json", "9.9.9/linux/amd64/puntuale-setup.exe"} {
		get(t, srv.URL+FilesPath+path, http.StatusNotFound)
	}
}

func TestOnlyPlainNamesArePublished(t *testing.T) {
	_, key, _ := ed25519.GenerateKey(nil)
	for _, r := range []Release{
		{Version: "1.2.0", System: "../..", File: "x"}, {Version: "1.2.0", System: "linux", File: "x"},
		{Version: "new", System: "linux/amd64", File: "x"}, {Version: "1.2.0", System: "linux/amd64", File: "/tmp/.hidden"},
	} {
		if _, err := Publish(t.TempDir(), r, key); !errors.Is(err, ErrForm) {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

func TestAnotherKeyDoesNotGoOn(t *testing.T) {
	_, key, _ := ed25519.GenerateKey(nil)
	_, other, _ := ed25519.GenerateKey(nil)
	dir, program := t.TempDir(), filepath.Join(t.TempDir(), "p")
	if err := os.WriteFile(program, []byte("p"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := Release{Version: "1.0.0", System: "linux/amd64", File: program}
	if _, err := Publish(dir, r, key); err != nil {
		t.Fatal(err)
	}
	if _, err := Publish(dir, r, other); !errors.Is(err, ErrSignature) {
		t.Errorf("err %v", err)
	}
}

func get(t *testing.T, address string, status int) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status {
		t.Fatalf("%s: %d %v, want %d", address, resp.StatusCode, err, status)
	}
	return b
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
