package postgres_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"os"
	osexec "os/exec"
	"path/filepath"
	"testing"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/lists"
	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/ranking"
	"puntuale/internal/timestamping"
	"puntuale/internal/timestamping/tsatest"
	"puntuale/internal/trust"
	"puntuale/internal/verdict"
)

// TestAStampedListIsVerified: the token of the head stands in the list, is
// checked with it, and openssl says the same of it.
func TestAStampedListIsVerified(t *testing.T) {
	b := newBureau(t)
	b.someDay()
	b.finish()
	ctx := context.Background()
	head, err := b.db.LedgerHead(ctx, b.day.Code)
	if err != nil {
		t.Fatal(err)
	}
	authority := tsatest.Start(t, clock.System{}, tsatest.Options{})
	ask := &timestamping.Authority{URL: authority.URL, HTTP: http.DefaultClient, Roots: authority.Roots(), Clock: clock.System{}, MaxOff: time.Hour}
	token, said, err := ask.Ask(ctx, head.Note)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.db.SaveTimestamp(ctx, &head, token, said.Time); err != nil {
		t.Fatal(err)
	}
	csv := b.file(b.mustPublish(ranking.Final, ""), lists.CSVName)

	keys := &trust.Keys{Ledger: []string{pgtest.LedgerSigner().Verifier().String()}, Timestamps: [][]byte{authority.Root.Raw}}
	state := func(file []byte, keys *trust.Keys) verdict.State {
		t.Helper()
		report, err := ranking.Verify(bytes.NewReader(file), &ranking.Options{Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range report.Checks {
			if c.ID == "timestamp" {
				return c.State
			}
		}
		return "missing"
	}
	if got := state(csv, keys); got != verdict.Proven {
		t.Errorf("the token is %s", got)
	}
	if got := state(csv, &trust.Keys{Ledger: keys.Ledger}); got != verdict.Open {
		t.Errorf("without an authority to trust: %s", got)
	}
	line := []byte("# timestamp: " + base64.StdEncoding.EncodeToString(token) + "\n")
	if !bytes.Contains(csv, line) {
		t.Fatal("the list does not have the token")
	}
	broken := bytes.Clone(token)
	broken[len(broken)-5] ^= 1
	other := bytes.Replace(csv, line, []byte("# timestamp: "+base64.StdEncoding.EncodeToString(broken)+"\n"), 1)
	if got := state(other, keys); got != verdict.Wrong {
		t.Errorf("with one bit changed: %s", got)
	}
	dir := t.TempDir()
	for name, data := range map[string][]byte{"note": head.Note, "token": token} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := osexec.Command("openssl", "ts", "-verify", "-data", filepath.Join(dir, "note"), "-in", filepath.Join(dir, "token"),
		"-token_in", "-CAfile", authority.WriteRoot(t, dir)).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("Verification: OK")) {
		t.Errorf("%s%v", out, err)
	}
}
