package journal

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"puntuale/internal/batch"
	"puntuale/internal/wire"
)

// sample makes a closed journal of n one-record batches in its first segment and
// returns the bytes of that segment and the offset of the last frame.
func sample(t testing.TB, n int) (dir string, segment []byte, last int) {
	t.Helper()
	dir = t.TempDir()
	j := open(t, options(dir))
	for i := range n {
		put(t, j, int64(100+i), envelope(uint64(i), 1400))
	}
	last = int(j.batches[n-1].offset)
	shut(t, j)
	b, err := os.ReadFile(segmentPath(dir, 1))
	if err != nil {
		t.Fatal(err)
	}
	return dir, b, last
}

func rewrite(t testing.TB, dir string, b []byte) {
	t.Helper()
	if err := os.WriteFile(segmentPath(dir, 1), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// reopen expects the journal to open with so many batches and to take another.
func reopen(t *testing.T, dir string, batches uint64, why any) {
	t.Helper()
	j, err := Open(options(dir))
	if err != nil {
		t.Fatalf("%v: %v", why, err)
	}
	if j.LastBatch() != batches {
		t.Fatalf("%v: %d batches, want %d", why, j.LastBatch(), batches)
	}
	put(t, j, 900, envelope(77, 700))
	shut(t, j)
	r, err := Scan(dir, testPublic, nil)
	if err != nil || r.Batches != batches+1 || r.Torn != nil {
		t.Fatalf("%v: afterwards %+v, %v", why, r, err)
	}
}

// A power cut leaves any subset of the sectors of the last write behind. Each of
// them must open: with the batch if all are there, without it otherwise.
func TestEverySubsetOfSectorsOfTheLastWriteOpens(t *testing.T) {
	dir, b, last := sample(t, 3)
	sectors := (len(bytes.TrimRight(b, "\x00")) - last + sector - 1) / sector
	if sectors < 3 {
		t.Fatalf("frame of %d sectors proves little", sectors)
	}
	for there := range 1 << sectors {
		c := bytes.Clone(b)
		for s := range sectors {
			if there&(1<<s) == 0 {
				clear(c[last+s*sector : last+(s+1)*sector])
			}
		}
		rewrite(t, dir, c)
		want := uint64(2)
		if there == 1<<sectors-1 {
			want = 3
		}
		reopen(t, dir, want, there)
	}
	kept, err := filepath.Glob(filepath.Join(dir, "torn-*.bin"))
	if err != nil || len(kept) != 1 {
		t.Fatal("the torn tail was not kept", kept, err)
	}
}

// refuses expects an error that names the file and the offset, and an unchanged
// directory.
func refuses(t *testing.T, dir string, why any) {
	t.Helper()
	before, err := os.ReadFile(segmentPath(dir, 1))
	if err != nil {
		t.Fatal(err)
	}
	j, err := Open(options(dir))
	if err == nil {
		j.Close(t.Context())
		t.Fatalf("%v: opened", why)
	}
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "restore") {
		t.Fatalf("%v: error says too little: %v", why, err)
	}
	after, err := os.ReadFile(segmentPath(dir, 1))
	if err != nil || !bytes.Equal(before, after) {
		t.Fatalf("%v: the refused journal was changed", why)
	}
}

func TestABitFlipAnywhereIsFound(t *testing.T) {
	dir := t.TempDir()
	j := open(t, options(dir))
	for i := range 3 {
		put(t, j, int64(100+i), envelope(uint64(i), 150))
	}
	used := int(j.at)
	shut(t, j)
	b, err := os.ReadFile(segmentPath(dir, 1))
	must(t, err)
	r := rand.New(rand.NewPCG(1, 2))
	scan := func(at int) (Report, error) {
		c := bytes.Clone(b)
		c[at] ^= 1 << r.IntN(8)
		rewrite(t, dir, c)
		return Scan(dir, testPublic, nil)
	}
	for at := range used { // header, frames, padding
		if _, err := scan(at); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("flip at %d: %v", at, err)
		}
	}
	for range 100 { // the empty rest: damage, or taken for an unfinished write; no record is touched
		at := used + r.IntN(len(b)-used)
		if rep, err := scan(at); !errors.Is(err, ErrCorrupt) && (rep.Torn == nil || rep.Records != 3) {
			t.Fatalf("flip at %d: %+v, %v", at, rep, err)
		}
	}
	for _, at := range []int{0, 20, sector + 3, sector + 90, used - sector, used - 1, used} {
		c := bytes.Clone(b)
		c[at] ^= 4
		rewrite(t, dir, c)
		refuses(t, dir, at)
	}
}

func TestMissingSectorsBeforeTheLastFrameAreDamage(t *testing.T) {
	dir, b, last := sample(t, 3)
	for at := 0; at < last; at += sector {
		c := bytes.Clone(b)
		clear(c[at : at+sector])
		rewrite(t, dir, c)
		refuses(t, dir, at)
	}
}

func TestAShortenedFileIsDamage(t *testing.T) {
	dir, b, last := sample(t, 2)
	for _, n := range []int{0, 1, sector - 1, sector, last, last + 100, len(b) - sector, len(b) - 1} {
		rewrite(t, dir, b[:n])
		refuses(t, dir, n)
	}
	rewrite(t, dir, append(bytes.Clone(b), 0))
	refuses(t, dir, "longer")
}

