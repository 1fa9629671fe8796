package journal

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// spaceRetry is how often a full disk is looked at again.
const spaceRetry = time.Second

// errNoSpace says that a segment would not leave the reserve free.
var errNoSpace = errors.New("journal: not enough space for another segment")

// prepare keeps empty segments ready, so that a batch never waits for one.
func (j *Journal) prepare() {
	defer j.done.Done()
	for {
		more, err := j.addSpare()
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

// addSpare makes an empty segment if one is wanted. It reports whether another
// one may be.
func (j *Journal) addSpare() (more bool, err error) {
	j.mu.Lock()
	have, index := len(j.spares), len(j.segs)+len(j.spares)+1
	j.mu.Unlock()
	if have > 0 && int64(have)*j.opts.SegmentSize >= j.opts.Prepare {
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
