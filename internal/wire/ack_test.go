package wire

import (
	"bytes"
	"crypto/sha256"
	"math"
	"reflect"
	"testing"

	"puntuale/internal/clickday"
)

func TestLeafRoundTripAtItsBounds(t *testing.T) {
	for _, l := range []Leaf{
		{},
		{ID: IDOf([]byte("x")), Stamp: clickday.Stamp{
			UnixNano: math.MaxInt64, Source: 255, Clock: 255, Bound: math.MaxInt64, Node: math.MaxUint16,
			Journal: math.MaxUint64, Sequence: math.MaxUint64,
		}},
		{Stamp: clickday.Stamp{UnixNano: math.MinInt64, Source: clickday.StampKernel, Clock: clickday.ClockOK, Sequence: 1}},
	} {
		b := AppendLeaf([]byte("before"), &l)
		if len(b) != 6+LeafSize {
			t.Fatalf("leaf of %d bytes", len(b)-6)
		}
		got, err := ParseLeaf(b[6:])
		if err != nil || got != l {
			t.Fatalf("%+v, %v; want %+v", got, err, l)
		}
	}
}

func TestLeafRefusals(t *testing.T) {
	l := testLeaves(1)[0]
	b := AppendLeaf(nil, &l)
	for i := range b {
		_, err := ParseLeaf(b[:i])
		wantCode(t, err, clickday.CodeMalformed)
	}
	_, err := ParseLeaf(append(bytes.Clone(b), 0))
	wantCode(t, err, clickday.CodeMalformed)
	b[42] = 0x80 // the bound would be negative
	_, err = ParseLeaf(b)
	wantCode(t, err, clickday.CodeMalformed)
}

func TestAcknowledgementsOfBatches(t *testing.T) {
	for _, n := range []int{1, 2, 3, 5, 64, 65} {
		leaves := testLeaves(n)
		s, acks := acknowledge(leaves)
		for i := range acks {
			b := AppendAcknowledgement(nil, &acks[i])
			got, err := ParseAcknowledgement(b)
			if err != nil || len(got.Path) != len(acks[i].Path) || !bytes.Equal(AppendAcknowledgement(nil, &got), b) {
				t.Fatalf("%d of %d: %+v, %v", i, n, got, err)
			}
			if err := got.Check(leaves[i].ID, publicOf(nodeKey)); err != nil {
				t.Fatalf("%d of %d: %v", i, n, err)
			}
			if st, err := got.Statement(); err != nil || !reflect.DeepEqual(st, s) {
				t.Fatalf("%d of %d: statement %+v, %v", i, n, st, err)
			}
		}
	}
}

func TestAcknowledgementCutOrExtendedAnywhere(t *testing.T) {
	_, acks := acknowledge(testLeaves(5))
	b := AppendAcknowledgement(nil, &acks[3])
	for i := range b {
		_, err := ParseAcknowledgement(b[:i])
		wantCode(t, err, clickday.CodeMalformed)
	}
	for _, n := range []int{1, 32} {
		_, err := ParseAcknowledgement(append(bytes.Clone(b), make([]byte, n)...))
		wantCode(t, err, clickday.CodeMalformed)
	}
	long := append(bytes.Clone(b[:ackPathAt]), ackPathMax+1)
	_, err := ParseAcknowledgement(append(long, make([]byte, 32*(ackPathMax+1))...))
	wantCode(t, err, clickday.CodeMalformed)
}

func TestEveryBitOfAnAcknowledgementIsProved(t *testing.T) {
	leaves := testLeaves(5)
	_, acks := acknowledge(leaves)
	for i := range acks {
		b := AppendAcknowledgement(nil, &acks[i])
		for bit := range 8 * len(b) {
			c := bytes.Clone(b)
			c[bit/8] ^= 1 << (bit % 8)
			a, err := ParseAcknowledgement(c)
			if err == nil {
				err = a.Check(leaves[i].ID, publicOf(nodeKey))
			}
			if err == nil {
				t.Fatalf("leaf %d: bit %d changed and nothing said so", i, bit)
			}
		}
	}
}

func TestAcknowledgementRefusals(t *testing.T) {
	leaves := testLeaves(3)
	_, acks := acknowledge(leaves)
	a := acks[2]
	wantCode(t, a.Check(leaves[1].ID, publicOf(nodeKey)), clickday.CodeMalformed)
	wantCode(t, a.Check(leaves[2].ID, publicOf(deviceKey)), clickday.CodeSignature)
	beyond := a
	beyond.Index = beyond.Count
	wantCode(t, beyond.Check(leaves[2].ID, publicOf(nodeKey)), clickday.CodeMalformed)
	elsewhere := a
	elsewhere.Index = 1
	if err := elsewhere.Check(leaves[2].ID, publicOf(nodeKey)); err == nil {
		t.Fatal("another place in the batch was accepted")
	}
	forged := a
	forged.Signature[0] ^= 1
	wantCode(t, forged.Check(leaves[2].ID, publicOf(nodeKey)), clickday.CodeSignature)
}

func TestChainIsTheHashOfTheStatement(t *testing.T) {
	s, _ := acknowledge(testLeaves(3))
	if s.Chain() != sha256.Sum256(s.Message()) {
		t.Fatal("chain is not SHA-256 of the signed bytes")
	}
	before := s.Chain()
	s.Batch++
	if s.Chain() == before {
		t.Fatal("two batches have one chain hash")
	}
}
