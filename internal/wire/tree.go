package wire

import "crypto/sha256"

// The hashes of a batch are those of RFC 6962 section 2.1: a leaf is prefixed
// with 0x00, a node with 0x01, and a tree of n leaves splits at the largest
// power of two below n.

// HashLeaf returns the hash of one leaf.
func HashLeaf(leaf []byte) [32]byte {
	buf := make([]byte, 0, 128)
	buf = append(buf, 0)
	return sha256.Sum256(append(buf, leaf...))
}

func hashNode(left, right *[32]byte) [32]byte {
	var buf [65]byte
	buf[0] = 1
	copy(buf[1:], left[:])
	copy(buf[33:], right[:])
	return sha256.Sum256(buf[:])
}

// TreeRoot returns the root over the leaf hashes, in order. No leaf at all has
// the hash of nothing, as in RFC 6962.
func TreeRoot(leaves [][32]byte) [32]byte {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	}
	k := split(len(leaves))
	left, right := TreeRoot(leaves[:k]), TreeRoot(leaves[k:])
	return hashNode(&left, &right)
}

// TreePath returns the inclusion path of leaf i, from its sibling up to the root.
// For all the paths of a batch use Tree.
func TreePath(leaves [][32]byte, i int) [][32]byte {
	if len(leaves) <= 1 {
		return nil
	}
	k := split(len(leaves))
	if i < k {
		return append(TreePath(leaves[:k], i), TreeRoot(leaves[k:]))
	}
	return append(TreePath(leaves[k:], i-k), TreeRoot(leaves[:k]))
}

// Tree holds every hash of one batch: all the paths of a group commit for the
// price of one pass, where TreePath alone hashes the whole batch again for each.
type Tree struct {
	levels [][][32]byte // leaves first; a lone last hash moves up unchanged
}

// NewTree builds the tree over leaf hashes, which it keeps and does not change.
func NewTree(leaves [][32]byte) *Tree {
	t := &Tree{levels: [][][32]byte{leaves}}
	slab := make([][32]byte, 0, len(leaves)+32)
	for below := leaves; len(below) > 1; {
		start := len(slab)
		for i := 0; i+1 < len(below); i += 2 {
			slab = append(slab, hashNode(&below[i], &below[i+1]))
		}
		if len(below)&1 == 1 {
			slab = append(slab, below[len(below)-1])
		}
		below = slab[start:len(slab):len(slab)]
		t.levels = append(t.levels, below)
	}
	return t
}

// Root returns what TreeRoot returns.
func (t *Tree) Root() [32]byte {
	top := t.levels[len(t.levels)-1]
	if len(top) == 0 {
		return TreeRoot(nil)
	}
	return top[0]
}

// AppendPath appends the inclusion path of leaf i to path: what TreePath returns.
func (t *Tree) AppendPath(path [][32]byte, i int) [][32]byte {
	for _, level := range t.levels[:len(t.levels)-1] {
		if sibling := i ^ 1; sibling < len(level) {
			path = append(path, level[sibling])
		}
		i >>= 1
	}
	return path
}

// RootFromPath recomputes the root from a leaf hash and its path, and reports
// false when the path cannot belong to a tree of that size.
func RootFromPath(leaf [32]byte, index, count uint32, path [][32]byte) ([32]byte, bool) {
	if index >= count {
		return [32]byte{}, false
	}
	fn, sn, h := index, count-1, leaf
	for i := range path {
		if sn == 0 {
			return [32]byte{}, false
		}
		if fn&1 == 1 || fn == sn {
			h = hashNode(&path[i], &h)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			h = hashNode(&h, &path[i])
		}
		fn, sn = fn>>1, sn>>1
	}
	return h, sn == 0
}

// split returns the largest power of two below n, for n > 1.
func split(n int) int {
	k := 1
	for k<<1 < n {
		k <<= 1
	}
	return k
}
