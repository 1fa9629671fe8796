// Package pades seals PDF documents: it appends an invisible signature field
// and an ETSI.CAdES.detached signature over everything else in the file (ETSI
// EN 319 142-1, baseline B-B). The same document, key and time give the same
// bytes, so that sealing again after a crash changes nothing.
//
//	seal.go     the seal, and where its bytes go
//	update.go   the incremental update of the file
//	document.go what must be known of the file to append to it
//	cms.go      the signature itself
package pades

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"puntuale/internal/keys"
)

var (
	// ErrKeyPair says that the certificate belongs to another key.
	ErrKeyPair = errors.New("the certificate of the seal belongs to another key")
	// ErrUnsupported says that a file is not of the plain kind that package
	// receipt writes: one classic cross-reference table, no object streams.
	ErrUnsupported = errors.New("not a PDF that can be sealed here")
	// ErrSealed says that the document carries a signature field already.
	ErrSealed = errors.New("the PDF is sealed already")
	// ErrExpired says that the certificate is not valid at the given time.
	ErrExpired = errors.New("the certificate of the seal is not valid at that time")
)

// Seal is the key of a body and its certificate. It is safe for concurrent use.
type Seal struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
	attributes  signedAttributes
}

// Load reads the key (ECDSA, PEM, PKCS #8) and the certificate (PEM) of the seal.
func Load(keyPath, certPath string) (*Seal, error) {
	key, err := keys.ReadECDSA(keyPath)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	certificate, err := keys.ReadCertificate(certPath)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	if !key.PublicKey.Equal(certificate.PublicKey) {
		return nil, fmt.Errorf("seal: %s, %s: %w", keyPath, certPath, ErrKeyPair)
	}
	return &Seal{key: key, certificate: certificate, attributes: attributesFor(certificate)}, nil
}

// Subject returns the name of the body in the certificate, to head documents with.
func (s *Seal) Subject() string { return s.certificate.Subject.CommonName }

// Sign returns the document with the seal appended. at is the time of sealing
// that the signature dictionary states, to the second. Errors: ErrUnsupported,
// ErrSealed, ErrExpired. The input is not changed.
func (s *Seal) Sign(pdf []byte, at time.Time) ([]byte, error) {
	if at.Before(s.certificate.NotBefore) || at.After(s.certificate.NotAfter) {
		return nil, fmt.Errorf("seal: %w: %s, valid from %s to %s", ErrExpired, at.UTC().Format(time.RFC3339),
			s.certificate.NotBefore.Format(time.RFC3339), s.certificate.NotAfter.Format(time.RFC3339))
	}
	doc, err := read(pdf)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	out, hole := doc.appendField(signature{name: s.Subject(), at: at, room: s.room()})
	covered := bytes.Join([][]byte{out[:hole.start], out[hole.end:]}, nil)
	cms, err := s.sign(covered)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	if hex.EncodedLen(len(cms)) > hole.end-hole.start-2 {
		return nil, fmt.Errorf("seal: a signature of %d bytes does not fit", len(cms))
	}
	hex.Encode(out[hole.start+1:], cms) // after the "<"; the zeros behind stay
	return out, nil
}

// room returns how many bytes to keep free for the signature: the certificate,
// its issuer's name once more, and well above what the rest ever takes.
func (s *Seal) room() int { return len(s.certificate.Raw) + len(s.certificate.RawIssuer) + 640 }
