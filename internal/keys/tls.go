package keys

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"path/filepath"

	"puntuale/internal/clock"
)

// InitTLS makes a private authority (ca.crt) and a server certificate under it
// (tls.crt, tls.key) in dir, unless tls.crt and tls.key are there: ECDSA
// P-256, valid for ten years from clk's now. hosts are the DNS names and IP
// addresses that clients will connect to; at least one is needed. The key of
// the authority is never written, so nothing else can be issued under it.
//
// tls.crt is written last: after an interruption the next call makes a new
// authority and a certificate for the same key.
func InitTLS(clk clock.Clock, dir string, hosts ...string) error {
	if len(hosts) == 0 {
		return errors.New("tls: no host names given for the certificate")
	}
	certPath := filepath.Join(dir, TLSCertFile)
	key, err := missingPair(dir, filepath.Join(dir, TLSKeyFile), certPath)
	if err != nil || key == nil {
		return err
	}
	ca, caKey, err := newAuthority(clk)
	if err != nil {
		return err
	}
	template := newTemplate(clk, pkix.Name{CommonName: hosts[0]})
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	addHosts(template, hosts)
	der, err := x509.CreateCertificate(rand.Reader, template, ca, key.Public(), caKey)
	if err != nil {
		return fmt.Errorf("tls: %w", err)
	}
	if err := writeCertificate(filepath.Join(dir, CAFile), ca.Raw); err != nil {
		return err
	}
	return writeCertificate(certPath, der)
}

// newAuthority makes a root that can issue end certificates only.
func newAuthority(clk clock.Clock) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("tls: %w", err)
	}
	template := newTemplate(clk, pkix.Name{CommonName: "Puntuale private authority"})
	template.IsCA, template.MaxPathLenZero = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, fmt.Errorf("tls: %w", err)
	}
	ca, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("tls: %w", err)
	}
	return ca, key, nil
}

func addHosts(template *x509.Certificate, hosts []string) {
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
}
