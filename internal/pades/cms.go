package pades

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"io"
	"slices"

	"github.com/digitorus/pkcs7"
)

// oidSigningCertificateV2 names the attribute that ties a signature to one
// certificate (RFC 5035), without which it is no CAdES.
var oidSigningCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}

// essCertIDv2 identifies a certificate by its SHA-256, the default hash.
type essCertIDv2 struct{ CertHash []byte }

// signingCertificateV2 is the value of the attribute.
type signingCertificateV2 struct{ Certs []essCertIDv2 }

type signedAttributes []pkcs7.Attribute

func attributesFor(c *x509.Certificate) signedAttributes {
	sum := sha256.Sum256(c.Raw)
	value := signingCertificateV2{Certs: []essCertIDv2{{CertHash: sum[:]}}}
	return signedAttributes{{Type: oidSigningCertificateV2, Value: value}}
}

// sign returns the detached CMS SignedData over content, in DER.
//
// PAdES forbids the signing-time attribute (the time stands in the signature
// dictionary, which is signed too), and pkcs7 always adds it, with the time of
// the machine. So the library first builds the structure with an unsigned
// draft; then the attribute is taken out and the rest is really signed.
func (s *Seal) sign(content []byte) ([]byte, error) {
	sd, err := pkcs7.NewSignedData(content)
	if err != nil {
		return nil, fmt.Errorf("cms: %w", err)
	}
	sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := sd.AddSigner(s.certificate, draft{s.key.Public()}, pkcs7.SignerInfoConfig{ExtraSignedAttributes: s.attributes}); err != nil {
		return nil, fmt.Errorf("cms: %w", err)
	}
	info := &sd.GetSignedData().SignerInfos[0]
	for i, a := range info.AuthenticatedAttributes {
		if a.Type.Equal(pkcs7.OIDAttributeSigningTime) {
			info.AuthenticatedAttributes = slices.Delete(info.AuthenticatedAttributes, i, i+1)
			break
		}
	}
	// What is signed is their DER as a SET OF; they are sorted already.
	signed, err := asn1.MarshalWithParams(info.AuthenticatedAttributes, "set")
	if err != nil {
		return nil, fmt.Errorf("cms: attributes: %w", err)
	}
	digest := sha256.Sum256(signed)
	// Without a source of randomness ECDSA is deterministic (RFC 6979).
	if info.EncryptedDigest, err = s.key.Sign(nil, digest[:], crypto.SHA256); err != nil {
		return nil, fmt.Errorf("cms: %w", err)
	}
	sd.Detach()
	der, err := sd.Finish()
	if err != nil {
		return nil, fmt.Errorf("cms: %w", err)
	}
	return der, nil
}

// draft stands for the key while the structure is built; its empty signature
// is always replaced.
type draft struct{ public crypto.PublicKey }

var _ crypto.Signer = draft{}
var _ crypto.Signer = (*ecdsa.PrivateKey)(nil)

func (d draft) Public() crypto.PublicKey { return d.public }

func (draft) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return []byte{}, nil }
