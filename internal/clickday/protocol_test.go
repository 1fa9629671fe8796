package clickday

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of codes in docs/protocol.md anew")

const (
	protocolFile = "../../docs/protocol.md"
	tableBegins  = "<!-- codes: written by `go test ./internal/clickday -run Protocol -update` -->\n"
	tableEnds    = "<!-- end of codes -->\n"
)

// codesTable is the list of codes as the protocol shows it.
func codesTable() string {
	var b strings.Builder
	b.WriteString("| code | status | again | Italian | English |\n|---|---|---|---|---|\n")
	for _, c := range Codes() {
		m := MeaningOf(c)
		again := "no"
		if m.Again {
			again = "**yes**"
		}
		fmt.Fprintf(&b, "| `%s` | %d | %s | **%s.** %s | **%s.** %s |\n", c, m.Status, again, m.Title.IT, m.Detail.IT, m.Title.EN, m.Detail.EN)
	}
	return b.String()
}

func TestProtocolShowsEveryCode(t *testing.T) {
	b, err := os.ReadFile(protocolFile)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(b), tableBegins)
	table, after, ok2 := strings.Cut(rest, tableEnds)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the codes", protocolFile)
	}
	if *update {
		if err := os.WriteFile(protocolFile, []byte(before+tableBegins+codesTable()+tableEnds+after), 0o644); err != nil {
			t.Fatal(err)
		}
		table = codesTable()
	}
	got, want := strings.Split(table, "\n"), strings.Split(codesTable(), "\n")
	if len(got) != len(want) {
		t.Errorf("%d lines of codes, want %d: run with -update", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("the protocol says\n%s\nthe code\n%s", got[i], want[i])
		}
	}
}
