package crash

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"puntuale/internal/wire"
)

// TestKill kills the real program a few times. The rate is what two processors
// manage with the race detector on both sides.
func TestKill(t *testing.T) {
	s := site(t)
	const rate = 500
	out, err := (&Kill{Rounds: 5, Rate: rate, Conns: 32, Seed: 5, Progress: t.Output()}).Run(t.Context(), s)
	met(t, out.Figures(rate), err)
}

// acknowledged runs a node for a moment and returns what it acknowledged.
func acknowledged(t *testing.T, s *Site, dir string, n int) (*LocalNode, *Witness) {
	t.Helper()
	node, w := s.NewLocalNode(dir, nil), NewWitness(s.public)
	must(t, node.Start(t.Context()))
	c := &Crowd{site: s, witness: w, addr: node.Addr(), conns: 4, next: s.pool(n)}
	must(t, c.Run(t.Context()))
	if w.Count() != n {
		t.Fatalf("%d acknowledged, want %d", w.Count(), n)
	}
	return node, w
}

// TestTheCheckerFindsWhatIsWrong shows that each kind of loss is seen, by asking
// the node and by reading the journal.
func TestTheCheckerFindsWhatIsWrong(t *testing.T) {
	s := site(t)
	dir := t.TempDir()
	node, w := acknowledged(t, s, dir, 50)
	other, stranger := acknowledged(t, s, t.TempDir(), 2)
	must(t, other.Kill())
	for id, ack := range stranger.acks { // this node has never seen them
		must(t, w.Heard(id, ack))
	}
	again := 0
	for id := range w.acks {
		if a, err := wire.ParseAcknowledgement(w.acks[id]); err == nil && again < 3 {
			a.Leaf.Stamp.UnixNano++
			w.acks[id] = wire.AppendAcknowledgement(nil, &a)
			if _, foreign := stranger.acks[id]; !foreign {
				again++
			}
		}
	}
	want := Loss{Acked: 52, Lost: 2, Restamped: 3}
	if got, err := w.Ask(t.Context(), s, node.Addr(), 4); err != nil || got != want {
		t.Errorf("asked: %+v %v, want %+v", got, err, want)
	}
	must(t, node.Kill())
	if got, err := w.Compare(filepath.Join(dir, "journal")); err != nil || got != want {
		t.Errorf("compared: %+v %v, want %+v", got, err, want)
	}
}

func TestTheWitnessBelievesNothingUnverified(t *testing.T) {
	s := site(t)
	node, w := acknowledged(t, s, t.TempDir(), 8)
	must(t, node.Kill())
	for id, good := range w.acks {
		for _, at := range []int{0, 10, 40, 75, 90, 130, len(good) - 1} {
			bad := append([]byte(nil), good...)
			bad[at] ^= 1
			if err := w.Heard(id, bad); err == nil {
				t.Errorf("took an acknowledgement with byte %d changed", at)
			}
		}
		if err := w.Heard(wire.IDOf([]byte("other")), good); err == nil {
			t.Error("took the acknowledgement of another submission")
		}
	}
}

func TestANodeThatDoesNotStartSaysWhy(t *testing.T) {
	s := site(t)
	dir := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(dir, "journal"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "journal", "journal.json"), []byte("nothing"), 0o600))
	n, err := s.NewNode(dir)
	must(t, err)
	if err := n.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "journal.json") {
		t.Fatalf("want the reason, got %v", err)
	}
}

func TestFigureLines(t *testing.T) {
	for want, f := range map[string]Figure{
		"FIGURE\tx_lost\t0\tsubmissions\t0\tok":           none("x_lost", 0),
		"FIGURE\tx_lost\t12345678\tsubmissions\t0\tshort": none("x_lost", 12345678),
		"FIGURE\tx\t0\tanswers\t> 0\tshort":               some("x", 0, "answers"),
		"FIGURE\tx\t0.250\ts\t<= 1\tok":                   atMost("x", 250e6, 1e9),
		"FIGURE\tx\t1.001\ts\t<= 1\tshort":                atMost("x", 1001e6, 1e9),
	} {
		if f.String() != want {
			t.Errorf("%q, want %q", f, want)
		}
	}
}

// TestRestart has a journal that is long for its segments, and the real program.
func TestRestart(t *testing.T) {
	s := site(t)
	out, err := (&Restart{Counts: []int{500, 1000}, Rounds: 1, Progress: t.Output()}).Run(t.Context(), s)
	if err != nil || len(out) != 2 || len(out[1].Warm) != 1 || len(out[1].Full) != 1 {
		t.Fatalf("%+v %v", out, err)
	}
	for i := range out {
		met(t, out[i].Figures(), err)
	}
}
