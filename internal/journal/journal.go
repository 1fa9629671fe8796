// Package journal is the disk of an intake node: submissions become durable here
// before anybody is told. It is a directory of preallocated, zero-filled segment
// files that hold frames of package batch, each at a multiple of 512 bytes, so
// that a torn write shows itself as whole sectors of zeros.
//
// One goroutine writes. Whatever waits while it syncs forms the next batch: one
// Merkle root, one signature, one write and one fdatasync for all of it. Any
// I/O error ends the journal for good; a sync is never tried again, because what
// it failed to write may be gone from the page cache. Opening the journal
// verifies every frame, cuts off only a torn tail that nobody was told of, and
// refuses to open on anything else.
//
//	DIR/journal.lock    held by the one process that has the journal open
//	DIR/journal.json    node, random journal id, size of segments
//	DIR/00000001.seg    header (512 bytes), then frames
//	DIR/00000001.idx    checkpoint: what that segment holds, signed; may be missing
//	DIR/torn-*.bin      what a recovery cut off, kept for a person to look at
package journal

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
)

// What can go wrong. Every other error of Append is that of its context.
var (
	// ErrFull: too much waits for the disk, or the disk has no room. Nothing
	// was stored; the same call may succeed later.
	ErrFull = errors.New("journal: full")
	// ErrClosed: the journal is being closed in order. Nothing was stored.
	ErrClosed = errors.New("journal: closed")
	// ErrDead: an I/O error has ended the journal. The record may be there or
	// not; only opening the journal again tells.
	ErrDead = errors.New("journal: dead after an I/O error")
	// ErrCorrupt: what is on the disk is not what this program wrote.
	ErrCorrupt = errors.New("journal: corrupt")
	// ErrLocked: another process has the journal open.
	ErrLocked = errors.New("journal: in use by another process")
)

// Limits of a batch and of what may wait.
const (
	batchRecordsMax = 1024
	batchBytesMax   = 2 << 20
	// gatherTurns is how often the writer lets others go first.
	gatherTurns = 3
	// freeMax is how many bytes of buffers of written batches are kept for others.
	freeMax = 16 << 20
	// recentMax is how many bytes of written batches stay in memory for whoever
	// carries them on.
	recentMax = 8 << 20

	defaultSegment = 64 << 20
	defaultPending = 16 << 20
	defaultReserve = 64 << 20
	// SegmentMin is the least size of a segment in bytes: a few of the
	// largest envelopes.
	SegmentMin = 128 << 10
)

// UsualRecord is about how many bytes of the journal a submission takes.
const UsualRecord = 1200

// Options say how to open a journal. Zero values mean the defaults.
type Options struct {
	Dir   string
	Node  clickday.NodeID
	Key   ed25519.PrivateKey // signs the batches
	Clock clock.Clock
	Log   *slog.Logger
	// SegmentSize is the size of new segment files in bytes; 64 MiB. A
	// journal keeps the size it was made with for the segments it has.
	SegmentSize int64
	// PendingMax is how many bytes of frames may wait for the disk before
	// Append refuses; 16 MiB, at most half a segment.
	PendingMax int64
	// Reserve is how many bytes of the disk a new segment must leave free;
	// 64 MiB. Below that Append refuses as soon as the present segment is full.
	Reserve int64
	// Prepare is how many bytes of empty segments are kept ready, where the disk
	// has room for them; one segment at least. What is ready before the opening
	// costs nothing after it.
	Prepare int64
	// OpenFile replaces the way segments are opened, and Free the question
	// how many bytes a directory's disk has left, for fault tests.
	OpenFile func(path string, create bool) (File, error)
	Free     func(dir string) (int64, error)
	// CopyWait, if not 0, keeps acknowledgements back until Copied says that
	// the batch has its second copy, for at most this long.
	CopyWait time.Duration
	// Committed, if set, is told of each batch: its records, its bytes and how
	// long writing and syncing took. Called by the writer; must not block.
	Committed func(records, bytes int, took time.Duration)
}

// Journal is an open journal. Safe for concurrent use.
type Journal struct {
	opts Options
	meta meta
	key  ed25519.PrivateKey
	kid  uint32
	lock releaser

	mu      sync.Mutex
	waiting []*group                       // guarded by mu; filled at the end, taken from the front
	writing *group                         // guarded by mu; taken by the writer, not yet durable
	twice   map[clickday.SubmissionID]slot // guarded by mu; records in waiting or writing of submissions that have another one
	groups  uint64                         // guarded by mu; how many there have been
	index   *index                         // guarded by mu
	batches []place                        // guarded by mu; batch n at n-1
	queued  int64                          // guarded by mu; bytes of frames in waiting and writing
	room    int64                          // guarded by mu; bytes left in the present segment
	spares  []*segment                     // guarded by mu; empty segments to go on in
	segs    []*segment                     // guarded by mu for changes; files are safe for concurrent reads
	closing bool                           // guarded by mu
	dead    error                          // guarded by mu
	second  second                         // guarded by mu
	frames  [][]byte                       // guarded by mu; buffers for groups
	free    int                            // guarded by mu; bytes of these
	size    int                            // guarded by mu; how long frames have been lately
	recent  recent                         // guarded by mu
	usual   int                            // guarded by mu; how many records batches have had lately
	changed chan struct{}                  // guarded by mu; closed and replaced with every batch

	wake     chan struct{} // to the writer, capacity 1
	want     chan struct{} // to the preparer of spare segments, capacity 1
	deadCh   chan struct{} // closed when dead is set
	stop     chan struct{} // closed by Close
	done     sync.WaitGroup
	answers  answering
	reads    sync.Pool // of *[]byte, given back by Recycle
	lowSpace atomic.Bool
	checks   checkpoints // of segments that are full
	batchMax int64       // of the frame of a batch, in bytes

	// The writer's own.
	at    int64    // where the next frame goes in the last segment
	next  uint64   // sequence of the next record
	chain [32]byte // of the last batch
}

