package keys_test

import (
	"bytes"
	"crypto/ed25519"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"puntuale/internal/keys"
)

func TestInitMakesMatchingPairsAndKeepsThem(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	if err := keys.Init(dir, 1, 2); err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	for _, pair := range [][2]string{
		{keys.CalendarKeyFile, keys.CalendarPubFile},
		{keys.NodeKeyFile(1), keys.NodePubFile(1)},
		{keys.NodeKeyFile(2), keys.NodePubFile(2)},
	} {
		private, err := keys.ReadPrivate(filepath.Join(dir, pair[0]))
		if err != nil {
			t.Fatal(err)
		}
		public, err := keys.ReadPublic(filepath.Join(dir, pair[1]))
		if err != nil {
			t.Fatal(err)
		}
		if !ed25519.Verify(public, []byte("x"), ed25519.Sign(private, []byte("x"))) {
			t.Errorf("%s does not belong to %s", pair[1], pair[0])
		}
	}
	if err := keys.Init(dir, 1, 2); err != nil {
		t.Fatal(err)
	}
	sameContents(t, before, contents(t, dir))
}

func TestInitHealsALostPublicHalf(t *testing.T) {
	dir := t.TempDir()
	if err := keys.Init(dir, 1); err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	if err := os.Remove(filepath.Join(dir, keys.NodePubFile(1))); err != nil {
		t.Fatal(err)
	}
	if err := keys.Init(dir, 1); err != nil {
		t.Fatal(err)
	}
	sameContents(t, before, contents(t, dir))
}

func TestPrivateFilesAreForTheirOwnerOnly(t *testing.T) {
	dir := t.TempDir()
	initAll(t, dir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		secret := strings.HasSuffix(e.Name(), ".key") || e.Name() == keys.TicketFile
		if secret && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
		if strings.HasPrefix(e.Name(), ".") {
			t.Errorf("temporary file %s was left behind", e.Name())
		}
	}
}

func TestTicketKeys(t *testing.T) {
	dir := t.TempDir()
	if err := keys.Init(dir); err != nil {
		t.Fatal(err)
	}
	k, err := keys.ReadTicketKeys(filepath.Join(dir, keys.TicketFile))
	if err != nil {
		t.Fatal(err)
	}
	if got := k.TicketKey(k.Current); len(got) != 32 || bytes.Equal(got, make([]byte, 32)) {
		t.Errorf("current key is %x", got)
	}
	if k.TicketKey(k.Current+1) != nil {
		t.Error("an unknown id has a key")
	}
}

func TestBrokenFilesAreNamed(t *testing.T) {
	dir := t.TempDir()
	initAll(t, dir)
	path := func(name string) string { return filepath.Join(dir, name) }
	put := func(name, text string) string {
		if err := os.WriteFile(path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path(name)
	}
	tests := []struct {
		name string
		read func(string) error
		path string
		want string
	}{
		{"absent ticket keys", ticket, path("nowhere.json"), "nowhere.json"},
		{"ticket keys that are not JSON", ticket, put("a.json", "{"), "a.json"},
		{"no current ticket key", ticket, put("b.json", `{"current":2,"keys":{"1":"AAAA"}}`), "current key 2"},
		{"short ticket key", ticket, put("c.json", `{"current":1,"keys":{"1":"AAAA"}}`), "3 bytes"},
		{"absent private key", private, path("nowhere.key"), "nowhere.key"},
		{"private key that is not PEM", private, put("d.key", "hello"), "PEM"},
		{"public key for private", private, path(keys.CalendarPubFile), "PRIVATE KEY"},
		{"private key with other bytes", private, put("e.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), "e.key"},
		{"ECDSA for Ed25519", private, path(keys.SealKeyFile), "Ed25519"},
		{"private key for public", public, path(keys.CalendarKeyFile), "PUBLIC KEY"},
		{"public key with other bytes", public, put("f.pub", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), "f.pub"},
		{"Ed25519 for ECDSA", ecdsaKey, path(keys.CalendarKeyFile), "ECDSA"},
		{"key for certificate", certificate, path(keys.SealKeyFile), "CERTIFICATE"},
		{"certificate with other bytes", certificate, put("g.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "g.crt"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.read(tt.path)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error that names %q", err, tt.want)
			}
		})
	}
}

func ticket(path string) error      { _, err := keys.ReadTicketKeys(path); return err }
func private(path string) error     { _, err := keys.ReadPrivate(path); return err }
func public(path string) error      { _, err := keys.ReadPublic(path); return err }
func ecdsaKey(path string) error    { _, err := keys.ReadECDSA(path); return err }
func certificate(path string) error { _, err := keys.ReadCertificate(path); return err }

func TestWriteLeavesTheOldFileWhenItFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "taken")
	if err := os.MkdirAll(filepath.Join(path, "child"), 0o700); err != nil { // rename over it must fail
		t.Fatal(err)
	}
	if err := keys.Write(path, []byte("new"), 0o600); err == nil {
		t.Fatal("writing over a directory succeeded")
	}
	if got := len(contents(t, dir)); got != 0 {
		t.Errorf("%d files were left behind", got)
	}
}

// contents returns the bytes of every plain file in dir.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(b)
	}
	return out
}

func sameContents(t *testing.T, want, got map[string]string) {
	t.Helper()
	if len(want) != len(got) {
		t.Errorf("%d files became %d", len(want), len(got))
	}
	for name, b := range want {
		if got[name] != b {
			t.Errorf("%s changed", name)
		}
	}
}
