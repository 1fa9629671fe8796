package timestamping

import (
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"
)

// Token is what a checked token says.
type Token struct {
	Time      time.Time     // UTC
	Accuracy  time.Duration // 0 for not said
	Authority string        // subject of the signer's certificate
	Nonce     *big.Int      // of the request, nil for none
}

var (
	// ErrToken is wrapped by every error about a token that cannot be read or
	// is not signed as it says.
	ErrToken = errors.New("timestamping: not a valid time-stamp token")
	// ErrImprint says that a token was made for other bytes.
	ErrImprint = errors.New("timestamping: the token is about something else")
	// ErrChain says that the signer's certificate does not lead to a trusted
	// root, was not valid at the time in the token, or is not for time-stamps.
	ErrChain = errors.New("timestamping: the authority's certificate does not hold")
)

// MaxToken is the greatest length of a token in bytes.
const MaxToken = 64 << 10

const maxDepth = 32 // real ones are nested 15 deep

var (
	oidTSTInfo       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidSigningCert   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidSigningCertV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidExtendedUsage = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
	errNoSigningCert = fmt.Errorf("%w: it does not say by which certificate it is signed", ErrToken)
	errOtherCert     = fmt.Errorf("%w: it is signed by another certificate than it says", ErrToken)
)

// Check reads a token (DER, as in the response) and checks that it is about
// exactly these bytes by SHA-256, signed by one signer whose certificate is in
// it, is for time-stamps only, and led to one of the roots at the token's time.
// With nil roots those of the system count.
func Check(token, about []byte, roots *x509.CertPool) (Token, error) {
	if len(token) > MaxToken {
		return Token{}, fmt.Errorf("%w: %d bytes", ErrToken, len(token))
	}
	p7, ts, err := parse(token)
	if err != nil {
		return Token{}, err
	}
	imprint := sha256.Sum256(about)
	if ts.HashAlgorithm != crypto.SHA256 || subtle.ConstantTimeCompare(ts.HashedMessage, imprint[:]) != 1 {
		return Token{}, ErrImprint
	}
	signer := p7.GetOnlySigner()
	if signer == nil {
		return Token{}, fmt.Errorf("%w: want exactly one signer, with its certificate", ErrToken)
	}
	if err := checkAttributes(p7, signer); err != nil {
		return Token{}, err
	}
	if err := checkChain(p7, signer, ts.Time, roots); err != nil {
		return Token{}, err
	}
	return Token{Time: ts.Time.UTC(), Accuracy: ts.Accuracy, Authority: signer.Subject.String(), Nonce: ts.Nonce}, nil
}

// checkDER reports whether b is DER all the way down, which RFC 3161 demands: the
// library that reads tokens would take the same content in many other ways.
func checkDER(b []byte, depth int) error {
	for len(b) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(b, &v)
		if err != nil || depth > maxDepth {
			return fmt.Errorf("%w: not DER", ErrToken)
		}
		if v.IsCompound {
			if err := checkDER(v.Bytes, depth+1); err != nil {
				return err
			}
		}
		b = rest
	}
	return nil
}

// parse reads a token; the signature is checked here for the first time.
func parse(token []byte) (*pkcs7.PKCS7, *timestamp.Timestamp, error) {
	if err := checkDER(token, 0); err != nil {
		return nil, nil, err
	}
	p7, err := pkcs7.Parse(token)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrToken, err)
	}
	ts, err := timestamp.Parse(token)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrToken, err)
	}
	return p7, ts, nil
}

// checkAttributes compares what is signed about the signature itself: that it is
// over a time-stamp, and by this very certificate (RFC 3161 2.4.2, RFC 5816).
func checkAttributes(p7 *pkcs7.PKCS7, signer *x509.Certificate) error {
	var content asn1.ObjectIdentifier
	if err := p7.UnmarshalSignedAttribute(oidContentType, &content); err != nil || !content.Equal(oidTSTInfo) {
		return fmt.Errorf("%w: the signed content is not a time-stamp", ErrToken)
	}
	var v2 struct {
		Certs []struct {
			Algorithm pkix.AlgorithmIdentifier `asn1:"optional"`
			Hash      []byte
			Rest      asn1.RawValue `asn1:"optional"`
		}
		Policies asn1.RawValue `asn1:"optional"`
	}
	if err := p7.UnmarshalSignedAttribute(oidSigningCertV2, &v2); err == nil && len(v2.Certs) > 0 {
		return sameCertificate(v2.Certs[0].Algorithm.Algorithm, v2.Certs[0].Hash, signer)
	}
	var v1 struct {
		Certs []struct {
			Hash []byte
			Rest asn1.RawValue `asn1:"optional"`
		}
		Policies asn1.RawValue `asn1:"optional"`
	}
	if err := p7.UnmarshalSignedAttribute(oidSigningCert, &v1); err != nil || len(v1.Certs) == 0 {
		return errNoSigningCert
	}
	return nil // by SHA-1, which says nothing today; the chain is checked all the same
}

func sameCertificate(algorithm asn1.ObjectIdentifier, hash []byte, signer *x509.Certificate) error {
	var want []byte
	switch {
	case len(algorithm) == 0, algorithm.Equal(oidSHA256):
		sum := sha256.Sum256(signer.Raw)
		want = sum[:]
	case algorithm.Equal(oidSHA384):
		sum := sha512.Sum384(signer.Raw)
		want = sum[:]
	case algorithm.Equal(oidSHA512):
		sum := sha512.Sum512(signer.Raw)
		want = sum[:]
	}
	if want == nil || subtle.ConstantTimeCompare(hash, want) != 1 {
		return errOtherCert
	}
	return nil
}

// checkChain checks signature and certificate at the time in the token.
func checkChain(p7 *pkcs7.PKCS7, signer *x509.Certificate, at time.Time, roots *x509.CertPool) error {
	if len(signer.ExtKeyUsage) != 1 || signer.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(signer.UnknownExtKeyUsage) > 0 || !critical(signer) {
		return fmt.Errorf("%w: it is not for time-stamps only", ErrChain)
	}
	if roots == nil {
		var err error
		if roots, err = x509.SystemCertPool(); err != nil {
			return fmt.Errorf("%w: no roots of the system: %w", ErrChain, err)
		}
	}
	intermediates := x509.NewCertPool()
	for _, c := range p7.Certificates {
		intermediates.AddCert(c)
	}
	err := p7.VerifyWithOpts(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrChain, err)
	}
	return nil
}

func critical(c *x509.Certificate) bool {
	for _, e := range c.Extensions {
		if e.Id.Equal(oidExtendedUsage) {
			return e.Critical
		}
	}
	return false
}
