package ledger

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Proof shows that a leaf is in a tree.
type Proof struct {
	Index int64 // of the leaf, from 0
	Size  int64 // of the tree
	// Hashes are the neighbours on the way up, the lowest first (RFC 6962 2.1.1).
	Hashes []tlog.Hash
}

// ErrProof says that a proof does not lead to the root.
var ErrProof = errors.New("ledger: the proof does not lead to the root")

// CheckInclusion reports whether the leaf with exactly these bytes stands in the
// tree with that root, at the proof's index.
func CheckInclusion(p Proof, line []byte, root tlog.Hash) error {
	if p.Index < 0 || p.Index >= p.Size {
		return fmt.Errorf("%w: leaf %d of %d", ErrProof, p.Index, p.Size)
	}
	if err := tlog.CheckRecord(p.Hashes, p.Size, root, p.Index, tlog.RecordHash(line)); err != nil {
		return fmt.Errorf("%w: leaf %d of %d", ErrProof, p.Index, p.Size)
	}
	return nil
}

// CheckConsistency reports whether the tree of the newer head begins with all of
// the older head's tree, unchanged.
func CheckConsistency(proof []tlog.Hash, older, newer Head) error {
	bad := fmt.Errorf("%w: from size %d to %d", ErrProof, older.Size, newer.Size)
	if older.Origin != newer.Origin || older.Size < 0 || older.Size > newer.Size {
		return bad
	}
	if older.Size == 0 || older.Size == newer.Size {
		if len(proof) != 0 || older.Size != 0 && older.Root != newer.Root || older.Size == 0 && older.Root != emptyRoot {
			return bad
		}
		return nil
	}
	if err := tlog.CheckTree(proof, newer.Size, newer.Root, older.Size, older.Root); err != nil {
		return bad
	}
	return nil
}

// ReadTile returns a tile of a tree with at least the width of t, which has no
// data, and with its data. It may return a wider one.
type ReadTile func(t Tile) (Tile, error)

// Prover makes the proofs of a tree from its tiles. It keeps the tiles that it
// has read, and is not safe for concurrent use.
type Prover struct {
	size int64
	read ReadTile
	// rows of each tile read: its hashes, then those of pairs of them, and so on.
	rows map[tileKey][][]tlog.Hash
}

type tileKey struct {
	level int
	index int64
}

// NewProver makes proofs about the tree of that size.
func NewProver(size int64, read ReadTile) *Prover {
	return &Prover{size: size, read: read, rows: map[tileKey][][]tlog.Hash{}}
}

// Inclusion returns the proof that the tree has the leaf at index.
func (p *Prover) Inclusion(index int64) (Proof, error) {
	if index < 0 || index >= p.size {
		return Proof{}, fmt.Errorf("%w: leaf %d of %d", ErrProof, index, p.size)
	}
	hashes, err := tlog.ProveRecord(p.size, index, tlog.HashReaderFunc(p.hashes))
	if err != nil {
		return Proof{}, fmt.Errorf("ledger: prove leaf %d of %d: %w", index, p.size, err)
	}
	return Proof{Index: index, Size: p.size, Hashes: hashes}, nil
}

// CheckLeaf compares a proof that this prover has made with a root, by the leaf's
// hash as the tiles have it.
func (p *Prover) CheckLeaf(proof Proof, root tlog.Hash) error {
	leaf, err := p.hash(0, proof.Index)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof.Hashes, proof.Size, root, proof.Index, leaf); err != nil {
		return fmt.Errorf("%w: leaf %d of %d", ErrProof, proof.Index, proof.Size)
	}
	return nil
}

// Consistency returns the proof that the tree begins with that of the older
// size; it is empty for sizes 0 and that of the tree itself.
func (p *Prover) Consistency(older int64) ([]tlog.Hash, error) {
	if older < 0 || older > p.size {
		return nil, fmt.Errorf("%w: from size %d to %d", ErrProof, older, p.size)
	}
	if older == 0 || older == p.size {
		return nil, nil
	}
	hashes, err := tlog.ProveTree(p.size, older, tlog.HashReaderFunc(p.hashes))
	if err != nil {
		return nil, fmt.Errorf("ledger: prove size %d to %d: %w", older, p.size, err)
	}
	return hashes, nil
}

// Root returns the root of the tree, computed from its tiles.
func (p *Prover) Root() (tlog.Hash, error) {
	if p.size == 0 {
		return emptyRoot, nil
	}
	return tlog.TreeHash(p.size, tlog.HashReaderFunc(p.hashes))
}

// hashes answers tlog, which counts hashes in the order in which they come about.
func (p *Prover) hashes(stored []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(stored))
	for i, s := range stored {
		level, n := tlog.SplitStoredHashIndex(s)
		h, err := p.hash(level, n)
		if err != nil {
			return nil, err
		}
		out[i] = h
	}
	return out, nil
}

// hash returns the nth hash of a level of the whole tree.
func (p *Prover) hash(level int, n int64) (tlog.Hash, error) {
	inside := level % TileHeight
	key := tileKey{level / TileHeight, n >> (TileHeight - inside)}
	rows, ok := p.rows[key]
	if !ok {
		var err error
		if rows, err = p.open(key); err != nil {
			return tlog.Hash{}, err
		}
		p.rows[key] = rows
	}
	at := n & (1<<(TileHeight-inside) - 1)
	if at >= int64(len(rows[inside])) {
		return tlog.Hash{}, fmt.Errorf("%w: hash %d of level %d lies beyond size %d", ErrTile, n, level, p.size)
	}
	return rows[inside][at], nil
}

func (p *Prover) open(key tileKey) ([][]tlog.Hash, error) {
	above := p.size >> (TileHeight * key.level)
	want := Tile{Level: key.level, Index: key.index, Width: int(min(TileWidth, above-key.index*TileWidth))}
	if want.Width < 1 {
		return nil, fmt.Errorf("%w: %s lies beyond size %d", ErrTile, want.Path(), p.size)
	}
	t, err := p.read(want)
	if err != nil {
		return nil, err
	}
	if t.Level != want.Level || t.Index != want.Index {
		return nil, fmt.Errorf("%w: %s instead of %s", ErrTile, t.Path(), want.Path())
	}
	cut, err := t.Cut(want.Width)
	if err != nil {
		return nil, err
	}
	row, err := cut.Hashes()
	if err != nil {
		return nil, err
	}
	rows := make([][]tlog.Hash, TileHeight)
	for i := range rows {
		rows[i] = row
		next := make([]tlog.Hash, len(row)/2)
		for k := range next {
			next[k] = tlog.NodeHash(row[2*k], row[2*k+1])
		}
		row = next
	}
	return rows, nil
}
