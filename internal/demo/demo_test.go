package demo

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

func TestResetForgetsOnlyItsOwn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.MkdirAll(filepath.Join(dir, "keys"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Reset(dir, true); !errors.Is(err, ErrOwnServers) {
		t.Errorf("with servers of the user's own: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "keys")); err != nil {
		t.Errorf("the keys that belong to those servers are gone: %v", err)
	}
	held, err := lockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := Reset(dir, false); err == nil {
		t.Error("reset under a running demo")
	}
	held.Close()
	if err := Reset(dir, false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", dir, err)
	}
	if err := Reset(dir, false); err != nil {
		t.Errorf("nothing to forget: %v", err)
	}
}

func TestBrowseSaysWhatThePortalSays(t *testing.T) {
	portal := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(`<h1>Accesso</h1><form action="/login" method="post"><input type="email" name="email"><input type="password" name="password"></form>`))
	}))
	defer portal.Close()
	if err := Browse(portal.URL, "a@example.it", "wrong"); err == nil {
		t.Error("a log-in that is refused again and again comes to an end as if all were well")
	}
}
