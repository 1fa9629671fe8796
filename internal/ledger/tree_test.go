package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// plain is a tree as tlog itself keeps it: every hash in one list.
type plain struct {
	stored []tlog.Hash
	size   int64
}

func (p *plain) reader(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = p.stored[x]
	}
	return out, nil
}

func (p *plain) add(t testing.TB, line []byte) {
	t.Helper()
	h, err := tlog.StoredHashes(p.size, line, tlog.HashReaderFunc(p.reader))
	if err != nil {
		t.Fatal(err)
	}
	p.stored = append(p.stored, h...)
	p.size++
}

func (p *plain) root(t testing.TB, size int64) tlog.Hash {
	t.Helper()
	if size == 0 {
		return emptyRoot
	}
	h, err := tlog.TreeHash(size, tlog.HashReaderFunc(p.reader))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// shelf keeps tiles as a server would: by level and index, the widest.
type shelf map[string]Tile

func key(t Tile) string { return fmt.Sprint(t.Level, "/", t.Index) }

// put stores a tile and fails when one that was there has changed.
func (s shelf) put(t testing.TB, tiles []Tile) {
	t.Helper()
	for _, n := range tiles {
		old, ok := s[key(n)]
		if ok && (old.Width >= n.Width || !bytes.HasPrefix(n.Data, old.Data)) {
			t.Fatalf("%s: %d wide after %d, or changed", n.Path(), n.Width, old.Width)
		}
		n.Data = bytes.Clone(n.Data)
		s[key(n)] = n
	}
}

func (s shelf) read(want Tile) (Tile, error) {
	t, ok := s[key(want)]
	if !ok {
		return Tile{}, errors.New("no tile " + want.Path())
	}
	return t, nil
}

// edge puts the edge together from stored tiles, as a server does.
func (s shelf) edge(t testing.TB, size int64) Edge {
	t.Helper()
	var tiles []Tile
	for _, want := range EdgeTiles(size) {
		got, err := s.read(want)
		if err != nil {
			t.Fatal(err)
		}
		tiles = append(tiles, got)
	}
	e, err := OpenEdge(size, tiles)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func line(i int64) []byte { return fmt.Appendf(nil, "leaf %d", i*i) }

// grown is a tree of that size that came about in random steps, in three ways.
func grown(t testing.TB, rnd *rand.Rand, size int64, maxStep int64) (*plain, shelf, []int64) {
	t.Helper()
	p, s := &plain{}, shelf{}
	steps := []int64{0}
	for p.size < size {
		e := s.edge(t, p.size)
		var lines [][]byte
		for n := min(1+rnd.Int64N(maxStep), size-p.size); n > 0; n-- {
			lines = append(lines, line(p.size))
			p.add(t, line(p.size))
		}
		tiles, err := e.Grow(lines)
		if err != nil {
			t.Fatal(err)
		}
		s.put(t, tiles)
		if e.Size() != p.size || e.Root() != p.root(t, p.size) {
			t.Fatalf("size %d: root %v, tlog has %v", p.size, e.Root(), p.root(t, p.size))
		}
		steps = append(steps, p.size)
	}
	return p, s, steps
}

func TestRootOfEverySize(t *testing.T) {
	p := &plain{}
	var e Edge
	for size := int64(0); size <= 2000; size++ {
		if e.Size() != size || e.Root() != p.root(t, size) {
			t.Fatalf("size %d: root %v, tlog has %v", size, e.Root(), p.root(t, size))
		}
		if _, err := e.Grow([][]byte{line(size)}); err != nil {
			t.Fatal(err)
		}
		p.add(t, line(size))
	}
}

func TestTilesAreThoseOfTlog(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int64{1, 2, 255, 256, 257, 511, 512, 513, 2000, 1<<16 - 1, 1 << 16, 1<<16 + 1, 1<<16 + 300, 1<<17 + 5} {
		p, s, _ := grown(t, rnd, size, size/3+1)
		want := map[string]bool{}
		for _, tile := range tlog.NewTiles(TileHeight, 0, size) {
			data, err := tlog.ReadTileData(tile, tlog.HashReaderFunc(p.reader))
			if err != nil {
				t.Fatal(err)
			}
			k := key(Tile{Level: tile.L, Index: tile.N})
			want[k] = true
			if got := s[k]; got.Width != tile.W || !bytes.Equal(got.Data, data) {
				t.Errorf("size %d: %s has %d hashes, tlog's %d, or they differ", size, tile.Path(), got.Width, tile.W)
			}
		}
		entries := 0
		for k, tile := range s {
			if tile.Level != Entries {
				if !want[k] {
					t.Errorf("size %d: tlog has no tile %s", size, tile.Path())
				}
				continue
			}
			lines, err := tile.Lines()
			if err != nil {
				t.Fatal(err)
			}
			entries += len(lines)
			for i, l := range lines {
				if !bytes.Equal(l, line(tile.Index*TileWidth+int64(i))) {
					t.Errorf("size %d: %s: entry %d is %q", size, tile.Path(), i, l)
				}
			}
		}
		if int64(entries) != size {
			t.Errorf("size %d: %d entries", size, entries)
		}
	}
}

func TestProofsAreThoseOfTlog(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, size := range []int64{1, 2, 3, 7, 256, 257, 700, 2000, 1<<16 + 700} {
		p, s, steps := grown(t, rnd, size, size/5+1)
		for _, at := range append(steps[1:], 1+rnd.Int64N(size)) {
			prover := NewProver(at, s.read)
			if root, err := prover.Root(); err != nil || root != p.root(t, at) {
				t.Fatalf("size %d at %d: root %v, %v", size, at, root, err)
			}
			for range 40 {
				inclusionIsTlogs(t, p, prover, at, rnd.Int64N(at))
				consistencyIsTlogs(t, p, prover, at, rnd.Int64N(at+1))
			}
		}
	}
}

func inclusionIsTlogs(t *testing.T, p *plain, prover *Prover, size, index int64) {
	t.Helper()
	got, err := prover.Inclusion(index)
	if err != nil {
		t.Fatal(err)
	}
	want, err := tlog.ProveRecord(size, index, tlog.HashReaderFunc(p.reader))
	if err != nil || fmt.Sprint(want) != fmt.Sprint(tlog.RecordProof(got.Hashes)) {
		t.Fatalf("leaf %d of %d: %v instead of %v, %v", index, size, got.Hashes, want, err)
	}
	root := p.root(t, size)
	if err := CheckInclusion(got, line(index), root); err != nil {
		t.Fatal(err)
	}
	if err := prover.CheckLeaf(got, root); err != nil {
		t.Fatal(err)
	}
	spoilInclusion(t, got, line(index), root)
}

// spoilInclusion changes one thing at a time.
func spoilInclusion(t *testing.T, p Proof, l []byte, root tlog.Hash) {
	t.Helper()
	refused := func(what string, p Proof, l []byte, root tlog.Hash) {
		t.Helper()
		if err := CheckInclusion(p, l, root); !errors.Is(err, ErrProof) {
			t.Errorf("leaf %d of %d: %s: %v", p.Index, p.Size, what, err)
		}
	}
	refused("another leaf", p, append([]byte("x"), l...), root)
	refused("another root", p, l, emptyRoot)
	refused("beyond the tree", Proof{p.Size, p.Size, p.Hashes}, l, root)
	refused("below the tree", Proof{-1, p.Size, p.Hashes}, l, root)
	if len(p.Hashes) == 0 {
		return
	}
	refused("a hash less", Proof{p.Index, p.Size, p.Hashes[1:]}, l, root)
	refused("another index", Proof{p.Index ^ 1, p.Size, p.Hashes}, l, root)
	other := append([]tlog.Hash(nil), p.Hashes...)
	other[len(other)-1][31] ^= 1
	refused("another hash", Proof{p.Index, p.Size, other}, l, root)
	refused("a hash more", Proof{p.Index, p.Size, append(other, emptyRoot)}, l, root)
}

func consistencyIsTlogs(t *testing.T, p *plain, prover *Prover, size, older int64) {
	t.Helper()
	got, err := prover.Consistency(older)
	if err != nil {
		t.Fatal(err)
	}
	a, b := Head{Origin: "o", Size: older, Root: p.root(t, older)}, Head{Origin: "o", Size: size, Root: p.root(t, size)}
	if err := CheckConsistency(got, a, b); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string][2]Head{
		"another day":        {{Origin: "p", Size: older, Root: a.Root}, b},
		"another older root": {{Origin: "o", Size: older, Root: tlog.Hash{1}}, b},
		"backwards":          {{Origin: "o", Size: size + 1, Root: b.Root}, b},
	} {
		if err := CheckConsistency(got, c[0], c[1]); !errors.Is(err, ErrProof) {
			t.Errorf("from %d to %d: %s: %v", older, size, what, err)
		}
	}
	if older == 0 || older == size {
		return
	}
	want, err := tlog.ProveTree(size, older, tlog.HashReaderFunc(p.reader))
	if err != nil || fmt.Sprint(want) != fmt.Sprint(tlog.TreeProof(got)) {
		t.Fatalf("from %d to %d: %v instead of %v, %v", older, size, got, want, err)
	}
	if err := CheckConsistency(got, a, Head{Origin: "o", Size: size, Root: emptyRoot}); !errors.Is(err, ErrProof) {
		t.Errorf("from %d to %d: another newer root: %v", older, size, err)
	}
}

// TestEdgeTakesOnlyItsOwnTiles: a tile that has changed, is missing, too narrow
// or too wide does not make an edge.
func TestEdgeTakesOnlyItsOwnTiles(t *testing.T) {
	const size = 1<<16 + 700
	_, s, _ := grown(t, rand.New(rand.NewPCG(5, 6)), size, 5000)
	tiles := func() []Tile {
		var out []Tile
		for _, want := range EdgeTiles(size) {
			tile := s[key(want)]
			tile.Data = bytes.Clone(tile.Data)
			out = append(out, tile)
		}
		return out
	}
	if n := len(tiles()); n != 4 {
		t.Fatal("want tiles of three levels and a bundle, got", n)
	}
	for what, change := range map[string]func([]Tile) []Tile{
		"one missing":      func(l []Tile) []Tile { return l[1:] },
		"one twice":        func(l []Tile) []Tile { l[0] = l[1]; return l },
		"hash changed":     func(l []Tile) []Tile { l[0].Data[5] ^= 1; return l },
		"entry changed":    func(l []Tile) []Tile { l[1].Data[5] ^= 1; return l },
		"entry cut off":    func(l []Tile) []Tile { l[1].Data = l[1].Data[:len(l[1].Data)-1]; return l },
		"one hash less":    func(l []Tile) []Tile { l[2].Data = l[2].Data[32:]; return l },
		"another width":    func(l []Tile) []Tile { l[2].Width--; return l },
		"of another place": func(l []Tile) []Tile { l[2].Index++; return l },
	} {
		if _, err := OpenEdge(size, change(tiles())); !errors.Is(err, ErrEdge) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := new(Edge).Grow([][]byte{make([]byte, 1<<16)}); err == nil {
		t.Error("a line of 65,536 bytes was taken")
	}
}

// TestProverDoesNotMakeThingsUp: without the tiles there is no proof.
func TestProverDoesNotMakeThingsUp(t *testing.T) {
	_, s, _ := grown(t, rand.New(rand.NewPCG(7, 8)), 1000, 300)
	for what, read := range map[string]ReadTile{
		"no tiles":      shelf{}.read,
		"another tile":  func(Tile) (Tile, error) { return s["0/0"], nil },
		"narrow tiles":  func(w Tile) (Tile, error) { x, _ := s.read(w); return x.Cut(1) },
		"broken length": func(w Tile) (Tile, error) { x, _ := s.read(w); x.Data = x.Data[1:]; return x, nil },
	} {
		p := NewProver(1000, read)
		if _, err := p.Inclusion(700); err == nil {
			t.Errorf("%s: an inclusion proof", what)
		}
		if _, err := p.Consistency(700); err == nil {
			t.Errorf("%s: a consistency proof", what)
		}
	}
	p := NewProver(1000, s.read)
	for _, i := range []int64{-1, 1000} {
		if _, err := p.Inclusion(i); !errors.Is(err, ErrProof) {
			t.Errorf("leaf %d: %v", i, err)
		}
	}
	if _, err := p.Consistency(1001); !errors.Is(err, ErrProof) {
		t.Error("from 1001 to 1000:", err)
	}
}

func BenchmarkGrow(b *testing.B) {
	lines := make([][]byte, 4000)
	for i := range lines {
		lines[i] = fmt.Appendf(nil, "numbered,%d,2026-11-22T09:00:00.123456Z,kernel,ok,812,1,0,%064x,", i+1, i)
	}
	b.ReportAllocs()
	var e Edge
	for b.Loop() {
		if _, err := e.Grow(lines); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(lines)), "ns/leaf")
}
