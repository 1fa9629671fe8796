package journal

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"

	"puntuale/internal/clickday"
)

// A checkpoint says what a full segment holds, so that a start need not read it:
// where its batches lie, which submissions are in them, and the chain hash at its
// end. It is only a shortcut. The node signs it, a start believes nothing that it
// cannot check, and without it the segment is read as if there had never been one.
//
//	offset size
//	     0    4  "PJI1"
//	     4    2  node
//	     6    8  journal
//	    14    4  segment, from 1
//	    18    8  size of the segment file
//	    26    8  batches before this segment
//	    34    8  records before this segment
//	    42   32  chain hash before this segment
//	    74   32  chain hash at the end
//	   106    4  number of batches
//	   110    4  number of records
//	   114       batches: length of the frame (4), number of records (4)
//	             records: submission id (32), arrival in nanoseconds (8)
//	             Ed25519 signature of "puntuale/checkpoint/v1\0" and the
//	             SHA-256 of everything before (64)
//
// Integers are big-endian. Frames follow each other from offset 512 of the
// segment, each at a multiple of 512 bytes, so their offsets need not be told.
const (
	checkpointMagic  = "PJI1"
	checkpointSuffix = ".idx"
	checkpointDomain = "puntuale/checkpoint/v1\x00"
	checkpointHead   = 114
	extentSize       = 8
	briefSize        = 40
	// briefEvery is about how many bytes of a segment a record takes.
	briefEvery = 1024
	// checkpointMax bounds what is read of such a file: more than a segment of
	// the largest size full of the smallest records can need.
	checkpointMax = 512 << 20
)

// position is a place between two batches.
type position struct {
	batches, records uint64   // before it
	chain            [32]byte // of the last batch before it
}

// extent is a frame and how many records it has.
type extent struct{ length, count uint32 }

// brief is what the index keeps of a record.
type brief struct {
	id    clickday.SubmissionID
	stamp int64
}

type checkpoint struct {
	node    clickday.NodeID
	journal uint64
	segment uint32 // from 1
	size    int64
	before  position
	chain   [32]byte // at the end
	extents []extent
	records []brief
}

func checkpointPath(dir string, segment int) string {
	return filepath.Join(dir, fmt.Sprintf("%08d%s", segment, checkpointSuffix))
}

// after is the position at the end.
func (c *checkpoint) after() position {
	return position{
		batches: c.before.batches + uint64(len(c.extents)),
		records: c.before.records + uint64(len(c.records)), chain: c.chain,
	}
}

// last returns where the last frame begins and where the next one would.
func (c *checkpoint) last() (from, end int64) {
	end = sector
	for _, e := range c.extents {
		from, end = end, end+sectors(e.length)
	}
	return from, end
}

// sectors is the length of a frame on the disk.
func sectors(length uint32) int64 { return (int64(length) + sector - 1) / sector * sector }

// seal writes a checkpoint and signs it.
func (c *checkpoint) seal(key ed25519.PrivateKey) []byte {
	b := make([]byte, 0, checkpointHead+len(c.extents)*extentSize+len(c.records)*briefSize+ed25519.SignatureSize)
	b = append(b, checkpointMagic...)
	b = binary.BigEndian.AppendUint16(b, uint16(c.node))
	b = binary.BigEndian.AppendUint64(b, c.journal)
	b = binary.BigEndian.AppendUint32(b, c.segment)
	b = binary.BigEndian.AppendUint64(b, uint64(c.size))
	b = binary.BigEndian.AppendUint64(b, c.before.batches)
	b = binary.BigEndian.AppendUint64(b, c.before.records)
	b = append(b, c.before.chain[:]...)
	b = append(b, c.chain[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(c.extents)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(c.records)))
	for _, e := range c.extents {
		b = binary.BigEndian.AppendUint32(b, e.length)
		b = binary.BigEndian.AppendUint32(b, e.count)
	}
	for i := range c.records {
		b = append(b, c.records[i].id[:]...)
		b = binary.BigEndian.AppendUint64(b, uint64(c.records[i].stamp))
	}
	return append(b, ed25519.Sign(key, checkpointMessage(b))...)
}

func checkpointMessage(b []byte) []byte {
	sum := sha256.Sum256(b)
	return append([]byte(checkpointDomain), sum[:]...)
}

// unsealCheckpoint reads what seal has written with that key, and nothing besides.
func unsealCheckpoint(b []byte, public ed25519.PublicKey) (*checkpoint, error) {
	if len(b) < checkpointHead+ed25519.SignatureSize {
		return nil, errors.New("too short")
	}
	body, signature := b[:len(b)-ed25519.SignatureSize], b[len(b)-ed25519.SignatureSize:]
	if !ed25519.Verify(public, checkpointMessage(body), signature) {
		return nil, errors.New("the signature does not match")
	}
	return parseCheckpoint(body)
}

// parseCheckpoint reads what is signed.
func parseCheckpoint(b []byte) (*checkpoint, error) {
	if len(b) < checkpointHead || string(b[:4]) != checkpointMagic {
		return nil, errors.New("not a checkpoint of this version")
	}
	c := &checkpoint{
		node:    clickday.NodeID(binary.BigEndian.Uint16(b[4:])),
		journal: binary.BigEndian.Uint64(b[6:]),
		segment: binary.BigEndian.Uint32(b[14:]),
		size:    int64(binary.BigEndian.Uint64(b[18:])),
		before: position{
			batches: binary.BigEndian.Uint64(b[26:]), records: binary.BigEndian.Uint64(b[34:]), chain: [32]byte(b[42:74]),
		},
		chain: [32]byte(b[74:106]),
	}
	extents, records := uint64(binary.BigEndian.Uint32(b[106:])), uint64(binary.BigEndian.Uint32(b[110:]))
	if uint64(len(b)) != checkpointHead+extents*extentSize+records*briefSize || extents == 0 {
		return nil, fmt.Errorf("%d bytes for %d batches and %d records", len(b), extents, records)
	}
	b = b[checkpointHead:]
	c.extents = make([]extent, extents)
	var sum uint64
	for i := range c.extents {
		c.extents[i] = extent{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}
		sum += uint64(c.extents[i].count)
		b = b[extentSize:]
	}
	if _, end := c.last(); sum != records || end > c.size {
		return nil, fmt.Errorf("%d records in batches up to offset %d, want %d in %d bytes", sum, end, records, c.size)
	}
	c.records = make([]brief, records)
	for i := range c.records {
		c.records[i] = brief{clickday.SubmissionID(b[:32]), int64(binary.BigEndian.Uint64(b[32:]))}
		b = b[briefSize:]
	}
	return c, nil
}
