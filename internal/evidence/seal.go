package evidence

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"time"
)

var (
	errNoSeal     = errors.New("the file has no seal over all of it")
	errSealForm   = errors.New("the seal is not written in the one way it can be")
	errSealKey    = errors.New("none of the trusted certificates has made the seal")
	errSealBytes  = errors.New("the bytes of the file are not those that were sealed")
	errSealPeriod = errors.New("the certificate was not valid at the time of sealing")
)

var (
	rangePattern = regexp.MustCompile(`/ByteRange \[0 +(\d+) +(\d+) +(\d+)\]`)
	timePattern  = regexp.MustCompile(`/M \(D:(\d{14})Z\)`)
)

// The signature of a receipt is a CMS SignedData (RFC 5652) in DER. Nothing in
// it is free but the signature: all else follows from certificate and content.
type (
	contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content signedData `asn1:"explicit,tag:0"`
	}
	signedData struct {
		Version      int
		Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
		Content      contentType
		Certificates asn1.RawValue
		Signers      []signerInfo `asn1:"set"`
	}
	contentType struct{ Type asn1.ObjectIdentifier }
	signerInfo  struct {
		Version    int
		Issuer     issuerAndSerial
		Digest     pkix.AlgorithmIdentifier
		Attributes []attribute `asn1:"set,tag:0"`
		Algorithm  pkix.AlgorithmIdentifier
		Signature  []byte
	}
	issuerAndSerial struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
	attribute struct {
		Type   asn1.ObjectIdentifier
		Values []asn1.RawValue `asn1:"set"`
	}
	signingCertificate struct{ Certificates []certificateID }
	certificateID      struct{ Hash []byte }
)

var (
	oidSignedData         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidData               = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSHA256             = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidECDSAWithSHA256    = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	oidContentType        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningCertificate = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
)

// seal is what is known of the seal of a file.
type seal struct {
	Subject string // of the certificate
	At      time.Time
}

// checkSeal checks that one of the certificates has sealed every byte of pdf.
// The file must end with what the seal covers, and in the one gap may stand
// nothing but the seal itself and zeros.
func checkSeal(pdf []byte, known []*x509.Certificate) (seal, error) {
	start, end, at, err := gap(pdf)
	if err != nil {
		return seal{}, err
	}
	cms, err := contents(pdf[start:end])
	if err != nil {
		return seal{}, err
	}
	h := sha256.New()
	h.Write(pdf[:start])
	h.Write(pdf[end:])
	digest := h.Sum(nil)
	for _, c := range known {
		err := checkCMS(cms, digest, c)
		if errors.Is(err, errSealKey) {
			continue
		}
		if err == nil && (at.Before(c.NotBefore) || at.After(c.NotAfter)) {
			err = errSealPeriod
		}
		return seal{c.Subject.CommonName, at}, err
	}
	return seal{}, errSealKey
}

// gap returns where the last signature of the file stands, its angle brackets
// included, and the time that it states. All else must be covered.
func gap(pdf []byte) (start, end int, at time.Time, err error) {
	all := rangePattern.FindAllSubmatchIndex(pdf, -1)
	if len(all) != 1 {
		return 0, 0, at, fmt.Errorf("%w: %d signatures", errNoSeal, len(all))
	}
	m := all[0]
	var n [3]int
	for i := range n {
		if n[i], err = strconv.Atoi(string(pdf[m[2+2*i]:m[3+2*i]])); err != nil {
			return 0, 0, at, errNoSeal
		}
	}
	start, end = n[0], n[1]
	if start <= m[1] || end <= start+2 || end > len(pdf) || end+n[2] != len(pdf) || pdf[start] != '<' || pdf[end-1] != '>' {
		return 0, 0, at, errNoSeal
	}
	if !bytes.HasSuffix(bytes.TrimRight(pdf[m[1]:start], " "), []byte("/Contents")) {
		return 0, 0, at, errNoSeal
	}
	stated := timePattern.FindSubmatch(pdf[max(0, m[0]-200):m[0]])
	if stated == nil {
		return 0, 0, at, errNoSeal
	}
	at, err = time.Parse("20060102150405", string(stated[1]))
	return start, end, at, err
}

// contents returns the DER within the angle brackets, whose rest must be zeros.
func contents(hole []byte) ([]byte, error) {
	text := hole[1 : len(hole)-1]
	raw := make([]byte, hex.DecodedLen(len(text)))
	if _, err := hex.Decode(raw, text); err != nil {
		return nil, errSealForm
	}
	if !bytes.Equal(hex.AppendEncode(nil, raw), text) { // upper-case digits
		return nil, errSealForm
	}
	var whole asn1.RawValue
	rest, err := asn1.Unmarshal(raw, &whole)
	if err != nil || len(bytes.Trim(rest, "\x00")) != 0 {
		return nil, errSealForm
	}
	return whole.FullBytes, nil
}

// checkCMS checks a signature by building the structure anew around it.
func checkCMS(cms, digest []byte, c *x509.Certificate) error {
	var got contentInfo
	if rest, err := asn1.Unmarshal(cms, &got); err != nil || len(rest) != 0 || len(got.Content.Signers) != 1 {
		return errSealForm
	}
	if !bytes.Equal(got.Content.Certificates.Bytes, c.Raw) {
		return errSealKey
	}
	key, ok := c.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return fmt.Errorf("%w: want an ECDSA key in the certificate", errSealForm)
	}
	attributes, err := attributesOf(digest, c)
	if err != nil {
		return err
	}
	signature := got.Content.Signers[0].Signature
	want, err := build(attributes, signature, c)
	if err != nil {
		return err
	}
	signed, err := asn1.MarshalWithParams(attributes, "set")
	if err != nil {
		return err
	}
	sum := sha256.Sum256(signed)
	if !ecdsa.VerifyASN1(key, sum[:], signature) {
		return errSealBytes
	}
	if !bytes.Equal(want, cms) {
		return errSealForm
	}
	return nil
}

func build(attributes []attribute, signature []byte, c *x509.Certificate) ([]byte, error) {
	sha := pkix.AlgorithmIdentifier{Algorithm: oidSHA256}
	return asn1.Marshal(contentInfo{oidSignedData, signedData{
		Version: 1, Digests: []pkix.AlgorithmIdentifier{sha}, Content: contentType{oidData},
		Certificates: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: c.Raw},
		Signers: []signerInfo{{
			Version: 1, Issuer: issuerAndSerial{asn1.RawValue{FullBytes: c.RawIssuer}, c.SerialNumber}, Digest: sha,
			Attributes: attributes, Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidECDSAWithSHA256}, Signature: signature,
		}},
	}})
}

// attributesOf returns the signed attributes: content type, digest of the
// content, and the certificate that the signature is tied to.
func attributesOf(digest []byte, c *x509.Certificate) ([]attribute, error) {
	sum := sha256.Sum256(c.Raw)
	values := []struct {
		oid   asn1.ObjectIdentifier
		value any
	}{
		{oidContentType, oidData},
		{oidMessageDigest, digest},
		{oidSigningCertificate, signingCertificate{[]certificateID{{sum[:]}}}},
	}
	out := make([]attribute, len(values))
	for i, v := range values {
		der, err := asn1.Marshal(v.value)
		if err != nil {
			return nil, err
		}
		out[i] = attribute{v.oid, []asn1.RawValue{{FullBytes: der}}}
	}
	return out, nil
}
