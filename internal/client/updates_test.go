package client

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/update"
)

// TestNewerVersionsAreTold publishes a version as a portal does and has a paired
// client look: it believes the key of the pairing only, and around a click day it
// speaks only when it is asked.
func TestNewerVersionsAreTold(t *testing.T) {
	b := setup(t, 30*24*time.Hour)
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	releases := t.TempDir()
	b.srv.Publish(releases, public)
	program := filepath.Join(t.TempDir(), "miniclient")
	if err := os.WriteFile(program, []byte("program"), 0o755); err != nil {
		t.Fatal(err)
	}
	publish := func(version string, k ed25519.PrivateKey) {
		t.Helper()
		r := update.Release{Version: version, System: runtime.GOOS + "/" + runtime.GOARCH, File: program, Portal: b.srv.Portal.URL, At: b.Config.Clock.Now()}
		if _, err := update.Publish(releases, r, k); err != nil {
			t.Fatal(err)
		}
	}
	publish("1.1.0", key)
	if _, err := b.CheckUpdate(t.Context(), true); err == nil {
		t.Error("a look without a pairing")
	}
	b.pair(t)
	look := func(running string, always bool) string {
		t.Helper()
		b.Config.Version = running
		v, err := b.CheckUpdate(t.Context(), always)
		if err != nil {
			t.Fatal(err)
		}
		if v == nil {
			return ""
		}
		if v.Download.URL == "" || v.Download.SHA256 == "" || v.Download.Size != int64(len("program")) {
			t.Errorf("%+v", v)
		}
		return v.Version
	}
	for running, want := range map[string]string{"1.0.9": "1.1.0", "1.1.0": "", "1.2.0": ""} {
		if got := look(running, false); got != want {
			t.Errorf("running %s: told of %q, want %q", running, got, want)
		}
	}
	b.srv.Day(func(d *clickday.Day) {
		d.Opens = b.Config.Clock.Now().Add(3 * time.Hour).UnixNano()
		d.Closes = d.Opens + int64(time.Hour)
	})
	if _, err := b.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := look("1.0.9", false); got != "" {
		t.Errorf("told of %s three hours before an opening", got)
	}
	if got := look("1.0.9", true); got != "1.1.0" {
		t.Errorf("asked, it said %q", got)
	}
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(releases); err != nil {
		t.Fatal(err)
	}
	publish("9.0.0", stranger)
	if v, err := b.CheckUpdate(t.Context(), true); err == nil {
		t.Errorf("a stranger's version was taken: %+v", v)
	}
}
