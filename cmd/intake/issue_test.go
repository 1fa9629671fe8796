package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"puntuale/internal/keys"
	"puntuale/internal/ledger"
)

// running is a worker at work.
type running struct {
	*worker
	stop func()
}

func start(t *testing.T, c *WorkCmd) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w, err := c.open(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- w.run(ctx) }()
	return &running{w, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := w.close(); err != nil {
			t.Error(err)
		}
	}}
}

// issuerKeys makes a directory with what a machine that only issues is given.
func issuerKeys(t *testing.T, from string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{keys.CalendarPubFile, keys.LedgerPubFile, keys.SealKeyFile, keys.SealCertFile} {
		b, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestOneProcessNumbersAnotherIssues, without Redis and without the keys of
// tickets and ledger; then the receipts are issued again under another seal.
func TestOneProcessNumbersAnotherIssues(t *testing.T) {
	o, numbering := office(t)
	account, device := o.Account("anna@example.it")
	var envelopes [][]byte
	for range 3 {
		s := o.Seal(account, device)
		envelopes = append(envelopes, o.Envelope(&s.Ticket, s.Document, device))
	}
	send(t, o, numbering.RedisURL, envelopes...)
	issuing := *numbering
	issuing.Keys, issuing.RedisURL, issuing.IssuersOnly, issuing.Body = issuerKeys(t, numbering.Keys), "", true, "Prefettura di Prova"
	numbering.ReceiptWorkers, numbering.AddrFile = 0, filepath.Join(t.TempDir(), "addr")
	count := func(query string) (n int) {
		t.Helper()
		if err := o.DB.Pool.QueryRow(t.Context(), query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}

	first := start(t, numbering)
	until(t, "numbers", func() bool { return count("SELECT count(number) FROM submissions") == 3 })
	if n := count("SELECT count(*) FROM receipts"); n != 0 {
		t.Fatalf("%d receipts of a worker that only numbers", n)
	}
	first.stop()

	second := start(t, &issuing)
	defer second.stop()
	until(t, "receipts", func() bool { return count("SELECT count(*) FROM receipts") == 3 })
	pdf := checkStored(t, o.DB.Pool.QueryRow(t.Context(), "SELECT pdf FROM receipts LIMIT 1").Scan)

	again := &ReissueCmd{DatabaseURL: issuing.DatabaseURL, Reason: "nuovo sigillo", Day: 1}
	if err := again.Run(); err != nil {
		t.Fatal(err)
	}
	until(t, "second editions", func() bool { return count("SELECT count(*) FROM receipts WHERE edition = 2 AND renew IS NULL") == 3 })
	if n := count("SELECT count(*) FROM receipt_history h JOIN receipts r USING (submission_id) WHERE h.pdf <> r.pdf AND h.reason = 'nuovo sigillo'"); n != 3 {
		t.Fatalf("%d old receipts kept", n)
	}
	renewed := checkStored(t, o.DB.Pool.QueryRow(t.Context(), "SELECT pdf FROM receipts LIMIT 1").Scan)
	if bytes.Equal(pdf, renewed) || !strings.Contains(textOf(t, renewed), "nuovo sigillo") {
		t.Fatal("the second edition does not say why it was made")
	}
	checkProgress(t, issuing.AddrFile)
}

// checkStored wants a receipt with a good seal, the body at its head and
// evidence that holds.
func checkStored(t *testing.T, scan func(...any) error) []byte {
	t.Helper()
	var pdf []byte
	if err := scan(&pdf); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "receipt.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := exec.Command("pdfsig", "-nocert", path).CombinedOutput()
	if err != nil || !strings.Contains(string(said), "Signature is Valid") || !strings.Contains(string(said), "Total document signed") {
		t.Fatalf("pdfsig: %v\n%s", err, said)
	}
	if text := textOf(t, pdf); !strings.HasPrefix(text, "Prefettura di Prova") {
		t.Fatalf("the head of the receipt: %.100s", text)
	}
	file, err := exec.Command("pdfdetach", "-save", "1", "-o", "/dev/stdout", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	if e, err := ledger.ParseEvidence(file); err != nil || len(e.Acknowledgement) == 0 {
		t.Fatalf("evidence %s: %v", file, err)
	}
	return pdf
}

func textOf(t *testing.T, pdf []byte) string {
	t.Helper()
	cmd := exec.Command("pdftotext", "-layout", "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func checkProgress(t *testing.T, addrFile string) {
	t.Helper()
	addr, err := os.ReadFile(addrFile)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Get("http://" + strings.TrimSpace(string(addr)) + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	figures, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`puntuale_issuer_day_numbered{day="B-2026"} 3`, `puntuale_issuer_day_receipted{day="B-2026"} 3`, `puntuale_issuer_receipts_total 6`} {
		if !bytes.Contains(figures, []byte(want)) {
			t.Errorf("not among the figures: %s", want)
		}
	}
}

func TestReissueAsksForAChoice(t *testing.T) {
	for want, c := range map[string]ReissueCmd{
		"reason":     {Day: 1},
		"--all":      {Reason: "prova"},
		"submission": {Reason: "prova", Submission: "xyz"},
	} {
		if err := c.Run(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
