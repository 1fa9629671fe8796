package keys

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLedgerKey(t *testing.T) {
	dir := t.TempDir()
	if err := InitLedger(dir, "portale.example.it/ledger"); err != nil {
		t.Fatal(err)
	}
	s, err := ReadLedgerSigner(filepath.Join(dir, LedgerKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	v, err := ReadLedgerVerifier(filepath.Join(dir, LedgerPubFile))
	if err != nil || v.String() != s.Verifier().String() || v.Origin() != "portale.example.it/ledger" {
		t.Fatalf("%v, %v", v, err)
	}
	if info, err := os.Stat(filepath.Join(dir, LedgerKeyFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("signer key: %v, %v", info.Mode(), err)
	}
	// Again, with another origin, and after a death between the two writes.
	if err := os.Remove(filepath.Join(dir, LedgerPubFile)); err != nil {
		t.Fatal(err)
	}
	if err := InitLedger(dir, "other.example/ledger"); err != nil {
		t.Fatal(err)
	}
	if again, err := ReadLedgerVerifier(filepath.Join(dir, LedgerPubFile)); err != nil || again.String() != v.String() {
		t.Errorf("made anew: %v, %v", again, err)
	}
	if err := InitLedger(t.TempDir(), "an origin"); err == nil {
		t.Error("an origin with a space was taken")
	}
	for _, name := range []string{LedgerKeyFile, LedgerPubFile} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("nothing"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ReadLedgerSigner(filepath.Join(dir, LedgerKeyFile)); err == nil {
		t.Error("a broken signer key was read")
	}
	if _, err := ReadLedgerVerifier(filepath.Join(dir, LedgerPubFile)); err == nil {
		t.Error("a broken verifier key was read")
	}
	if err := os.Remove(filepath.Join(dir, LedgerPubFile)); err != nil {
		t.Fatal(err)
	}
	if err := InitLedger(dir, "a/b"); err == nil {
		t.Error("a broken signer key was passed over")
	}
}
