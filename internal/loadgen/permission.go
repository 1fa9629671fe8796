package loadgen

import (
	"bufio"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"
)

// ErrNotPermitted says that a target may not be loaded.
var ErrNotPermitted = errors.New("loadgen: destinazione non ammessa / this target may not be loaded")

// Permission says what may be loaded: loopback addresses always, what an
// allow-list names, and what the operator of an installation has signed for.
type Permission struct {
	Allowed  []string          // host:port, exactly
	Operator ed25519.PublicKey // of the installation that is to be loaded; nil for none
	Consents [][]byte          // signed by it
	Now      time.Time
}

// ReadAllowList reads a file with one host:port a line; # begins a comment.
func ReadAllowList(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("loadgen: %w", err)
	}
	defer f.Close()
	var out []string
	in := bufio.NewScanner(f)
	for in.Scan() {
		line, _, _ := strings.Cut(in.Text(), "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(line); err != nil {
			return nil, fmt.Errorf("loadgen: %s: %q: want host:port", path, line)
		}
		out = append(out, line)
	}
	return out, in.Err()
}

// Check returns nil if the address, host:port, may be loaded.
func (p *Permission) Check(addr string) error {
	if !p.ByConsent(addr) {
		return nil
	}
	var why error
	for _, c := range p.Consents {
		if why = p.consents(c, addr); why == nil {
			return nil
		}
	}
	return errors.Join(fmt.Errorf("%w: %s non è questa macchina: va nominato in un file con --allow, o chi lo gestisce firma con `loadtest consent` / "+
		"%s is not this machine: name it in a file with --allow, or have its operator sign with `loadtest consent`", ErrNotPermitted, addr, addr), why)
}

// ByConsent reports whether only a consent permits an address. Whoever goes by one
// makes sure besides that the installation at the address is the operator's.
func (p *Permission) ByConsent(addr string) bool {
	a, err := netip.ParseAddrPort(addr)
	loopback := err == nil && a.Addr().Unmap().IsLoopback()
	return !loopback && !slices.Contains(p.Allowed, addr)
}

const consentPrefix = "puntuale load consent 1\n"

// Consent is what an operator signs: that this address may be loaded until then.
// The text can be sent by mail.
func Consent(addr string, until time.Time, operator ed25519.PrivateKey) []byte {
	text := fmt.Sprintf("%s%s\n%s\n", consentPrefix, addr, until.UTC().Format(time.RFC3339))
	return fmt.Appendf(nil, "%s%s\n", text, base64.StdEncoding.EncodeToString(ed25519.Sign(operator, []byte(text))))
}

// consents checks one consent.
func (p *Permission) consents(consent []byte, addr string) error {
	lines := strings.SplitAfter(string(consent), "\n")
	if len(p.Operator) != ed25519.PublicKeySize || len(lines) < 4 || lines[0] != consentPrefix {
		return errors.New("loadgen: non è un consenso, o manca la chiave di chi gestisce / not a consent, or no operator's key to check it with")
	}
	signature, err := base64.StdEncoding.DecodeString(strings.TrimSpace(lines[3]))
	if err != nil || !ed25519.Verify(p.Operator, []byte(lines[0]+lines[1]+lines[2]), signature) {
		return errors.New("loadgen: il consenso non è firmato da chi gestisce questa installazione / the consent is not signed by this operator")
	}
	until, err := time.Parse(time.RFC3339, strings.TrimSpace(lines[2]))
	switch {
	case err != nil:
		return fmt.Errorf("loadgen: consent: %w", err)
	case strings.TrimSpace(lines[1]) != addr:
		return fmt.Errorf("loadgen: il consenso vale per %[1]s / the consent is for %[1]s", strings.TrimSpace(lines[1]))
	case p.Now.After(until):
		return fmt.Errorf("loadgen: il consenso è scaduto il %[1]s / the consent ended at %[1]s", until.Format(time.RFC3339))
	}
	return nil
}
