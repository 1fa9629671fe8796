package update

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"puntuale/internal/clickday"
)

const (
	// ManifestPath is where a portal serves the signed manifest, FilesPath where
	// the programs are, as version/system/architecture/name.
	ManifestPath = "/api/v1/miniclient"
	FilesPath    = "/downloads/"

	manifestFile = "miniclient.json"
	filesDir     = "files"
)

// ErrOlder: a version may not follow a newer one.
var ErrOlder = errors.New("a newer version is published already")

var (
	systemForm = regexp.MustCompile(`^[a-z0-9]{1,16}/[a-z0-9]{1,16}$`)
	nameForm   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)
)

// Release is one program to publish.
type Release struct {
	Version string        // 1.2.3
	System  string        // windows/amd64
	File    string        // the program or its installer; its name is kept
	Notes   clickday.Text // what is new; empty keeps what was said of this version
	Portal  string        // public address, without a final stroke
	At      time.Time
}

// Publish copies a program into the directory of releases and signs a manifest
// that names it. The first program of a newer version begins a new manifest, so
// that nobody is told of a version that is not there for his system. The program
// is whole on disk before the manifest names it. ErrOlder, ErrForm.
func Publish(dir string, r Release, key ed25519.PrivateKey) (Manifest, error) {
	name := filepath.Base(r.File)
	if _, err := parse(r.Version); err != nil {
		return Manifest{}, err
	}
	if !systemForm.MatchString(r.System) || !nameForm.MatchString(name) {
		return Manifest{}, fmt.Errorf("%w: system %q or name %q", ErrForm, r.System, name)
	}
	version := strings.TrimPrefix(r.Version, "v")
	m, err := next(dir, version, key.Public().(ed25519.PublicKey))
	if err != nil {
		return m, err
	}
	path := version + "/" + r.System + "/" + name
	d, err := keep(r.File, filepath.Join(dir, filesDir, filepath.FromSlash(path)))
	if err != nil {
		return m, err
	}
	d.URL = strings.TrimSuffix(r.Portal, "/") + FilesPath + path
	m.Downloads[r.System] = d
	m.Published = r.At.UTC().Truncate(time.Second)
	if r.Notes.IT != "" || r.Notes.EN != "" {
		m.Notes = r.Notes
	}
	b, err := Sign(m, key)
	if err != nil {
		return m, err
	}
	return m, replace(filepath.Join(dir, manifestFile), b)
}

// next is the manifest that a version goes into.
func next(dir, version string, public ed25519.PublicKey) (Manifest, error) {
	fresh := Manifest{Version: version, Downloads: map[string]Download{}}
	b, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return fresh, nil
	}
	if err != nil {
		return fresh, fmt.Errorf("update: %w", err)
	}
	m, err := Open(b, public)
	switch {
	case err != nil:
		return m, fmt.Errorf("%s: %w", manifestFile, err)
	case Newer(version, m.Version):
		return fresh, nil
	case Newer(m.Version, version):
		return m, fmt.Errorf("%w: %s", ErrOlder, m.Version)
	}
	return m, nil
}

// keep copies a file and returns its size and digest.
func keep(from, to string) (d Download, err error) {
	in, err := os.Open(from)
	if err != nil {
		return d, fmt.Errorf("update: %w", err)
	}
	defer in.Close()
	b, err := io.ReadAll(in)
	if err != nil {
		return d, fmt.Errorf("update: %w", err)
	}
	sum := sha256.Sum256(b)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return d, fmt.Errorf("update: %w", err)
	}
	return Download{SHA256: hex.EncodeToString(sum[:]), Size: int64(len(b))}, replace(to, b)
}

// replace writes a file whole or not at all.
func replace(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return fmt.Errorf("update: %w", err)
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name()) // the error says enough
		return fmt.Errorf("update: %w", err)
	}
	return nil
}

// Serve returns a handler of ManifestPath and of what is below FilesPath.
func Serve(dir string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+ManifestPath, func(w http.ResponseWriter, r *http.Request) {
		b, err := os.ReadFile(filepath.Join(dir, manifestFile))
		if err != nil || !json.Valid(b) {
			http.Error(w, `{"title":"nothing is published","status":404}`, http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "max-age=300")
		w.Write(b) //nolint:errcheck // whoever asked has gone
	})
	files := http.FileServerFS(onlyFiles{os.DirFS(filepath.Join(dir, filesDir))})
	mux.Handle("GET "+FilesPath, http.StripPrefix(FilesPath, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Disposition", "attachment")
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		files.ServeHTTP(w, r)
	})))
	return mux
}

// onlyFiles hides directories and what is half written.
type onlyFiles struct{ fs.FS }

// Open implements fs.FS.
func (o onlyFiles) Open(name string) (fs.File, error) {
	if info, err := fs.Stat(o.FS, name); err != nil || !info.Mode().IsRegular() || strings.Contains(name, "/.") {
		return nil, fs.ErrNotExist
	}
	return o.FS.Open(name)
}
