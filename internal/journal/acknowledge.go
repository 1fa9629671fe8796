package journal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// acknowledge rebuilds the acknowledgement of one record from its frame as read
// back from the disk. The CRC of the frame is checked, since disks rot; what the
// CRC covers was verified when it was written or when the journal was opened.
func acknowledge(frame []byte, id clickday.SubmissionID, record uint32) ([]byte, error) {
	h, err := batch.ParseHeader(frame)
	if err != nil || int(h.Length) != len(frame) || record >= h.Count {
		return nil, fmt.Errorf("%w: header of the batch of %s has changed on the disk", ErrCorrupt, id)
	}
	end := len(frame) - 4
	if binary.BigEndian.Uint32(frame[end:]) != crc32.Checksum(frame[:end], batch.Castagnoli) {
		return nil, fmt.Errorf("%w: batch %d has changed on the disk", ErrCorrupt, h.Batch)
	}
	hashes := make([][32]byte, h.Count)
	a := wire.Acknowledgement{Batch: h.Batch, Index: record, Count: h.Count, Prev: h.Prev}
	at := batch.HeaderSize
	for i := range h.Count {
		leaf := frame[at+batch.RecordOverhead:][:wire.LeafSize]
		hashes[i] = wire.HashLeaf(leaf)
		if i == record {
			if a.Leaf, err = wire.ParseLeaf(leaf); err != nil || a.Leaf.ID != id {
				return nil, fmt.Errorf("%w: record %d of batch %d is not %s", ErrCorrupt, i, h.Batch, id)
			}
		}
		at += batch.RecordOverhead + int(binary.BigEndian.Uint32(frame[at:]))
	}
	trailer := frame[at:]
	a.KeyID = binary.BigEndian.Uint32(trailer[32:])
	copy(a.Signature[:], trailer[36:])
	a.Path = wire.NewTree(hashes).AppendPath(nil, int(record))
	return wire.AppendAcknowledgement(nil, &a), nil
}
