package bench

import (
	"path/filepath"
	"testing"

	"puntuale/internal/client"
	"puntuale/internal/clock"
)

// TestTheListedStoreIsReal: the mini-client reads what the figures of the window
// are made with, previews included.
func TestTheListedStoreIsReal(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "profile")
	if err := fillStore(dir, clock.System{}, 40); err != nil {
		t.Fatal(err)
	}
	c, err := client.Open(client.Config{Dir: dir, Clock: clock.System{}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := c.Snapshot()
	if len(s.Days) != 2 || s.Days[0].Counts.Prepared != 30 || s.Days[1].Counts.Receipted != 10 {
		t.Fatalf("%+v", s.Days)
	}
	if p := c.Preview(s.Days[0].Rows[0].Application, "it"); len(p.Sections) == 0 || p.Problem.IT != "" {
		t.Fatalf("preview %+v", p)
	}
}
