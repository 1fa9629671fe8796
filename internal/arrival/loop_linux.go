package arrival

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"puntuale/internal/clock"
)

const (
	// eventsMax is how many sockets a loop hears of in one go.
	eventsMax = 256
	// loopBuffer is what one read of a loop may bring: a request of ordinary size.
	loopBuffer = 8 << 10

	interest = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET
)

// Loop waits for many sockets in one goroutine. It calls the handlers of those
// that are attached, one after the other, and wakes whoever waits for another.
type Loop struct {
	clock clock.Clock
	file  *os.File // the epoll descriptor, which the scheduler waits for
	raw   syscall.RawConn

	mu    sync.Mutex
	slots []*Conn  // guarded by mu; nil is free
	turns []uint32 // guarded by mu; how often a slot has been taken
	free  []uint32 // guarded by mu

	now    int64 // of the round in progress
	ended  bool  // the other end of the connection in hand has closed
	events [eventsMax]unix.EpollEvent
	ready  [eventsMax]*Conn
	message
	buffer [loopBuffer]byte
}

func newLoop(clk clock.Clock) (*Loop, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("arrival: epoll: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // makes the scheduler wait for it
		return nil, errors.Join(fmt.Errorf("arrival: epoll: %w", err), unix.Close(fd))
	}
	l := &Loop{clock: clk, file: os.NewFile(uintptr(fd), "epoll")}
	if l.raw, err = l.file.SyscallConn(); err != nil {
		return nil, errors.Join(fmt.Errorf("arrival: epoll: %w", err), l.file.Close())
	}
	go l.run()
	return l, nil
}

// run serves rounds until the loop is closed. The descriptor of epoll is itself
// something that can be waited for, so no thread is kept by waiting.
func (l *Loop) run() {
	err := l.raw.Read(func(fd uintptr) bool {
		for {
			n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, fd, uintptr(unsafe.Pointer(&l.events[0])), eventsMax, 0, 0, 0)
			switch {
			case errno == unix.EINTR:
			case errno != 0:
				return true // it has been closed
			case n == 0:
				return false
			default:
				l.round(l.events[:n])
			}
		}
	})
	if err != nil {
		return // closed while it waited
	}
}

// close ends the loop; its sockets have been closed before.
func (l *Loop) close() { l.file.Close() }

// round serves what has happened.
func (l *Loop) round(events []unix.EpollEvent) {
	l.now = l.clock.Now().UnixNano()
	l.mu.Lock()
	for i := range events {
		slot, turn := uint32(events[i].Fd), uint32(events[i].Pad)
		if int(slot) < len(l.slots) && l.turns[slot] == turn {
			l.ready[i] = l.slots[slot]
		}
	}
	l.mu.Unlock()
	for i := range events {
		if c := l.ready[i]; c != nil {
			l.ready[i] = nil
			l.serve(c, events[i].Events)
		}
	}
}

func (l *Loop) serve(c *Conn, events uint32) {
	if !c.looped.Load() {
		if w := c.waiter.Load(); w != nil {
			signal(w.in)
			if events&^(unix.EPOLLIN) != 0 {
				signal(w.out)
			}
		}
		return
	}
	if events&unix.EPOLLOUT != 0 {
		c.flush()
	}
	if events&^unix.EPOLLOUT != 0 || c.seq.Load()&1 == 1 { // or the socket was never found empty
		l.ended = events&^(unix.EPOLLOUT|unix.EPOLLIN) != 0
		c.handler.Readable(l)
	}
}

// Now is when the present round began, in nanoseconds since 1970.
func (l *Loop) Now() int64 { return l.now }

// Ended reports whether the other end of the connection in hand has closed, which
// is told only once. Its handler calls Again to hear of it after what it reads.
func (l *Loop) Ended() bool { return l.ended }

// Receive reads what has come in on a connection that is attached to the loop,
// without waiting, and remembers when the last of it arrived. The bytes are
// valid until the next Receive. Only its handler may call it.
func (l *Loop) Receive(c *Conn) ([]byte, error) {
	if len(c.ahead) > 0 {
		return l.buffer[:c.copyAhead(l.buffer[:])], nil
	}
	c.running()
	if !c.acquire() {
		return nil, net.ErrClosed
	}
	n, errno := l.message.receive(c.fd, l.buffer[:])
	c.release()
	switch {
	case errno == unix.EAGAIN:
		c.waiting(l.now)
		return nil, ErrNothing
	case errno != 0:
		return nil, os.NewSyscallError("recvmsg", errno)
	case n == 0:
		return nil, io.EOF
	}
	c.remember(l.message.kernelStamp())
	return l.buffer[:n], nil
}

// Buffer is what a handler may read into that reads through TLS; valid until the
// next Receive.
func (l *Loop) Buffer() []byte { return l.buffer[:] }

// add takes a socket in.
func (l *Loop) add(c *Conn) error {
	l.mu.Lock()
	if n := len(l.free); n > 0 {
		c.slot, l.free = l.free[n-1], l.free[:n-1]
	} else {
		c.slot = uint32(len(l.slots))
		l.slots, l.turns = append(l.slots, nil), append(l.turns, 0)
	}
	l.slots[c.slot] = c
	l.turns[c.slot]++
	event := unix.EpollEvent{Events: interest, Fd: int32(c.slot), Pad: int32(l.turns[c.slot])}
	l.mu.Unlock()
	if err := l.control(unix.EPOLL_CTL_ADD, c, &event); err != nil {
		l.remove(c)
		return err
	}
	return nil
}

// control is epoll_ctl, on a descriptor that cannot be closed meanwhile.
func (l *Loop) control(op int, c *Conn, event *unix.EpollEvent) error {
	var err error
	cerr := l.raw.Control(func(fd uintptr) { err = unix.EpollCtl(int(fd), op, c.fd, event) })
	if err = errors.Join(err, cerr); err != nil {
		return fmt.Errorf("arrival: epoll: %w", err)
	}
	return nil
}

// again asks for one more event, whatever has been told already. The caller has
// acquired the socket.
func (l *Loop) again(c *Conn) {
	l.mu.Lock()
	event := unix.EpollEvent{Events: interest, Fd: int32(c.slot), Pad: int32(l.turns[c.slot])}
	l.mu.Unlock()
	if err := l.control(unix.EPOLL_CTL_MOD, c, &event); err != nil {
		c.Close() // nobody would ever hear of it
	}
}

// remove forgets a socket that is being closed.
func (l *Loop) remove(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.slots[c.slot] == c {
		l.slots[c.slot] = nil
		l.turns[c.slot]++
		l.free = append(l.free, c.slot)
	}
}
