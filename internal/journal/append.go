package journal

import (
	"context"
	"time"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// group is a batch that is being filled or written.
type group struct {
	frame    []byte   // header left blank, then records whose leaves lack sequence and CRC
	starts   []int    // where each record begins in frame
	entries  []uint32 // number of each record in the index; 0 if its submission has another one
	number   uint64   // of the group, in this process
	leaves   []wire.Leaf
	earliest int64
	done     chan struct{} // closed when acks and err are final
	tree     *wire.Tree    // set before done
	head     batch.Header  // set before done
	sig      [64]byte      // set before done
	kid      uint32        // set before done
	err      error         // set before done
	expiry   *time.Timer   // while it is kept back for its second copy

	waiters  []waiting   // guarded by the journal's mu
	answers  *answering  // set with the first waiter
	patience func() bool // stops the end of waiting; set with the first waiter
	stalled  bool        // guarded by the journal's mu; waiters have been told of the end of their patience
}

// newGroup makes an empty group in the buffer of one that has been written.
// Called with mu held.
func (j *Journal) newGroup() *group {
	j.groups++
	g := &group{done: make(chan struct{}), number: j.groups}
	if n := len(j.frames); n > 0 {
		g.frame, j.frames = j.frames[n-1], j.frames[:n-1]
		j.free -= cap(g.frame)
	} else {
		g.frame = make([]byte, 0, j.size+j.size/4+sector)
	}
	g.leaves, g.starts, g.entries = make([]wire.Leaf, 0, j.usual), make([]int, 0, j.usual), make([]uint32, 0, j.usual)
	g.waiters = make([]waiting, 0, j.usual)
	g.frame = append(g.frame[:0], blankHeader[:]...)
	return g
}

var blankHeader [batch.HeaderSize]byte

// recycle lets go of what only writing the group needed. Called with mu held.
func (j *Journal) recycle(g *group) {
	j.usual = max(len(g.leaves), j.usual*7/8)
	j.size = max(len(g.frame), j.size*7/8)
	j.keep(g.head.Batch, g.frame)
	g.frame, g.starts, g.entries = nil, nil, nil
}

// fits reports whether another envelope does, in a frame of at most so many bytes.
func (g *group) fits(envelope int, frameMax int64) bool {
	return len(g.leaves) < batchRecordsMax &&
		int64(len(g.frame)+recordSize(envelope)+batch.TrailerSize) <= frameMax
}

func recordSize(envelope int) int { return batch.RecordOverhead + wire.LeafSize + envelope }

// add copies the envelope into the frame.
func (g *group) add(leaf *wire.Leaf, envelope []byte) int {
	if len(g.leaves) == 0 || leaf.Stamp.UnixNano < g.earliest {
		g.earliest = leaf.Stamp.UnixNano
	}
	g.starts = append(g.starts, len(g.frame))
	g.leaves = append(g.leaves, *leaf)
	g.frame = growRecord(g.frame, envelope)
	return len(g.leaves) - 1
}

// lower gives a record that still waits an earlier stamp.
func (g *group) lower(record int, stamp *clickday.Stamp) {
	g.leaves[record].Stamp = *stamp
	g.earliest = min(g.earliest, stamp.UnixNano)
}

// growRecord leaves room for length, CRC and leaf, which the writer fills in
// when the sequence is known.
func growRecord(frame, envelope []byte) []byte {
	var blank [batch.RecordOverhead + wire.LeafSize]byte
	frame = append(frame, blank[:]...)
	return append(frame, envelope...)
}

// acknowledgement returns the answer for one record of a group that is done.
func (g *group) acknowledgement(record int) []byte {
	return g.appendAcknowledgement(make([]byte, 0, wire.AcknowledgementSize(16)), record)
}

func (g *group) appendAcknowledgement(b []byte, record int) []byte {
	var path [16][32]byte // batches have at most 1,024 records
	a := wire.Acknowledgement{
		Leaf: g.leaves[record], Batch: g.head.Batch, Index: uint32(record), Count: g.head.Count,
		Prev: g.head.Prev, KeyID: g.kid, Signature: g.sig, Path: g.tree.AppendPath(path[:0], record),
	}
	return wire.AppendAcknowledgement(b, &a)
}

// Outcome is what Append did.
type Outcome struct {
	Acknowledgement []byte
	// Repeated says that the submission was durable or waiting before.
	Repeated bool
}

// Append makes a submission durable and returns its acknowledgement. The
// envelope is copied. A submission that is there already gets the same
// acknowledgement and no second record, also while the first one still waits;
// only an earlier stamp than the recorded one makes another record, so that
// nobody loses the place of the first arrival. Node, journal and sequence of the
// stamp are filled in here.
//
// With Options.CopyWait the acknowledgement comes only when the second copy is
// there too.
//
// Errors are ErrFull, ErrClosed, ErrNoCopy, ErrDead or that of ctx; after the last
// three the record is or may become durable all the same, and the same call again
// tells.
func (j *Journal) Append(ctx context.Context, id clickday.SubmissionID, stamp clickday.Stamp, envelope []byte) (Outcome, error) {
	stamp.Node, stamp.Journal = j.opts.Node, j.meta.Journal
	j.mu.Lock()
	s, repeated, err := j.locate(id, &stamp, envelope)
	j.mu.Unlock()
	if err != nil {
		return Outcome{}, err
	}
	if s.group == nil {
		ack, _, err := j.Acknowledgement(id)
		return Outcome{ack, true}, err
	}
	select {
	case <-s.group.done:
	case <-ctx.Done():
		return Outcome{}, context.Cause(ctx)
	}
	if s.group.err != nil {
		return Outcome{}, s.group.err
	}
	return Outcome{s.group.acknowledgement(s.record), repeated}, nil
}

// locate finds the record of the submission or adds one. A slot without a group
// means that it is durable and nothing has to be waited for. Called with mu held.
func (j *Journal) locate(id clickday.SubmissionID, stamp *clickday.Stamp, envelope []byte) (slot, bool, error) {
	f, known := j.index.get(id)
	if known && f.durable() && f.stamp <= stamp.UnixNano {
		return slot{j.second.holding(f.batch), int(f.record)}, true, nil
	}
	return j.enqueue(id, stamp, envelope, known)
}

// waits returns the record of a submission that is not on the disk yet. Called with
// mu held.
func (j *Journal) waits(id clickday.SubmissionID) (slot, bool) {
	if s, ok := j.twice[id]; ok {
		return s, true
	}
	f, ok := j.index.get(id)
	if !ok || f.durable() {
		return slot{}, false
	}
	if g := j.writing; g != nil && g.number == f.batch&^inGroup {
		return slot{g, int(f.record)}, true
	}
	for _, g := range j.waiting {
		if g.number == f.batch&^inGroup {
			return slot{g, int(f.record)}, true
		}
	}
	return slot{}, false // the journal died before it was
}

// enqueue finds the waiting record of the submission or adds one. Known says that the
// index has the submission. It is called with mu held.
func (j *Journal) enqueue(id clickday.SubmissionID, stamp *clickday.Stamp, envelope []byte, known bool) (slot, bool, error) {
	if s, ok := j.waits(id); known && ok {
		if s.group.leaves[s.record].Stamp.UnixNano <= stamp.UnixNano {
			return s, true, nil
		}
		if s.group != j.writing {
			s.group.lower(s.record, stamp)
			return s, true, nil
		}
	}
	switch {
	case j.dead != nil:
		return slot{}, false, ErrDead
	case j.closing:
		return slot{}, false, ErrClosed
	}
	g, cost := j.open(len(envelope))
	if !j.hasRoom(cost) {
		return slot{}, false, ErrFull
	}
	if len(j.waiting) == 0 || j.waiting[len(j.waiting)-1] != g {
		j.waiting = append(j.waiting, g)
	}
	s := slot{g, g.add(&wire.Leaf{ID: id, Stamp: *stamp}, envelope)}
	if known {
		j.twice[id] = s
		g.entries = append(g.entries, 0)
	} else {
		g.entries = append(g.entries, j.index.reserve(id, g.number, s.record))
	}
	j.queued += cost
	select {
	case j.wake <- struct{}{}:
	default: // it is awake, or will find this when it looks
	}
	return s, false, nil
}

// open returns the group to add to and what adding costs in the segment, in
// bytes: the record, and for a new group its frame and padding.
func (j *Journal) open(envelope int) (*group, int64) {
	cost := int64(recordSize(envelope))
	if n := len(j.waiting); n > 0 && j.waiting[n-1].fits(envelope, j.batchMax) {
		return j.waiting[n-1], cost
	}
	return j.newGroup(), cost + batch.HeaderSize + batch.TrailerSize + sector
}

// hasRoom keeps the promise that whatever waits can be written: a frame never
// spans segments, so the end of the present one counts only beyond the largest
// frame.
func (j *Journal) hasRoom(cost int64) bool {
	capacity := max(0, j.room-j.batchMax-sector)
	if len(j.spares) > 0 {
		capacity += j.spares[0].size - sector
	}
	return j.queued+cost <= min(capacity, j.opts.PendingMax)
}
