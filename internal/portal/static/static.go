// Package static serves style, fonts and icons of the portal from the program
// itself: names that change with the content, cached for ever, gzip made once
// at the start. web/assets says where the files come from.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed files
var embedded embed.FS

// Prefix is where the files are served.
const Prefix = "/static/"

// Files is every file with its compressed form. It does not change after New.
type Files struct {
	version string // of all files together, so that style sheets can name fonts relatively
	byName  map[string]file
}

type file struct {
	mediaType   string
	plain, gzip []byte // gzip is nil where it would not be smaller
}

// New reads the embedded files.
func New() (*Files, error) {
	dir, err := fs.Sub(embedded, "files")
	if err != nil {
		return nil, fmt.Errorf("static: %w", err)
	}
	out := &Files{byName: map[string]file{}}
	sum := sha256.New()
	err = fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(dir, name)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s %d\n", name, len(b))
		sum.Write(b)
		f := file{mediaType: mediaType(name), plain: b}
		if z, err := compress(b); err != nil {
			return err
		} else if len(z) < len(b)*9/10 {
			f.gzip = z
		}
		out.byName[name] = f
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("static: %w", err)
	}
	out.version = hex.EncodeToString(sum.Sum(nil))[:16]
	return out, nil
}

// mediaType does not ask the machine's own tables, which differ.
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".woff2":
		return "font/woff2"
	case ".svg":
		return "image/svg+xml"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".txt", "":
		return "text/plain; charset=utf-8"
	}
	return mime.TypeByExtension(path.Ext(name))
}

func compress(b []byte) ([]byte, error) {
	var z bytes.Buffer
	w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return z.Bytes(), nil
}

// URL returns the address of a file. A name that does not exist is an error,
// which a test of the templates finds.
func (f *Files) URL(name string) (string, error) {
	if _, ok := f.byName[name]; !ok {
		return "", fmt.Errorf("static: no file %q", name)
	}
	return Prefix + f.version + "/" + name, nil
}

// ServeHTTP answers GET and HEAD below Prefix. Addresses with an older version,
// from a page that was open during an update, are served without being cached.
func (f *Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	version, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, Prefix), "/")
	found, ok := f.byName[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	if version == f.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("Content-Type", found.mediaType)
	h.Set("Vary", "Accept-Encoding")
	body := found.plain
	if found.gzip != nil && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		body = found.gzip
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method != http.MethodHead {
		w.Write(body) // a client that has gone away misses its answer, nothing else
	}
}

func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			q := strings.ReplaceAll(params, " ", "")
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}
