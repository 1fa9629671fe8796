package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"puntuale/internal/batch"
	"puntuale/internal/wire"
)

const (
	// checkpointEvery is how often full segments are looked for, checkpointPause the
	// pause between two of them, and checkpointRetry how long one that could not be
	// written is left alone.
	checkpointEvery = time.Second
	checkpointPause = 100 * time.Millisecond
	// checkpointsLack is how many full segments may lack a checkpoint while batches come in.
	checkpointsLack = 4
	checkpointRetry = time.Minute
)

// checkpoints knows which segments have one. They are written beside the writer,
// from what it has written, and never hold it up: a journal without them is whole.
type checkpoints struct {
	mu     sync.Mutex
	have   []bool                // guarded by mu; segment i, from 0
	at     []position            // guarded by mu; before segment i, as far as it is known
	unread []int                 // set before the start; full segments, from 0, that the start has not read
	spares []int                 // set before the start; empty ones
	damage atomic.Pointer[error] // found in one of them
}

// start takes note of what a scan has found.
func (c *checkpoints) start(s *scanner) {
	for i, m := range s.marks {
		if m.spare {
			c.spares = append(c.spares, i)
		}
	}
	for i, m := range s.marks[:s.end.segment+1] {
		full := i < s.end.segment
		c.at = append(c.at, m.before)
		c.have = append(c.have, m.whole && full)
		if m.checkpoint && full {
			c.unread = append(c.unread, i)
		}
	}
}

// keepCheckpoints writes what is due: at once after a start, then from time to time,
// and never two in a row, because others need the disk too. While batches come in, a
// few segments may wait for theirs: a start would read these as a whole.
func (j *Journal) keepCheckpoints() {
	defer j.done.Done()
	seen := j.LastBatch()
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-next.C:
		case <-j.stop:
			return
		case <-j.deadCh:
			return
		}
		before := seen
		seen = j.LastBatch()
		if seen != before && j.lacking() <= checkpointsLack {
			next.Reset(checkpointEvery)
			continue
		}
		written, err := j.checkpoint()
		switch {
		case err != nil:
			j.opts.Log.Warn("no checkpoint; a start now would read more of the journal", "error", err)
			next.Reset(checkpointRetry)
		case written:
			next.Reset(checkpointPause)
		default:
			next.Reset(checkpointEvery)
		}
	}
}

// checkpoint writes the first checkpoint that is due, if any. An error ends nothing:
// what a checkpoint says is in the segment too.
func (j *Journal) checkpoint() (written bool, err error) {
	c := &j.checks
	c.mu.Lock()
	defer c.mu.Unlock()
	full := j.fullSegments()
	for len(c.have) < full {
		c.have = append(c.have, false)
	}
	i := slices.Index(c.have[:full], false)
	if i < 0 {
		return false, nil
	}
	made, err := j.describe(i, c.at[i])
	if err != nil {
		return false, err
	}
	if len(c.at) == i+1 {
		c.at = append(c.at, made.after())
	}
	if err := j.keepCheckpoint(made); err != nil {
		return false, err
	}
	c.have[i] = true
	return true, nil
}

// lacking is how many full segments have no checkpoint.
func (j *Journal) lacking() int {
	full := j.fullSegments()
	j.checks.mu.Lock()
	defer j.checks.mu.Unlock()
	for _, have := range j.checks.have[:min(full, len(j.checks.have))] {
		if have {
			full--
		}
	}
	return full
}

// Checkpointed tells whether every full segment has its checkpoint.
func (j *Journal) Checkpointed() bool {
	full := j.fullSegments()
	j.checks.mu.Lock()
	defer j.checks.mu.Unlock()
	return len(j.checks.have) >= full && !slices.Contains(j.checks.have[:full], false)
}

// fullSegments is how many segments no frame will be added to, not after a power
// cut either: a later one holds a durable frame.
func (j *Journal) fullSegments() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.batches) == 0 || j.dead != nil {
		return 0
	}
	return int(j.batches[len(j.batches)-1].segment)
}

// placesOf returns where the frames of a segment lie that begins at a position.
func (j *Journal) placesOf(i int, from position) ([]place, *segment) {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := j.batches[from.batches:]
	n, _ := slices.BinarySearchFunc(all, uint32(i+1), func(p place, s uint32) int { return int(p.segment) - int(s) })
	return all[:n:n], j.segs[i]
}

// describe makes the checkpoint of a full segment from its frames. Their records
// were verified when they were written or read at the start; that they are still
// the same, the CRCs and the chain of the frames tell.
func (j *Journal) describe(i int, before position) (*checkpoint, error) {
	places, seg := j.placesOf(i, before)
	c := &checkpoint{
		node: j.opts.Node, journal: j.meta.Journal, segment: uint32(i + 1), size: seg.size,
		before: before, chain: before.chain,
		extents: make([]extent, 0, len(places)), records: make([]brief, 0, seg.size/briefEvery),
	}
	var buf []byte
	for _, p := range places {
		buf = slices.Grow(buf[:0], int(p.length))[:p.length]
		if _, err := seg.file.ReadAt(buf, int64(p.offset)); err != nil {
			return nil, fmt.Errorf("journal: read %s: %w", seg.path, err)
		}
		if err := c.add(buf); err != nil {
			return nil, fmt.Errorf("%w: %s at offset %d: %w", ErrCorrupt, seg.path, p.offset, err)
		}
	}
	return c, nil
}

var errFrameChanged = errors.New("the frame has changed on the disk")

// add takes one frame in.
func (c *checkpoint) add(frame []byte) error {
	h, err := batch.ParseHeader(frame)
	if err != nil {
		return err
	}
	end := len(frame) - 4
	next := c.after()
	if int(h.Length) != len(frame) || h.Prev != next.chain || h.Batch != next.batches+1 || h.First != next.records+1 ||
		binary.BigEndian.Uint32(frame[end:]) != crc32.Checksum(frame[:end], batch.Castagnoli) {
		return errFrameChanged
	}
	trailer := frame[len(frame)-batch.TrailerSize:]
	at := batch.HeaderSize
	for range h.Count {
		payload := frame[at+batch.RecordOverhead:]
		leaf, err := wire.ParseLeaf(payload[:wire.LeafSize])
		if err != nil {
			return err
		}
		c.records = append(c.records, brief{leaf.ID, leaf.Stamp.UnixNano})
		at += batch.RecordOverhead + int(binary.BigEndian.Uint32(frame[at:]))
	}
	s := wire.BatchStatement{
		Node: h.Node, Journal: h.Journal, Batch: h.Batch, Count: h.Count, Root: [32]byte(trailer[:32]), Prev: h.Prev,
	}
	c.chain = s.Chain()
	c.extents = append(c.extents, extent{h.Length, h.Count})
	return nil
}

// keepCheckpoint writes a checkpoint whole or not at all. It leaves half of the
// reserve of the disk alone: the journal itself may need that.
func (j *Journal) keepCheckpoint(c *checkpoint) error {
	b := c.seal(j.key)
	free, err := j.opts.Free(j.opts.Dir)
	if err != nil {
		return err
	}
	if free-int64(len(b)) < j.opts.Reserve/2 {
		return fmt.Errorf("journal: %d bytes are free, too few for a checkpoint", free)
	}
	path := checkpointPath(j.opts.Dir, int(c.segment))
	tmp := path + ".tmp"
	f, err := j.opts.OpenFile(tmp, true)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	_, err = f.WriteAt(b, 0)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err == nil {
		err = syncDir(j.opts.Dir)
	}
	if err != nil {
		return fmt.Errorf("journal: write %s: %w", path, err)
	}
	return nil
}
