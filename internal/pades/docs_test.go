package pades_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"puntuale/internal/keys"
)

// The commands in docs/receipts.md are run as they stand there.
func TestRecipesOfTheDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/receipts.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "## Check the seal\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var script strings.Builder
	for i, part := range strings.Split(section, "```\n") {
		if i%2 == 1 {
			script.WriteString(part)
		}
	}
	seal, keyDir := newSeal(t)
	dir := t.TempDir()
	certificate, err := os.ReadFile(filepath.Join(keyDir, keys.SealCertFile))
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"receipt.pdf": sign(t, seal, document(t)), "seal.crt": certificate} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("sh", "-e", "-c", script.String())
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	said := string(out)
	for _, want := range []string{"Signature is Valid", "Total document signed", "the whole file is covered", "CAdES Verification successful"} {
		if !strings.Contains(said, want) {
			t.Errorf("the commands do not print %q:\n%s", want, said)
		}
	}
	var prints []string
	for line := range strings.Lines(said) {
		if _, print, ok := strings.Cut(line, "Fingerprint="); ok {
			prints = append(prints, print)
		}
	}
	if len(prints) != 2 || prints[0] != prints[1] {
		t.Errorf("fingerprints %q", prints)
	}
}