// place is where a frame lies.
type place struct {
	segment uint32 // from 0
	offset  uint32
	length  uint32
}

// found is where a durable record lies, and its stamp.
type found struct {
	batch  uint64
	record uint32
	stamp  int64
}

// slot is where a record waits.
type slot struct {
	group  *group
	record int
}

// Node returns the node that the journal belongs to.
func (j *Journal) Node() clickday.NodeID { return j.opts.Node }

// ID returns the random identity of the journal, never 0.
func (j *Journal) ID() uint64 { return j.meta.Journal }

// Dead returns a channel that is closed when an I/O error has ended the journal;
// the process should end too. Err then says why.
func (j *Journal) Dead() <-chan struct{} { return j.deadCh }

// Err returns why the journal is dead, or nil.
func (j *Journal) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.dead
}

// LastBatch returns the number of the last durable batch, 0 for none.
func (j *Journal) LastBatch() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return uint64(len(j.batches))
}

// Records returns how many submissions the journal holds.
func (j *Journal) Records() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.index.Len()
}

// LowSpace reports whether the disk has no room for another segment.
func (j *Journal) LowSpace() bool { return j.lowSpace.Load() }

// Settled turns a promise about arrivals into one about batches: every record
// that will ever come with a stamp before the returned instant lies in batches
// up to last. The given instant must hold for whatever has not been appended
// yet; the result is earlier if records wait for the disk.
func (j *Journal) Settled(instant int64) (settled int64, last uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.dead != nil {
		return 0, uint64(len(j.batches))
	}
	for _, g := range j.waiting {
		instant = min(instant, g.earliest)
	}
	if j.writing != nil {
		instant = min(instant, j.writing.earliest)
	}
	return instant, uint64(len(j.batches))
}

// Acknowledgement returns the answer that a durable submission is owed, always
// the same bytes; ok is false if the journal does not hold it. It returns
// ErrNoCopy while a second copy is wanted and not there.
func (j *Journal) Acknowledgement(id clickday.SubmissionID) (ack []byte, ok bool, err error) {
	j.mu.Lock()
	f, ok := j.index.get(id)
	lacks := ok && f.durable() && j.second.lacks(f.batch)
	j.mu.Unlock()
	switch {
	case !ok || !f.durable():
		return nil, false, nil
	case lacks:
		return nil, false, ErrNoCopy
	}
	b, err := j.frame(f.batch)
	if err != nil {
		return nil, false, err
	}
	ack, err = acknowledge(b, id, f.record)
	return ack, err == nil, err
}

// Frames returns the frames after a batch, in order, up to about limit bytes
// and at least one if there is one. They are not to be changed.
func (j *Journal) Frames(after uint64, limit int) ([][]byte, error) {
	var out [][]byte
	size := 0
	for n, last := after+1, j.LastBatch(); n <= last && (size < limit || len(out) == 0); n++ {
		b := j.lend(n)
		if b == nil {
			var err error
			if b, err = j.frame(n); err != nil {
				return nil, err
			}
		}
		size += len(b)
		out = append(out, b)
	}
	return out, nil
}

// frame reads one durable frame.
func (j *Journal) frame(n uint64) ([]byte, error) {
	j.mu.Lock()
	p := j.batches[n-1]
	file := j.segs[p.segment].file
	j.mu.Unlock()
	b := j.readInto(int(p.length))
	if _, err := file.ReadAt(b, int64(p.offset)); err != nil {
		return nil, fmt.Errorf("journal: read batch %d: %w", n, err)
	}
	return b, nil
}

// readInto returns a buffer of that length with anything in it.
func (j *Journal) readInto(length int) []byte {
	if b, ok := j.reads.Get().(*[]byte); ok && cap(*b) >= length {
		return (*b)[:length]
	}
	return make([]byte, length)
}

// Recycle takes back what Frames has returned and nobody looks at any more, to
// read other frames into it. Calling it is a favour, not a duty.
func (j *Journal) Recycle(frames [][]byte) {
	for i := range frames {
		if !j.takeBack(frames[i]) {
			j.reads.Put(&frames[i])
		}
	}
}

// Changed returns a channel that is closed when a batch after the given one is
// durable; at once if there is one already.
func (j *Journal) Changed(after uint64) <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	if uint64(len(j.batches)) > after {
		c := make(chan struct{})
		close(c)
		return c
	}
	return j.changed
}

// Close writes what waits, then closes the files. Append refuses from the
// beginning of Close on. It returns the error that the journal died of, if any.
func (j *Journal) Close(ctx context.Context) error {
	j.mu.Lock()
	first := !j.closing
	j.closing = true
	j.mu.Unlock()
	if first {
		close(j.stop)
	}
	finished := make(chan struct{})
	go func() { j.done.Wait(); close(finished) }()
	select {
	case <-finished:
	case <-ctx.Done():
		return fmt.Errorf("journal: close: %w", context.Cause(ctx))
	}
	if !first {
		return j.Err()
	}
	j.mu.Lock()
	j.second.drop(ErrClosed)
	j.mu.Unlock()
	j.answers.close()
	return errors.Join(j.Err(), j.closeFiles(), j.lock.release())
}

func (j *Journal) closeFiles() error {
	var err error
	for _, s := range j.segs {
		err = errors.Join(err, s.file.Close())
	}
	for _, s := range j.spares {
		err = errors.Join(err, s.file.Close())
	}
	return err
}
