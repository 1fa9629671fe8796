package batch

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"testing"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

func testFrame(t testing.TB, n int) ([]byte, ed25519.PrivateKey) {
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

// FuzzHeader: what is accepted is written again as the same bytes, its CRC made
// right before if told to.
func FuzzHeader(f *testing.F) {
	good := AppendHeader(nil, &Header{Length: 4096, Node: 1, Journal: 7, Batch: 3, First: 10, Count: 2, Prev: [32]byte{9}})
	for _, at := range []int{0, 4, 7, 9, 17, 34, 37, 69, headerCRCAt} {
		b := bytes.Clone(good)
		b[at] ^= 0xff
		f.Add(b, true)
		f.Add(b, false)
	}
	f.Add(good, false)
	f.Add(good[:HeaderSize-1], false)
	f.Fuzz(func(t *testing.T, b []byte, repair bool) {
		if repair && len(b) >= HeaderSize {
			b = bytes.Clone(b)
			binary.BigEndian.PutUint32(b[headerCRCAt:], crc32.Checksum(b[:headerCRCAt], Castagnoli))
		}
		h, err := ParseHeader(b)
		if err != nil {
			return
		}
		if again := AppendHeader(nil, &h); !bytes.Equal(again, b[:HeaderSize]) {
			t.Fatalf("read %x, wrote %x", b[:HeaderSize], again)
		}
		if h.Length > FrameMax || h.Count == 0 || uint64(h.Count)*(RecordOverhead+wire.LeafSize) > uint64(h.Length) {
			t.Fatalf("%d records in %d bytes", h.Count, h.Length)
		}
	})
}

func FuzzParse(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	e := []byte("x")
	f.Add(Encode(Header{Node: 1, Journal: 7, Batch: 1, First: 1}, []Record{{Envelope: e, Leaf: wire.Leaf{
		ID: wire.IDOf(e), Stamp: clickday.Stamp{Node: 1, Journal: 7, Sequence: 1},
	}}}, key))
	three, _ := testFrame(f, 3)
	for i := 0; i < len(three); i += 37 {
		c := bytes.Clone(three)
		c[i] ^= 0x40
		f.Add(c)
		f.Add(three[:i])
	}
	public := key.Public().(ed25519.PublicKey)
	f.Fuzz(func(t *testing.T, b []byte) {
		fr, err := Parse(repaired(b))
		if err != nil {
			return
		}
		if int(fr.Count) != len(fr.Records) {
			t.Fatal("count and records differ")
		}
		if again := Encode(fr.Header, fr.Records, key); fr.CheckSignature(public) == nil && !bytes.Equal(again, repaired(b)[:fr.Length]) {
			t.Fatalf("read %x, wrote %x", b, again)
		}
		for i := range fr.Records {
			fr.Acknowledgement(i)
		}
	})
}

// repaired makes the CRCs right, as somebody would who knows of them.
func repaired(b []byte) []byte {
	if len(b) < HeaderSize+TrailerSize {
		return b
	}
	b = bytes.Clone(b)
	binary.BigEndian.PutUint32(b[headerCRCAt:], crc32.Checksum(b[:headerCRCAt], Castagnoli))
	n := uint64(binary.BigEndian.Uint32(b[4:]))
	if n < HeaderSize+TrailerSize || n > uint64(len(b)) {
		return b
	}
	end := int(n) - TrailerSize
	for at := HeaderSize; at+RecordOverhead <= end; {
		length := int(binary.BigEndian.Uint32(b[at:]))
		if length > end-at-RecordOverhead {
			break
		}
		binary.BigEndian.PutUint32(b[at+4:], crc32.Checksum(b[at+RecordOverhead:][:length], Castagnoli))
		at += RecordOverhead + length
	}
	binary.BigEndian.PutUint32(b[n-4:], crc32.Checksum(b[:n-4], Castagnoli))
	return b
}
