package keys

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func sessionsIn(t *testing.T, dir string) [][32]byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, SessionsFile))
	if err != nil {
		t.Fatal(err)
	}
	k, err := ParseSessions(b)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSessionKeysAreMadeOnceAndRotateNewestFirst(t *testing.T) {
	dir := t.TempDir()
	if err := Init(dir); err != nil {
		t.Fatal(err)
	}
	first := sessionsIn(t, dir)
	if err := Init(dir); err != nil || len(first) != 1 || sessionsIn(t, dir)[0] != first[0] {
		t.Fatal("made anew", err)
	}
	newest := first[0]
	for i := range SessionKeep + 1 {
		if err := RotateSessions(dir); err != nil {
			t.Fatal(err)
		}
		now := sessionsIn(t, dir)
		if now[0] == newest || now[1] != newest || len(now) != min(i+2, SessionKeep) {
			t.Fatalf("after %d rotations: %d keys, newest not in front", i+1, len(now))
		}
		newest = now[0]
	}
	if err := RotateSessions(t.TempDir()); err != nil {
		t.Fatal("a first rotation makes the file:", err)
	}
}

func TestBadSessionKeysAreNotTaken(t *testing.T) {
	for name, b := range map[string]string{
		"nothing": "", "no keys": `{"keys":[]}`, "short key": `{"keys":["AAAA"]}`, "no json": "AAAA",
		"too many": `{"keys":["` + string(bytes.Repeat([]byte(`","`), 20)) + `"]}`,
	} {
		if _, err := ParseSessions([]byte(b)); err == nil {
			t.Errorf("%s was taken", name)
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, SessionsFile), []byte(b), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := RotateSessions(dir); err == nil {
			t.Errorf("%s was rotated over", name)
		}
	}
}
