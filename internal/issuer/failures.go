package issuer

import (
	"sync"
	"time"

	"puntuale/internal/clickday"
)

const (
	againMin = 2 * time.Second
	againMax = 5 * time.Minute
)

// failures remembers what could not be made, and when to try again.
type failures struct {
	mu   sync.Mutex
	list map[clickday.SubmissionID]failure // guarded by mu
}

type failure struct {
	next time.Time
	wait time.Duration
}

func newFailures() *failures { return &failures{list: make(map[clickday.SubmissionID]failure)} }

// add notes a failure and returns how long it waits, twice as long every time.
func (f *failures) add(id clickday.SubmissionID, now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	wait := againMin
	if old, ok := f.list[id]; ok {
		wait = min(2*old.wait, againMax)
	}
	f.list[id] = failure{now.Add(wait), wait}
	return wait
}

func (f *failures) remove(id clickday.SubmissionID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.list, id)
}

// waiting returns those whose time has not come.
func (f *failures) waiting(now time.Time) []clickday.SubmissionID {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []clickday.SubmissionID
	for id, e := range f.list {
		if now.Before(e.next) {
			out = append(out, id)
		}
	}
	return out
}
