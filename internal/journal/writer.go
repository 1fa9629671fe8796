package journal

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"runtime"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// write is the one goroutine that touches the disk.
func (j *Journal) write() {
	defer j.done.Done()
	for {
		j.gather()
		g := j.take()
		if g == nil {
			select {
			case <-j.wake:
				continue
			case <-j.stop:
			}
			if g = j.take(); g == nil {
				return
			}
		}
		if err := j.commit(g); err != nil {
			j.die(err)
			return
		}
	}
}

// gather lets those who are about to add something do so first: whoever comes
// too late for this write waits for two. It waits for nobody, so it costs nothing
// when there is nobody.
func (j *Journal) gather() {
	for range gatherTurns {
		runtime.Gosched()
	}
}

// take moves the oldest waiting group to the writer.
func (j *Journal) take() *group {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.waiting) == 0 || j.dead != nil {
		return nil
	}
	g := j.waiting[0]
	j.waiting[0] = nil
	j.waiting = j.waiting[1:]
	j.writing = g
	return g
}

// commit makes a group durable and tells everybody who waits for it.
func (j *Journal) commit(g *group) error {
	began := j.opts.Clock.Now()
	records := len(g.leaves)
	waited := int64(len(g.frame)) + batch.TrailerSize + sector
	j.seal(g)
	padded := pad(g.frame)
	if j.at+int64(len(padded)) > j.last().size {
		if err := j.rotate(); err != nil {
			return err
		}
	}
	p := place{uint32(len(j.segs) - 1), uint32(j.at), uint32(len(g.frame))}
	if err := j.last().writeDurable(padded, j.at); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDead, j.last().path, err)
	}
	j.at += int64(len(padded))
	j.next += uint64(len(g.leaves))
	if err := j.publish(g, p, waited); err != nil {
		return err
	}
	if j.opts.Committed != nil {
		j.opts.Committed(records, int(p.length), j.opts.Clock.Now().Sub(began))
	}
	return nil
}

// seal gives the records their sequence and completes the frame.
func (j *Journal) seal(g *group) {
	hashes := make([][32]byte, len(g.leaves))
	for i := range g.leaves {
		l := &g.leaves[i]
		l.Stamp.Sequence = j.next + uint64(i)
		end := len(g.frame)
		if i+1 < len(g.starts) {
			end = g.starts[i+1]
		}
		hashes[i] = fillRecord(g.frame[g.starts[i]:end], l)
	}
	g.tree = wire.NewTree(hashes)
	g.head = batch.Header{
		Length: uint32(len(g.frame) + batch.TrailerSize), Node: j.opts.Node, Journal: j.meta.Journal,
		Batch: j.batch() + 1, First: j.next, Count: uint32(len(g.leaves)), Prev: j.chain,
	}
	batch.AppendHeader(g.frame[:0], &g.head)
	s := wire.BatchStatement{
		Node: g.head.Node, Journal: g.head.Journal, Batch: g.head.Batch, Count: g.head.Count,
		Root: g.tree.Root(), Prev: g.head.Prev,
	}
	g.kid = j.kid
	copy(g.sig[:], ed25519.Sign(j.key, s.Message()))
	g.frame = batch.AppendTrailer(g.frame, s.Root, g.kid, g.sig[:])
	j.chain = s.Chain()
}

// fillRecord completes one record in place and returns the hash of its leaf.
func fillRecord(record []byte, l *wire.Leaf) [32]byte {
	payload := record[batch.RecordOverhead:]
	leaf := wire.AppendLeaf(payload[:0], l)
	binary.BigEndian.PutUint32(record, uint32(len(payload)))
	binary.BigEndian.PutUint32(record[4:], crc32.Checksum(payload, batch.Castagnoli))
	return wire.HashLeaf(leaf)
}

// batch returns the number of the last durable batch; the writer alone adds.
func (j *Journal) batch() uint64 { return uint64(len(j.batches)) }

func (j *Journal) last() *segment { return j.segs[len(j.segs)-1] }

// pad fills up to whole sectors.
func pad(b []byte) []byte {
	if over := len(b) % sector; over != 0 {
		b = append(b, make([]byte, sector-over)...)
	}
	return b
}

// publish makes a durable group known and wakes who waits, unless the journal
// has died meanwhile.
func (j *Journal) publish(g *group, p place, waited int64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.dead != nil {
		return j.dead
	}
	j.batches = append(j.batches, p)
	for i := range g.leaves {
		l := &g.leaves[i]
		f := found{g.head.Batch, uint32(i), l.Stamp.UnixNano}
		if n := g.entries[i]; n != 0 {
			j.index.settle(n, f)
			continue
		}
		if s := j.twice[l.ID]; s.group == g {
			delete(j.twice, l.ID)
		}
		j.index.earliest(l.ID, f)
	}
	j.writing = nil
	j.queued -= waited
	j.room = j.last().size - j.at
	close(j.changed)
	j.changed = make(chan struct{})
	j.recycle(g)
	j.release(g)
	return nil
}

// rotate goes on in the spare segment and asks for another one.
func (j *Journal) rotate() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.spares) == 0 {
		return fmt.Errorf("%w: no segment to go on in, against every promise", ErrDead)
	}
	j.segs = append(j.segs, j.spares[0])
	j.spares = j.spares[1:]
	j.at = sector
	j.room = j.last().size - j.at
	select {
	case j.want <- struct{}{}:
	default:
	}
	return nil
}

// die ends the journal: nobody who waits is told of success any more.
func (j *Journal) die(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.dead != nil {
		return
	}
	if !errors.Is(err, ErrDead) {
		err = fmt.Errorf("%w: %w", ErrDead, err)
	}
	j.dead = err
	if j.writing != nil {
		j.waiting = append(j.waiting, j.writing)
	}
	for _, g := range j.waiting {
		g.fail(err)
	}
	j.second.drop(err)
	j.waiting, j.writing = nil, nil
	maps.DeleteFunc(j.twice, func(_ clickday.SubmissionID, s slot) bool { return s.group.err != nil })
	close(j.deadCh)
}