func TestATornFirstWriteOfTheNextSegmentIsCut(t *testing.T) {
	dir := t.TempDir()
	j := open(t, options(dir))
	for i := 0; len(j.segs) < 2; i++ {
		put(t, j, int64(i+1), envelope(uint64(i), 9000))
	}
	last := j.LastBatch()
	shut(t, j)
	second := segmentPath(dir, 2)
	b, err := os.ReadFile(second)
	if err != nil {
		t.Fatal(err)
	}
	clear(b[sector : 2*sector])
	if err := os.WriteFile(second, b, 0o600); err != nil {
		t.Fatal(err)
	}
	reopen(t, dir, last-1, "second segment")
}

func TestSegmentsAndIdentityMustFit(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, dir string){
		"first segment missing": func(t *testing.T, dir string) { must(t, os.Remove(segmentPath(dir, 1))) },
		"a gap": func(t *testing.T, dir string) {
			must(t, os.Rename(segmentPath(dir, 2), segmentPath(dir, 3)))
		},
		"identity missing": func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, metaFile))) },
		"identity damaged": func(t *testing.T, dir string) {
			must(t, os.WriteFile(filepath.Join(dir, metaFile), []byte(`{"version":1,"node":3,"journal":"00"}`), 0o600))
		},
		"segment of another journal": func(t *testing.T, dir string) {
			other, _, _ := sample(t, 1)
			b, err := os.ReadFile(segmentPath(other, 1))
			must(t, err)
			must(t, os.WriteFile(segmentPath(dir, 1), b, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, _, _ := sample(t, 2)
			spoil(t, dir)
			if j, err := Open(options(dir)); !errors.Is(err, ErrCorrupt) {
				if err == nil {
					j.Close(t.Context())
				}
				t.Fatalf("opened, or another error: %v", err)
			}
		})
	}
	dir, _, _ := sample(t, 1)
	o := options(dir)
	o.Node = 4
	if _, err := Open(o); err == nil || !strings.Contains(err.Error(), "node 3") {
		t.Fatal(err)
	}
}

// A frame that is whole and signed by the node, but hangs on another past.
func TestABatchOfAnotherPastIsDamage(t *testing.T) {
	dir, b, last := sample(t, 2)
	f, err := batch.Parse(b[last:])
	must(t, err)
	h := f.Header
	h.Prev[5] ^= 1
	forged := batch.Encode(h, f.Records, testKey)
	copy(b[last:], forged)
	rewrite(t, dir, b)
	refuses(t, dir, "chain")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestABirthThatWasInterruptedStartsOver(t *testing.T) {
	dir := t.TempDir()
	shut(t, open(t, options(dir)))
	must(t, os.Remove(filepath.Join(dir, metaFile)))
	must(t, os.Remove(segmentPath(dir, 2)))
	must(t, os.WriteFile(segmentPath(dir, 2)+".tmp", []byte("half"), 0o600))
	reopen(t, dir, 0, "unborn")
}

func TestRotOnTheDiskIsNotServed(t *testing.T) {
	dir := t.TempDir()
	j := open(t, options(dir))
	env := envelope(1, 800)
	put(t, j, 1, env)
	f, err := os.OpenFile(segmentPath(dir, 1), os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	_, err = f.WriteAt([]byte{1, 2, 3}, sector+200)
	must(t, err)
	if _, ok, err := j.Acknowledgement(wire.IDOf(env)); ok || !errors.Is(err, ErrCorrupt) {
		t.Fatal(ok, err)
	}
}

// Opening checks one signature, and still nothing of the past can be another:
// neither a batch in the middle nor all of them from some batch on.
func TestAHistoryOfAnotherHandIsDamage(t *testing.T) {
	foreign := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize))
	for name, c := range map[string]struct {
		from, to int // batches written anew, from 0, to excluded
		why      string
	}{
		"in the middle": {1, 2, "does not follow"},
		"to the end":    {1, 4, "signature of batch 4"},
		"the last":      {3, 4, "signature of batch 4"},
		"all":           {0, 4, "signature of batch 4"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, b, _ := sample(t, 4)
			at, prev := sector, [32]byte{}
			for i := range 4 {
				f, err := batch.Parse(b[at:])
				must(t, err)
				length := (int(f.Length) + sector - 1) / sector * sector
				if i >= c.from && i < c.to {
					h := f.Header
					h.Prev = prev
					f.Records[0].Leaf.Stamp.UnixNano--
					copy(b[at:], batch.Encode(h, f.Records, foreign))
					f, err = batch.Parse(b[at:])
					must(t, err)
				}
				s := f.Statement()
				prev = s.Chain()
				at += length
			}
			rewrite(t, dir, b)
			refuses(t, dir, name)
			if _, err := Open(options(dir)); err == nil || !strings.Contains(err.Error(), c.why) {
				t.Fatalf("want %q, got %v", c.why, err)
			}
			if _, err := Scan(dir, testPublic, nil); !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
		})
	}
}
