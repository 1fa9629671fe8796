package clickday

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestEveryCodeHasItsMeaning(t *testing.T) {
	seen := map[Code]bool{}
	titles := map[Text]Code{}
	for _, c := range Codes() {
		if seen[c] {
			t.Errorf("%s stands twice", c)
		}
		seen[c] = true
		m, ok := meanings[c]
		if !ok {
			t.Errorf("%s has no meaning", c)
			continue
		}
		checkMeaning(t, c, m)
		if other, taken := titles[m.Title]; taken {
			t.Errorf("%s and %s have one title", c, other)
		}
		titles[m.Title] = c
	}
	if len(seen) != len(meanings) {
		t.Errorf("%d codes in order, %d meanings", len(seen), len(meanings))
	}
}

func checkMeaning(t *testing.T, c Code, m Meaning) {
	t.Helper()
	if m.Status < 400 || m.Status > 599 {
		t.Errorf("%s: status %d", c, m.Status)
	}
	for _, s := range []string{m.Title.IT, m.Title.EN, m.Detail.IT, m.Detail.EN} {
		if s == "" || strings.TrimSpace(s) != s || strings.Contains(s, "'") {
			t.Errorf("%s: text %q", c, s)
		}
	}
	for _, s := range []string{m.Detail.IT, m.Detail.EN} {
		if !strings.HasSuffix(s, ".") {
			t.Errorf("%s: no sentence: %q", c, s)
		}
	}
	if m.Title.IT == m.Title.EN || m.Detail.IT == m.Detail.EN {
		t.Errorf("%s: one language stands for both", c)
	}
	if same := strings.Contains(m.Detail.EN, "same envelope"); same != m.Again {
		t.Errorf("%s: Again is %v, but the text says %q", c, m.Again, m.Detail.EN)
	}
}

// TestCodesListsAllConstants reads the source, so that a new constant cannot be
// forgotten in the list.
func TestCodesListsAllConstants(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "code.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		lit, ok := spec.Values[0].(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		value, err := strconv.Unquote(lit.Value)
		if err != nil {
			t.Fatal(err)
		}
		found++
		if !slices.Contains(Codes(), Code(value)) {
			t.Errorf("%s is not in Codes", spec.Names[0].Name)
		}
		return true
	})
	if found != len(Codes()) {
		t.Errorf("%d constants, %d codes", found, len(Codes()))
	}
}

func TestUnknownCodesMeanInternal(t *testing.T) {
	for _, c := range []Code{"", "no_such_code"} {
		if MeaningOf(c) != meanings[CodeInternal] {
			t.Errorf("%q: %+v", c, MeaningOf(c))
		}
	}
	m := MeaningOf(CodeTooEarly)
	if m.Status != 425 || !m.Again || m.Title.In("en") != "Too early" || m.Title.In("it") != "Troppo presto" || m.Title.In("") != m.Title.IT {
		t.Errorf("%+v", m)
	}
	got := Codes()
	got[0] = "changed"
	if Codes()[0] == "changed" {
		t.Error("Codes gives its own list away")
	}
}
