package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"puntuale/internal/batch"
)

// sector is the unit that a disk writes whole or not at all.
const sector = 512

const (
	segmentMagic  = "PJS1"
	segmentSuffix = ".seg"
	headerLength  = 30 // of the header in its sector, CRC included
)

// File is one segment on the disk. Implementations are safe for concurrent
// ReadAt beside WriteAt of other ranges.
type File interface {
	io.ReaderAt
	io.WriterAt
	// Sync returns when everything written is durable. After an error
	// nothing is known, and a second call proves nothing.
	Sync() error
	Close() error
}

// durableWriter is a File that can write and sync in one go.
type durableWriter interface {
	// WriteDurable returns when b is durable at that offset. False means that it
	// cannot do that with this b, and has done nothing. After an error nothing is
	// known, as after one of Sync.
	WriteDurable(b []byte, at int64) (bool, error)
}

// writeDurable writes and syncs.
func (s *segment) writeDurable(b []byte, at int64) error {
	if d, ok := s.file.(durableWriter); ok {
		if done, err := d.WriteDurable(b, at); done || err != nil {
			return err
		}
	}
	if _, err := s.file.WriteAt(b, at); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	return nil
}

// segment is an open segment file.
type segment struct {
	file File
	path string
	size int64
}

// segmentHeader is the first sector of a segment.
type segmentHeader struct {
	node    uint16
	journal uint64
	index   uint32 // from 1
	size    int64  // of the file, header included
}

func segmentPath(dir string, index int) string {
	return filepath.Join(dir, fmt.Sprintf("%08d%s", index, segmentSuffix))
}

func (h *segmentHeader) bytes() []byte {
	b := make([]byte, 0, sector)
	b = append(b, segmentMagic...)
	b = binary.BigEndian.AppendUint16(b, h.node)
	b = binary.BigEndian.AppendUint64(b, h.journal)
	b = binary.BigEndian.AppendUint32(b, h.index)
	b = binary.BigEndian.AppendUint64(b, uint64(h.size))
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, batch.Castagnoli))
	return b[:sector]
}

func parseSegmentHeader(b []byte) (segmentHeader, error) {
	var h segmentHeader
	if len(b) < sector || string(b[:4]) != segmentMagic ||
		binary.BigEndian.Uint32(b[headerLength-4:]) != crc32.Checksum(b[:headerLength-4], batch.Castagnoli) ||
		!zeros(b[headerLength:sector]) {
		return h, errors.New("segment header")
	}
	h.node = binary.BigEndian.Uint16(b[4:])
	h.journal = binary.BigEndian.Uint64(b[6:])
	h.index = binary.BigEndian.Uint32(b[14:])
	h.size = int64(binary.BigEndian.Uint64(b[18:]))
	return h, nil
}

// zeros reports whether all bytes are zero.
func zeros(b []byte) bool {
	for len(b) >= 8 {
		if binary.NativeEndian.Uint64(b) != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// createSegment makes a durable segment full of zeros. It appears under its name
// only when it is whole, so the length and the blocks of a segment never change
// again and a sync of a frame has nothing else to write.
func (j *Journal) createSegment(index int) (*segment, error) {
	path := segmentPath(j.opts.Dir, index)
	tmp := path + ".tmp"
	f, err := j.opts.OpenFile(tmp, true)
	if err != nil {
		return nil, err
	}
	h := segmentHeader{uint16(j.opts.Node), j.meta.Journal, uint32(index), j.opts.SegmentSize}
	err = fill(f, &h)
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err == nil {
		err = syncDir(j.opts.Dir)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(tmp))
	}
	return &segment{f, path, h.size}, nil
}

// fill writes the zeros and the header. It syncs as it goes: a disk that is handed
// all of it at once would keep every batch waiting meanwhile.
func fill(f File, h *segmentHeader) error {
	blank := make([]byte, 1<<20)
	for at := int64(0); at < h.size; at += int64(len(blank)) {
		if _, err := f.WriteAt(blank[:min(int64(len(blank)), h.size-at)], at); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
	}
	if _, err := f.WriteAt(h.bytes(), 0); err != nil {
		return err
	}
	return f.Sync()
}

// syncDir makes names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(syncDirFile(d), d.Close())
}
