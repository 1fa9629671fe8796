package pades_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/keys"
	"puntuale/internal/pades"
)

// A new pair of files is taken up while the program runs; half of it never is.
func TestTheSealIsLoadedAnew(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	dir, other := t.TempDir(), t.TempDir()
	for d, name := range map[string]string{dir: "Primo sigillo", other: "Secondo sigillo"} {
		if err := keys.InitSeal(clock.NewFake(at), d, name); err != nil {
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	w, err := pades.Watch(filepath.Join(dir, keys.SealKeyFile), filepath.Join(dir, keys.SealCertFile), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	pdf := document(t)
	sign := func() {
		t.Helper()
		at = at.Add(10 * time.Second)
		if _, err := w.Sign(pdf, at); err != nil {
			t.Fatal(err)
		}
	}
	take := func(name string) {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(other, name))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil { // file systems count in ticks
			t.Fatal(err)
		}
	}
	sign()
	take(keys.SealKeyFile)
	sign()
	sign()
	if w.Subject() != "Primo sigillo" || bytes.Count(log.Bytes(), []byte("level=ERROR")) != 1 {
		t.Fatalf("half of a new pair: %s, %s", w.Subject(), log.String())
	}
	take(keys.SealCertFile)
	if _, err := w.Sign(pdf, at.Add(time.Second)); err != nil || w.Subject() != "Primo sigillo" {
		t.Fatalf("looked again at once: %s, %v", w.Subject(), err)
	}
	sign()
	if w.Subject() != "Secondo sigillo" {
		t.Fatalf("the new seal was not taken up: %s", log.String())
	}
	if err := os.Remove(filepath.Join(dir, keys.SealKeyFile)); err != nil {
		t.Fatal(err)
	}
	sign()
}
