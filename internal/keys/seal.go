package keys

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"puntuale/internal/clock"
)

// ErrHalfPair says that a certificate lies there without its key.
var ErrHalfPair = errors.New("certificate without its key: put the key back, or remove the certificate to have a new one made")

const (
	// lifetime of the certificates made here. Their authority's key is thrown
	// away, so none can be renewed before: a new installation makes new ones.
	lifetimeYears = 10
	// backdate lets clocks that are a little behind accept them at once.
	backdate = time.Hour
)

// InitSeal makes the key and the certificate of the seal in dir, unless they
// are there: ECDSA P-256, self-signed, for signatures and non-repudiation,
// valid for ten years from clk's now. subject is the name of the body, as it
// is to stand on every receipt. A key without certificate is kept and gets one.
func InitSeal(clk clock.Clock, dir, subject string) error {
	if subject == "" {
		return errors.New("seal: the name of the body is empty")
	}
	keyPath, certPath := filepath.Join(dir, SealKeyFile), filepath.Join(dir, SealCertFile)
	key, err := missingPair(dir, keyPath, certPath)
	if err != nil || key == nil {
		return err
	}
	template := newTemplate(clk, pkix.Name{Country: []string{"IT"}, Organization: []string{subject}, CommonName: subject})
	template.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	return writeCertificate(certPath, der)
}

// missingPair returns the key for which a certificate is still to be made, or
// nil if both files are there. A new key is on disk when it returns.
func missingPair(dir, keyPath, certPath string) (*ecdsa.PrivateKey, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	switch hasKey, hasCert := exists(keyPath), exists(certPath); {
	case hasKey && hasCert:
		return nil, nil
	case hasCert:
		return nil, fmt.Errorf("%s: %w", certPath, ErrHalfPair)
	case hasKey:
		return ReadECDSA(keyPath)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	return key, WritePrivate(keyPath, key)
}

// ReadECDSA reads an ECDSA private key (PEM, PKCS #8).
func ReadECDSA(path string) (*ecdsa.PrivateKey, error) {
	der, err := readPEM(path, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", path, err)
	}
	e, ok := k.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("key %s: want an ECDSA key, got %T", path, k)
	}
	return e, nil
}

// ReadCertificate reads a file that starts with one certificate (PEM).
func ReadCertificate(path string) (*x509.Certificate, error) {
	der, err := readPEM(path, "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("certificate %s: %w", path, err)
	}
	return c, nil
}

// newTemplate returns what all certificates have in common.
func newTemplate(clk clock.Clock, subject pkix.Name) *x509.Certificate {
	serial := make([]byte, 16)
	rand.Read(serial)
	serial[0] = serial[0]&0x7f | 0x40 // positive, and always the same length
	now := clk.Now().UTC()
	return &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(serial),
		Subject:               subject,
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.AddDate(lifetimeYears, 0, 0),
		BasicConstraintsValid: true,
	}
}

func writeCertificate(path string, der []byte) error {
	return Write(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}
