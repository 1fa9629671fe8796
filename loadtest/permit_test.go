//go:build linux

package main

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/loadgen"
	"puntuale/internal/wire"
)

// shown serves the calendar of an operator, at an address that is not known to be
// this machine's.
func shown(t *testing.T, operator ed25519.PrivateKey) loadgen.Target {
	t.Helper()
	now := clock.System{}.Now()
	signed, err := wire.SealCalendar(&clickday.Calendar{Version: 1, IssuedAt: now.UnixNano()}, operator)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == wire.PathCalendar {
			w.Write(signed)
		}
	}))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return loadgen.Target{Addr: "localhost:" + port}
}

func newKey(b byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, ed25519.SeedSize))
}

// Anybody can sign for the address of somebody else.
func TestAConsentCountsOnlyWhereTheTargetIsItsSigners(t *testing.T) {
	operator, stranger := newKey(1), newKey(2)
	target := shown(t, operator)
	until := clock.System{}.Now().Add(time.Hour)
	for name, c := range map[string]struct {
		key  ed25519.PrivateKey
		list []string
		ok   bool
	}{"the operator": {operator, nil, true}, "a stranger": {stranger, nil, false}, "a stranger with a list": {stranger, []string{target.Addr}, true}} {
		t.Run(name, func(t *testing.T) {
			p := &loadgen.Permission{Now: clock.System{}.Now(), Operator: c.key.Public().(ed25519.PublicKey), Allowed: c.list,
				Consents: [][]byte{loadgen.Consent(target.Addr, until, c.key)}}
			if err := p.Check(target.Addr); err != nil {
				t.Fatal(err)
			}
			err := prove(t.Context(), p, []loadgen.Target{target})
			if (err == nil) != c.ok || err != nil && !errors.Is(err, loadgen.ErrNotPermitted) {
				t.Errorf("proven: %v", err)
			}
		})
	}
}

func TestARunRefusesWhatItMayNotLoad(t *testing.T) {
	list := filepath.Join(t.TempDir(), "allow")
	if err := os.WriteFile(list, []byte("192.0.2.9:8443 # another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ target, allow, want string }{
		"nobody has permitted it": {"https://192.0.2.7:8443", "", "--allow"},
		"another is permitted":    {"https://192.0.2.7:8443", list, "--allow"},
		"no port":                 {"https://192.0.2.9", list, "host:port"},
		"no scheme":               {"192.0.2.9:8443", list, "host:port"},
		"no list":                 {"https://192.0.2.9:8443", list + ".old", "no such file"},
		"on the list":             {"https://192.0.2.9:8443", list, ""},
		"this machine":            {"https://127.0.0.1:8443", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := siteFlags{Target: []string{c.target}, Allow: c.allow, Keys: t.TempDir()}
			_, err := f.permission(clock.System{})
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}
