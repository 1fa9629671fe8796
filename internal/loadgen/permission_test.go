package loadgen

import (
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestTargetsAreRefusedUnlessPermitted(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	list := filepath.Join(t.TempDir(), "allow")
	if err := os.WriteFile(list, []byte("# ours\nlab.example:8443 # the laboratory\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	allowed, err := ReadAllowList(list)
	if err != nil {
		t.Fatal(err)
	}
	const far = "192.0.2.7:8443"
	good := Consent(far, now.Add(time.Hour), private)
	edited := append([]byte(nil), good...)
	edited[len(consentPrefix)] = '2'
	for name, c := range map[string]struct {
		addr    string
		consent []byte
		ok      bool
	}{
		"loopback":            {"127.0.0.1:8443", nil, true},
		"loopback, version 6": {"[::1]:8443", nil, true},
		"a name":              {"localhost:8443", nil, false},
		"on the list":         {"lab.example:8443", nil, true},
		"another port":        {"lab.example:443", nil, false},
		"elsewhere":           {far, nil, false},
		"signed for":          {far, good, true},
		"signed for another":  {"192.0.2.8:8443", good, false},
		"edited":              {far, edited, false},
		"by a stranger":       {far, Consent(far, now.Add(time.Hour), stranger), false},
		"over":                {far, Consent(far, now.Add(-time.Hour), private), false},
		"nonsense":            {far, []byte("yes"), false},
	} {
		p := Permission{Allowed: allowed, Operator: public, Now: now}
		if c.consent != nil {
			p.Consents = [][]byte{c.consent}
		}
		if err := p.Check(c.addr); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrNotPermitted) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
