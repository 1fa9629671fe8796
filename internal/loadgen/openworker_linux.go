package loadgen

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"puntuale/internal/loadrun"
)

const (
	// roundMax is how many answers are read before the plan is looked at again.
	roundMax = 24
	// restMax is how long a thread waits at most when nothing is due.
	restMax = 20 * time.Millisecond
	// briefly is up to how long a thread waits without telling the scheduler.
	briefly = time.Millisecond
	// pingsMax is how many pings go out in one look.
	pingsMax = 64
)

// openWorker drives its connections and its share of the plan from one thread.
type openWorker struct {
	run    *openRun
	number int
	epoll  int
	thread int // that it ran on last

	mu    sync.Mutex
	fresh []*openConn // guarded by mu: opened by others, not yet taken over

	slots    []*openConn
	free     []int32
	idle     idleRing
	waiting  []int   // requests that are due and have no connection
	again    []again // to be sent once more, sorted
	inflight []pending
	flying   int
	next     int // index in the plan
	hold     bool
	looked   time.Duration
	request  []byte
	buf      []byte
	chunk    []byte
	events   [roundMax]unix.EpollEvent
}

func newOpenWorker(r *openRun, number int) (*openWorker, error) {
	w := &openWorker{run: r, number: number, next: number, buf: make([]byte, 16<<10), chunk: make([]byte, 0, chunkSize+8<<10)}
	var err error
	if w.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return w, fmt.Errorf("loadgen: epoll: %w", err)
	}
	return w, nil
}

// adopt takes a connection over; from any goroutine.
func (w *openWorker) adopt(c *openConn) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fresh = append(w.fresh, c)
	return nil
}

// welcome puts new connections to work.
func (w *openWorker) welcome(now time.Duration) error {
	w.mu.Lock()
	fresh := w.fresh
	w.fresh = nil
	w.mu.Unlock()
	for _, c := range fresh {
		if n := len(w.free); n > 0 {
			c.slot, w.free = w.free[n-1], w.free[:n-1]
			w.slots[c.slot] = c
		} else {
			c.slot = int32(len(w.slots))
			w.slots = append(w.slots, c)
		}
		c.used = now
		c.every = time.Duration((0.75 + 0.5*rand.Float64()) * float64(w.run.PingEvery))
		event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP, Fd: c.slot}
		if err := unix.EpollCtl(w.epoll, unix.EPOLL_CTL_ADD, c.raw.fd, &event); err != nil {
			return fmt.Errorf("loadgen: epoll: %w", err)
		}
		w.free1(c, now)
	}
	return nil
}

// free1 gives a connection the next request that waits, or lets it rest.
func (w *openWorker) free1(c *openConn, now time.Duration) {
	if len(w.waiting) > 0 {
		i := w.waiting[0]
		w.waiting = w.waiting[1:]
		w.send(c, i, true)
		return
	}
	c.used = now
	w.idle.push(c)
}

// loop runs the plan.
func (w *openWorker) loop(ctx context.Context) error {
	w.looked = w.run.now() - restMax
	for {
		if tid := unix.Gettid(); tid != w.thread {
			w.thread = tid
			w.run.raise(tid)
		}
		now := w.run.now()
		w.dispatch(now)
		if now-w.looked >= restMax {
			w.looked = now
			if err := w.welcome(now); err != nil {
				return err
			}
			w.patience(now)
			w.pings(now)
			if ctx.Err() != nil {
				w.giveUp()
				return w.flush()
			}
		}
		if w.finished() {
			return w.flush()
		}
		n, err := w.wait(w.rest())
		if err != nil {
			return err
		}
		for i := range w.events[:n] {
			w.ready(w.slots[w.events[i].Fd], w.events[i].Events)
		}
	}
}

func (w *openWorker) finished() bool {
	return !w.hold && w.next >= len(w.run.Plan) && len(w.waiting) == 0 && w.flying == 0 && len(w.again) == 0
}

