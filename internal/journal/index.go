package journal

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"puntuale/internal/clickday"
	"puntuale/internal/hugepage"
)

const (
	// entriesChunk is how many entries are allocated in one go, so that growing
	// never copies them.
	entriesChunk = 4096
	// slotsLeast is the size of the smallest table.
	slotsLeast = 1 << 10
)

// index finds submissions by their id, from the moment that they wait for the disk. It is asked for each submission, most
// of which it has never seen, and for that one line of the processor's cache must
// do; a map takes several. The entries lie in the order in which they came; a table
// with open addressing says where. A slot is the upper half of a hash and the
// number of an entry, from 1; 0 is empty. The hash has a secret key, for whoever
// makes envelopes can choose their ids.
type index struct {
	slots  []uint64
	shift  uint // of a hash of 32 bits, to the slot where the search begins
	chunks [][]entry
	count  int
	stored int // of them durable
	key    [2]uint64
}

// entry is one submission.
type entry struct {
	id clickday.SubmissionID
	found
}

// inGroup marks, in place of a batch, the number of the group that a submission
// waits in.
const inGroup = 1 << 63

// durable reports whether the submission is on the disk.
func (f found) durable() bool { return f.batch&inGroup == 0 }

// newIndex returns an index that has room for so many submissions before it has to
// grow.
func newIndex(room int) *index {
	x := &index{key: [2]uint64{rand.Uint64(), rand.Uint64()}}
	n := slotsLeast
	for n < 2*room {
		n *= 2
	}
	x.resize(n)
	return x
}

// Len returns how many durable submissions there are.
func (x *index) Len() int { return x.stored }

// get returns where a submission lies or waits.
func (x *index) get(id clickday.SubmissionID) (found, bool) {
	if e := x.at(x.slots[x.find(x.hash(id), &id)]); e != nil {
		return e.found, true
	}
	return found{}, false
}

// put says where a submission lies, whatever was said before.
func (x *index) put(id clickday.SubmissionID, f found) {
	x.settle(x.enter(id), f)
}

// settle says that the submission of a number has become durable, and where.
func (x *index) settle(n uint32, f found) {
	e := x.at(uint64(n))
	if e.batch == 0 || !e.durable() {
		x.stored++
	}
	e.found = f
}

// reserve takes note of a submission that is not there yet and waits in a group, and
// returns its number for settle.
func (x *index) reserve(id clickday.SubmissionID, group uint64, record int) uint32 {
	n := x.enter(id)
	x.at(uint64(n)).found = found{batch: group | inGroup, record: uint32(record)}
	return n
}

// enter returns the number of a submission, which is new if it is not there.
func (x *index) enter(id clickday.SubmissionID) uint32 {
	h := x.hash(id)
	i := x.find(h, &id)
	if s := x.slots[i]; s != 0 {
		return uint32(s)
	}
	if x.count%entriesChunk == 0 {
		x.chunks = append(x.chunks, make([]entry, 0, entriesChunk))
	}
	last := &x.chunks[len(x.chunks)-1]
	*last = append(*last, entry{id: id})
	x.count++
	x.slots[i] = uint64(h)<<32 | uint64(x.count)
	if 2*x.count > len(x.slots) {
		x.resize(2 * len(x.slots))
	}
	return uint32(x.count)
}

// earliest says where a submission lies, unless an earlier arrival of it is known.
func (x *index) earliest(id clickday.SubmissionID, f found) {
	if old, ok := x.get(id); !ok || !old.durable() || f.stamp < old.stamp {
		x.put(id, f)
	}
}

// hash spreads ids in a way that nobody can foresee.
func (x *index) hash(id clickday.SubmissionID) uint32 {
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(id[:])^x.key[0], binary.LittleEndian.Uint64(id[8:])^x.key[1])
	return uint32((hi ^ lo) >> 32)
}

// find returns the slot of an id, or the empty one where it would go.
func (x *index) find(h uint32, id *clickday.SubmissionID) int {
	mask := len(x.slots) - 1
	i := int(h >> x.shift)
	for {
		s := x.slots[i]
		if s == 0 || uint32(s>>32) == h && x.at(s).id == *id {
			return i
		}
		i = (i + 1) & mask
	}
}

// at returns the entry of a slot, nil if it is empty.
func (x *index) at(slot uint64) *entry {
	n := uint32(slot)
	if n == 0 {
		return nil
	}
	return &x.chunks[(n-1)/entriesChunk][(n-1)%entriesChunk]
}

// resize makes a table of so many slots, a power of two.
func (x *index) resize(slots int) {
	old := x.slots
	x.slots = hugepage.Words(slots)
	x.shift = uint(32 - bits.TrailingZeros(uint(slots)))
	for _, s := range old {
		if s == 0 {
			continue
		}
		i := int(uint32(s>>32) >> x.shift)
		for x.slots[i] != 0 {
			i = (i + 1) & (slots - 1)
		}
		x.slots[i] = s
	}
}
