package archtest

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestArchitectureNamesEveryPackage holds the table in docs/architecture.md to
// what `ls internal` shows.
func TestArchitectureNamesEveryPackage(t *testing.T) {
	b, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(b), "## Packages\n")
	if !ok {
		t.Fatal("no section Packages")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	named := map[string]bool{}
	for _, m := range regexp.MustCompile("`([a-z0-9]+)").FindAllStringSubmatch(section, -1) {
		named[m[1]] = true
	}
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !named[e.Name()] {
			t.Errorf("internal/%s is not in the table of packages", e.Name())
		}
	}
}
