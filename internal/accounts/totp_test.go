package accounts

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestVectors are those of RFC 6238, appendix B (SHA-1, eight digits), and of
// RFC 4226, appendix D (six digits).
func TestVectors(t *testing.T) {
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		step := TOTPStep(time.Unix(at, 0))
		if got := hotp(secret, uint64(step), 8); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
		if got := TOTP(secret, step); got != want[2:] {
			t.Errorf("six digits at %d: %s, want %s", at, got, want[2:])
		}
	}
	for i, want := range strings.Fields("755224 287082 359152 969429 338314 254676 287922 162583 399871 520489") {
		if got := TOTP(secret, int64(i)); got != want {
			t.Errorf("counter %d: %s, want %s", i, got, want)
		}
	}
}

func TestMatchTOTP(t *testing.T) {
	secret, now := NewSecret(), time.Date(2027, 1, 12, 9, 0, 15, 0, time.UTC)
	at := TOTPStep(now)
	for drift, want := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		if _, ok := MatchTOTP(secret, TOTP(secret, at+drift), now, 0); ok != want {
			t.Errorf("%d steps off: %v", drift, ok)
		}
	}
	code := TOTP(secret, at)
	step, ok := MatchTOTP(secret, code[:3]+" "+code[3:], now, at-1)
	if !ok || step != at {
		t.Error("typed in two groups", step, ok)
	}
	if _, ok := MatchTOTP(secret, code, now, at); ok {
		t.Error("a code counts twice")
	}
	for _, bad := range []string{"", "00000", "abcdef", code + "0"} {
		if _, ok := MatchTOTP(secret, bad, now, 0); ok {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestSecretURL(t *testing.T) {
	got := SecretURL([]byte("12345678901234567890"), "Puntuale di Prova", "anna+1@example.it")
	want := "otpauth://totp/Puntuale%20di%20Prova:anna+1@example.it?algorithm=SHA1&digits=6&issuer=Puntuale%20di%20Prova&period=30&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestRecoveryCodes(t *testing.T) {
	codes, hashes := NewRecoveryCodes()
	if len(codes) != RecoveryCodes || len(hashes) != RecoveryCodes {
		t.Fatal(len(codes), len(hashes))
	}
	seen := map[string]bool{}
	for i, c := range codes {
		h, ok := RecoveryHash(" " + strings.ToLower(strings.ReplaceAll(c, " ", "-")))
		if !ok || h != hashes[i] || seen[c] || len(c) != 19 {
			t.Errorf("%q: %v", c, ok)
		}
		seen[c] = true
	}
	for _, bad := range []string{"", "AAAA", "AAAA AAAA AAAA AAA1", strings.Repeat("A", 17)} {
		if _, ok := RecoveryHash(bad); ok {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestVault(t *testing.T) {
	v, err := NewVault(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	secret := NewSecret()
	sealed := v.Seal(7, secret)
	if bytes.Contains(sealed, secret) || bytes.Equal(sealed, v.Seal(7, secret)) {
		t.Error("the secret shows")
	}
	if got, err := v.Open(7, sealed); err != nil || !bytes.Equal(got, secret) {
		t.Error(got, err)
	}
	other, err := NewVault(bytes.Repeat([]byte{2}, 32))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Open(7, sealed); err == nil {
		t.Error("opens with another key")
	}
	for name, b := range map[string][]byte{"cut": sealed[:5], "changed": append(bytes.Clone(sealed[:len(sealed)-1]), sealed[len(sealed)-1]^1)} {
		if _, err := v.Open(7, b); err == nil {
			t.Error("opens", name)
		}
	}
	if _, err := v.Open(8, sealed); err == nil {
		t.Error("opens for another account")
	}
	if _, err := NewVault([]byte("short")); err == nil {
		t.Error("takes a short key")
	}
}
