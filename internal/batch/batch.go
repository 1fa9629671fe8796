// Package batch is the form of one group commit: the records that became durable
// together, with the node's one signature over them. The journal holds frames
// one after the other, Redis carries them unchanged, and the worker checks them
// again; so a record has one form from the disk of the intake to Postgres.
//
//	offset size
//	     0    4  "PJB1"
//	     4    4  length of the whole frame in bytes
//	     8    2  node
//	    10    8  journal
//	    18    8  batch number, from 1
//	    26    8  sequence of the first record, from 1
//	    34    4  number of records
//	    38   32  chain hash of the batch before, zero for the first
//	    70    4  CRC-32C of bytes 0 to 69
//	    74       records: length of payload (4), CRC-32C of payload (4),
//	             payload = leaf (68 bytes, package wire) + envelope
//	             root (32), key id (4), Ed25519 signature of the statement (64),
//	             CRC-32C of everything before (4)
//
// Integers are big-endian.
package batch

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

const (
	magic = "PJB1"
	// HeaderSize, RecordOverhead and TrailerSize are the lengths, in bytes,
	// of what surrounds the payloads of a frame.
	HeaderSize     = 74
	RecordOverhead = 8
	TrailerSize    = 104
	// FrameMax is the size limit of a frame in bytes.
	FrameMax = 16 << 20

	headerCRCAt = 70
)

// ErrCorrupt says that the bytes are not a frame that this program wrote.
var ErrCorrupt = errors.New("batch: corrupt frame")

// ErrShort says that the frame goes on beyond the bytes given.
var ErrShort = errors.New("batch: frame is cut short")

// Castagnoli is the CRC-32C table, the polynomial processors compute in hardware.
var Castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Header is what stands before the records.
type Header struct {
	Length  uint32 // of the whole frame
	Node    clickday.NodeID
	Journal uint64
	Batch   uint64
	First   uint64 // sequence of the first record
	Count   uint32
	Prev    [32]byte
}

// Record is one durable submission. Envelope shares memory with the frame.
type Record struct {
	Leaf     wire.Leaf
	Envelope []byte
}

// Frame is a whole batch as read back.
type Frame struct {
	Header
	Records   []Record
	Root      [32]byte
	KeyID     uint32
	Signature [ed25519.SignatureSize]byte
}

// AppendHeader writes the header, its CRC included.
func AppendHeader(b []byte, h *Header) []byte {
	start := len(b)
	b = append(b, magic...)
	b = binary.BigEndian.AppendUint32(b, h.Length)
	b = binary.BigEndian.AppendUint16(b, uint16(h.Node))
	b = binary.BigEndian.AppendUint64(b, h.Journal)
	b = binary.BigEndian.AppendUint64(b, h.Batch)
	b = binary.BigEndian.AppendUint64(b, h.First)
	b = binary.BigEndian.AppendUint32(b, h.Count)
	b = append(b, h.Prev[:]...)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b[start:], Castagnoli))
}

// ParseHeader reads a header. It returns ErrShort or ErrCorrupt.
func ParseHeader(b []byte) (Header, error) {
	var h Header
	if len(b) < HeaderSize {
		return h, ErrShort
	}
	if string(b[:4]) != magic || binary.BigEndian.Uint32(b[headerCRCAt:]) != crc32.Checksum(b[:headerCRCAt], Castagnoli) {
		return h, fmt.Errorf("%w: header", ErrCorrupt)
	}
	h = Header{
		Length:  binary.BigEndian.Uint32(b[4:]),
		Node:    clickday.NodeID(binary.BigEndian.Uint16(b[8:])),
		Journal: binary.BigEndian.Uint64(b[10:]),
		Batch:   binary.BigEndian.Uint64(b[18:]),
		First:   binary.BigEndian.Uint64(b[26:]),
		Count:   binary.BigEndian.Uint32(b[34:]),
		Prev:    [32]byte(b[38:70]),
	}
	least := uint64(HeaderSize+TrailerSize) + uint64(h.Count)*(RecordOverhead+wire.LeafSize)
	if h.Length > FrameMax || uint64(h.Length) < least || h.Count == 0 {
		return h, fmt.Errorf("%w: %d records in %d bytes", ErrCorrupt, h.Count, h.Length)
	}
	return h, nil
}

// AppendRecord writes one record.
func AppendRecord(b []byte, l *wire.Leaf, envelope []byte) []byte {
	start := len(b)
	b = binary.BigEndian.AppendUint32(b, uint32(wire.LeafSize+len(envelope)))
	b = append(b, 0, 0, 0, 0)
	b = wire.AppendLeaf(b, l)
	b = append(b, envelope...)
	binary.BigEndian.PutUint32(b[start+4:], crc32.Checksum(b[start+RecordOverhead:], Castagnoli))
	return b
}

// AppendTrailer closes the frame that begins at frame[0].
func AppendTrailer(frame []byte, root [32]byte, keyID uint32, signature []byte) []byte {
	frame = append(frame, root[:]...)
	frame = binary.BigEndian.AppendUint32(frame, keyID)
	frame = append(frame, signature...)
	return binary.BigEndian.AppendUint32(frame, crc32.Checksum(frame, Castagnoli))
}

