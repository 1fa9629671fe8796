package journal

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"puntuale/internal/batch"
)

// errDoubt says that a checkpoint is there and is not to be believed. Nothing of
// it counts then, nor of any other one: the segments are read instead.
var errDoubt = errors.New("journal: checkpoint in doubt")

func doubt(path string, why error) error { return fmt.Errorf("%w: %s: %w", errDoubt, path, why) }

// readCheckpoint returns the checkpoint of a segment, from 0, that goes on where
// the scan is; nil if there is none, errDoubt if there is one that does not fit.
func (s *scanner) readCheckpoint(i int) (*checkpoint, error) {
	if s.adopt == nil {
		return nil, nil
	}
	path := checkpointPath(s.dir, i+1)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil || info.Size() > checkpointMax {
		return nil, doubt(path, errors.Join(err, errors.New("no file of that size")))
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, doubt(path, err)
	}
	c, err := unsealCheckpoint(b, s.public)
	if err != nil {
		return nil, doubt(path, err)
	}
	if c.node != s.meta.Node || c.journal != s.meta.Journal || int(c.segment) != i+1 {
		return nil, doubt(path, errors.New("it is of another segment"))
	}
	if c.before != s.position() {
		return nil, doubt(path, errors.New("it does not go on where the segment before it ends"))
	}
	return c, nil
}

// position is how far the scan has come.
func (s *scanner) position() position {
	return position{batches: s.report.Batches, records: s.report.Records, chain: s.chain}
}

// trust takes a segment's checkpoint for what is before its last frame, and that
// frame for proof: it must be on the disk, whole, and hash to the chain that the
// checkpoint ends with, which no other past can lead to. It returns where the scan
// goes on. b is the file from its last frame on, at its place.
func (s *scanner) trust(c *checkpoint, i int, b []byte) (int64, error) {
	path := checkpointPath(s.dir, i+1)
	from, end := c.last()
	if c.size != int64(len(b)) {
		return 0, doubt(path, fmt.Errorf("the segment has %d bytes, want %d", len(b), c.size))
	}
	f, err := batch.Parse(b[from:end])
	if err != nil {
		return 0, doubt(path, fmt.Errorf("its last frame: %w", err))
	}
	statement, after := f.Statement(), c.after()
	if f.Batch != after.batches || f.Length != c.extents[len(c.extents)-1].length || int(f.Count) > len(c.records) ||
		f.First+uint64(f.Count) != after.records+1 || statement.Chain() != c.chain || !zeros(b[from+int64(f.Length):end]) {
		return 0, doubt(path, errors.New("its last frame is another one"))
	}
	known := c.records[len(c.records)-int(f.Count):]
	for k := range f.Records {
		if l := &f.Records[k].Leaf; known[k] != (brief{l.ID, l.Stamp.UnixNano}) {
			return 0, doubt(path, errors.New("its last records are others"))
		}
	}
	s.adopt(c, i)
	for _, e := range c.extents {
		s.report.Bytes += int64(e.length)
	}
	s.report.Batches, s.report.Records, s.chain = after.batches, after.records, after.chain
	s.last.frame = batch.Frame{Header: f.Header, Root: f.Root, KeyID: f.KeyID, Signature: f.Signature}
	s.last.path, s.last.at = segmentPath(s.dir, i+1), from
	s.end.segment, s.end.offset = i, end
	return end, nil
}

// adopt takes the content of a checkpoint into the indexes, as restore does with
// that of a frame.
func (j *Journal) adopt(c *checkpoint, i int) {
	offset := uint32(sector)
	records := c.records
	for _, e := range c.extents {
		j.batches = append(j.batches, place{segment: uint32(i), offset: offset, length: e.length})
		offset += uint32(sectors(e.length))
		for k := range records[:e.count] {
			r := &records[k]
			f := found{uint64(len(j.batches)), uint32(k), r.stamp}
			j.index.earliest(r.id, f)
		}
		records = records[e.count:]
	}
}

// verify reads the journal into the indexes: from the checkpoints on as far as
// there are any, and all of it as soon as anything is wrong, be it with them or
// with what they do not cover. What is wrong with the journal itself is only
// said by a scan that has read everything.
func (j *Journal) verify() (*scanner, error) {
	s := j.scanner()
	s.adopt = j.adopt
	j.forget(j.expected())
	err := s.run()
	if err == nil || s.adopted() == 0 && !errors.Is(err, errDoubt) {
		return s, err
	}
	j.opts.Log.Warn("the checkpoints of the journal are not used, all of it is read", "why", err)
	j.forget(0)
	s = j.scanner()
	return s, s.run()
}

func (j *Journal) scanner() *scanner {
	return &scanner{
		dir: j.opts.Dir, meta: j.meta, public: j.key.Public().(ed25519.PublicKey), chained: true, visit: j.restore,
	}
}

// adopted counts the segments that were not read as a whole.
func (s *scanner) adopted() int {
	n := 0
	for _, m := range s.marks {
		if m.checkpoint || m.spare {
			n++
		}
	}
	return n
}

// mark is where a segment begins, and how it was read.
type mark struct {
	before     position
	checkpoint bool // not read, but for the end
	whole      bool // the checkpoint is of the whole segment
	spare      bool // not read, but for the beginning
}

// empty passes over a segment that is kept ready, if its beginning is as it was
// made: frames follow each other from there, so there is none in it. A node may have
// many of them; that the rest is zeros too is looked at after the start. Whatever
// else there is, is read as a whole.
func (s *scanner) empty(i int) bool {
	path := segmentPath(s.dir, i+1)
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close() // only read
	info, err := f.Stat()
	if err != nil || info.Size() < sector {
		return false
	}
	b := make([]byte, min(info.Size(), batchBytesMax+2*sector))
	if _, err := f.ReadAt(b, 0); err != nil {
		return false
	}
	h, err := parseSegmentHeader(b)
	if err != nil || h != (segmentHeader{uint16(s.meta.Node), s.meta.Journal, uint32(i + 1), info.Size()}) || !zeros(b[sector:]) {
		return false
	}
	s.report.Segments++
	s.sizes = append(s.sizes, h.size)
	s.marks = append(s.marks, mark{before: s.position(), spare: true})
	return true
}

// expected is how many records the checkpoints hold, by their size.
func (j *Journal) expected() int {
	names, err := filepath.Glob(filepath.Join(j.opts.Dir, "*"+checkpointSuffix))
	if err != nil {
		return 0
	}
	var size int64
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			size += min(info.Size(), checkpointMax)
		}
	}
	return int(size / briefSize)
}

// forget empties the indexes and makes them large enough for so many records.
func (j *Journal) forget(room int) {
	j.batches, j.index = nil, newIndex(max(room, int(j.opts.Prepare/UsualRecord)))
}
