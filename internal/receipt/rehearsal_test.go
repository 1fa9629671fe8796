package receipt_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"puntuale/internal/clickday"
	"puntuale/internal/receipt"
)

// TestRehearsalsSayWhatTheyAre on every page, above, below and behind the text,
// and certify nothing; no other receipt says so.
func TestRehearsalsSayWhatTheyAre(t *testing.T) {
	d := sample()
	d.DayCode, d.ProtocolNumber = "PROVA", clickday.ProtocolNumber("PROVA", 17)
	d.Number = 17
	pages := pagesOf(t, d)
	for i, text := range pages {
		if n := strings.Count(text, "PROVA – senza valore"); n < 2 {
			t.Errorf("page %d of %d says it %d times", i+1, len(pages), n)
		}
		if !strings.Contains(text, "REHEARSAL – no value") {
			t.Errorf("page %d does not say it in English", i+1)
		}
	}
	if len(pages) < 2 || strings.Contains(pages[0], "Si attesta") || !strings.Contains(pages[0], "non attesta nulla") {
		t.Errorf("%d pages, the first: %s", len(pages), pages[0])
	}
	if dir := os.Getenv("PUNTUALE_PICTURES"); dir != "" { // for people to look at
		if err := os.WriteFile(filepath.Join(dir, "ricevuta-prova.pdf"), render(t, d), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i, text := range pagesOf(t, sample()) {
		if strings.Contains(text, "PROVA – senza valore") {
			t.Errorf("page %d of a real receipt says that it is a rehearsal", i+1)
		}
	}
}

func pagesOf(t *testing.T, d *receipt.Data) []string {
	t.Helper()
	return strings.Split(strings.TrimSuffix(run(t, render(t, d), "pdftotext", "-layout", "FILE", "-"), "\f"), "\f")
}
