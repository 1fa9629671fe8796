package wire

import (
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// knownInputs, knownRoots and knownPaths are the published test vectors of the
// Certificate Transparency reference implementation for RFC 6962.
var (
	knownInputs = []string{
		"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
	}
	knownRoots = []string{
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	}
	knownPaths = []struct {
		index, count uint32
		path         []string
	}{
		{0, 1, nil},
		{0, 8, []string{
			"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
			"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
			"6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
		}},
		{5, 8, []string{
			"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
			"ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
			"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		}},
		{2, 3, []string{"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
		{1, 5, []string{
			"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
			"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
			"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
		}},
	}
)

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func knownLeaves(t *testing.T) [][32]byte {
	out := make([][32]byte, len(knownInputs))
	for i, in := range knownInputs {
		out[i] = HashLeaf(unhex(t, in))
	}
	return out
}

func TestTreeAgainstThePublishedVectors(t *testing.T) {
	leaves := knownLeaves(t)
	for i, want := range knownRoots {
		if got := TreeRoot(leaves[:i+1]); hex.EncodeToString(got[:]) != want {
			t.Errorf("root of %d leaves: %x, want %s", i+1, got, want)
		}
	}
	for _, c := range knownPaths {
		path := make([][32]byte, len(c.path))
		for i := range path {
			path[i] = [32]byte(unhex(t, c.path[i]))
		}
		if got := TreePath(leaves[:c.count], int(c.index)); !slices.Equal(got, path) {
			t.Errorf("path %d of %d: %x", c.index, c.count, got)
		}
		root, ok := RootFromPath(leaves[c.index], c.index, c.count, path)
		if !ok || hex.EncodeToString(root[:]) != knownRoots[c.count-1] {
			t.Errorf("root from path %d of %d: %x %v", c.index, c.count, root, ok)
		}
	}
	if got := TreeRoot(nil); hex.EncodeToString(got[:]) != "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" {
		t.Errorf("root of nothing: %x", got)
	}
}

// tlogRoot computes the root with another implementation, that of the Go
// checksum database.
func tlogRoot(t *testing.T, records [][]byte) [32]byte {
	t.Helper()
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = stored[x]
		}
		return out, nil
	})
	for i, r := range records {
		hashes, err := tlog.StoredHashes(int64(i), r, read)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(int64(len(records)), read)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestTreeAgainstTlog(t *testing.T) {
	var records [][]byte
	var leaves [][32]byte
	for n := 1; n <= 200; n++ {
		r := fmt.Appendf(nil, "record %d", n)
		records, leaves = append(records, r), append(leaves, HashLeaf(r))
		want := tlogRoot(t, records)
		tree := NewTree(leaves)
		if TreeRoot(leaves) != want || tree.Root() != want {
			t.Fatalf("%d leaves: roots differ", n)
		}
		for i := range leaves {
			path := tree.AppendPath(nil, i)
			if n <= 40 && !slices.Equal(path, TreePath(leaves, i)) {
				t.Fatalf("path %d of %d differs", i, n)
			}
			if got, ok := RootFromPath(leaves[i], uint32(i), uint32(n), path); !ok || got != want {
				t.Fatalf("path %d of %d leads elsewhere", i, n)
			}
			proof := make(tlog.RecordProof, len(path))
			for k := range path {
				proof[k] = tlog.Hash(path[k])
			}
			if err := tlog.CheckRecord(proof, int64(n), want, int64(i), leaves[i]); err != nil {
				t.Fatalf("path %d of %d: %v", i, n, err)
			}
		}
	}
	if NewTree(nil).Root() != TreeRoot(nil) {
		t.Fatal("roots of nothing differ")
	}
}

func TestPathsThatCannotBe(t *testing.T) {
	leaves := make([][32]byte, 0, 20)
	for i := range 20 {
		leaves = append(leaves, HashLeaf([]byte{byte(i)}))
		n := len(leaves)
		root := TreeRoot(leaves)
		for j := range n {
			path := TreePath(leaves, j)
			for _, bad := range [][][32]byte{append(slices.Clone(path), [32]byte{}), path[:max(0, len(path)-1)]} {
				if len(bad) == len(path) {
					continue
				}
				if got, ok := RootFromPath(leaves[j], uint32(j), uint32(n), bad); ok && got == root {
					t.Fatalf("path of %d accepted for leaf %d of %d", len(bad), j, n)
				}
			}
		}
		if _, ok := RootFromPath(leaves[0], uint32(n), uint32(n), TreePath(leaves, 0)); ok {
			t.Fatalf("leaf %d of %d accepted", n, n)
		}
	}
	if _, ok := RootFromPath([32]byte{}, 0, 0, nil); ok {
		t.Fatal("leaf 0 of 0 accepted")
	}
	if _, ok := RootFromPath([32]byte{}, 1<<32-2, 1<<32-1, make([][32]byte, 64)); ok {
		t.Fatal("path of 64 accepted")
	}
}

func BenchmarkAllPathsOf1000(b *testing.B) {
	leaves := make([][32]byte, 1000)
	path := make([][32]byte, 0, 32)
	b.ReportAllocs()
	for b.Loop() {
		tree := NewTree(leaves)
		for i := range leaves {
			path = tree.AppendPath(path[:0], i)
		}
	}
}
