package portal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"puntuale/internal/ledger"
	"puntuale/internal/postgres/pgtest"
)

// withLedger gives the site's click day a ledger of that many leaves.
func (s *site) withLedger(n int) ledger.Head {
	s.t.Helper()
	lines := make([][]byte, n)
	for i := range lines {
		lines[i] = fmt.Appendf(nil, "leaf %d", i)
	}
	return pgtest.Ledger(s.t, s.db, 1, "FLUSSI-2027", 2, s.clock.Now(), lines...)
}

func TestLedgerFiles(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	const root = "/ledger/FLUSSI-2027/"
	if p := b.get(root + "checkpoint"); p.status != http.StatusNotFound || p.header.Get("Cache-Control") != "no-store" {
		t.Errorf("a head before the first: %d, %q", p.status, p.header.Get("Cache-Control"))
	}
	head := s.withLedger(300)
	p := b.get(root + "checkpoint")
	if p.status != http.StatusOK || p.body != string(head.Note) || p.header.Get("Content-Type") != typeNote || p.header.Get("Cache-Control") != cacheHead {
		t.Errorf("%d %q %v", p.status, p.body, p.header)
	}
	if p.header.Get("Access-Control-Allow-Origin") != "*" || p.header.Get("Set-Cookie") != "" {
		t.Errorf("not for everybody: %v", p.header)
	}
	if again := b.get(root+"checkpoint", "If-None-Match", p.header.Get("ETag")); again.status != http.StatusNotModified || again.body != "" {
		t.Errorf("the same head once more: %d", again.status)
	}
	if p := b.get(root + "checkpoint/300"); p.body != string(head.Note) || p.header.Get("Cache-Control") != cacheTile {
		t.Errorf("head of size 300: %d", p.status)
	}
	for path, width := range map[string]int{
		"tile/0/000": 256, "tile/0/000.p/255": 255, "tile/0/001.p/44": 44, "tile/0/001.p/1": 1, "tile/1/000.p/1": 1,
		"tile/entries/000": 256, "tile/entries/001.p/44": 44, "tile/entries/001.p/43": 43,
	} {
		p := b.get(root + path)
		tile, err := ledger.ParsePath(path)
		if err != nil {
			t.Fatal(err)
		}
		tile.Data = []byte(p.body)
		if tile.Level == ledger.Entries {
			_, err = tile.Lines()
		} else {
			_, err = tile.Hashes()
		}
		if p.status != http.StatusOK || err != nil || tile.Width != width || p.header.Get("Cache-Control") != cacheTile {
			t.Errorf("%s: %d, %v, %v", path, p.status, err, p.header)
		}
	}
	for _, path := range []string{
		"tile/0/001", "tile/0/001.p/45", "tile/0/002", "tile/1/000", "tile/entries/002", "tile/8/000", "tile/0/1", "tile/0/", "tile/entries/x/y",
		"checkpoint/299", "checkpoint/0300", "checkpoint/x", "timestamp", "timestamp/checkpoint", "timestamp/300", "something",
	} {
		if p := b.get(root + path); p.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, p.status)
		}
	}
	s.exec("UPDATE ledger_heads SET timestamp = 'token', timestamped_at = $1", s.clock.Now())
	for path, want := range map[string]string{
		"timestamp": "token", "timestamp/300": "token", "timestamp/checkpoint": string(head.Note),
	} {
		if p := b.get(root + path); p.status != http.StatusOK || p.body != want {
			t.Errorf("%s: %d %q", path, p.status, p.body)
		}
	}
	if p := b.get("/ledger/NO-SUCH-DAY/checkpoint"); p.status != http.StatusNotFound {
		t.Errorf("a day that is none: %d", p.status)
	}
}

func (s *site) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.db.Pool.Exec(s.t.Context(), sql, args...); err != nil {
		s.t.Fatal(err)
	}
}

