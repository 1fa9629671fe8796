package ledger

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"puntuale/internal/clickday"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew")

const vectorsFile = "testdata/vectors.json"

type vectorTie struct {
	Seed       string `json:"seed"`
	Submission string `json:"submission"`
	Tie        string `json:"tie"`
}

type vectorProof struct {
	Index  int64       `json:"index"`
	Size   int64       `json:"size"`
	Root   *tlog.Hash  `json:"root,omitempty"`
	Hashes []tlog.Hash `json:"hashes"`
}

type vectorConsistency struct {
	Older  int64       `json:"older"`
	Newer  int64       `json:"newer"`
	Hashes []tlog.Hash `json:"hashes"`
}

type vectors struct {
	Ties        []vectorTie         `json:"ties"`
	Leaves      []string            `json:"leaves"`
	LeafHashes  []tlog.Hash         `json:"leaf_hashes"`
	Root        tlog.Hash           `json:"root"`
	Tiles       map[string]string   `json:"tiles"`
	Inclusion   []vectorProof       `json:"inclusion"`
	Consistency []vectorConsistency `json:"consistency"`
	Generated   []vectorProof       `json:"generated"` // of the leaves "leaf 0", "leaf 1", "leaf 4", "leaf 9", …
	Origin      string              `json:"origin"`
	DayKey      string              `json:"day_key"`
	Checkpoint  string              `json:"checkpoint"`
	Evidence    string              `json:"evidence"`
}

// vectorLeaves are four decisions in order, the first two of the same microsecond,
// and one that came in behind the watermark.
func vectorLeaves() []Leaf {
	at := time.Date(2026, 11, 22, 8, 0, 0, 123456000, time.UTC).UnixNano()
	id := func(b byte) clickday.SubmissionID { return clickday.SubmissionID(bytes.Repeat([]byte{b}, 32)) }
	return []Leaf{
		{Outcome: Refused, Arrived: at, Source: clickday.StampKernel, Clock: clickday.ClockOK, Bound: 811001, Node: 1, Submission: id(0x22), Reason: clickday.CodeDigest},
		{Outcome: Numbered, Number: 1, Arrived: at, Source: clickday.StampKernel, Clock: clickday.ClockOK, Bound: 811001, Node: 1, Submission: id(0x11)},
		{Outcome: Numbered, Number: 2, Arrived: at + 1000, Source: clickday.StampKernel, Clock: clickday.ClockDegraded, Bound: 60 * time.Millisecond, Node: 2, Submission: id(0x33)},
		{Outcome: Repeated, Number: 1, Arrived: at + 2_000_000, Source: clickday.StampKernel, Clock: clickday.ClockOK, Bound: 811001, Node: 1, Submission: id(0x44)},
		{Outcome: Numbered, Number: 3, Arrived: at - 1_000_000, Source: clickday.StampUserSpace, Clock: clickday.ClockUnknown, Node: 3, Late: true, Submission: id(0x55)},
	}
}

func makeVectors(t *testing.T) *vectors {
	t.Helper()
	v := &vectors{Tiles: map[string]string{}}
	seed := bytes.Repeat([]byte{5}, 32)
	var lines [][]byte
	for _, l := range vectorLeaves() {
		tie := Tie(seed, l.Submission)
		v.Ties = append(v.Ties, vectorTie{hex.EncodeToString(seed), l.Submission.String(), hex.EncodeToString(tie[:])})
		line := l.AppendLine(nil, time.Microsecond)
		lines = append(lines, line)
		v.Leaves, v.LeafHashes = append(v.Leaves, string(line)), append(v.LeafHashes, tlog.RecordHash(line))
	}
	var e Edge
	tiles, err := e.Grow(lines)
	if err != nil {
		t.Fatal(err)
	}
	s := shelf{}
	s.put(t, tiles)
	v.Root = e.Root()
	for i := range tiles {
		v.Tiles[tiles[i].Path()] = hex.EncodeToString(tiles[i].Data)
	}
	for size := int64(1); size <= e.Size(); size++ {
		prover := NewProver(size, s.read)
		v.Inclusion = append(v.Inclusion, proofVector(t, prover, size/2, false))
		hashes, err := prover.Consistency(size / 2)
		if err != nil {
			t.Fatal(err)
		}
		if size > 1 {
			v.Consistency = append(v.Consistency, vectorConsistency{size / 2, size, append([]tlog.Hash{}, hashes...)})
		}
	}
	for _, size := range []int64{1, 2, 255, 256, 257, 511, 700} {
		_, s, _ := grown(t, rand.New(rand.NewPCG(9, 9)), size, 300)
		v.Generated = append(v.Generated, proofVector(t, NewProver(size, s.read), size*2/3, true))
	}
	return v.sign(t, &e, s, lines)
}

