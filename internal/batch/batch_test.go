package batch

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"testing"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

func testFrame(t *testing.T, n int) ([]byte, ed25519.PrivateKey) {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	records := make([]Record, n)
	for i := range records {
		envelope := fmt.Appendf(nil, "envelope %d", i)
		records[i] = Record{Envelope: envelope, Leaf: wire.Leaf{ID: wire.IDOf(envelope), Stamp: clickday.Stamp{
			UnixNano: int64(1000 + i), Source: clickday.StampKernel, Clock: clickday.ClockOK,
			Node: 1, Journal: 7, Sequence: uint64(10 + i),
		}}}
	}
	return Encode(Header{Node: 1, Journal: 7, Batch: 3, First: 10, Prev: [32]byte{9}}, records, key), key
}

func TestEveryAcknowledgementOfAFrameVerifies(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 9, 64, 100} {
		b, key := testFrame(t, n)
		f, err := Parse(b)
		if err != nil {
			t.Fatal(n, err)
		}
		public := key.Public().(ed25519.PublicKey)
		if err := f.CheckSignature(public); err != nil {
			t.Fatal(err)
		}
		for i := range f.Records {
			a := f.Acknowledgement(i)
			back, err := wire.ParseAcknowledgement(wire.AppendAcknowledgement(nil, &a))
			if err != nil {
				t.Fatal(err)
			}
			if err := back.Check(f.Records[i].Leaf.ID, public); err != nil {
				t.Fatalf("record %d of %d: %v", i, n, err)
			}
		}
	}
}

func TestOneChangedByteAnywhereIsFound(t *testing.T) {
	b, key := testFrame(t, 3)
	public := key.Public().(ed25519.PublicKey)
	for i := range b {
		c := append([]byte(nil), b...)
		c[i] ^= 0x40
		f, err := Parse(c)
		if err == nil {
			err = f.CheckSignature(public)
		}
		if err == nil {
			t.Fatalf("byte %d of %d changed and nothing said so", i, len(b))
		}
	}
}

func TestCutFramesAreShort(t *testing.T) {
	b, _ := testFrame(t, 3)
	for i := range b {
		if _, err := Parse(b[:i]); !errors.Is(err, ErrShort) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	e := []byte("x")
	f.Add(Encode(Header{Node: 1, Journal: 7, Batch: 1, First: 1}, []Record{{Envelope: e, Leaf: wire.Leaf{
		ID: wire.IDOf(e), Stamp: clickday.Stamp{Node: 1, Journal: 7, Sequence: 1},
	}}}, key))
	f.Fuzz(func(t *testing.T, b []byte) {
		if fr, err := Parse(b); err == nil && int(fr.Count) != len(fr.Records) {
			t.Fatal("count and records differ")
		}
	})
}
