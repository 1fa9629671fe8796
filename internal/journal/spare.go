package journal

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

const (
	// spaceRetry is how often a full disk is looked at again.
	spaceRetry = time.Second
	// quietLook is how long nothing must be written for it to be quiet.
	quietLook = 2 * time.Second
)

// errNoSpace says that a segment would not leave the reserve free.
var errNoSpace = errors.New("journal: not enough space for another segment")

// prepare keeps empty segments ready, so that a batch never waits for one. Beyond the
// first they are made only while nothing is written: what is ready is there for the
// peak, and is not to compete with it.
func (j *Journal) prepare() {
	defer j.done.Done()
	written := j.LastBatch()
	for {
		before := written
		written = j.LastBatch()
		more, err := j.addSpare(written == before)
		var again <-chan time.Time
		switch {
		case errors.Is(err, errNoSpace):
			j.lowSpace.Store(j.ready() == 0)
			again = time.After(spaceRetry)
		case err != nil:
			j.die(err)
			return
		case more:
			j.lowSpace.Store(false)
			select {
			case <-j.stop:
				return
			case <-j.deadCh:
				return
			default:
				continue
			}
		default:
			j.lowSpace.Store(false)
			if j.Prepared() < j.opts.Prepare {
				again = time.After(quietLook)
			}
		}
		select {
		case <-j.want:
		case <-again:
		case <-j.stop:
			return
		case <-j.deadCh:
			return
		}
	}
}

// Prepared returns how many bytes of empty segments are ready.
func (j *Journal) Prepared() int64 { return int64(j.ready()) * j.opts.SegmentSize }

// ready returns how many empty segments there are.
func (j *Journal) ready() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.spares)
}

// addSpare makes an empty segment if one is wanted, beyond the first only if it is
// quiet. It reports whether another one may be.
func (j *Journal) addSpare(quiet bool) (more bool, err error) {
	j.mu.Lock()
	have, index := len(j.spares), len(j.segs)+len(j.spares)+1
	j.mu.Unlock()
	if have > 0 && (!quiet || int64(have)*j.opts.SegmentSize >= j.opts.Prepare) {
		return false, nil
	}
	free, err := j.opts.Free(j.opts.Dir)
	if err != nil {
		return false, err
	}
	if free < j.opts.SegmentSize+j.opts.Reserve {
		return false, errNoSpace
	}
	s, err := j.createSegment(index)
	if errors.Is(err, syscall.ENOSPC) {
		return false, errNoSpace
	}
	if err != nil {
		return false, fmt.Errorf("journal: make segment %d: %w", index, err)
	}
	j.mu.Lock()
	j.spares = append(j.spares, s)
	j.mu.Unlock()
	return true, nil
}
