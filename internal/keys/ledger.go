package keys

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"puntuale/internal/ledger"
)

// The key that signs the heads of the ledger, in the form of signed notes: one
// line each, the signer key and the verifier key. The key's name is the origin.
const (
	LedgerKeyFile = "ledger.key"
	LedgerPubFile = "ledger.pub"
)

// InitLedger makes the ledger's key in dir unless it is there. origin is the
// address of the ledger without a scheme, "portale.example.it/ledger": it stands
// in every head and stays as it was when the key was made.
func InitLedger(dir, origin string) error {
	keyPath, pubPath := filepath.Join(dir, LedgerKeyFile), filepath.Join(dir, LedgerPubFile)
	if exists(keyPath) && exists(pubPath) {
		return nil
	}
	s, err := ledgerSigner(keyPath, origin)
	if err != nil {
		return err
	}
	if err := Write(keyPath, []byte(s.PrivateString()+"\n"), 0o600); err != nil {
		return err
	}
	return Write(pubPath, []byte(s.Verifier().String()+"\n"), 0o644)
}

// ledgerSigner returns the key that is there, after a death between the two
// writes, or a new one.
func ledgerSigner(path, origin string) (*ledger.Signer, error) {
	if exists(path) {
		return ReadLedgerSigner(path)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	s, err := ledger.SignerOf(origin, key)
	if err != nil {
		return nil, fmt.Errorf("keys: ledger origin %q: %w", origin, err)
	}
	return s, nil
}

// ReadLedgerSigner reads ledger.key.
func ReadLedgerSigner(path string) (*ledger.Signer, error) {
	line, err := readLine(path)
	if err != nil {
		return nil, err
	}
	s, err := ledger.NewSigner(line)
	if err != nil {
		return nil, fmt.Errorf("ledger key %s: %w", path, err)
	}
	return s, nil
}

// ReadLedgerVerifier reads ledger.pub.
func ReadLedgerVerifier(path string) (*ledger.Verifier, error) {
	line, err := readLine(path)
	if err != nil {
		return nil, err
	}
	v, err := ledger.NewVerifier(line)
	if err != nil {
		return nil, fmt.Errorf("ledger key %s: %w", path, err)
	}
	return v, nil
}

func readLine(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("ledger key: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}
