package client

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/update"
)

// Version and PublisherKey (base64 of an Ed25519 public key) are set when a
// release is built: -ldflags "-X puntuale/internal/client.Version=1.2.3 …". A
// program without a version is told of no update; without a key it believes the
// one that the portal named at the pairing.
var (
	Version      string
	PublisherKey string
)

// UpdateView is a newer version that can be had. Nobody installs it but the person.
type UpdateView struct {
	Version  string          `json:"version"`
	Notes    clickday.Text   `json:"notes"`
	Download update.Download `json:"download"` // for this system
}

// version is that of this program.
func (c *Client) version() string { return cmp.Or(c.Config.Version, Version) }

// CheckUpdate asks the portal whether there is a newer version. It says nothing
// (nil) when there is none for this system, when this program has no version, and in the hours
// around a click day, unless asked explicitly (always).
func (c *Client) CheckUpdate(ctx context.Context, always bool) (*UpdateView, error) {
	p, paired := c.Profile()
	if !paired {
		return nil, ErrNotPaired
	}
	running := c.version()
	key, err := c.releaseKey(p.ReleaseKey)
	if err != nil {
		return nil, err
	}
	if running == "" || key == nil || !always && update.Quiet(c.calendars.Current(), c.base.Now()) {
		return nil, nil
	}
	h := &http.Client{Transport: c.Transport, Timeout: 30 * time.Second}
	m, err := update.Fetch(ctx, h, strings.TrimSuffix(p.Portal, "/")+update.ManifestPath, key)
	if err != nil || !update.Newer(m.Version, running) {
		return nil, err
	}
	d, ours := m.Downloads[runtime.GOOS+"/"+runtime.GOARCH]
	if !ours {
		return nil, nil
	}
	v := &UpdateView{Version: m.Version, Notes: m.Notes, Download: d}
	c.mu.Lock()
	c.newer = v
	c.mu.Unlock()
	c.touch()
	return v, nil
}

// releaseKey is what versions are checked with: the key that this program was
// built with, else the one that was pinned at the pairing; nil when there is neither.
func (c *Client) releaseKey(pinned []byte) (ed25519.PublicKey, error) {
	encoded := c.PublisherKey
	if c.Config.Version == "" {
		encoded = PublisherKey
	}
	if encoded == "" {
		return pinned, nil
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("publisher key: %w", err)
	}
	return key, nil
}
