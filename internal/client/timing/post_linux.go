package timing

import (
	"context"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// kitPatience is how long RealtimeKit may take: who waits goes on meanwhile.
const kitPatience = 5 * time.Second

// posts are the threads that Ready has reserved.
var posts = struct {
	mu       sync.Mutex
	byThread map[int]bool // guarded by mu
}{byThread: map[int]bool{}}

// Ready reserves the present thread for the caller some seconds before it waits
// for an instant, and asks for precedence on it where this process may not take it
// by itself. The wait gives the thread back to Go's scheduler at its end; the
// returned function, to be called by the same goroutine when the sending is over,
// does it otherwise, and takes the precedence back.
func Ready(ctx context.Context) (end func()) {
	if mayRaise() {
		return func() {}
	}
	runtime.LockOSThread()
	tid := unix.Gettid()
	was, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		runtime.UnlockOSThread()
		return func() {}
	}
	posts.mu.Lock()
	posts.byThread[tid] = true
	posts.mu.Unlock()
	brief, cancel := context.WithTimeout(ctx, kitPatience)
	unwarn := warned(func() { restore(tid, *was) })
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		askKit(brief, tid) // refused or not there: it waits as it is
	}()
	return func() {
		cancel()
		<-asked
		leavePost()
		restore(tid, *was)
		unwarn()
	}
}

// mayRaise reports whether this process may give its threads real-time precedence.
func mayRaise() bool {
	was, err := unix.SchedGetAttr(0, 0)
	if err != nil || was.Policy != unix.SCHED_NORMAL {
		return true // it has something of its own already
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	want := realTime
	if unix.SchedSetAttr(0, &want, 0) != nil {
		return false
	}
	restore(0, *was)
	return true
}

// leavePost gives the present thread back to Go's scheduler, if it is reserved.
// The goroutine goes on on it.
func leavePost() {
	tid := unix.Gettid()
	posts.mu.Lock()
	reserved := posts.byThread[tid]
	delete(posts.byThread, tid)
	posts.mu.Unlock()
	if reserved {
		runtime.UnlockOSThread()
	}
}
