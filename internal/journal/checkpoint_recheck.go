package journal

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// recheckEvery is the pause between two segments that are read again: slow enough
// for nobody to notice beside the work.
const recheckEvery = 10 * time.Second

// Damage returns what is wrong with a part of the journal that checkpoints covered
// at the start, once it has been found; nil while nothing has. The journal goes
// on: everything new is as safe as ever, and of what is damaged acknowledgements
// are refused instead of made up. But it will not open again without its
// checkpoints, so a person has to look at it.
func (j *Journal) Damage() error {
	if err := j.checks.damage.Load(); err != nil {
		return *err
	}
	return nil
}

// recheck verifies, one after the other, what the start has not read.
func (j *Journal) recheck() {
	defer j.done.Done()
	tick := time.NewTicker(recheckEvery)
	defer tick.Stop()
	s := j.scanner()
	for k, i := range slices.Concat(j.checks.spares, j.checks.unread) {
		select {
		case <-tick.C:
		case <-j.stop:
			return
		case <-j.deadCh:
			return
		}
		check := j.recheckSegment
		if k < len(j.checks.spares) {
			check = j.recheckSpare
		}
		if err := check(s, i); err != nil {
			err = fmt.Errorf("found after the start: %w", err)
			j.checks.damage.Store(&err)
			j.opts.Log.Error("a part of the journal that was read long ago has changed on the disk", "error", err)
			return
		}
	}
}

// recheckSpare looks whether an empty segment is all zeros, unless it is in use
// meanwhile.
func (j *Journal) recheckSpare(s *scanner, i int) error {
	path := segmentPath(s.dir, i+1)
	b, err := s.read(path, sector)
	if err != nil || zeros(b[sector:]) {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if i < len(j.segs) {
		return nil
	}
	return s.corrupt(path, sector, errors.New("the segment was never used and is not empty"))
}

// recheckSegment verifies every frame of a full segment.
func (j *Journal) recheckSegment(s *scanner, i int) error {
	j.checks.mu.Lock()
	before, after := j.checks.at[i], j.checks.at[i+1]
	j.checks.mu.Unlock()
	s.visit, s.marks = nil, make([]mark, i, i+1)
	s.report.Batches, s.report.Records, s.chain, s.report.Torn = before.batches, before.records, before.chain, nil
	if err := s.segment(i); err != nil {
		return err
	}
	if s.report.Torn != nil || s.position() != after {
		return s.corrupt(segmentPath(s.dir, i+1), s.end.offset, errors.New("batches are missing at the end of the segment"))
	}
	return nil
}