// rest is how long there is nothing to send.
func (w *openWorker) rest() time.Duration {
	next := w.run.now() + restMax
	if w.next < len(w.run.Plan) {
		next = min(next, w.run.due(w.next))
	}
	if len(w.again) > 0 {
		next = min(next, w.again[0].at)
	}
	return max(0, next-w.run.now())
}

// wait waits for answers, at most that long.
func (w *openWorker) wait(d time.Duration) (int, error) {
	ts := unix.NsecToTimespec(int64(d))
	does := unix.Syscall6
	if d < briefly { // without the scheduler's doing, see rawConn.call
		does = unix.RawSyscall6
	}
	n, _, errno := does(unix.SYS_EPOLL_PWAIT2, uintptr(w.epoll), uintptr(unsafe.Pointer(&w.events[0])), roundMax,
		uintptr(unsafe.Pointer(&ts)), 0, 0)
	switch {
	case errno == unix.EINTR:
		return 0, nil
	case errno != 0:
		return 0, fmt.Errorf("loadgen: epoll_pwait2 (Linux 5.11 or newer): %w", errno)
	}
	return int(n), nil
}

// dispatch sends what is due, but not so much that no answer is read meanwhile.
func (w *openWorker) dispatch(now time.Duration) {
	if len(w.again) > 0 {
		w.repeatDue(now)
	}
	for range roundMax {
		if w.next >= len(w.run.Plan) || w.run.due(w.next) > now {
			return
		}
		i := w.next
		w.next += len(w.run.workers)
		w.run.Live.Due.Add(1)
		if c := w.idle.pop(); c != nil {
			now = w.send(c, i, false)
			continue
		}
		w.run.Live.Starved.Add(1)
		w.waiting = append(w.waiting, i)
	}
}

// send writes request i for the first time and returns when.
func (w *openWorker) send(c *openConn, i int, starved bool) time.Duration {
	c.tries = 0
	return w.sendAt(c, i, w.run.due(i), starved)
}

// sendAt writes request i, which is due at that instant.
func (w *openWorker) sendAt(c *openConn, i int, due time.Duration, starved bool) time.Duration {
	p := &w.run.Plan[i]
	e := &w.run.Entries[p.Envelope]
	b := append(w.request[:0], c.host...)
	b = strconv.AppendInt(b, int64(e.Size), 10)
	b = append(b, "\r\n\r\n"...)
	head := len(b)
	b = append(b, make([]byte, e.Size)...)
	w.request = b
	c.request, c.starved, c.first, c.moved = i, starved, loadrun.Never, due-p.At
	c.turn++
	err := w.fetch(b[head:], e.Offset)
	c.sent = w.run.now() // before the write: no arrival may be earlier than that
	if err == nil {
		_, err = c.write(b)
	}
	w.run.Live.Sent.Add(1)
	w.flying++
	switch {
	case err != nil:
		w.lose(c, loadrun.Broken)
	case p.Kind == loadrun.Cut && len(c.raw.out) == 0:
		w.lose(c, loadrun.CutOff)
	default:
		w.inflight = append(w.inflight, pending{c, c.turn})
		w.listen(c)
	}
	return w.run.now()
}

// fetch reads an envelope, which the page cache has.
func (w *openWorker) fetch(b []byte, at int64) error {
	n, _, errno := unix.RawSyscall6(unix.SYS_PREAD64, uintptr(w.run.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), uintptr(at), 0, 0)
	if errno != 0 || int(n) != len(b) {
		return fmt.Errorf("loadgen: envelope at %d: %d bytes of %d: %w", at, n, len(b), errno)
	}
	return nil
}

// listen asks to hear when the rest of a request can be written.
func (w *openWorker) listen(c *openConn) {
	if len(c.raw.out) > 0 {
		w.interest(c, unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLOUT)
	}
}

func (w *openWorker) interest(c *openConn, events uint32) {
	event := unix.EpollEvent{Events: events, Fd: c.slot}
	if err := unix.EpollCtl(w.epoll, unix.EPOLL_CTL_MOD, c.raw.fd, &event); err != nil {
		w.lose(c, loadrun.Broken)
	}
}

