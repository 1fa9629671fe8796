package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"puntuale/internal/postgres/pgtest"
)

// TestBadSettingsAreNamed starts every program with settings that cannot work:
// it ends at once, not with 0, and names the setting.
func TestBadSettingsAreNamed(t *testing.T) {
	dir := t.TempDir()
	none, keys := filepath.Join(dir, "none"), filepath.Join(dir, "keys")
	if out, err := exec.Command(filepath.Join(bin, "portal"), "keys", "--dir", keys, "--node", "1", "--host", "127.0.0.1").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	db := pgtest.URL(t)
	for _, c := range []struct {
		program string
		args    []string
		names   string
	}{
		{"portal", []string{"serve", "--keys", keys, "--database-url", "postgres://x@127.0.0.1:1/x"}, "DATABASE_URL"},
		{"portal", []string{"serve", "--keys", none, "--database-url", db}, "keys"},
		{"portal", []string{"serve", "--keys", keys, "--public-url", "not a url", "--database-url", db}, "public-url"},
		{"portal", []string{"migrate", "--database-url", "::"}, "DATABASE_URL"},
		{"portal", []string{"day", "set", "--keys", none, "--id", "1"}, "keys"},
		{"intake", []string{"serve", "--node", "1", "--data", dir, "--keys", none, "--redis-url", "unix:///x", "--plain"}, "keys"},
		{"intake", []string{"serve", "--node", "0", "--data", dir, "--keys", keys, "--redis-url", "unix:///x", "--plain"}, "node"},
		{"intake", []string{"serve", "--node", "1", "--data", dir, "--keys", keys, "--redis-url", "nonsense", "--plain"}, "redis-url"},
		{"intake", []string{"work", "--keys", none, "--redis-url", "unix:///x", "--database-url", "::", "--verify-url", "http://x"}, "keys"},
		{"miniclient", []string{"pair", "--portal", "http://portal.example.it"}, "portal"},
		{"demo", []string{"run", "--opens-in", "1s"}, "opens-in"},
	} {
		cmd := exec.Command(filepath.Join(bin, c.program), c.args...)
		cmd.Env = append(os.Environ(), "HOME="+dir)
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Errorf("%s %v: no error", c.program, c.args)
		}
		if !strings.Contains(strings.ToLower(string(out)), strings.ToLower(c.names)) {
			t.Errorf("%s %v does not name %s:\n%s", c.program, c.args, c.names, out)
		}
	}
}
