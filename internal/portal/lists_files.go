package portal

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/lists"
	"puntuale/internal/portal/site"
)

// Names of the files of a version of the quotas.
const (
	quotasFile   = "quote.csv"
	nationsFile  = "nazionalita.csv"
	documentFile = "regole.md"
)

// forever is for what never changes once it is published.
const forever = "public, max-age=31536000, immutable"

// listFiles serves the files of published lists, without a session.
func (p *Portal) listFiles() http.Handler {
	return p.download(func(w http.ResponseWriter, r *http.Request) error {
		version, err := versionOf(r)
		if err != nil {
			return err
		}
		day, name := r.PathValue("day"), r.PathValue("file")
		f, err := p.store.ListFile(r.Context(), day, version, name)
		if err != nil {
			return missing(err)
		}
		if attach(w, r, day+"-v"+strconv.Itoa(version)+"-"+name, f.Media, f.SHA256) {
			return nil
		}
		w.Header().Set("Content-Length", strconv.FormatInt(f.Size, 10))
		if r.Method == http.MethodHead {
			return nil
		}
		err = p.store.ReadListFile(r.Context(), day, version, name, func(b []byte) error { _, err := w.Write(b); return err })
		if err != nil && r.Context().Err() == nil {
			p.log.WarnContext(r.Context(), "download cut", "path", r.URL.Path, "err", err)
		}
		return nil // the head is sent: nothing else can be said
	})
}

// quotaFiles serves the files of published quotas.
func (p *Portal) quotaFiles() http.Handler {
	return p.download(func(w http.ResponseWriter, r *http.Request) error {
		version, err := versionOf(r)
		if err != nil {
			return err
		}
		q, err := p.store.QuotaVersion(r.Context(), r.PathValue("day"), version)
		if err != nil {
			return missing(err)
		}
		name := r.PathValue("file")
		content, media := q.Table.CSV(), lists.MediaCSV
		switch name {
		case quotasFile:
		case nationsFile:
			content = q.Nations.CSV()
		case documentFile:
			content, media = q.Document, "text/markdown; charset=utf-8"
		default:
			return accounts.ErrNotFound
		}
		if attach(w, r, fmt.Sprintf("%s-quote-v%d-%s", q.DayCode, version, name), media, sha256.Sum256(content)) {
			return nil
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		if r.Method != http.MethodHead {
			bytes.NewReader(content).WriteTo(w) // whoever has gone away misses the file, nothing else
		}
		return nil
	})
}

// download answers errors in words.
func (p *Portal) download(h func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			p.site.Fail(w, r, &site.Visit{Lang: site.ChosenLanguage(r)}, err)
		}
	})
}

// attach sets the headers of a file that never changes, and reports whether the
// browser has it already.
func attach(w http.ResponseWriter, r *http.Request, name, media string, sum [32]byte) bool {
	h := w.Header()
	tag := `"` + hex.EncodeToString(sum[:]) + `"`
	h.Set("Cache-Control", forever)
	h.Set("ETag", tag)
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	if strings.Contains(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return true
	}
	return false
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// newestFirst sorts click days by their opening, the latest first.
func newestFirst(days []clickday.Day) []clickday.Day {
	out := slices.Clone(days)
	slices.SortStableFunc(out, func(a, b clickday.Day) int { return cmp.Compare(b.Opens, a.Opens) })
	return out[:min(len(out), maxDaysShown)]
}