// Encode writes a whole frame, signed with the node's key. Stamps of the leaves
// must carry the header's node and journal and consecutive sequences.
func Encode(h Header, records []Record, node ed25519.PrivateKey) []byte {
	size := HeaderSize + TrailerSize
	leaves := make([][32]byte, len(records))
	for i := range records {
		size += RecordOverhead + wire.LeafSize + len(records[i].Envelope)
		leaves[i] = wire.HashLeaf(wire.AppendLeaf(make([]byte, 0, wire.LeafSize), &records[i].Leaf))
	}
	h.Length, h.Count = uint32(size), uint32(len(records))
	b := AppendHeader(make([]byte, 0, size), &h)
	for i := range records {
		b = AppendRecord(b, &records[i].Leaf, records[i].Envelope)
	}
	root := wire.TreeRoot(leaves)
	s := wire.BatchStatement{Node: h.Node, Journal: h.Journal, Batch: h.Batch, Count: h.Count, Root: root, Prev: h.Prev}
	return AppendTrailer(b, root, wire.KeyID(node.Public().(ed25519.PublicKey)), ed25519.Sign(node, s.Message()))
}

// Parse reads the frame at the start of b and checks lengths, CRCs, sequences,
// submission ids and root, but not the signature. It returns ErrShort or
// ErrCorrupt.
func Parse(b []byte) (Frame, error) {
	var f Frame
	h, err := ParseHeader(b)
	if err != nil {
		return f, err
	}
	if uint64(len(b)) < uint64(h.Length) {
		return f, ErrShort
	}
	b = b[:h.Length]
	end := len(b) - 4
	if binary.BigEndian.Uint32(b[end:]) != crc32.Checksum(b[:end], Castagnoli) {
		return f, fmt.Errorf("%w: frame CRC of batch %d", ErrCorrupt, h.Batch)
	}
	f.Header = h
	body := b[HeaderSize : len(b)-TrailerSize]
	if f.Records, err = parseRecords(&h, body); err != nil {
		return Frame{}, err
	}
	t := b[len(b)-TrailerSize:]
	f.Root, f.KeyID = [32]byte(t[:32]), binary.BigEndian.Uint32(t[32:])
	copy(f.Signature[:], t[36:])
	if wire.TreeRoot(f.LeafHashes()) != f.Root {
		return Frame{}, fmt.Errorf("%w: root of batch %d", ErrCorrupt, h.Batch)
	}
	return f, nil
}

func parseRecords(h *Header, body []byte) ([]Record, error) {
	records := make([]Record, 0, h.Count)
	for i := range h.Count {
		if len(body) < RecordOverhead+wire.LeafSize {
			return nil, fmt.Errorf("%w: record %d of batch %d", ErrCorrupt, i, h.Batch)
		}
		n := uint64(binary.BigEndian.Uint32(body))
		if n < wire.LeafSize || n > uint64(len(body)-RecordOverhead) {
			return nil, fmt.Errorf("%w: length of record %d of batch %d", ErrCorrupt, i, h.Batch)
		}
		payload := body[RecordOverhead : RecordOverhead+n]
		if binary.BigEndian.Uint32(body[4:]) != crc32.Checksum(payload, Castagnoli) {
			return nil, fmt.Errorf("%w: CRC of record %d of batch %d", ErrCorrupt, i, h.Batch)
		}
		leaf, err := wire.ParseLeaf(payload[:wire.LeafSize])
		if err != nil {
			return nil, fmt.Errorf("%w: %v", ErrCorrupt, err)
		}
		envelope := payload[wire.LeafSize:]
		s := &leaf.Stamp
		if s.Node != h.Node || s.Journal != h.Journal || s.Sequence != h.First+uint64(i) || leaf.ID != wire.IDOf(envelope) {
			return nil, fmt.Errorf("%w: record %d of batch %d belongs elsewhere", ErrCorrupt, i, h.Batch)
		}
		records = append(records, Record{Leaf: leaf, Envelope: envelope})
		body = body[RecordOverhead+n:]
	}
	if len(body) != 0 {
		return nil, fmt.Errorf("%w: %d bytes after the records of batch %d", ErrCorrupt, len(body), h.Batch)
	}
	return records, nil
}

// LeafHashes returns the hashes of the records' leaves, in order.
func (f *Frame) LeafHashes() [][32]byte {
	out := make([][32]byte, len(f.Records))
	for i := range f.Records {
		out[i] = wire.HashLeaf(wire.AppendLeaf(make([]byte, 0, wire.LeafSize), &f.Records[i].Leaf))
	}
	return out
}

// Statement returns what the node has signed.
func (f *Frame) Statement() wire.BatchStatement {
	return wire.BatchStatement{
		Node: f.Node, Journal: f.Journal, Batch: f.Batch, Count: f.Count, Root: f.Root, Prev: f.Prev,
	}
}

// CheckSignature verifies the node's signature over the batch.
func (f *Frame) CheckSignature(node ed25519.PublicKey) error {
	s := f.Statement()
	if f.KeyID != wire.KeyID(node) || !ed25519.Verify(node, s.Message(), f.Signature[:]) {
		return fmt.Errorf("batch: signature of batch %d of node %d does not match", f.Batch, f.Node)
	}
	return nil
}

// Acknowledgement returns the answer that record i is owed.
func (f *Frame) Acknowledgement(i int) wire.Acknowledgement {
	return wire.Acknowledgement{
		Leaf: f.Records[i].Leaf, Batch: f.Batch, Index: uint32(i), Count: f.Count, Prev: f.Prev,
		KeyID: f.KeyID, Signature: f.Signature, Path: wire.TreePath(f.LeafHashes(), i),
	}
}
