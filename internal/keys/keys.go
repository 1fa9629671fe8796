// Package keys makes and reads the key files of an installation. Each purpose
// has its own key, each program is given only the files it needs:
//
//	ticket.json      MAC keys of tickets             portal, intake serve, intake work
//	calendar.key/pub signs the calendar              portal / everybody
//	node-N.key/pub   signs batches and time answers  intake serve / everybody
//	seal.key/crt     seals the PDF receipts          intake work
//	ledger.key/pub   signs the heads of the ledger   intake work / everybody
//	tls.key/crt      TLS of the intake               intake serve
//	tls-sessions.json session keys of TLS            every intake serve, the same file
//	ca.crt           authority of tls.crt, when it is a private one (demo, tests)
package keys

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"puntuale/internal/clickday"
)

// File names below the key directory.
const (
	TicketFile      = "ticket.json"
	CalendarKeyFile = "calendar.key"
	CalendarPubFile = "calendar.pub"
	ReleaseKeyFile  = "release.key"
	ReleasePubFile  = "release.pub"
	SealKeyFile     = "seal.key"
	SealCertFile    = "seal.crt"
	TLSKeyFile      = "tls.key"
	TLSCertFile     = "tls.crt"
	CAFile          = "ca.crt"
)

// NodeKeyFile and NodePubFile name the files of one intake node.
func NodeKeyFile(n clickday.NodeID) string { return fmt.Sprintf("node-%d.key", n) }

// NodePubFile names the public key file of one intake node.
func NodePubFile(n clickday.NodeID) string { return fmt.Sprintf("node-%d.pub", n) }

// TicketKeys holds the MAC keys of tickets; Current is the one to issue with.
type TicketKeys struct {
	Current uint32            `json:"current"`
	Keys    map[uint32][]byte `json:"keys"` // id to 32 bytes
}

// TicketKey returns the key with that id, or nil. It implements wire.KeyRing.
func (k *TicketKeys) TicketKey(id uint32) []byte { return k.Keys[id] }

// ReadTicketKeys reads ticket.json.
func ReadTicketKeys(path string) (*TicketKeys, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("ticket keys: %w", err)
	}
	var k TicketKeys
	if err := json.Unmarshal(b, &k); err != nil {
		return nil, fmt.Errorf("ticket keys %s: %w", path, err)
	}
	if len(k.Keys[k.Current]) == 0 {
		return nil, fmt.Errorf("ticket keys %s: current key %d is not among the keys", path, k.Current)
	}
	for id, key := range k.Keys {
		if len(key) != 32 {
			return nil, fmt.Errorf("ticket keys %s: key %d has %d bytes, want 32", path, id, len(key))
		}
	}
	return &k, nil
}

// ReadPrivate reads an Ed25519 private key (PEM, PKCS #8).
func ReadPrivate(path string) (ed25519.PrivateKey, error) {
	der, err := readPEM(path, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", path, err)
	}
	e, ok := k.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("key %s: want an Ed25519 key, got %T", path, k)
	}
	return e, nil
}

// ReadPublic reads an Ed25519 public key (PEM, SubjectPublicKeyInfo).
func ReadPublic(path string) (ed25519.PublicKey, error) {
	der, err := readPEM(path, "PUBLIC KEY")
	if err != nil {
		return nil, err
	}
	k, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", path, err)
	}
	e, ok := k.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("key %s: want an Ed25519 key, got %T", path, k)
	}
	return e, nil
}

func readPEM(path, kind string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("key %s: want one PEM block %q", path, kind)
	}
	return block.Bytes, nil
}

// Init makes every key that dir lacks: ticket, TLS sessions, the portal's own
// secret, calendar, releases of the mini-client and the given nodes.
// Existing files are left alone, so it can run at every start of a demo.
func Init(dir string, nodes ...clickday.NodeID) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	if err := initTicket(filepath.Join(dir, TicketFile)); err != nil {
		return err
	}
	if err := InitSessions(dir); err != nil {
		return err
	}
	if err := initAccount(dir, filepath.Join(dir, AccountFile)); err != nil {
		return err
	}
	if err := initPair(dir, CalendarKeyFile, CalendarPubFile); err != nil {
		return err
	}
	if err := initPair(dir, ReleaseKeyFile, ReleasePubFile); err != nil {
		return err
	}
	for _, n := range nodes {
		if err := initPair(dir, NodeKeyFile(n), NodePubFile(n)); err != nil {
			return err
		}
	}
	return nil
}

func initTicket(path string) error {
	if exists(path) {
		return nil
	}
	key := make([]byte, 32)
	rand.Read(key)
	b, err := json.MarshalIndent(TicketKeys{Current: 1, Keys: map[uint32][]byte{1: key}}, "", "  ")
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	return Write(path, append(b, '\n'), 0o600)
}

func initPair(dir, private, public string) error {
	keyPath, pubPath := filepath.Join(dir, private), filepath.Join(dir, public)
	if exists(keyPath) && exists(pubPath) {
		return nil
	}
	var key ed25519.PrivateKey
	var err error
	if exists(keyPath) { // died between the two writes
		key, err = ReadPrivate(keyPath)
	} else {
		_, key, err = ed25519.GenerateKey(rand.Reader)
	}
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	if err := WritePrivate(keyPath, key); err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	return Write(pubPath, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o644)
}

// WritePrivate writes any private key as PEM, PKCS #8, readable by its owner only.
func WritePrivate(path string, key any) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	return Write(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// Write puts the file there whole or not at all.
func Write(path string, b []byte, mode os.FileMode) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".key-*")
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	defer os.Remove(tmp.Name()) // after the rename there is nothing to remove
	_, werr := tmp.Write(b)
	if err := errors.Join(werr, tmp.Chmod(mode), tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
