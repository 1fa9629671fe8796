package protocolregister

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"
)

// Signer is the seal of the body (package pades): ECDSA on P-256 and SHA-256.
type Signer interface {
	Certificate() []byte // DER
	SignDigest(sum [32]byte) ([]byte, error)
}

const (
	dsNS     = "http://www.w3.org/2000/09/xmldsig#"
	xadesNS  = "http://uri.etsi.org/01903/v1.3.2#"
	c14n     = "http://www.w3.org/2001/10/xml-exc-c14n#"
	sha256ID = "http://www.w3.org/2001/04/xmlenc#sha256"
)

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func digestOf(b string) string {
	sum := sha256.Sum256([]byte(b))
	return `<ds:DigestMethod Algorithm="` + sha256ID + `"></ds:DigestMethod><ds:DigestValue>` + b64(sum[:]) + `</ds:DigestValue>`
}

// sign returns the enveloped signature of a document (XAdES baseline B, ETSI EN
// 319 132-1). The document must be in exclusive canonical form already, and so
// is every part that is made here: what is written is what is hashed, except
// that a part on its own declares its own prefixes.
func sign(document string, s Signer, at time.Time) (string, error) {
	certificate := sha256.Sum256(s.Certificate())
	properties := `<xades:SignedProperties Id="proprieta"><xades:SignedSignatureProperties>` +
		`<xades:SigningTime>` + at.UTC().Format(time.RFC3339) + `</xades:SigningTime>` +
		`<xades:SigningCertificateV2><xades:Cert><xades:CertDigest><ds:DigestMethod Algorithm="` + sha256ID + `"></ds:DigestMethod>` +
		`<ds:DigestValue>` + b64(certificate[:]) + `</ds:DigestValue></xades:CertDigest></xades:Cert></xades:SigningCertificateV2>` +
		`</xades:SignedSignatureProperties><xades:SignedDataObjectProperties><xades:DataObjectFormat ObjectReference="#documento">` +
		`<xades:MimeType>text/xml</xades:MimeType></xades:DataObjectFormat></xades:SignedDataObjectProperties></xades:SignedProperties>`
	alone := strings.NewReplacer(`<xades:SignedProperties `, `<xades:SignedProperties xmlns:xades="`+xadesNS+`" `,
		`<ds:DigestMethod `, `<ds:DigestMethod xmlns:ds="`+dsNS+`" `, `<ds:DigestValue>`, `<ds:DigestValue xmlns:ds="`+dsNS+`">`).Replace(properties)
	canonical := `<ds:Transform Algorithm="` + c14n + `"></ds:Transform>`
	info := `<ds:CanonicalizationMethod Algorithm="` + c14n + `"></ds:CanonicalizationMethod>` +
		`<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"></ds:SignatureMethod>` +
		`<ds:Reference Id="documento" URI=""><ds:Transforms>` +
		`<ds:Transform Algorithm="` + dsNS + `enveloped-signature"></ds:Transform>` + canonical + `</ds:Transforms>` + digestOf(document) + `</ds:Reference>` +
		`<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#proprieta"><ds:Transforms>` + canonical + `</ds:Transforms>` +
		digestOf(alone) + `</ds:Reference></ds:SignedInfo>`
	value, err := s.SignDigest(sha256.Sum256([]byte(`<ds:SignedInfo xmlns:ds="` + dsNS + `">` + info)))
	if err != nil {
		return "", err
	}
	return `<ds:Signature xmlns:ds="` + dsNS + `" Id="firma"><ds:SignedInfo>` + info +
		`<ds:SignatureValue>` + b64(value) + `</ds:SignatureValue>` +
		`<ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + b64(s.Certificate()) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo>` +
		`<ds:Object><xades:QualifyingProperties xmlns:xades="` + xadesNS + `" Target="#firma">` + properties +
		`</xades:QualifyingProperties></ds:Object></ds:Signature>`, nil
}