func TestLedgerPages(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	if text := b.open("/ledger?lang=it").Find("main").Text(); !strings.Contains(text, "Ancora nessuna") {
		t.Error("before the first leaf:", text)
	}
	empty := b.open("/ledger/FLUSSI-2027").Find("main").Text()
	if !strings.Contains(empty, "comincia con la prima domanda") || !strings.Contains(empty, "Segreto fino alla chiusura") {
		t.Error("before the first leaf:", empty)
	}
	head := s.withLedger(1234)
	for lang, words := range map[string][]string{
		"it": {"1.234", "Coppie troppo vicine", "Non ancora", "1\u00a0µs", "Segreto fino alla chiusura"},
		"en": {"1,234", "Pairs too close to call", "Not yet", "1\u00a0µs", "Secret until the close"},
	} {
		page := b.open("/ledger/FLUSSI-2027?lang=" + lang)
		text := page.Find("main").Text()
		for _, want := range append(words, head.Root.String(), head.Origin, s.commitment()) {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the page does not say %q", lang, want)
			}
		}
		if strings.Contains(text, s.seed()) {
			t.Errorf("%s: the page tells the seed", lang)
		}
	}
	if index := b.open("/ledger").Find("main").Text(); !strings.Contains(index, head.Root.String()) {
		t.Error("the index does not show the digest")
	}
	s.exec("UPDATE ledger_heads SET timestamp = 'token', timestamped_at = $1", s.clock.Now())
	s.exec("UPDATE click_days SET seed_revealed_at = $1", s.clock.Now().Add(48*time.Hour))
	page := b.open("/ledger/FLUSSI-2027?lang=it").Find("main")
	for _, want := range []string{s.seed(), "12/01/2027", "tutto il registro esisteva già così"} {
		if !strings.Contains(page.Text(), want) {
			t.Errorf("after the day the page does not say %q", want)
		}
	}
	if page.Find(`a[href="/ledger/FLUSSI-2027/timestamp"]`).Length() != 1 {
		t.Error("no link to the time-stamp")
	}
	if p := b.get("/ledger/NO-SUCH-DAY"); p.status != http.StatusNotFound {
		t.Errorf("a day that is none: %d", p.status)
	}
}

func (s *site) seed() string {
	s.t.Helper()
	var seed []byte
	if err := s.db.Pool.QueryRow(s.t.Context(), "SELECT tie_seed FROM click_days WHERE id = 1").Scan(&seed); err != nil {
		s.t.Fatal(err)
	}
	return hex.EncodeToString(seed)
}

func (s *site) commitment() string {
	s.t.Helper()
	seed, err := hex.DecodeString(s.seed())
	if err != nil {
		s.t.Fatal(err)
	}
	sum := sha256.Sum256(seed)
	return hex.EncodeToString(sum[:])
}

// TestLedgerByHTTPAlone checks the ledger as a stranger would, with nothing but
// the verifier key and what the portal serves.
func TestLedgerByHTTPAlone(t *testing.T) {
	s := newSite(t)
	s.withLedger(700)
	b := s.browser()
	head, err := pgtest.LedgerSigner().Verifier().Open("FLUSSI-2027", []byte(b.get("/ledger/FLUSSI-2027/checkpoint").body))
	if err != nil {
		t.Fatal(err)
	}
	prover := ledger.NewProver(head.Size, func(want ledger.Tile) (ledger.Tile, error) {
		p := b.get("/ledger/FLUSSI-2027/" + want.Path())
		if p.status != http.StatusOK {
			return want, fmt.Errorf("%s: %d", want.Path(), p.status)
		}
		want.Data = []byte(p.body)
		return want, nil
	})
	if root, err := prover.Root(); err != nil || root != head.Root {
		t.Errorf("root %v, %v", root, err)
	}
	for _, i := range []int64{0, 255, 256, 699} {
		proof, err := prover.Inclusion(i)
		if err == nil {
			err = ledger.CheckInclusion(proof, bytes.TrimSpace(fmt.Appendf(nil, "leaf %d", i)), head.Root)
		}
		if err != nil {
			t.Errorf("leaf %d: %v", i, err)
		}
	}
}
