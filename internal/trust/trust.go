// Package trust is the set of public keys that a verification rests on. A
// portal publishes its own as keys.json; whoever wants to depend on nobody later
// saves that file before the click day, compares it with what the body has
// published elsewhere, and verifies offline with it.
package trust

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/wire"
)

// Format is the only format of keys.json so far.
const Format = "puntuale-keys-1"

// MaxFile is the greatest length of keys.json in bytes.
const MaxFile = 1 << 20

// ErrKeys is wrapped by every error about keys.json.
var ErrKeys = errors.New("trust: not the public keys of an installation")

// Node is the public key of an intake node. A node whose key was changed
// stands twice.
type Node struct {
	Node clickday.NodeID   `json:"node"`
	Key  ed25519.PublicKey `json:"public_key"` // base64
}

// Keys is the content of keys.json. Lists are sorted.
type Keys struct {
	Format string `json:"format"`
	Name   string `json:"name"` // of the installation, for people
	// Ledger are the verifier keys of the ledger, "<origin>+<hash>+<base64>";
	// they sign the checkpoints of every click day, and lists.
	Ledger []string `json:"ledger"`
	Nodes  []Node   `json:"nodes"`
	// Seals are the certificates that seal receipts, DER in base64.
	Seals [][]byte `json:"seal_certificates"`
	// Timestamps are the certificates of the authorities whose RFC 3161 tokens
	// are accepted, DER in base64. May be empty.
	Timestamps [][]byte `json:"timestamp_certificates"`
	// Calendar is the Ed25519 key that signs the calendar, base64.
	Calendar ed25519.PublicKey `json:"calendar_key"`
}

// Parse reads keys.json.
func Parse(b []byte) (*Keys, error) {
	if len(b) > MaxFile {
		return nil, fmt.Errorf("%w: %d bytes", ErrKeys, len(b))
	}
	k := new(Keys)
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(k); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	if d.More() {
		return nil, fmt.Errorf("%w: something follows", ErrKeys)
	}
	if err := k.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	return k, nil
}

// Marshal writes keys.json, the same bytes for the same keys.
func (k *Keys) Marshal() ([]byte, error) {
	c := *k
	c.Format = Format
	c.Ledger = append([]string{}, k.Ledger...)
	slices.Sort(c.Ledger)
	c.Nodes = append([]Node{}, k.Nodes...)
	slices.SortFunc(c.Nodes, func(a, b Node) int { return cmp.Or(cmp.Compare(a.Node, b.Node), bytes.Compare(a.Key, b.Key)) })
	c.Seals = append([][]byte{}, k.Seals...)
	c.Timestamps = append([][]byte{}, k.Timestamps...)
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	b, err := json.MarshalIndent(&c, "", " ")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeys, err)
	}
	return append(b, '\n'), nil
}

func (k *Keys) check() error {
	if k.Format != Format {
		return fmt.Errorf("format %.40q: want %s", k.Format, Format)
	}
	if _, err := k.Verifiers(); err != nil {
		return err
	}
	for _, n := range k.Nodes {
		if n.Node == 0 || len(n.Key) != ed25519.PublicKeySize {
			return fmt.Errorf("node %d: want an Ed25519 key of %d bytes", n.Node, ed25519.PublicKeySize)
		}
	}
	if k.Calendar != nil && len(k.Calendar) != ed25519.PublicKeySize {
		return fmt.Errorf("calendar key of %d bytes", len(k.Calendar))
	}
	if _, err := certificates(k.Seals); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	_, err := certificates(k.Timestamps)
	if err != nil {
		return fmt.Errorf("time-stamps: %w", err)
	}
	return nil
}

// Verifiers returns the keys of the ledger.
func (k *Keys) Verifiers() ([]*ledger.Verifier, error) {
	out := make([]*ledger.Verifier, len(k.Ledger))
	for i, s := range k.Ledger {
		v, err := ledger.NewVerifier(s)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

// NodeKeys returns the keys that a node has or had under that key id.
func (k *Keys) NodeKeys(node clickday.NodeID, id uint32) []ed25519.PublicKey {
	var out []ed25519.PublicKey
	for _, n := range k.Nodes {
		if n.Node == node && wire.KeyID(n.Key) == id {
			out = append(out, n.Key)
		}
	}
	return out
}

// SealCertificates returns the certificates that seal receipts.
func (k *Keys) SealCertificates() ([]*x509.Certificate, error) { return certificates(k.Seals) }

// TimestampCertificates returns the certificates of time-stamp authorities.
func (k *Keys) TimestampCertificates() ([]*x509.Certificate, error) {
	return certificates(k.Timestamps)
}

func certificates(der [][]byte) ([]*x509.Certificate, error) {
	out := make([]*x509.Certificate, len(der))
	for i, b := range der {
		c, err := x509.ParseCertificate(b)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", i+1, err)
		}
		out[i] = c
	}
	return out, nil
}
