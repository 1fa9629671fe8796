package timing

import (
	"time"

	"golang.org/x/sys/unix"
)

// precedence is how long it lasts: the request leaves after the wait is over.
const precedence = 50 * time.Millisecond

// raise gives this thread precedence for the last instant, where the system
// allows it, and returns what takes it back.
func raise() (restore func()) {
	tid := unix.Gettid()
	before, err := unix.Getpriority(unix.PRIO_PROCESS, tid)
	if err != nil || unix.Setpriority(unix.PRIO_PROCESS, tid, -20) != nil {
		return func() {}
	}
	return func() {
		time.AfterFunc(precedence, func() { unix.Setpriority(unix.PRIO_PROCESS, tid, 20-before) }) // getpriority counts from 40 down
	}
}
