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
func (s *testSite) withLedger(n int) ledger.Head {
	s.T.Helper()
	lines := make([][]byte, n)
	for i := range lines {
		lines[i] = fmt.Appendf(nil, "leaf %d", i)
	}
	return pgtest.Ledger(s.T, s.DB, 1, "FLUSSI-2027", 2, s.Clock.Now(), lines...)
}

func TestLedgerFiles(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	const root = "/ledger/FLUSSI-2027/"
	if p := b.Get(root + "checkpoint"); p.Status != http.StatusNotFound || p.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("a head before the first: %d, %q", p.Status, p.Header.Get("Cache-Control"))
	}
	head := s.withLedger(300)
	p := b.Get(root + "checkpoint")
	if p.Status != http.StatusOK || p.Body != string(head.Note) || p.Header.Get("Content-Type") != typeNote || p.Header.Get("Cache-Control") != cacheHead {
		t.Errorf("%d %q %v", p.Status, p.Body, p.Header)
	}
	if p.Header.Get("Access-Control-Allow-Origin") != "*" || p.Header.Get("Set-Cookie") != "" {
		t.Errorf("not for everybody: %v", p.Header)
	}
	if again := b.Get(root+"checkpoint", "If-None-Match", p.Header.Get("ETag")); again.Status != http.StatusNotModified || again.Body != "" {
		t.Errorf("the same head once more: %d", again.Status)
	}
	if p := b.Get(root + "checkpoint/300"); p.Body != string(head.Note) || p.Header.Get("Cache-Control") != cacheTile {
		t.Errorf("head of size 300: %d", p.Status)
	}
	for path, width := range map[string]int{
		"tile/0/000": 256, "tile/0/000.p/255": 255, "tile/0/001.p/44": 44, "tile/0/001.p/1": 1, "tile/1/000.p/1": 1,
		"tile/entries/000": 256, "tile/entries/001.p/44": 44, "tile/entries/001.p/43": 43,
	} {
		p := b.Get(root + path)
		tile, err := ledger.ParsePath(path)
		if err != nil {
			t.Fatal(err)
		}
		tile.Data = []byte(p.Body)
		if tile.Level == ledger.Entries {
			_, err = tile.Lines()
		} else {
			_, err = tile.Hashes()
		}
		if p.Status != http.StatusOK || err != nil || tile.Width != width || p.Header.Get("Cache-Control") != cacheTile {
			t.Errorf("%s: %d, %v, %v", path, p.Status, err, p.Header)
		}
	}
	for _, path := range []string{
		"tile/0/001", "tile/0/001.p/45", "tile/0/002", "tile/1/000", "tile/entries/002", "tile/8/000", "tile/0/1", "tile/0/", "tile/entries/x/y",
		"checkpoint/299", "checkpoint/0300", "checkpoint/x", "timestamp", "timestamp/checkpoint", "timestamp/300", "something",
	} {
		if p := b.Get(root + path); p.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, p.Status)
		}
	}
	s.exec("UPDATE ledger_heads SET timestamp = 'token', timestamped_at = $1", s.Clock.Now())
	for path, want := range map[string]string{
		"timestamp": "token", "timestamp/300": "token", "timestamp/checkpoint": string(head.Note),
	} {
		if p := b.Get(root + path); p.Status != http.StatusOK || p.Body != want {
			t.Errorf("%s: %d %q", path, p.Status, p.Body)
		}
	}
	if p := b.Get("/ledger/NO-SUCH-DAY/checkpoint"); p.Status != http.StatusNotFound {
		t.Errorf("a day that is none: %d", p.Status)
	}
}

func (s *testSite) exec(sql string, args ...any) {
	s.T.Helper()
	if _, err := s.DB.Pool.Exec(s.T.Context(), sql, args...); err != nil {
		s.T.Fatal(err)
	}
}

func TestLedgerPages(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	if text := b.Open("/ledger?lang=it").Find("main").Text(); !strings.Contains(text, "Ancora nessuna") {
		t.Error("before the first leaf:", text)
	}
	empty := b.Open("/ledger/FLUSSI-2027").Find("main").Text()
	if !strings.Contains(empty, "comincia con la prima domanda") || !strings.Contains(empty, "Segreto fino alla chiusura") {
		t.Error("before the first leaf:", empty)
	}
	head := s.withLedger(1234)
	for lang, words := range map[string][]string{
		"it": {"1.234", "Coppie troppo vicine", "Non ancora", "1\u00a0µs", "Segreto fino alla chiusura"},
		"en": {"1,234", "Pairs too close to call", "Not yet", "1\u00a0µs", "Secret until the close"},
	} {
		page := b.Open("/ledger/FLUSSI-2027?lang=" + lang)
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
	if index := b.Open("/ledger").Find("main").Text(); !strings.Contains(index, head.Root.String()) {
		t.Error("the index does not show the digest")
	}
	s.exec("UPDATE ledger_heads SET timestamp = 'token', timestamped_at = $1", s.Clock.Now())
	s.exec("UPDATE click_days SET seed_revealed_at = $1", s.Clock.Now().Add(48*time.Hour))
	page := b.Open("/ledger/FLUSSI-2027?lang=it").Find("main")
	for _, want := range []string{s.seed(), "12/01/2027", "tutto il registro esisteva già così"} {
		if !strings.Contains(page.Text(), want) {
			t.Errorf("after the day the page does not say %q", want)
		}
	}
	if page.Find(`a[href="/ledger/FLUSSI-2027/timestamp"]`).Length() != 1 {
		t.Error("no link to the time-stamp")
	}
	if p := b.Get("/ledger/NO-SUCH-DAY"); p.Status != http.StatusNotFound {
		t.Errorf("a day that is none: %d", p.Status)
	}
}

func (s *testSite) seed() string {
	s.T.Helper()
	var seed []byte
	if err := s.DB.Pool.QueryRow(s.T.Context(), "SELECT tie_seed FROM click_days WHERE id = 1").Scan(&seed); err != nil {
		s.T.Fatal(err)
	}
	return hex.EncodeToString(seed)
}

func (s *testSite) commitment() string {
	s.T.Helper()
	seed, err := hex.DecodeString(s.seed())
	if err != nil {
		s.T.Fatal(err)
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
	head, err := pgtest.LedgerSigner().Verifier().Open("FLUSSI-2027", []byte(b.Get("/ledger/FLUSSI-2027/checkpoint").Body))
	if err != nil {
		t.Fatal(err)
	}
	prover := ledger.NewProver(head.Size, func(want ledger.Tile) (ledger.Tile, error) {
		p := b.Get("/ledger/FLUSSI-2027/" + want.Path())
		if p.Status != http.StatusOK {
			return want, fmt.Errorf("%s: %d", want.Path(), p.Status)
		}
		want.Data = []byte(p.Body)
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
