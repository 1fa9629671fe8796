package journal

import (
	"errors"
	"slices"
	"time"
)

// ErrNoCopy: the record is durable here, but the second copy that this node
// waits for did not come in time. Nothing may be said to the client yet; the same
// call again gets the acknowledgement, with the same stamp, once the copy is there.
var ErrNoCopy = errors.New("journal: durable, but without the second copy")

// second keeps back the acknowledgements of batches that lack their second copy.
// Everybody who waits for a batch waits on the channel of its group, which is
// closed once: when the batch is durable, or, with a second copy, when that is there.
type second struct {
	wait time.Duration // 0: durable is enough
	upTo uint64        // batches up to this one have their copy
	held []*group      // durable, without a copy, oldest first
}

// lacks reports whether a batch may not be acknowledged yet.
func (s *second) lacks(batch uint64) bool { return s.wait != 0 && batch > s.upTo }

// holding returns the group of a batch that is being kept back, or nil.
func (s *second) holding(batch uint64) *group {
	for _, g := range s.held {
		if g.head.Batch == batch {
			return g
		}
	}
	return nil
}

// Copied says that the second copy holds every batch up to this one. It never
// goes back: a lower number changes nothing.
func (j *Journal) Copied(batch uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	batch = min(batch, uint64(len(j.batches)))
	if batch <= j.second.upTo {
		return
	}
	j.second.upTo = batch
	n := 0
	for ; n < len(j.second.held) && j.second.held[n].head.Batch <= batch; n++ {
		g := j.second.held[n]
		g.expiry.Stop()
		g.settle()
	}
	j.second.held = slices.Delete(j.second.held, 0, n)
}

// Uncopied returns how many durable batches lack the second copy; 0 when none is
// waited for.
func (j *Journal) Uncopied() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.second.wait == 0 {
		return 0
	}
	return uint64(len(j.batches)) - j.second.upTo
}

// release wakes who waits for a durable group, or keeps it back until its copy is
// there. Called with mu held.
func (j *Journal) release(g *group) {
	if !j.second.lacks(g.head.Batch) {
		g.settle()
		return
	}
	j.second.held = append(j.second.held, g)
	g.expiry = time.AfterFunc(j.second.wait, func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		if at := slices.Index(j.second.held, g); at >= 0 {
			j.second.held = slices.Delete(j.second.held, at, at+1)
			g.fail(ErrNoCopy)
		}
	})
}

// drop fails what is kept back. Called with mu held, at the end of the journal.
func (s *second) drop(err error) {
	for _, g := range s.held {
		g.expiry.Stop()
		g.fail(err)
	}
	s.held = nil
}

// fail tells everybody who waits for the group of an error.
func (g *group) fail(err error) {
	g.err = err
	g.settle()
}
