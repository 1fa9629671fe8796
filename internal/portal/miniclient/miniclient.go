// Package miniclient is the room of the mini-client: its download for the
// visitor's system with checksum and signature, how to check them, instructions
// with pictures, and the computers that are paired.
package miniclient

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"embed"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/client/update"
	"puntuale/internal/portal/site"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed texts.json
var textsFile []byte

// Store lists paired computers.
type Store interface {
	// Devices returns those of an account, revoked ones among them.
	Devices(ctx context.Context, account clickday.AccountID) ([]accounts.Device, error)
}

// Config is what the room shows besides.
type Config struct {
	Releases   string            // directory of releases, empty for none
	ReleaseKey ed25519.PublicKey // checks them
	NTPServers []string
}

// Miniclient is the room.
type Miniclient struct {
	site  *site.Site
	store Store
	cfg   Config
}

// New returns the room.
func New(s *site.Site, store Store, cfg Config) *Miniclient { return &Miniclient{s, store, cfg} }

// Room lists what is in it.
func (m *Miniclient) Room() site.Room {
	return site.Room{Name: "miniclient", Templates: templateFiles, Texts: textsFile, Routes: []site.Route{
		{Pattern: "GET /miniclient", Essential: true, Handle: m.page},
	}}
}

type downloadView struct {
	System, Name, URL, Size, SHA256 string
	Windows, Apple                  bool
}

type releaseView struct {
	Version, Published, Notes string
	Yours                     *downloadView // for the visitor's system, nil if it is not known or not there
	All                       []downloadView
	Signature, Key            string // base64; PEM
}

type deviceView struct {
	ID           int64
	Name, Paired string
	Revoked      bool
}

type step struct{ Picture, Text, Alt string } // keys of the texts

type pageView struct {
	site.Base
	PublicURL  string
	NTPServers []string
	Release    *releaseView
	Steps      []step
	Devices    []deviceView
}

// pictures are the steps that are shown with the window as it is then.
var pictures = []string{"pair", "applications", "armed", "outcomes"}

func (m *Miniclient) page(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	data := &pageView{
		Base:      site.Base{Title: "miniclient.title", Nav: "miniclient", Crumbs: []site.Crumb{{Label: m.site.Say(v, "miniclient.title")}}},
		PublicURL: m.site.PublicURL(), NTPServers: m.cfg.NTPServers,
	}
	h := w.Header()
	h.Set("Accept-CH", "Sec-CH-UA-Platform, Sec-CH-UA-Arch")
	h.Add("Vary", "User-Agent, Sec-CH-UA-Platform, Sec-CH-UA-Arch")
	var err error
	if data.Release, err = m.release(v, r.Header); err != nil {
		// Nothing may be offered that the publisher has not signed.
		m.site.Log().ErrorContext(r.Context(), "releases of the mini-client", "err", err)
	}
	for _, p := range pictures {
		data.Steps = append(data.Steps, step{"miniclient-" + p + "-" + v.Lang + ".png", "miniclient.step." + p, "miniclient.alt." + p})
	}
	if v.Account != nil {
		list, err := m.store.Devices(r.Context(), v.Account.ID)
		if err != nil {
			return err
		}
		for _, d := range list {
			data.Devices = append(data.Devices, deviceView{d.ID, d.Name, m.site.Minute(v, d.CreatedAt), d.Revoked})
		}
	}
	return m.site.Render(w, r, v, http.StatusOK, "miniclient", data)
}

// release reads what is published; nil for nothing.
func (m *Miniclient) release(v *site.Visit, visitor http.Header) (*releaseView, error) {
	if m.cfg.Releases == "" {
		return nil, nil
	}
	b, signed, err := update.Read(m.cfg.Releases)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	manifest, err := update.Open(b, m.cfg.ReleaseKey)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(m.cfg.ReleaseKey)
	if err != nil {
		return nil, fmt.Errorf("release key: %w", err)
	}
	out := &releaseView{
		Version: manifest.Version, Published: m.site.Minute(v, manifest.Published), Notes: manifest.Notes.In(v.Lang),
		Signature: base64.StdEncoding.EncodeToString(signed.Signature), Key: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
	}
	theirs := systemOf(visitor)
	for system, d := range manifest.Downloads {
		os, _, _ := strings.Cut(system, "/")
		view := downloadView{
			System: systemName(system), Name: path.Base(d.URL), URL: d.URL, Size: site.Size(v, d.Size), SHA256: d.SHA256, Windows: os == "windows", Apple: os == "darwin",
		}
		out.All = append(out.All, view)
		if system == theirs {
			out.Yours = &view
		}
	}
	slices.SortFunc(out.All, func(a, b downloadView) int { return strings.Compare(a.System, b.System) })
	return out, nil
}

// systemOf guesses the visitor's system, as manifests name it: by what the
// browser says when asked, else by its name. Empty for telephones and the rest.
func systemOf(h http.Header) string {
	agent := strings.ToLower(h.Get("User-Agent"))
	platform := strings.ToLower(strings.Trim(h.Get("Sec-CH-UA-Platform"), `"`))
	if platform == "" {
		platform = agent
	}
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(platform, w) })
	}
	arch := "amd64"
	switch hint := strings.Trim(h.Get("Sec-CH-UA-Arch"), `"`); {
	case hint == "arm", hint == "" && (strings.Contains(agent, "aarch64") || strings.Contains(agent, "arm64")):
		arch = "arm64"
	case hint == "" && has("mac"): // browsers say Intel on every one; those of today are not
		arch = "arm64"
	}
	switch {
	case has("android", "iphone", "ipad", "ios"):
		return ""
	case has("windows"):
		return "windows/" + arch
	case has("mac"):
		return "darwin/" + arch
	case has("linux"):
		return "linux/" + arch
	}
	return ""
}

// systemName is how people call a system.
func systemName(system string) string {
	os, arch, _ := strings.Cut(system, "/")
	names := map[string]string{"windows": "Windows", "darwin": "macOS", "linux": "Linux", "amd64": "x86-64", "arm64": "ARM64"}
	if n := names[os]; n != "" {
		os = n
	}
	if n := names[arch]; n != "" {
		arch = n
	}
	return os + " " + arch
}