// ready deals with what epoll has told of a connection.
func (w *openWorker) ready(c *openConn, events uint32) {
	if c == nil || c.dead {
		return
	}
	if events&unix.EPOLLOUT != 0 {
		out := c.raw.out
		c.raw.out = nil
		if _, err := c.raw.Write(out); err != nil {
			w.lose(c, loadrun.Broken)
			return
		}
		if len(c.raw.out) == 0 {
			w.interest(c, unix.EPOLLIN|unix.EPOLLRDHUP)
		}
	}
	if events&^uint32(unix.EPOLLOUT) != 0 {
		c.raw.drained = false
		w.receive(c)
	}
}

// receive reads until there is nothing more, or an answer is whole.
func (w *openWorker) receive(c *openConn) {
	for !c.dead {
		n, err := c.read(w.buf)
		if n > 0 {
			w.take(c, w.buf[:n])
		}
		switch {
		case errors.Is(err, nothing{}):
			return
		case err != nil:
			w.lose(c, loadrun.Broken)
			return
		case c.tls == nil && c.raw.drained:
			return
		}
	}
}

// take adds bytes to the answer of a connection.
func (w *openWorker) take(c *openConn, b []byte) {
	if c.request == noRequest || c.dead {
		w.lose(c, loadrun.Garbled) // nobody has asked
		return
	}
	now := w.run.now()
	if c.first == loadrun.Never {
		c.first = now
	}
	all := c.whole(b)
	status, body, whole, err := parseAnswer(all)
	switch {
	case err != nil || !whole && len(all) > 64<<10:
		w.lose(c, loadrun.Garbled)
	case !whole && len(c.in) == 0:
		c.keep(b)
	case whole:
		w.settle(c, now, status, body)
	}
}

// settle records an answer and frees its connection.
func (w *openWorker) settle(c *openConn, now time.Duration, status int, body []byte) {
	switch {
	case c.request == pingRequest:
		w.run.Live.Pings.Add(1)
	case status == 200:
		w.record(c, &loadrun.Answer{Done: now, Status: uint16(status), Body: body})
		w.run.Live.Accepted.Add(1)
	case status == http.StatusTooEarly && w.postpone(c, now, body):
		w.record(c, &loadrun.Answer{Done: now, Status: uint16(status), Body: body, Failure: loadrun.Postponed})
		w.run.Live.Sent.Add(-1) // it will be sent again
	default:
		w.record(c, &loadrun.Answer{Done: now, Status: uint16(status), Body: body})
		w.run.Live.Refused.Add(1)
	}
	c.request, c.in = noRequest, nil
	w.free1(c, now)
}

// record writes what became of the request of a connection.
func (w *openWorker) record(c *openConn, a *loadrun.Answer) {
	w.flying--
	a.Request, a.Sent, a.First, a.Starved, a.Moved = uint32(c.request), c.sent, c.first, c.starved, c.moved
	w.chunk = a.Append(w.chunk)
	w.hand(chunkSize)
}

// hand gives full chunks to the writer.
func (w *openWorker) hand(least int) {
	if len(w.chunk) >= least {
		w.run.chunks <- w.chunk
		w.chunk = w.run.spare.Get().([]byte)
	}
}

func (w *openWorker) flush() error {
	w.hand(1)
	return nil
}

// lose gives a connection up, with the request in flight, and asks for another.
func (w *openWorker) lose(c *openConn, why loadrun.Failure) {
	if c.dead {
		return
	}
	c.dead = true
	if c.request >= 0 {
		w.record(c, &loadrun.Answer{Done: loadrun.Never, Failure: why})
		if why == loadrun.CutOff {
			w.run.Live.Cut.Add(1)
		} else {
			w.run.Live.Failed.Add(1)
		}
	}
	c.request = noRequest
	unix.Close(c.raw.fd) // whatever it says, nothing more is done with it
	w.slots[c.slot] = nil
	w.free = append(w.free, c.slot)
	w.run.Live.Connected.Add(-1)
	select {
	case w.run.redial <- w:
	default: // as many are asked for as there can be
	}
}
