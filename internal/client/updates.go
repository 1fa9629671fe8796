package client

import (
	"cmp"
	"context"
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
// program built from the sources has neither and is told of no update.
var (
	Version      string
	PublisherKey string
)

// manifestPath is where a portal serves the signed list of versions.
const manifestPath = "/api/v1/miniclient"

// UpdateView is a newer version that can be had. Nobody installs it but the person.
type UpdateView struct {
	Version  string          `json:"version"`
	Notes    clickday.Text   `json:"notes"`
	Download update.Download `json:"download"` // for this system; empty when there is none
}

// version is that of this program.
func (c *Client) version() string { return cmp.Or(c.Config.Version, Version) }

// CheckUpdate asks the portal whether there is a newer version. It says nothing
// (nil) when there is none, when this program has no version, and in the hours
// around a click day, unless asked explicitly (always).
func (c *Client) CheckUpdate(ctx context.Context, always bool) (*UpdateView, error) {
	p, paired := c.Profile()
	if !paired {
		return nil, ErrNotPaired
	}
	running, encoded := c.version(), c.PublisherKey
	if c.Config.Version == "" {
		encoded = PublisherKey
	}
	if running == "" || encoded == "" || !always && update.Quiet(c.calendars.Current(), c.base.Now()) {
		return nil, nil
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("publisher key: %w", err)
	}
	h := &http.Client{Transport: c.Transport, Timeout: 30 * time.Second}
	m, err := update.Fetch(ctx, h, strings.TrimSuffix(p.Portal, "/")+manifestPath, key)
	if err != nil || !update.Newer(m.Version, running) {
		return nil, err
	}
	v := &UpdateView{Version: m.Version, Notes: m.Notes, Download: m.Downloads[runtime.GOOS+"/"+runtime.GOARCH]}
	c.mu.Lock()
	c.newer = v
	c.mu.Unlock()
	c.touch()
	return v, nil
}
