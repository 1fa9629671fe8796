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

// prepare keeps one empty segment ready, so that a batch never waits for one.
func (j *Journal) prepare() {
	defer j.done.Done()
	for {
		err := j.addSpare()
		var again <-chan time.Time
		switch {
		case errors.Is(err, errNoSpace):
			j.lowSpace.Store(true)
			again = time.After(spaceRetry)
		case err != nil:
			j.die(err)
			return
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

func (j *Journal) addSpare() error {
	j.mu.Lock()
	have, index := len(j.spares), len(j.segs)+len(j.spares)+1
	j.mu.Unlock()
	if have > 0 {
		return nil
	}
	free, err := j.opts.Free(j.opts.Dir)
	if err != nil {
		return err
	}
	if free < j.opts.SegmentSize+j.opts.Reserve {
		return errNoSpace
	}
	s, err := j.createSegment(index)
	if errors.Is(err, syscall.ENOSPC) {
		return errNoSpace
	}
	if err != nil {
		return fmt.Errorf("journal: make segment %d: %w", index, err)
	}
	j.mu.Lock()
	j.spares = append(j.spares, s)
	j.mu.Unlock()
	return nil
}
