package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAskTheHelpDesk: every exit code of a request for help, and that one which
// waits leaves once.
func TestAskTheHelpDesk(t *testing.T) {
	c := newConsole(t, 3*time.Hour)
	ask := []string{"ask", "--kind", "technical", "--subject", "Proxy dell’ufficio", "--text", "Non si collega."}
	c.must(exitNotPaired, ask...)
	c.pair()
	for _, bad := range [][]string{
		{"ask", "--kind", "other", "--subject", "x", "--text", "y"},
		{"ask", "--kind", "legal", "--subject", " ", "--text", "y"},
		{"ask", "--kind", "legal", "--subject", strings.Repeat("è", 201), "--text", "y"},
		{"ask", "--kind", "legal", "--subject", "x", "--text", "-"}, // nothing to read from
		{"ask", "--kind", "legal", "--subject", "x"},
	} {
		c.must(exitUsage, bad...)
	}
	if out := c.must(exitRefused, ask...); !strings.Contains(out, "telefona o scrivi") {
		t.Fatal(out)
	}
	c.srv.OpenHelpDesk()
	t.Run("locked", func(t *testing.T) {
		t.Setenv("PUNTUALE_PASSPHRASE", "wrong")
		c.must(exitSecrets, ask...)
	})
	if out := c.must(exitOK, ask...); !strings.Contains(out, "2027-000001") { // the one that waited
		t.Fatal(out)
	}
	var said struct{ State, Number, Diagnostics string }
	if err := json.Unmarshal([]byte(c.out(exitOK, append(ask, "--diagnostics", "--json")...)), &said); err != nil {
		t.Fatal(err)
	}
	if said.State != "sent" || said.Number != "2027-000002" || !strings.Contains(said.Diagnostics, "check intake-1") {
		t.Fatalf("%+v", said)
	}
	sent := c.srv.Tickets()
	if len(sent) != 2 || sent[0].Kind != "technical" || sent[0].Diagnostics != "" || sent[1].Diagnostics != said.Diagnostics || strings.Contains(said.Diagnostics, "Aurora") {
		t.Fatalf("%+v", sent)
	}
	c.srv.Portal.Close()
	for range 2 {
		if err := json.Unmarshal([]byte(c.out(exitUnknown, append(ask, "--json")...)), &said); err != nil || said.State != "waiting" {
			t.Fatalf("%+v %v", said, err)
		}
	}
	kept, err := os.ReadFile(filepath.Join(c.dir, "tickets.json"))
	if err != nil || strings.Count(string(kept), "Proxy dell") != 4 { // refused, two sent, one that waits
		t.Fatalf("%v %s", err, kept)
	}
}

// TestAskReadsTheText from the standard input.
func TestAskReadsTheText(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte("Prima riga.\nSeconda.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	a := askCmd{Kind: "legal", Subject: "x", Text: "-"}
	got, err := a.ticket(&env{Terminal: Terminal{In: in}, say: func(key string, args ...any) string { return say("it", key, args...) }})
	if err != nil || got.Text != "Prima riga.\nSeconda." {
		t.Fatalf("%+v %v", got, err)
	}
}
