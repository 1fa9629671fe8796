package archtest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var rules = map[string]func(*Tree) []Violation{
	"fences": Fences, "layers": Layers, "domain": Domain, "reach": Reach, "sizes": Sizes, "clock": Clock, "comments": Comments,
}

func TestThisRepository(t *testing.T) {
	tree, err := Load("../..", "puntuale")
	if err != nil {
		t.Fatal(err)
	}
	for _, must := range []string{"internal/clickday", "internal/wire", "internal/archtest"} {
		if tree.Packages[must] == nil {
			t.Fatalf("package %s was not found: the rules would hold for nothing", must)
		}
	}
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			for _, v := range rule(tree) {
				t.Error(v)
			}
		})
	}
}

// unpack writes the files of a fixture, each behind a line "-- path --".
func unpack(t *testing.T, fixture string) string {
	t.Helper()
	b, err := os.ReadFile(fixture)
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for part := range strings.SplitSeq("\n"+string(b), "\n-- ") {
		name, content, ok := strings.Cut(part, " --\n")
		if !ok {
			continue
		}
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// TestEveryRuleCanFail runs the rules on sources that break each of them, and
// on nothing else: what is right beside it must not be reported.
func TestEveryRuleCanFail(t *testing.T) {
	tree, err := Load(unpack(t, "testdata/broken.txt"), "puntuale")
	if err != nil {
		t.Fatal(err)
	}
	wanted, err := os.ReadFile("testdata/broken.want")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for name, rule := range rules {
		found := rule(tree)
		if len(found) == 0 {
			t.Errorf("rule %s found nothing", name)
		}
		for _, v := range found {
			got = append(got, v.String())
		}
	}
	slices.Sort(got)
	want := strings.Split(strings.TrimSpace(string(wanted)), "\n")
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("too much: %s", line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("missing: %s", line)
		}
	}
}

func TestSizesAtTheirLimits(t *testing.T) {
	for _, c := range []struct {
		lines, function int // of the file, of a function in it
		main            bool
		want            int
	}{
		{FileMax, FunctionMax, false, 0},
		{FileMax + 1, FunctionMax, false, 1},
		{FileMax, FunctionMax + 1, false, 1},
		{FileMax, MainMax, true, 0},
		{FileMax, MainMax + 1, true, 1},
	} {
		name, fn := "p", "f"
		if c.main {
			name, fn = "main", "main"
		}
		head := fmt.Sprintf("// Package %s is long.\npackage %s\n\n", name, name)
		body := "func " + fn + "() {" + strings.Repeat("\n", c.function-1) + "}\n"
		source := head + body
		source += strings.Repeat("//\n", c.lines-strings.Count(source, "\n")-1) + "//"
		root := t.TempDir()
		if err := os.WriteFile(filepath.Join(root, "x.go"), []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		tree, err := Load(root, "puntuale")
		if err != nil {
			t.Fatal(err)
		}
		if got := Sizes(tree); len(got) != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
