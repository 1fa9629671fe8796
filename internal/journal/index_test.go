package journal

import (
	"encoding/binary"
	"iter"
	"math/rand/v2"
	"testing"

	"puntuale/internal/clickday"
)

// TestTheIndexIsAMap compares it with one, through every growth, with ids that
// differ only in their ends among them.
func TestTheIndexIsAMap(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	x, m := newIndex(0), map[clickday.SubmissionID]found{}
	id := func() (id clickday.SubmissionID) {
		n := rnd.Uint64N(30_000)
		if n%2 == 0 {
			binary.BigEndian.PutUint64(id[24:], n) // the same hash for all of these
			binary.BigEndian.PutUint64(id[:], n%4)
			return id
		}
		binary.BigEndian.PutUint64(id[:], n*0x9e3779b97f4a7c15)
		return id
	}
	for i := range 20_000 {
		k, f := id(), found{batch: uint64(i + 1), record: uint32(i % 7), stamp: rnd.Int64N(100)}
		if i%3 == 0 {
			x.earliest(k, f)
			if old, ok := m[k]; !ok || f.stamp < old.stamp {
				m[k] = f
			}
		} else {
			x.put(k, f)
			m[k] = f
		}
		if k = id(); i%5 == 0 {
			got, ok := x.get(k)
			if want, there := m[k]; ok != there || got != want {
				t.Fatalf("step %d: %+v, %v; want %+v, %v", i, got, ok, want, there)
			}
		}
	}
	if x.Len() != len(m) {
		t.Fatalf("%d entries, want %d", x.Len(), len(m))
	}
	for k, want := range m {
		if got, ok := x.get(k); !ok || got != want {
			t.Fatalf("%s: %+v, %v; want %+v", k, got, ok, want)
		}
	}
}

func BenchmarkIndexNew(b *testing.B) {
	x := newIndex(1 << 20)
	var id clickday.SubmissionID
	n := uint64(0)
	for b.Loop() {
		n++
		binary.BigEndian.PutUint64(id[:], n*0x9e3779b97f4a7c15)
		binary.BigEndian.PutUint64(id[8:], n*0xbf58476d1ce4e5b9)
		if _, ok := x.get(id); !ok {
			x.put(id, found{batch: 1})
		}
	}
}

// all is every submission, in the order in which they came.
func (x *index) all() iter.Seq2[clickday.SubmissionID, found] {
	return func(yield func(clickday.SubmissionID, found) bool) {
		for _, c := range x.chunks {
			for _, e := range c {
				if !yield(e.id, e.found) {
					return
				}
			}
		}
	}
}
