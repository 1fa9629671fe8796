package keystore

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/zalando/go-keyring"
)

func answer(p string) Passphrase { return func(bool) (string, error) { return p, nil } }

func open(t *testing.T, kind, dir string, ask Passphrase) Keystore {
	t.Helper()
	k, err := Open(kind, dir, ask)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func roundTrip(t *testing.T, fresh func() Keystore) {
	t.Helper()
	k := fresh()
	if _, err := k.Load(DeviceSeed); !errors.Is(err, ErrNotFound) {
		t.Fatalf("before: %v", err)
	}
	for name, secret := range map[string]string{DeviceSeed: "seed seed seed", AccessToken: "token"} {
		if err := k.Save(name, []byte(secret)); err != nil {
			t.Fatal(err)
		}
	}
	k = fresh() // another process
	got, err := k.Load(DeviceSeed)
	if err != nil || string(got) != "seed seed seed" {
		t.Fatalf("%q %v", got, err)
	}
	if err := k.Forget(); err != nil {
		t.Fatal(err)
	}
	if _, err := fresh().Load(AccessToken); !errors.Is(err, ErrNotFound) {
		t.Fatalf("after Forget: %v", err)
	}
	if err := k.Forget(); err != nil {
		t.Fatalf("forget nothing: %v", err)
	}
}

func TestKeyring(t *testing.T) {
	keyring.MockInit()
	dir := t.TempDir()
	roundTrip(t, func() Keystore { return open(t, "", dir, nil) })
	if k := open(t, "", dir, nil); k.Kind() != KindKeyring {
		t.Fatalf("kind %s with a working keyring", k.Kind())
	}
	a, b := open(t, KindKeyring, dir, nil), open(t, KindKeyring, t.TempDir(), nil)
	if err := a.Save(AccessToken, []byte("a")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Load(AccessToken); !errors.Is(err, ErrNotFound) {
		t.Fatal("two profiles share a secret")
	}
}

func TestFileWhereThereIsNoKeyring(t *testing.T) {
	keyring.MockInitWithError(errors.New("no bus"))
	dir := t.TempDir()
	if k := open(t, "", dir, nil); k.Kind() != KindFile {
		t.Fatalf("kind %s without a keyring", k.Kind())
	}
	roundTrip(t, func() Keystore { return open(t, "", dir, answer("correct horse")) })
}

func TestFileWithTheWrongPassphrase(t *testing.T) {
	dir := t.TempDir()
	k := open(t, KindFile, dir, answer("right"))
	secret := []byte("0123456789abcdef0123456789abcdef")
	if err := k.Save(DeviceSeed, secret); err != nil {
		t.Fatal(err)
	}
	wrong := open(t, KindFile, dir, answer("wrong"))
	if _, err := wrong.Load(DeviceSeed); !errors.Is(err, ErrPassphrase) {
		t.Fatalf("load: %v", err)
	}
	if err := wrong.Save(AccessToken, []byte("x")); !errors.Is(err, ErrPassphrase) {
		t.Fatalf("save would have overwritten the secrets: %v", err)
	}
	for _, ask := range []Passphrase{nil, answer("")} {
		if _, err := open(t, KindFile, dir, ask).Load(DeviceSeed); !errors.Is(err, ErrNoPassphrase) {
			t.Fatalf("nobody to ask: %v", err)
		}
	}
	if got, err := open(t, KindFile, dir, answer("right")).Load(DeviceSeed); err != nil || !bytes.Equal(got, secret) {
		t.Fatalf("%x %v", got, err)
	}
	b, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil || bytes.Contains(b, secret) || bytes.Contains(b, []byte("right")) {
		t.Fatalf("secret or passphrase in clear: %v", err)
	}
}

func TestATamperedFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	k := open(t, KindFile, dir, answer("p"))
	if err := k.Save(DeviceSeed, []byte("seed")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, FileName)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*sealedFile){
		"ciphertext":   func(s *sealedFile) { s.Ciphertext[3] ^= 1 },
		"nonce":        func(s *sealedFile) { s.Nonce[0] ^= 1 },
		"short nonce":  func(s *sealedFile) { s.Nonce = s.Nonce[1:] },
		"fewer passes": func(s *sealedFile) { s.Time-- },
		"huge memory":  func(s *sealedFile) { s.Memory = 1 << 30 },
		"no lanes":     func(s *sealedFile) { s.Lanes = 0 },
		"version":      func(s *sealedFile) { s.Version = 2 },
	} {
		var s sealedFile
		if err := json.Unmarshal(good, &s); err != nil {
			t.Fatal(err)
		}
		change(&s)
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := open(t, KindFile, dir, answer("p")).Load(DeviceSeed); err == nil {
			t.Errorf("%s: loaded %q", name, got)
		}
	}
}

func TestUnknownKind(t *testing.T) {
	if _, err := Open("cloud", t.TempDir(), nil); err == nil {
		t.Fatal("no error")
	}
}
