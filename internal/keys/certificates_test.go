package keys_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/keys"
)

var start = time.Date(2026, 2, 12, 8, 0, 0, 0, time.UTC)

func initAll(t *testing.T, dir string) {
	t.Helper()
	clk := clock.NewFake(start)
	if err := errors.Join(keys.Init(dir, 1), keys.InitSeal(clk, dir, "Ente di prova"), keys.InitTLS(clk, dir, "127.0.0.1", "localhost")); err != nil {
		t.Fatal(err)
	}
}

func TestInitAgainChangesNothing(t *testing.T) {
	dir := t.TempDir()
	initAll(t, dir)
	before := contents(t, dir)
	initAll(t, dir)
	sameContents(t, before, contents(t, dir))
}

func TestSealCertificate(t *testing.T) {
	dir := t.TempDir()
	initAll(t, dir)
	cert, err := keys.ReadCertificate(filepath.Join(dir, keys.SealCertFile))
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.ReadECDSA(filepath.Join(dir, keys.SealKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		t.Error("the certificate is for another key")
	}
	if cert.Subject.CommonName != "Ente di prova" || cert.IsCA {
		t.Errorf("subject %v, authority %v", cert.Subject, cert.IsCA)
	}
	if want := x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment; cert.KeyUsage != want {
		t.Errorf("key usage %b, want %b", cert.KeyUsage, want)
	}
	if !cert.NotAfter.Equal(start.AddDate(10, 0, 0)) || cert.NotBefore.After(start) {
		t.Errorf("valid %v to %v", cert.NotBefore, cert.NotAfter)
	}
	if err := cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature); err != nil {
		t.Error(err)
	}
}

// A real handshake: clients that know ca.crt only reach the hosts they asked
// for, within the certificate's years, and nothing else.
func TestTLSHandshake(t *testing.T) {
	dir := t.TempDir()
	initAll(t, dir)
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, keys.TLSCertFile), filepath.Join(dir, keys.TLSKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	ca, err := keys.ReadCertificate(filepath.Join(dir, keys.CAFile))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	tests := []struct {
		name  string
		host  string
		roots *x509.CertPool
		at    time.Time
		fine  bool
	}{
		{"by address", "127.0.0.1", pool, start, true},
		{"by name", "localhost", pool, start, true},
		{"client clock a little behind", "localhost", pool, start.Add(-time.Minute), true},
		{"after nine years", "localhost", pool, start.AddDate(9, 0, 0), true},
		{"after eleven years", "localhost", pool, start.AddDate(11, 0, 0), false},
		{"other host", "example.org", pool, start, false},
		{"unknown authority", "localhost", x509.NewCertPool(), start, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := handshake(t, pair, &tls.Config{ServerName: tt.host, RootCAs: tt.roots, Time: func() time.Time { return tt.at }})
			if (err == nil) != tt.fine {
				t.Errorf("handshake: %v, want success %v", err, tt.fine)
			}
		})
	}
}

// handshake goes over loopback, whose buffers let both sides write at once.
func handshake(t *testing.T, pair tls.Certificate, config *tls.Config) error {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, Time: config.Time})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		io.Copy(io.Discard, conn) // shakes hands, then waits for the client to close
	}()
	client, err := tls.Dial("tcp", listener.Addr().String(), config)
	if err == nil {
		client.Close()
	}
	<-done
	return err
}

// The process may die between any two files.
func TestInitAfterAnInterruption(t *testing.T) {
	tests := []struct {
		name string
		lost string
		kept string
	}{
		{"seal without certificate", keys.SealCertFile, keys.SealKeyFile},
		{"TLS without certificate", keys.TLSCertFile, keys.TLSKeyFile},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			initAll(t, dir)
			before := contents(t, dir)
			if err := os.Remove(filepath.Join(dir, tt.lost)); err != nil {
				t.Fatal(err)
			}
			initAll(t, dir)
			if contents(t, dir)[tt.kept] != before[tt.kept] {
				t.Error("the key was replaced")
			}
			cert, err := keys.ReadCertificate(filepath.Join(dir, tt.lost))
			if err != nil {
				t.Fatal(err)
			}
			key, err := keys.ReadECDSA(filepath.Join(dir, tt.kept))
			if err != nil {
				t.Fatal(err)
			}
			if !key.PublicKey.Equal(cert.PublicKey) {
				t.Error("the new certificate is for another key")
			}
		})
	}
}

func TestInitRefuses(t *testing.T) {
	clk := clock.NewFake(start)
	orphan := t.TempDir()
	for _, name := range []string{keys.SealCertFile, keys.TLSCertFile} {
		if err := os.WriteFile(filepath.Join(orphan, name), []byte("somebody's certificate"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := keys.InitSeal(clk, orphan, "Ente"); !errors.Is(err, keys.ErrHalfPair) {
		t.Errorf("seal certificate without key: %v", err)
	}
	if err := keys.InitTLS(clk, orphan, "localhost"); !errors.Is(err, keys.ErrHalfPair) {
		t.Errorf("TLS certificate without key: %v", err)
	}
	empty := t.TempDir()
	if keys.InitSeal(clk, empty, "") == nil {
		t.Error("a seal without name was made")
	}
	if keys.InitTLS(clk, empty) == nil {
		t.Error("a certificate without hosts was made")
	}
	if got := len(contents(t, empty)); got != 0 {
		t.Errorf("%d files were left by refused calls", got)
	}
}
