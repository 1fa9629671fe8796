package intake

import (
	"context"
	"hash/maphash"
	"sync"

	"puntuale/internal/clickday"
	"puntuale/internal/hugepage"
	"puntuale/internal/journal"
	"puntuale/internal/wire"
)

const (
	// shardCount keeps submissions that come at the same time out of each other's
	// way, shardMost bounds the memory: together some 4 million tickets in 64 MiB.
	shardCount = 64
	shardMost  = 64 << 10
	shardLeast = 64
)

// Allowance bounds how many different submissions of one sealed version from one
// device this node stores. Signatures are not checked here, so whoever has one
// valid ticket could otherwise fill the disk with envelopes that differ in a byte.
// An honest client has one envelope, or a few if it has synced again.
//
// The counts are in memory: after a restart they begin at zero. Beyond some 4
// million tickets new ones are not counted any more.
type Allowance struct {
	most   uint64
	seed   maphash.Seed
	shards [shardCount]shard
}

// shard is a part of the counts: a table with open addressing, because this is
// asked for every submission and a look into it is to cost one line of the cache.
// A slot is the upper 56 bits of the hash of whom it is for, then its count; 0 is
// an empty slot. The seed is secret, so nobody can make two tickets meet.
type shard struct {
	mu    sync.Mutex
	slots []uint64 // guarded by mu; a power of two of them
	used  int      // guarded by mu
	_     [24]byte // a line of the cache of its own
}

const countMask = 0xff

// who is what an allowance is for.
type who struct {
	application clickday.ApplicationID
	seal        uint32
	device      [32]byte
}

// NewAllowance returns one of so many submissions for each ticket, at least 1. Room is
// how many tickets there may be before it has to grow.
func NewAllowance(most uint8, room int) *Allowance {
	each := shardLeast
	for each < 2*room/shardCount && each < shardMost {
		each *= 2
	}
	a := &Allowance{most: uint64(max(1, most)), seed: maphash.MakeSeed()}
	all := hugepage.Words(each * shardCount)
	for i := range a.shards {
		a.shards[i].slots = all[i*each : (i+1)*each : (i+1)*each]
	}
	return a
}

// Allow reports whether another submission with this ticket may be stored.
func (a *Allowance) Allow(t *wire.Ticket) bool {
	s, h := a.find(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.slots[s.slot(h)]&countMask < a.most
}

// Stored takes note of another one that is stored. It returns false, and takes no
// note, if that is one too many.
func (a *Allowance) Stored(t *wire.Ticket) bool {
	s, h := a.find(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.slot(h)
	if s.slots[i]&countMask >= a.most {
		return false
	}
	if s.slots[i] == 0 {
		if i = s.take(h, i); i < 0 {
			return true
		}
	}
	s.slots[i]++
	return true
}

// undo takes the last Stored back: it was not stored.
func (a *Allowance) undo(t *wire.Ticket) {
	s, h := a.find(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.slot(h); s.slots[i]&countMask > 0 {
		s.slots[i]--
	}
}

func (a *Allowance) find(t *wire.Ticket) (*shard, uint64) {
	h := maphash.Comparable(a.seed, who{t.Application, t.SealVersion, t.Device})
	return &a.shards[h%shardCount], h &^ countMask
}

// slot returns the slot of a hash, or the empty one where it would go. There is
// always an empty one. Called with mu held.
func (s *shard) slot(h uint64) int {
	mask := len(s.slots) - 1
	i := int(h>>32) & mask
	for s.slots[i] != 0 && s.slots[i]&^countMask != h {
		i = (i + 1) & mask
	}
	return i
}

// take puts a hash with a count of 0 into the empty slot i, or into one of a larger
// table, and returns which; -1 when nobody else is counted any more. Called with mu
// held.
func (s *shard) take(h uint64, i int) int {
	if s.used == shardMost || h == 0 {
		return -1
	}
	s.used++
	if s.used*2 > len(s.slots) {
		old := s.slots
		s.slots = make([]uint64, 2*len(old))
		for _, v := range old {
			if v != 0 {
				s.slots[s.slot(v&^countMask)] = v
			}
		}
		i = s.slot(h)
	}
	s.slots[i] = h
	return i
}

// limiting is a Journal that has an allowance.
type limiting interface {
	// Allow is asked for each submission and must not wait.
	Allow(t *wire.Ticket) bool
}

// Limited is a journal that counts what it stores against an allowance, whichever
// way it came.
type Limited struct {
	*journal.Journal
	*Allowance
}

var (
	_ Journal   = Limited{}
	_ Submitter = Limited{}
	_ limiting  = Limited{}
)

// Append implements Journal. It counts what is stored for sure, and refuses
// nothing: that is Allow's. So what comes in at the very same time may be a few
// too many.
func (l Limited) Append(ctx context.Context, id clickday.SubmissionID, stamp clickday.Stamp, envelope []byte) (journal.Outcome, error) {
	out, err := l.Journal.Append(ctx, id, stamp, envelope)
	if err == nil && !out.Repeated {
		if e, bad := wire.ParseEnvelope(envelope); bad == nil {
			l.Stored(&e.Ticket)
		}
	}
	return out, err
}

// Submit implements Submitter.
func (l Limited) Submit(ctx context.Context, id clickday.SubmissionID, stamp clickday.Stamp, envelope []byte, w journal.Waiter) bool {
	e, err := wire.ParseEnvelope(envelope)
	if err != nil || !l.Stored(&e.Ticket) {
		return false // it is asked again, and refused, above
	}
	if l.Journal.Submit(ctx, id, stamp, envelope, w) {
		return true
	}
	l.undo(&e.Ticket)
	return false
}
