package loadteam

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"time"
)

// KeySize is the length of a team's secret in bytes.
const KeySize = 32

// Key is what controller and agents have in common. Whoever has it may command
// agents; it never travels.
type Key [KeySize]byte

// ErrStranger says that the other end does not have the team's key.
var ErrStranger = errors.New("loadteam: the other end does not have the key of this team")

// WriteKey draws a key and writes it to a new file that only its owner can read.
func WriteKey(path string) error {
	var k Key
	rand.Read(k[:])
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("loadteam: %w", err)
	}
	_, err = fmt.Fprintf(f, "%x\n", k[:])
	return errors.Join(err, f.Close())
}

// ReadKey reads a key file.
func ReadKey(path string) (Key, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Key{}, fmt.Errorf("loadteam: %w", err)
	}
	raw, err := hex.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(raw) != KeySize {
		return Key{}, fmt.Errorf("loadteam: %s: want %d hexadecimal digits", path, 2*KeySize)
	}
	return Key(raw), nil
}

// tls makes the configuration of both ends: the secret gives a key pair, each
// end shows a certificate of it, and accepts nothing else. TLS 1.3 proves that
// the other end has the private half.
func (k *Key) tls() (*tls.Config, error) {
	seed := sha256.Sum256(append([]byte("puntuale/loadteam/v1\x00"), k[:]...))
	private := ed25519.NewKeyFromSeed(seed[:])
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "loadteam"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), DNSNames: []string{"loadteam"},
	}
	der, err := x509.CreateCertificate(nil, template, template, private.Public(), private)
	if err != nil {
		return nil, fmt.Errorf("loadteam: %w", err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: private}},
		MinVersion:   tls.VersionTLS13, ClientAuth: tls.RequireAnyClientCert, ServerName: "loadteam",
		InsecureSkipVerify:     true, // what counts is checked below, on both ends
		SessionTicketsDisabled: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) != 1 || !private.Public().(ed25519.PublicKey).Equal(s.PeerCertificates[0].PublicKey) {
				return ErrStranger
			}
			return nil
		},
	}, nil
}
