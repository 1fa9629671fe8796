package ledger

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Edge is the right edge of a tree: its size and its incomplete tiles, which is
// all that is needed to append. The zero Edge is the empty tree.
type Edge struct {
	size   int64
	levels [][]tlog.Hash // the incomplete hash tile of each level
	bundle []byte        // the incomplete entry bundle
}

// ErrEdge says that tiles do not make the edge of a tree of that size.
var ErrEdge = errors.New("ledger: not the edge of this tree")

// OpenEdge puts the edge of a tree of that size together from its incomplete
// tiles, which are those that EdgeTiles names, in any order.
func OpenEdge(size int64, tiles []Tile) (Edge, error) {
	e := Edge{size: size}
	want := EdgeTiles(size)
	if len(tiles) != len(want) {
		return Edge{}, fmt.Errorf("%w: %d tiles for size %d instead of %d", ErrEdge, len(tiles), size, len(want))
	}
	for _, w := range want {
		t := find(tiles, w)
		if t == nil {
			return Edge{}, fmt.Errorf("%w: %s is missing", ErrEdge, w.Path())
		}
		if err := e.put(t); err != nil {
			return Edge{}, fmt.Errorf("%w: %s: %w", ErrEdge, w.Path(), err)
		}
	}
	return e, e.checkLeaves()
}

func find(tiles []Tile, w Tile) *Tile {
	for i := range tiles {
		if t := &tiles[i]; t.Level == w.Level && t.Index == w.Index && t.Width == w.Width {
			return t
		}
	}
	return nil
}

func (e *Edge) put(t *Tile) error {
	if t.Level == Entries {
		if _, err := t.Lines(); err != nil {
			return err
		}
		e.bundle = append([]byte(nil), t.Data...)
		return nil
	}
	h, err := t.Hashes()
	if err != nil {
		return err
	}
	for len(e.levels) <= t.Level {
		e.levels = append(e.levels, nil)
	}
	e.levels[t.Level] = h
	return nil
}

// checkLeaves compares the entries with their hashes.
func (e *Edge) checkLeaves() error {
	if len(e.bundle) == 0 {
		return nil
	}
	t := Tile{Level: Entries, Width: len(e.levels[0]), Data: e.bundle}
	lines, err := t.Lines()
	if err != nil {
		return err
	}
	for i, line := range lines {
		if tlog.RecordHash(line) != e.levels[0][i] {
			return fmt.Errorf("%w: entry %d has another hash", ErrEdge, i)
		}
	}
	return nil
}

// EdgeTiles returns the incomplete tiles of a tree of that size, without data.
func EdgeTiles(size int64) []Tile {
	var out []Tile
	for level := 0; size>>(TileHeight*level) > 0 && level <= maxLevel; level++ {
		width := int(size >> (TileHeight * level) & (TileWidth - 1))
		if width == 0 {
			continue
		}
		index := size >> (TileHeight * level) >> TileHeight
		out = append(out, Tile{Level: level, Index: index, Width: width})
		if level == 0 {
			out = append(out, Tile{Level: Entries, Index: index, Width: width})
		}
	}
	return out
}

// Size returns the number of leaves.
func (e *Edge) Size() int64 { return e.size }

var emptyRoot = tlog.Hash(sha256.Sum256(nil))

// Root returns the root hash of the tree; of the empty tree it is the SHA-256 of
// nothing.
func (e *Edge) Root() tlog.Hash {
	if e.size == 0 {
		return emptyRoot
	}
	var root tlog.Hash
	first := true
	for _, level := range e.levels {
		for end := len(level); end > 0; {
			part := 1 << bits.TrailingZeros(uint(end)) // the rightmost whole subtree
			left := fold(level[end-part : end])
			if first {
				root, first = left, false
			} else {
				root = tlog.NodeHash(left, root)
			}
			end -= part
		}
	}
	return root
}

// fold returns the root over a power of two of neighbouring hashes.
func fold(h []tlog.Hash) tlog.Hash {
	var buf [TileWidth]tlog.Hash
	n := copy(buf[:], h)
	for ; n > 1; n /= 2 {
		for i := range n / 2 {
			buf[i] = tlog.NodeHash(buf[2*i], buf[2*i+1])
		}
	}
	return buf[0]
}

// Grow appends leaves and returns every tile that is new or wider than before:
// those that were completed, and the incomplete ones of the new edge. A line
// may have at most 65,535 bytes; after an error the edge is as it was.
func (e *Edge) Grow(lines [][]byte) ([]Tile, error) {
	for i, line := range lines {
		if len(line) > math.MaxUint16 {
			return nil, fmt.Errorf("ledger: leaf %d has %d bytes", e.size+int64(i), len(line))
		}
	}
	if len(lines) == 0 {
		return nil, nil
	}
	before := e.size
	var out []Tile
	for _, line := range lines {
		e.bundle = appendEntry(e.bundle, line)
		e.size++
		out = e.push(out, 0, tlog.RecordHash(line))
		if e.size%TileWidth == 0 {
			out = append(out, Tile{Level: Entries, Index: e.size/TileWidth - 1, Width: TileWidth, Data: e.bundle})
			e.bundle = nil
		}
	}
	return append(out, e.changed(before)...), nil
}

// push appends a hash at a level, and what that completes above it.
func (e *Edge) push(out []Tile, level int, h tlog.Hash) []Tile {
	if level == len(e.levels) {
		e.levels = append(e.levels, nil)
	}
	e.levels[level] = append(e.levels[level], h)
	full := e.levels[level]
	if len(full) < TileWidth {
		return out
	}
	index := e.size>>(TileHeight*(level+1)) - 1
	out = append(out, Tile{Level: level, Index: index, Width: TileWidth, Data: join(full)})
	e.levels[level] = full[:0:0]
	return e.push(out, level+1, fold(full))
}

// changed returns the incomplete tiles that are not what they were at that size.
func (e *Edge) changed(before int64) []Tile {
	var out []Tile
	for _, t := range EdgeTiles(e.size) {
		if t.Level > 0 && e.size>>(TileHeight*t.Level) == before>>(TileHeight*t.Level) {
			continue
		}
		t.Data = append([]byte(nil), e.bundle...)
		if t.Level >= 0 {
			t.Data = join(e.levels[t.Level])
		}
		out = append(out, t)
	}
	return out
}

func join(h []tlog.Hash) []byte {
	out := make([]byte, 0, len(h)*tlog.HashSize)
	for i := range h {
		out = append(out, h[i][:]...)
	}
	return out
}
