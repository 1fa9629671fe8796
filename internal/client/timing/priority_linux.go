package timing

import (
	"context"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"puntuale/internal/clock"
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
	// fresh is how long before the instant the turn that Go's scheduler gives the
	// thread begins anew: turns last 10 ms, and then there is somebody else.
	fresh = 8 * time.Millisecond
	// slice is the shortest that an ordinary thread may ask for: whoever asks for
	// little at a time gets it sooner after waking (Linux 6.12; older ones ignore it).
	slice = 100 * time.Microsecond
)

// holding is had by the one wait that may keep its place in Go's scheduler: two of
// them could stop everything else in this process.
var holding sync.Mutex

// attention is the precedence of the threads that one wait has run on.
type attention struct {
	mu     sync.Mutex
	before map[int]*unix.SchedAttr // guarded by mu; by thread
}

// raise gives the present thread precedence over others, as much as the system
// allows this user: real-time (root, or a limit rtprio), else nice -20 (a limit
// nice), else shorter and so earlier turns. What RealtimeKit has given is left.
// Once for each thread: the wait may wake on another one.
func (a *attention) raise() {
	a.mu.Lock()
	defer a.mu.Unlock()
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
	if was.Policy == unix.SCHED_RR {
		a.before[tid] = &unix.SchedAttr{Policy: unix.SCHED_NORMAL, Flags: was.Flags}
		return
	}
	for _, want := range []unix.SchedAttr{
		realTime,
		{Policy: unix.SCHED_NORMAL, Nice: -20, Runtime: uint64(slice)},
		{Policy: unix.SCHED_NORMAL, Nice: was.Nice, Runtime: uint64(slice)},
	} {
		want.Size = unix.SizeofSchedAttr
		if unix.SchedSetAttr(0, &want, 0) == nil {
			return
		}
	}
}

// realTime is the precedence over everything ordinary, not for what a thread starts.
var realTime = unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_RR, Priority: 1, Flags: unix.SCHED_FLAG_RESET_ON_FORK}

// end takes the precedence back, from whichever thread it is called.
func (a *attention) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for tid, was := range a.before {
		if was != nil {
			restore(tid, *was)
		}
	}
}

// restore makes a thread what it was. It may be gone.
func restore(tid int, was unix.SchedAttr) {
	was.Size = unix.SizeofSchedAttr
	if unix.SchedSetAttr(tid, &was, 0) != nil { // an ordinary user may not take this flag back
		was.Flags |= unix.SCHED_FLAG_RESET_ON_FORK
		unix.SchedSetAttr(tid, &was, 0) // else the thread has gone
	}
}

// finish waits for the instant and goes on on the same thread. Near the instant it
// sleeps behind the back of Go's scheduler: whoever tells it of a sleep has to get
// in line for one of its processors afterwards, behind threads that the system
// lets wait. Only one wait at a time may do that; others sleep as usual.
func finish(ctx context.Context, clk clock.Clock, until time.Time, a *attention) error {
	for left := until.Sub(clk.Now()); left > hold; left = until.Sub(clk.Now()) {
		a.raise()
		sleepThread(left - hold)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	leavePost()
	if !holding.TryLock() {
		for left := until.Sub(clk.Now()); left > 0; left = until.Sub(clk.Now()) {
			if a.raise(); left > spin {
				sleepThread(min(left-spin, nap))
			}
		}
		return nil
	}
	defer holding.Unlock()
	a.raise()
	holdUntil(monotonic() + int64(until.Sub(clk.Now())-fresh))
	runtime.Gosched() // on a thread with precedence it is back at once
	a.raise()
	for left := until.Sub(clk.Now()); left > 0; left = until.Sub(clk.Now()) {
		holdUntil(monotonic() + int64(left))
	}
	return nil
}

// sleepThread sleeps on this very thread, less long when a signal comes.
func sleepThread(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	unix.Nanosleep(&t, nil)
}

// holdUntil sleeps in short naps and spins the last of it, on the kernel's
// monotonic clock. The whole of it is one piece for Go's scheduler, which interrupts
// only where a function begins; so everything that it calls begins without asking.
//
//go:nosplit
func holdUntil(until int64) {
	for {
		left := until - monotonic()
		if left <= 0 {
			return
		}
		if left > int64(spin) {
			t := unix.Timespec{Nsec: min(left-int64(spin), int64(nap))}
			unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&t)), 0, 0)
		}
	}
}

// monotonic reads the kernel's monotonic clock, in nanoseconds.
//
//go:nosplit
func monotonic() int64 {
	var t unix.Timespec
	unix.RawSyscall(unix.SYS_CLOCK_GETTIME, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&t)), 0)
	return int64(t.Sec)*int64(time.Second) + int64(t.Nsec)
}
