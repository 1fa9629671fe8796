// Package update tells whether there is a newer mini-client. A manifest, signed
// by the publisher's key, names the version and, for each system, where it is and
// the SHA-256 of its bytes. Nothing is ever installed from here, and around a
// click day nothing is said.
package update

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"puntuale/internal/clickday"
)

const (
	// domain is what the signature covers first.
	domain = "puntuale/update/v1\x00"
	// manifestMax is the largest manifest that is read.
	manifestMax = 64 << 10
	// quietBefore and quietAfter are the hours around an opening in which nobody
	// is told of a version, for nobody should change anything then.
	quietBefore = 48 * time.Hour
	quietAfter  = 12 * time.Hour
)

var (
	// ErrSignature: the manifest is not the publisher's.
	ErrSignature = errors.New("the list of versions is not signed by the publisher")
	// ErrForm: the manifest is not of the form that it has to have.
	ErrForm = errors.New("the list of versions is not readable")
)

// Download is where one system's program is.
type Download struct {
	URL    string `json:"url"` // https
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// Manifest is what the publisher says.
type Manifest struct {
	Version   string        `json:"version"` // 1.2.3
	Published time.Time     `json:"published"`
	Notes     clickday.Text `json:"notes"`
	// Downloads are by system and architecture, "windows/amd64".
	Downloads map[string]Download `json:"downloads"`
}

// signed is the manifest as it travels: the signature is over the domain and
// exactly the bytes of the manifest.
type signed struct {
	Manifest  []byte `json:"manifest"`
	Signature []byte `json:"signature"`
}

// Sign makes the file that a portal serves.
func Sign(m Manifest, key ed25519.PrivateKey) ([]byte, error) {
	if _, err := parse(m.Version); err != nil {
		return nil, err
	}
	b, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("update: %w", err)
	}
	return json.Marshal(signed{b, ed25519.Sign(key, message(b))})
}

func message(manifest []byte) []byte { return append([]byte(domain), manifest...) }

// Open checks and reads a manifest. ErrForm, ErrSignature.
func Open(b []byte, public ed25519.PublicKey) (Manifest, error) {
	var s signed
	var m Manifest
	if json.Unmarshal(b, &s) != nil || len(public) != ed25519.PublicKeySize {
		return m, ErrForm
	}
	if !ed25519.Verify(public, message(s.Manifest), s.Signature) {
		return m, ErrSignature
	}
	if err := json.NewDecoder(bytes.NewReader(s.Manifest)).Decode(&m); err != nil {
		return m, ErrForm
	}
	_, err := parse(m.Version)
	return m, err
}

// Newer reports whether a version is newer than the one that runs; a program
// without a version, built from the sources, is told of nothing.
func Newer(version, running string) bool {
	v, err := parse(version)
	r, rerr := parse(running)
	if err != nil || rerr != nil {
		return false
	}
	for i := range v {
		if v[i] != r[i] {
			return v[i] > r[i]
		}
	}
	return false
}

func parse(version string) (v [3]int, err error) {
	parts := strings.Split(strings.TrimPrefix(version, "v"), ".")
	if len(parts) != len(v) {
		return v, fmt.Errorf("%w: version %q", ErrForm, version)
	}
	for i, p := range parts {
		if v[i], err = strconv.Atoi(p); err != nil || v[i] < 0 {
			return v, fmt.Errorf("%w: version %q", ErrForm, version)
		}
	}
	return v, nil
}

// Quiet reports whether a click day is so near, or so lately over, that nobody
// should be told of a version.
func Quiet(c *clickday.Calendar, now int64) bool {
	for i := range c.Days {
		d := &c.Days[i]
		if !d.Rehearsal && d.State != clickday.DayClosed && now > d.Opens-int64(quietBefore) && now < max(d.Closes, d.Opens)+int64(quietAfter) {
			return true
		}
	}
	return false
}

// Fetch gets and checks the manifest at an address.
func Fetch(ctx context.Context, client *http.Client, address string, public ed25519.PublicKey) (Manifest, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Manifest{}, fmt.Errorf("update: %w", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return Manifest{}, fmt.Errorf("update: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, manifestMax))
	if err != nil {
		return Manifest{}, fmt.Errorf("update: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return Manifest{}, fmt.Errorf("update: %s", resp.Status)
	}
	return Open(b, public)
}
