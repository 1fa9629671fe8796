package crash

import (
	"errors"
	"os/exec"
	"testing"
)

// TestPowerCut cuts the power of the real program on a real file system. A
// machine without root or loop devices gets the same rounds with Undo instead:
// that proves the same rule on the same node and journal, only not on a file
// system, and its control must lose as well. There is no way past both.
func TestPowerCut(t *testing.T) {
	s := site(t)
	p := &PowerCut{Rounds: 3, RoundsPerDisk: 2, ControlRounds: 1, Conns: 16, Envelopes: 1500, DiskMiB: 96, Seed: 7, Progress: t.Output()}
	out, err := p.Run(t.Context(), s)
	if errors.Is(err, ErrImpossible) {
		if errors.Is(err, exec.ErrNotFound) { // all that is missing is a tool
			t.Fatalf("install it: %v", err)
		}
		t.Logf("power cuts without a disk of their own: %v", err)
		out, err = p.RunUndo(t.Context(), s, t.TempDir(), t.TempDir())
	}
	met(t, out.Figures(), err)
}

// TestUndoneSectors runs everywhere: the torn writes that a disk can leave, of
// which a file system on a loop device shows only few.
func TestUndoneSectors(t *testing.T) {
	s := site(t)
	p := &PowerCut{Rounds: 6, ControlRounds: 2, Conns: 16, Envelopes: 400, Seed: 11, Progress: t.Output()}
	out, err := p.RunUndo(t.Context(), s, t.TempDir(), t.TempDir())
	met(t, out.Figures(), err)
	t.Logf("%+v", out)
}

// TestFailingAndFullDisk needs a disk that fails by itself. Elsewhere the tests
// of package journal, whose files fail when told to, hold the same rules.
func TestFailingAndFullDisk(t *testing.T) {
	s := site(t)
	d, err := NewDisk(t.Context(), s.Dir, 16)
	if errors.Is(err, ErrImpossible) {
		u := NewUndo(NewRand(1), false)
		n := s.NewLocalNode(t.TempDir(), u.OpenFile)
		must(t, n.Start(t.Context()))
		w := NewWitness(s.public)
		l := (&Crowd{site: s, witness: w, addr: n.Addr(), conns: 8, next: s.envelope, returning: true}).start(t.Context())
		must(t, l.until(t.Context(), 200))
		must(t, u.Cut())
		l.Mark(s.Clock.Now())
		<-n.journal.Dead()
		must(t, errors.Join(l.stop(), n.Kill()))
		if l.Late() != 0 {
			t.Fatalf("%d acknowledged by a disk that fails", l.Late())
		}
		return
	}
	must(t, err)
	must(t, d.Remove())
	failed, err := (&IOError{Rounds: 2, Conns: 16, DiskMiB: 64, Acks: 800, Seed: 3, Progress: t.Output()}).Run(t.Context(), s)
	met(t, failed.Figures(), err)
	full, err := (&DiskFull{Conns: 16, DiskMiB: 48, SegmentMB: 1, Progress: t.Output()}).Run(t.Context(), s)
	met(t, full.Figures(), err)
}
