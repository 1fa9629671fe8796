// Package tsatest is an RFC 3161 authority for tests: it answers over HTTP as a
// real one would, and in every wrong way that a test asks for.
package tsatest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/digitorus/timestamp"

	"puntuale/internal/clock"
)

// Fault is a way to answer wrongly.
type Fault string

// The faults; Honest is none.
const (
	Honest     Fault = ""
	OtherBytes Fault = "about other bytes" // a valid token for another imprint
	OtherNonce Fault = "another nonce"     // a valid token for another request
	NoNonce    Fault = "no nonce"
	Refusal    Fault = "refusal"
	Unwell     Fault = "HTTP 503"
	Garbage    Fault = "garbage"
	Flipped    Fault = "one bit of the signature flipped"
	Lost       Fault = "answer lost" // the token is made, the connection breaks
	FarOff     Fault = "an hour ahead"
)

// Authority is a running authority. Its fields may be set while nobody asks.
type Authority struct {
	URL  string
	Root *x509.Certificate

	clock clock.Clock
	mu    sync.Mutex
	fault Fault // guarded by mu
	asked int   // guarded by mu
	leaf  *x509.Certificate
	key   *ecdsa.PrivateKey
}

// Options change the signer's certificate.
type Options struct {
	// NotAfter ends it; zero is a year from now.
	NotAfter time.Time
	// Usage replaces the time-stamping usage.
	Usage []x509.ExtKeyUsage
}

// Start runs an authority that goes with the test.
func Start(t testing.TB, c clock.Clock, o Options) *Authority {
	t.Helper()
	a := &Authority{clock: c}
	a.issue(t, o)
	s := httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(s.Close)
	a.URL = s.URL
	return a
}

// Roots is the pool with the authority's root.
func (a *Authority) Roots() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.Root)
	return p
}

// WriteRoot writes the root as PEM into a directory and returns the file.
func (a *Authority) WriteRoot(t testing.TB, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "tsa-root.pem")
	b := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Root.Raw})
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Fail makes every answer from now on wrong, or right with Honest.
func (a *Authority) Fail(f Fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fault = f
}

// Asked is how many requests came in.
func (a *Authority) Asked() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked
}

func (a *Authority) issue(t testing.TB, o Options) {
	t.Helper()
	now := a.clock.Now()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test root"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: now.Add(-10 * 365 * 24 * time.Hour), NotAfter: now.Add(10 * 365 * 24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	rootKey := newKey(t)
	a.Root = sign(t, root, root, rootKey, rootKey)
	if o.NotAfter.IsZero() {
		o.NotAfter = now.Add(365 * 24 * time.Hour)
	}
	if o.Usage == nil {
		o.Usage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}
	}
	a.key = newKey(t)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Test time-stamping authority"},
		NotBefore: now.Add(-365 * 24 * time.Hour), NotAfter: o.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{usage(t, o.Usage)},
	}
	a.leaf = sign(t, leaf, a.Root, a.key, rootKey)
}

// usage is the extension with its critical bit, which openssl asks for.
func usage(t testing.TB, list []x509.ExtKeyUsage) pkix.Extension {
	t.Helper()
	ids := make([]asn1.ObjectIdentifier, len(list))
	for i, u := range list {
		ids[i] = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, map[x509.ExtKeyUsage]int{
			x509.ExtKeyUsageServerAuth: 1, x509.ExtKeyUsageTimeStamping: 8,
		}[u]}
	}
	b, err := asn1.Marshal(ids)
	if err != nil {
		t.Fatal(err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: b}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sign(t testing.TB, c, parent *x509.Certificate, key, parentKey *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), parentKey)
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (a *Authority) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.asked++
	fault := a.fault
	a.mu.Unlock()
	query, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil || r.Header.Get("Content-Type") != "application/timestamp-query" {
		http.Error(w, "not a query", http.StatusBadRequest)
		return
	}
	if fault == Unwell {
		http.Error(w, "unwell", http.StatusServiceUnavailable)
		return
	}
	reply, err := a.Answer(query, fault)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if fault == Lost {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/timestamp-reply")
	w.Write(reply)
}

// Answer makes the response to a query.
func (a *Authority) Answer(query []byte, fault Fault) ([]byte, error) {
	q, err := timestamp.ParseRequest(query)
	if err != nil {
		return nil, err
	}
	ts := &timestamp.Timestamp{
		HashAlgorithm: q.HashAlgorithm, HashedMessage: q.HashedMessage, Time: a.clock.Now().UTC(), Accuracy: time.Second,
		Policy: asn1.ObjectIdentifier{1, 2, 3, 4, 1}, Nonce: q.Nonce, AddTSACertificate: true,
	}
	switch fault {
	case OtherBytes:
		other := sha256.Sum256([]byte("something else"))
		ts.HashedMessage = other[:]
	case OtherNonce:
		ts.Nonce = new(big.Int).Add(q.Nonce, big.NewInt(1))
	case NoNonce:
		ts.Nonce = nil
	case FarOff:
		ts.Time = ts.Time.Add(time.Hour)
	case Refusal:
		return timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.SystemFailure)
	case Garbage:
		return []byte{0x30, 0x03, 0x02, 0x01, 0x00}, nil
	}
	b, err := ts.CreateResponseWithOpts(a.leaf, a.key, crypto.SHA256)
	if err == nil && fault == Flipped {
		b[len(b)-1] ^= 1 // the signature is the last field
	}
	return b, err
}
