package bench

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clickday"
)

// ground builds the real programs and prepares a few envelopes.
func ground(t *testing.T, envelopes int) *Ground {
	t.Helper()
	bin := t.TempDir()
	for _, program := range []string{"intake", "bench"} {
		out, err := exec.Command("go", "build", "-o", filepath.Join(bin, program), "puntuale/cmd/"+program).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	g, err := NewGround(t.Context(), t.TempDir(), filepath.Join(bin, "intake"), filepath.Join(bin, "bench"), envelopes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// TestWhatIsMeasuredIsReal runs every experiment in small on the real intake: the
// bookkeeping must add up; nothing is asked of the speed.
func TestWhatIsMeasuredIsReal(t *testing.T) {
	g := ground(t, warmRequests+3000)
	for _, name := range []string{NameIntake, NameOK} {
		s, err := g.Measure(t.Context(), name, Load{Conns: 8, Threads: 2, Lasting: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		if s.Answers != 3000 || s.Rate <= 0 || s.P99 < s.P50 || (s.Batches > 0) != (name == NameIntake) {
			t.Errorf("%+v", s)
		}
	}
	a, err := g.Order(t.Context(), 20, 400, 2000)
	if err != nil {
		t.Fatal(err)
	}
	if a.Lost != 0 || a.Latency.Count() != 400 || a.Kernel.Misplaced != 0 || a.Source[clickday.StampKernel] != 400 {
		t.Errorf("lost %d, answered %d, misplaced %d, by the kernel %d", a.Lost, a.Latency.Count(), a.Kernel.Misplaced, a.Source[clickday.StampKernel])
	}
}

// TestALostRecordIsNoticed holds the check of the journal to what it must find.
func TestALostRecordIsNoticed(t *testing.T) {
	g := ground(t, 300)
	p, err := g.StartIntake(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	_, acked, err := g.order(t.Context(), p, 5, 200, 1000)
	if err != nil || len(acked) != 200 {
		t.Fatalf("%d acknowledged, %v", len(acked), err)
	}
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := g.journalHolds(p.Journal, 200); err != nil {
		t.Error(err)
	}
	for _, wrong := range []int{199, 201} {
		if err := g.journalHolds(p.Journal, wrong); err == nil || !strings.Contains(err.Error(), "in the journal") {
			t.Errorf("%d acknowledged and 200 in the journal: %v", wrong, err)
		}
	}
}
