package bench

import (
	"bytes"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"puntuale/internal/clock"
)

// TestPortalIsMeasured runs the whole measurement with little of everything and
// no target of time, so that it works on the day when somebody needs it.
func TestPortalIsMeasured(t *testing.T) {
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-race", "-tags", "headless", "-o", bin+"/", "puntuale/cmd/portal").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	var figures, progress bytes.Buffer
	err := Portal(t.Context(), PortalPlan{
		Programs: bin, Accounts: 120, Records: 900, Rate: 10, Lasting: 2 * time.Second, Visitors: 6, Sealed: 5, Syncs: 2, Rows: 30, Untimed: true,
	}, clock.System{}, &figures, &progress)
	if err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	for _, name := range []string{
		"portal_form_page_server_p95", "portal_search_server_p95", "portal_list_server_p95", "portal_mixed_client_p95", "portal_sync_of_5_server_p95",
		"portal_csv_import", "portal_first_page_bytes",
	} {
		m := regexp.MustCompile(`(?m)^FIGURE\t` + name + `\t([0-9.]+)\t.*\tok$`).FindSubmatch(figures.Bytes())
		if m == nil || string(m[1]) == "0" {
			t.Errorf("no figure %s in\n%s", name, figures.String())
		}
	}
}

// TestTheWorldIsTheSameEachTime: what is generated depends on its numbers alone,
// and half of it belongs to few.
func TestTheWorldIsTheSameEachTime(t *testing.T) {
	a, b := newWorld(1000, 2000), newWorld(1000, 2000)
	owned := map[int]int{}
	for i := range 2000 {
		x, y := a.record(i), b.record(i)
		if x.ID != y.ID || x.Worker != y.Worker || x.Account != y.Account || !x.SentAt.Equal(y.SentAt) || x.Worker == " " || x.Employer == "" {
			t.Fatalf("record %d: %+v and %+v", i, x, y)
		}
		owner := a.owner(rand.New(rand.NewPCG(uint64(i), 0x617263686976696f)))
		if int(x.Account-a.first) != owner {
			t.Fatalf("record %d belongs to %d, not to %d", i, x.Account, owner)
		}
		owned[owner]++
	}
	many := 0
	for i := range a.associations() {
		many += owned[i]
	}
	if many < 900 || many > 1200 || owned[0] < 50 {
		t.Errorf("associations have %d of 2000, the largest %d", many, owned[0])
	}
}
