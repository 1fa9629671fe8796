package timing

import (
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// alert is how long before the instant the wait moves from Go's timers, which
	// other threads serve, to a thread with precedence that sleeps by itself.
	alert = 400 * time.Millisecond
	// spin is how long before the instant that thread stops sleeping.
	spin = 250 * time.Microsecond
	// hold is how long before the instant the thread no longer gives its place in
	// Go's scheduler away while it sleeps, and nap the longest such sleep, for
	// whatever stops the world has to wait for it.
	hold = 60 * time.Millisecond
	nap  = time.Millisecond
	// slice is the shortest that an ordinary thread may ask for: whoever asks for
	// little at a time gets it sooner after waking (Linux 6.12; older ones ignore it).
	slice = 100 * time.Microsecond
)

// holding is had by the one wait that may keep its place in Go's scheduler: two of
// them could stop everything else in this process.
var holding sync.Mutex

// attention is the precedence of the threads that one wait has run on. Not to be
// used concurrently.
type attention struct {
	before map[int]*unix.SchedAttr // by thread
}

// raise gives the present thread precedence over others, as much as the system
// allows this user: real-time (root, or a limit rtprio), else nice -20 (a limit
// nice), else shorter and so earlier turns. Once for each thread: the wait may
// wake on another one.
func (a *attention) raise() {
	tid := unix.Gettid()
	if _, done := a.before[tid]; done {
		return
	}
	if a.before == nil {
		a.before = map[int]*unix.SchedAttr{}
	}
	was, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		a.before[tid] = nil
		return
	}
	a.before[tid] = was
	unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // without it: 50 µs later
	for _, want := range []unix.SchedAttr{
		{Policy: unix.SCHED_RR, Priority: 1, Flags: unix.SCHED_FLAG_RESET_ON_FORK},
		{Policy: unix.SCHED_NORMAL, Nice: -20, Runtime: uint64(slice)},
		{Policy: unix.SCHED_NORMAL, Nice: was.Nice, Runtime: uint64(slice)},
	} {
		want.Size = unix.SizeofSchedAttr
		if unix.SchedSetAttr(0, &want, 0) == nil {
			return
		}
	}
}

// end takes the precedence back.
func (a *attention) end() {
	for tid, was := range a.before {
		if was == nil {
			continue
		}
		was.Size = unix.SizeofSchedAttr
		if unix.SchedSetAttr(tid, was, 0) != nil { // an ordinary user may not take this flag back
			was.Flags |= unix.SCHED_FLAG_RESET_ON_FORK
			unix.SchedSetAttr(tid, was, 0) // else the thread has gone
		}
	}
}

// doze sleeps on this very thread, for at most d. Near the instant it does so
// behind the back of Go's scheduler: whoever tells it of a sleep has to get in line
// for one of its processors afterwards, behind threads that the system lets wait.
func doze(d time.Duration) {
	if d > hold || !holding.TryLock() {
		t := unix.NsecToTimespec(int64(max(d-hold, min(d, nap))))
		unix.Nanosleep(&t, nil) // cut short by a signal: the caller looks at the clock
		return
	}
	defer holding.Unlock()
	t := unix.NsecToTimespec(int64(min(d, nap)))
	unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&t)), 0, 0)
}
