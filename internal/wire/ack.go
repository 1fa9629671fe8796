package wire

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"time"

	"puntuale/internal/clickday"
)

const (
	ackMagic = "PAK1"
	// LeafSize is the length of the leaf of one submission in its batch.
	LeafSize = 68

	ackLeafAt  = 4
	ackBatchAt = ackLeafAt + LeafSize
	ackIndexAt = ackBatchAt + 8
	ackCountAt = ackIndexAt + 4
	ackPrevAt  = ackCountAt + 4
	ackKeyAt   = ackPrevAt + 32
	ackSigAt   = ackKeyAt + 4
	ackPathAt  = ackSigAt + ed25519.SignatureSize
	ackPathMax = 32
)

// Leaf is the statement about one submission: it arrived, then and there.
type Leaf struct {
	ID    clickday.SubmissionID
	Stamp clickday.Stamp
}

// AppendLeaf writes the 68 bytes that are hashed into the batch.
func AppendLeaf(b []byte, l *Leaf) []byte {
	b = append(b, l.ID[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(l.Stamp.UnixNano))
	b = append(b, byte(l.Stamp.Source), byte(l.Stamp.Clock))
	b = binary.BigEndian.AppendUint64(b, uint64(l.Stamp.Bound))
	b = binary.BigEndian.AppendUint16(b, uint16(l.Stamp.Node))
	b = binary.BigEndian.AppendUint64(b, l.Stamp.Journal)
	return binary.BigEndian.AppendUint64(b, l.Stamp.Sequence)
}

// ParseLeaf reads exactly LeafSize bytes. Errors carry CodeMalformed.
func ParseLeaf(b []byte) (Leaf, error) {
	var l Leaf
	if len(b) != LeafSize {
		return l, fail(clickday.CodeMalformed, "leaf of %d bytes, want %d", len(b), LeafSize)
	}
	copy(l.ID[:], b)
	bound := binary.BigEndian.Uint64(b[42:])
	if bound > math.MaxInt64 {
		return l, fail(clickday.CodeMalformed, "clock bound out of range")
	}
	l.Stamp = clickday.Stamp{
		UnixNano: int64(binary.BigEndian.Uint64(b[32:])),
		Source:   clickday.StampSource(b[40]),
		Clock:    clickday.ClockState(b[41]),
		Bound:    time.Duration(bound),
		Node:     clickday.NodeID(binary.BigEndian.Uint16(b[50:])),
		Journal:  binary.BigEndian.Uint64(b[52:]),
		Sequence: binary.BigEndian.Uint64(b[60:]),
	}
	return l, nil
}

// BatchStatement is what a node signs once per group commit.
type BatchStatement struct {
	Node    clickday.NodeID
	Journal uint64
	Batch   uint64 // 1, 2, … in this journal
	Count   uint32 // leaves
	Root    [32]byte
	Prev    [32]byte // Chain of the batch before; zero for the first
}

// Message returns the bytes that are signed.
func (s *BatchStatement) Message() []byte {
	b := make([]byte, 0, 128)
	b = append(b, domainBatch...)
	b = binary.BigEndian.AppendUint16(b, uint16(s.Node))
	b = binary.BigEndian.AppendUint64(b, s.Journal)
	b = binary.BigEndian.AppendUint64(b, s.Batch)
	b = binary.BigEndian.AppendUint32(b, s.Count)
	b = append(b, s.Root[:]...)
	return append(b, s.Prev[:]...)
}

// Chain is the hash that the next batch carries as Prev.
func (s *BatchStatement) Chain() [32]byte { return sha256.Sum256(s.Message()) }

// KeyID is the first four bytes of the SHA-256 of an Ed25519 public key.
func KeyID(public ed25519.PublicKey) uint32 {
	sum := sha256.Sum256(public)
	return binary.BigEndian.Uint32(sum[:])
}

// Acknowledgement is the immediate receipt: one leaf, the signed statement of
// its batch, and the path from one to the other.
type Acknowledgement struct {
	Leaf      Leaf
	Batch     uint64
	Index     uint32
	Count     uint32
	Prev      [32]byte
	KeyID     uint32
	Signature [ed25519.SignatureSize]byte
	Path      [][32]byte
}

// AppendAcknowledgement writes the answer to a submission.
func AppendAcknowledgement(b []byte, a *Acknowledgement) []byte {
	b = append(b, ackMagic...)
	b = AppendLeaf(b, &a.Leaf)
	b = binary.BigEndian.AppendUint64(b, a.Batch)
	b = binary.BigEndian.AppendUint32(b, a.Index)
	b = binary.BigEndian.AppendUint32(b, a.Count)
	b = append(b, a.Prev[:]...)
	b = binary.BigEndian.AppendUint32(b, a.KeyID)
	b = append(b, a.Signature[:]...)
	b = append(b, byte(len(a.Path)))
	for i := range a.Path {
		b = append(b, a.Path[i][:]...)
	}
	return b
}

// AcknowledgementSize returns the length in bytes of an acknowledgement with a
// path of so many hashes.
func AcknowledgementSize(path int) int { return ackPathAt + 1 + 32*path }

// ParseAcknowledgement reads an acknowledgement without checking it.
func ParseAcknowledgement(b []byte) (Acknowledgement, error) {
	var a Acknowledgement
	if len(b) <= ackPathAt || string(b[:4]) != ackMagic {
		return a, fail(clickday.CodeMalformed, "not an acknowledgement")
	}
	n := int(b[ackPathAt])
	if n > ackPathMax || len(b) != ackPathAt+1+32*n {
		return a, fail(clickday.CodeMalformed, "acknowledgement of %d bytes with a path of %d", len(b), n)
	}
	leaf, err := ParseLeaf(b[ackLeafAt:ackBatchAt])
	if err != nil {
		return a, err
	}
	a.Leaf = leaf
	a.Batch = binary.BigEndian.Uint64(b[ackBatchAt:])
	a.Index = binary.BigEndian.Uint32(b[ackIndexAt:])
	a.Count = binary.BigEndian.Uint32(b[ackCountAt:])
	copy(a.Prev[:], b[ackPrevAt:])
	a.KeyID = binary.BigEndian.Uint32(b[ackKeyAt:])
	copy(a.Signature[:], b[ackSigAt:])
	a.Path = make([][32]byte, n)
	for i := range a.Path {
		copy(a.Path[i][:], b[ackPathAt+1+32*i:])
	}
	return a, nil
}

// Statement recomputes the batch statement from leaf and path. The error
// carries CodeMalformed when the path cannot belong to a batch of that size.
func (a *Acknowledgement) Statement() (BatchStatement, error) {
	leaf := AppendLeaf(make([]byte, 0, LeafSize), &a.Leaf)
	root, ok := RootFromPath(HashLeaf(leaf), a.Index, a.Count, a.Path)
	if !ok {
		return BatchStatement{}, fail(clickday.CodeMalformed, "inclusion path does not fit a batch of %d", a.Count)
	}
	return BatchStatement{
		Node: a.Leaf.Stamp.Node, Journal: a.Leaf.Stamp.Journal, Batch: a.Batch,
		Count: a.Count, Root: root, Prev: a.Prev,
	}, nil
}

// Check verifies that node has signed for exactly this submission: id, path and
// signature. Errors carry CodeMalformed or CodeSignature.
func (a *Acknowledgement) Check(id clickday.SubmissionID, node ed25519.PublicKey) error {
	if a.Leaf.ID != id {
		return fail(clickday.CodeMalformed, "acknowledgement is for %s", a.Leaf.ID)
	}
	if a.KeyID != KeyID(node) {
		return fail(clickday.CodeSignature, "acknowledgement is signed with key %08x", a.KeyID)
	}
	s, err := a.Statement()
	if err != nil {
		return err
	}
	if !ed25519.Verify(node, s.Message(), a.Signature[:]) {
		return fail(clickday.CodeSignature, "signature of the batch does not match")
	}
	return nil
}
