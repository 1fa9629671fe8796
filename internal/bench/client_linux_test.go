package bench

import (
	"io"
	"os/exec"
	"testing"
	"time"

	"puntuale/internal/forms"
)

// TestTheMiniClientFires runs the experiments of `make bench-client` in small on
// the real intake: nothing early, nothing missing, all stamped by the kernel.
// Nothing is asked of the speed.
func TestTheMiniClientFires(t *testing.T) {
	g := ground(t, 1)
	fs, err := g.Fire(t.Context(), 20, true, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	early, missing, stamped, beyond := tally(fs)
	if early != 0 || missing != 0 || stamped != 20 || len(beyond) != 20 {
		t.Errorf("%d early, %d missing, %d stamped by the kernel", early, missing, stamped)
	}
	for _, f := range fs {
		if f.Out < 5*time.Millisecond || f.Sent == 0 {
			t.Errorf("%+v", f)
		}
	}
	b, err := g.SendMany(t.Context(), 100, 10*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if b.Missing != 0 || b.Early != 0 || b.First < 0 || b.Spread <= 0 {
		t.Errorf("%+v", b)
	}
}

func TestRequestsOfEveryModelAreMeasured(t *testing.T) {
	c, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range c.All() {
		sizes, err := RequestSizes(m, 30)
		if err != nil {
			t.Fatal(err)
		}
		if sizes[0] < 300 || sizes[29] > int(requestMax) {
			t.Errorf("model %s: %d to %d bytes", m.Code, sizes[0], sizes[29])
		}
	}
}

// TestKillsOfTheMiniClient kills the real program a few times.
func TestKillsOfTheMiniClient(t *testing.T) {
	bin := t.TempDir()
	out, err := exec.Command("go", "build", "-tags", "headless", "-o", bin+"/",
		"puntuale/cmd/portal", "puntuale/cmd/intake", "puntuale/cmd/miniclient", "puntuale/cmd/demo").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	k, err := KillClient(t.Context(), bin, 8, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if k.Kills != 8 || k.Applications != killDayApps || k.Lost != 0 || k.Doubled != 0 || k.Numbers != 0 {
		t.Errorf("%+v", k)
	}
}
