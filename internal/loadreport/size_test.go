package loadreport

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestMeasuredCostsAreKeptAndExplained(t *testing.T) {
	c, err := LoadCosts("")
	if err != nil {
		t.Fatal(err)
	}
	c.Take(7.26, 333.4, "yesterday, by hand")
	path := filepath.Join(t.TempDir(), "costs.json")
	if err := c.Save(path); err != nil {
		t.Fatal(err)
	}
	again, err := LoadCosts(path)
	if err != nil || again.IntakeTLS != 7.3 || again.Handshake != 333 || again.ReceiptCPU != c.ReceiptCPU {
		t.Fatalf("%+v, %v", again, err)
	}
	var out strings.Builder
	if err := again.WriteCosts(&out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for _, line := range lines[1:] {
		if f := strings.Fields(line); len(f) < 3 {
			t.Errorf("nobody knows where a cost is from: %q", line)
		}
	}
	if !strings.Contains(out.String(), "yesterday, by hand") {
		t.Errorf("what was measured by hand is not there:\n%s", out.String())
	}
}