func proofVector(t *testing.T, p *Prover, index int64, root bool) vectorProof {
	t.Helper()
	proof, err := p.Inclusion(index)
	if err != nil {
		t.Fatal(err)
	}
	out := vectorProof{Index: index, Size: p.size, Hashes: append([]tlog.Hash{}, proof.Hashes...)}
	if root {
		h, err := p.Root()
		if err != nil {
			t.Fatal(err)
		}
		out.Root = &h
	}
	return out
}

func (v *vectors) sign(t *testing.T, e *Edge, s shelf, lines [][]byte) *vectors {
	t.Helper()
	head, err := testSigner(t).Sign("B-2026", e.Size(), e.Root())
	if err != nil {
		t.Fatal(err)
	}
	v.Origin, v.Checkpoint, v.DayKey = head.Origin, string(head.Note), testSigner(t).Verifier().DayKey("B-2026")
	proof, err := NewProver(e.Size(), s.read).Inclusion(2)
	if err != nil {
		t.Fatal(err)
	}
	b, err := (&Evidence{
		Day: "B-2026", Leaf: string(lines[2]), Index: 2, Checkpoint: v.Checkpoint, Inclusion: proof.Hashes, LedgerKey: v.DayKey,
	}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	v.Evidence = string(b)
	return v
}

func TestVectors(t *testing.T) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(makeVectors(t)); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(vectorsFile, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Error("the format has changed: that breaks every ledger there is (-update writes the vectors anew)")
	}
}

// TestVectorsOutsideGo asks an implementation that shares nothing with ours, and
// makes sure that it can say no.
func TestVectorsOutsideGo(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatalf("python3 is needed for this test: %v", err)
	}
	out, err := exec.Command(python, "testdata/check_vectors.py", vectorsFile).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	whole, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, spoilt := range []string{`"tie": "`, `"root": "`, `"leaves": [` + "\n  \"", `"tile/0/000.p/5": "`, `"tile/entries/000.p/5": "`, `"hashes": [` + "\n    \"", `(— test.example/ledger/B-2026 )`} {
		key := []byte(strings.Trim(spoilt, "()"))
		at := bytes.Index(whole, key) + len(key)
		if at < len(key) {
			t.Fatalf("no %q in the vectors", key)
		}
		b := bytes.Clone(whole)
		b[at+20] = map[bool]byte{true: 'B', false: 'A'}[b[at+20] == 'A']
		path := t.TempDir() + "/vectors.json"
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(python, "testdata/check_vectors.py", path).CombinedOutput(); err == nil {
			t.Errorf("changed behind %q, and passed:\n%s", key, out)
		}
	}
}

// TestDocumentedVector: what docs/ledger.md shows is what the program makes.
func TestDocumentedVector(t *testing.T) {
	b, err := os.ReadFile("../../docs/ledger.md")
	if err != nil {
		t.Fatal(err)
	}
	v := makeVectors(t)
	for what, want := range map[string]string{
		"first leaf": v.Leaves[0], "last leaf": v.Leaves[4], "hash of the first leaf": v.LeafHashes[0].String(),
		"checkpoint": v.Checkpoint, "day key": v.DayKey, "tie": v.Ties[0].Tie, "evidence": v.Evidence,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("docs/ledger.md does not show the %s:\n%s", what, want)
		}
	}
}
