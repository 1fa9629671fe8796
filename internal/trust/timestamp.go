package trust

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"
)

// ErrTimestamp is wrapped by every error about an RFC 3161 token.
var ErrTimestamp = errors.New("trust: the time-stamp does not hold")

// oidTSTInfo is the content type of a token.
var oidTSTInfo = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}

// CheckTimestamp checks an RFC 3161 token (DER): that it is over the SHA-256 of
// message, and signed by one of the authorities in Timestamps or by somebody
// certified by one of them for time-stamps at that time. It returns the time.
func (k *Keys) CheckTimestamp(token, message []byte) (time.Time, error) {
	fail := func(err error) (time.Time, error) { return time.Time{}, fmt.Errorf("%w: %w", ErrTimestamp, err) }
	known, err := k.TimestampCertificates()
	if err != nil {
		return fail(err)
	}
	p7, err := pkcs7.Parse(token)
	if err != nil {
		return fail(err)
	}
	stamp, err := timestamp.Parse(token)
	if err != nil {
		return fail(err)
	}
	sum := sha256.Sum256(message)
	if stamp.HashAlgorithm != crypto.SHA256 || !bytes.Equal(stamp.HashedMessage, sum[:]) {
		return fail(errors.New("it is over other bytes"))
	}
	if err := signedBy(p7, known, stamp.Time); err != nil {
		return fail(err)
	}
	return stamp.Time.UTC(), nil
}

// signedBy checks the one signer of a token.
func signedBy(p7 *pkcs7.PKCS7, known []*x509.Certificate, at time.Time) error {
	var content asn1.ObjectIdentifier
	if err := p7.UnmarshalSignedAttribute(pkcs7.OIDAttributeContentType, &content); err != nil || !content.Equal(oidTSTInfo) {
		return errors.New("it is no token of a time-stamp")
	}
	if len(p7.Signers) != 1 {
		return fmt.Errorf("%d signers", len(p7.Signers))
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range p7.Certificates {
		between.AddCert(c)
	}
	for _, c := range known {
		roots.AddCert(c)
	}
	p7.Certificates = append(p7.Certificates, known...) // a token may leave its certificate out
	return p7.VerifyWithOpts(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
	})
}
