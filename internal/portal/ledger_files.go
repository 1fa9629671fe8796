package portal

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/ledger"
)

const (
	// Heads change with every group of numbers, tiles never.
	cacheHead = "public, max-age=2"
	cacheTile = "public, max-age=31536000, immutable"

	typeToken = "application/vnd.etsi.timestamp-token"
	typeNote  = "text/plain; charset=utf-8"
	typeTile  = "application/octet-stream"
)

// ledgerFiles adds what serves the ledger to programs: C2SP tlog-tiles, signed heads and
// RFC 3161 tokens. No session, no cookie, nothing personal; any site may read it.
func (p *Portal) ledgerFiles(mux *http.ServeMux) {
	for pattern, find := range map[string]func(*http.Request) (ledgerFile, error){
		"GET /ledger/{day}/checkpoint":             p.checkpoint,
		"GET /ledger/{day}/checkpoint/{size}":      p.checkpointAt,
		"GET /ledger/{day}/timestamp":              p.timestamp,
		"GET /ledger/{day}/timestamp/checkpoint":   p.timestamped,
		"GET /ledger/{day}/timestamp/{size}":       p.timestampAt,
		"GET /ledger/{day}/tile/{level}/{rest...}": p.tile,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			f, err := find(r)
			p.sendLedgerFile(w, r, &f, err)
		})
	}
}

// ledgerFile is one answer; the tag names these very bytes.
type ledgerFile struct {
	content []byte
	kind    string
	cache   string
	tag     string
}

func (p *Portal) sendLedgerFile(w http.ResponseWriter, r *http.Request, f *ledgerFile, err error) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	if errors.Is(err, accounts.ErrNotFound) {
		h.Set("Cache-Control", "no-store") // it may be there in a moment
		http.Error(w, "not in this ledger (yet)", http.StatusNotFound)
		return
	}
	if err != nil {
		p.log.ErrorContext(r.Context(), "ledger", "path", r.URL.Path, "err", err)
		h.Set("Cache-Control", "no-store")
		http.Error(w, "the ledger cannot be read just now", http.StatusServiceUnavailable)
		return
	}
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", f.cache)
	h.Set("ETag", `"`+f.tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.content))
}

// headFile is a head as it was signed.
func headFile(h *ledger.Head, cache string) ledgerFile {
	return ledgerFile{h.Note, typeNote, cache, headTag(h)}
}

func tokenFile(h *ledger.Head, cache string) (ledgerFile, error) {
	if h.Timestamp == nil {
		return ledgerFile{}, accounts.ErrNotFound
	}
	return ledgerFile{h.Timestamp, typeToken, cache, "t" + headTag(h)}, nil
}

func headTag(h *ledger.Head) string {
	return strconv.FormatInt(h.Size, 10) + "-" + base64.RawURLEncoding.EncodeToString(h.Root[:])
}

func (p *Portal) checkpoint(r *http.Request) (ledgerFile, error) {
	h, err := p.store.LedgerHead(r.Context(), r.PathValue("day"))
	return headFile(&h, cacheHead), err
}

func (p *Portal) headAt(r *http.Request) (ledger.Head, error) {
	size, err := strconv.ParseInt(r.PathValue("size"), 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != r.PathValue("size") {
		return ledger.Head{}, accounts.ErrNotFound
	}
	return p.store.LedgerHeadAt(r.Context(), r.PathValue("day"), size)
}

func (p *Portal) checkpointAt(r *http.Request) (ledgerFile, error) {
	h, err := p.headAt(r)
	return headFile(&h, cacheTile), err
}

// timestamp is the token of the newest head that has one, timestamped that head.
func (p *Portal) timestamp(r *http.Request) (ledgerFile, error) {
	h, err := p.store.LedgerStamped(r.Context(), r.PathValue("day"))
	if err != nil {
		return ledgerFile{}, err
	}
	return tokenFile(&h, cacheHead)
}

func (p *Portal) timestamped(r *http.Request) (ledgerFile, error) {
	h, err := p.store.LedgerStamped(r.Context(), r.PathValue("day"))
	return headFile(&h, cacheHead), err
}

func (p *Portal) timestampAt(r *http.Request) (ledgerFile, error) {
	h, err := p.headAt(r)
	if err != nil {
		return ledgerFile{}, err
	}
	return tokenFile(&h, cacheTile)
}

func (p *Portal) tile(r *http.Request) (ledgerFile, error) {
	want, err := ledger.ParsePath("tile/" + r.PathValue("level") + "/" + r.PathValue("rest"))
	if err != nil {
		return ledgerFile{}, accounts.ErrNotFound
	}
	t, err := p.store.LedgerTile(r.Context(), r.PathValue("day"), want)
	if err != nil {
		return ledgerFile{}, err
	}
	// A tile of one width never changes, so its path names its bytes.
	return ledgerFile{t.Data, typeTile, cacheTile, t.Path()}, nil
}
