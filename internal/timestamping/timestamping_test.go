package timestamping_test

import (
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/timestamping"
	"puntuale/internal/timestamping/tsatest"
)

var note = []byte("test.example/ledger/B-2026\n3\nAAAA\n\n— test\n")

func ask(t *testing.T, a *tsatest.Authority, roots *x509.CertPool) ([]byte, timestamping.Token, error) {
	t.Helper()
	client := timestamping.Authority{URL: a.URL, HTTP: http.DefaultClient, Roots: roots, Clock: clock.System{}, MaxOff: 10 * time.Minute}
	return client.Ask(t.Context(), note)
}

func TestAsk(t *testing.T) {
	a := tsatest.Start(t, clock.System{}, tsatest.Options{})
	der, token, err := ask(t, a, a.Roots())
	if err != nil {
		t.Fatal(err)
	}
	again, err := timestamping.Check(der, note, a.Roots())
	if err != nil || again.Time != token.Time || token.Authority != "CN=Test time-stamping authority" || token.Accuracy != time.Second {
		t.Fatalf("%+v, %v", again, err)
	}
	changed := append([]byte(nil), note...)
	changed[3] ^= 1
	if _, err := timestamping.Check(der, changed, a.Roots()); !errors.Is(err, timestamping.ErrImprint) {
		t.Error("one changed bit of the note:", err)
	}
	opensslAgrees(t, a, der, note, true)
	opensslAgrees(t, a, der, changed, false)
}

// opensslAgrees asks another implementation.
func opensslAgrees(t *testing.T, a *tsatest.Authority, der, about []byte, want bool) {
	t.Helper()
	dir := t.TempDir()
	token, data := filepath.Join(dir, "token.der"), filepath.Join(dir, "note")
	for path, b := range map[string][]byte{token: der, data: about} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("openssl", "ts", "-verify", "-data", data, "-in", token, "-token_in", "-CAfile", a.WriteRoot(t, dir)).CombinedOutput()
	if ok := err == nil && strings.Contains(string(out), "Verification: OK"); ok != want {
		t.Errorf("openssl ts -verify: %v\n%s", err, out)
	}
}

func TestWrongAnswersAreNotTaken(t *testing.T) {
	a := tsatest.Start(t, clock.System{}, tsatest.Options{})
	for fault, want := range map[tsatest.Fault]error{
		tsatest.OtherBytes: timestamping.ErrImprint, tsatest.OtherNonce: timestamping.ErrNonce, tsatest.NoNonce: timestamping.ErrNonce,
		tsatest.Refusal: timestamping.ErrRefused, tsatest.Unwell: timestamping.ErrRefused, tsatest.Garbage: timestamping.ErrRefused,
		tsatest.Flipped: timestamping.ErrRefused, tsatest.FarOff: timestamping.ErrFarOff, tsatest.Lost: nil,
	} {
		a.Fail(fault)
		der, _, err := ask(t, a, a.Roots())
		if err == nil || der != nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v", fault, err)
		}
	}
}

func TestCertificatesThatDoNotHold(t *testing.T) {
	now := clock.System{}.Now()
	honest := tsatest.Start(t, clock.System{}, tsatest.Options{})
	expired := tsatest.Start(t, clock.System{}, tsatest.Options{NotAfter: now.Add(-time.Hour)})
	server := tsatest.Start(t, clock.System{}, tsatest.Options{Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	both := tsatest.Start(t, clock.System{}, tsatest.Options{Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping, x509.ExtKeyUsageServerAuth}})
	for name, c := range map[string]struct {
		a     *tsatest.Authority
		roots *x509.CertPool
	}{
		"expired":                   {expired, expired.Roots()},
		"of a server":               {server, server.Roots()},
		"of a server as well":       {both, both.Roots()},
		"under another root":        {honest, expired.Roots()},
		"under no root of a system": {honest, nil},
	} {
		der, _, err := ask(t, c.a, c.roots)
		if err == nil || der != nil {
			t.Errorf("%s: taken", name)
		} else if name != "expired" && !errors.Is(err, timestamping.ErrChain) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEveryBitOfATokenCounts(t *testing.T) {
	a := tsatest.Start(t, clock.System{}, tsatest.Options{})
	der, token, err := ask(t, a, a.Roots())
	if err != nil {
		t.Fatal(err)
	}
	for i := range der {
		der[i] ^= 1
		// A bit that decides nothing (in a copy of the root, say) may change,
		// if what is taken from the token stays the same.
		if got, err := timestamping.Check(der, note, a.Roots()); err == nil && (got.Time != token.Time || got.Authority != token.Authority) {
			t.Errorf("byte %d changed, and the token says %+v", i, got)
		}
		der[i] ^= 1
	}
}

func FuzzCheck(f *testing.F) {
	a := tsatest.Start(f, clock.System{}, tsatest.Options{})
	client := timestamping.Authority{URL: a.URL, HTTP: http.DefaultClient, Roots: a.Roots(), Clock: clock.System{}, MaxOff: time.Hour}
	der, token, err := client.Ask(f.Context(), note)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(der)
	f.Add([]byte{0x30, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := timestamping.Check(b, note, a.Roots()); err == nil && got.Time != token.Time {
			t.Errorf("a token that nobody has made: %+v", got)
		}
	})
}
