package arrival

import (
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"puntuale/internal/clock"
)

// closedUsers is added to the users of a socket that has been closed.
const closedUsers = 1 << 24

// socket is a descriptor that never blocks. Whoever wants to wait does so on a
// loop, or with the help of one.
type socket struct {
	fd    int
	users atomic.Int32 // system calls in progress, and closedUsers
	gone  atomic.Bool  // the descriptor has been given back
	loop  *Loop
	slot  uint32 // in the loop

	readBy, writeBy atomic.Int64           // deadlines, nanoseconds since 1970; 0 for none
	waiter          atomic.Pointer[waiter] // nil while attached

	// What was read beyond what was asked for, in a block that is kept only
	// while there is such; the reader's own.
	ahead     []byte
	block     *readBlock
	impatient bool // the reader's own

	putting sync.Mutex
	out     []byte       // guarded by putting: what could not be sent without waiting
	unsent  atomic.Int64 // when out began to wait, nanoseconds since 1970; 0 when empty
	posting atomic.Int32 // writers that must not wait
}

// waiter is how a loop wakes a goroutine that waits for a socket.
type waiter struct{ in, out chan struct{} }

var waiters = sync.Pool{New: func() any { return &waiter{make(chan struct{}, 1), make(chan struct{}, 1)} }}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it has been told
	}
}

// readBlock is what one system call needs, and as much as it reads: a request of
// ordinary size. Idle connections have none.
type readBlock struct {
	message
	data [4 << 10]byte
}

var readBlocks = sync.Pool{New: func() any { return new(readBlock) }}

// acquire keeps the descriptor from being given back; false means it is closed.
func (s *socket) acquire() bool {
	if s.users.Add(1) < closedUsers {
		return true
	}
	s.release()
	return false
}

func (s *socket) release() {
	if s.users.Add(-1) == closedUsers && s.gone.CompareAndSwap(false, true) {
		unix.Close(s.fd) // nothing can be done about a failure
	}
}

// Close closes the connection and takes it out of the watermark.
func (c *Conn) Close() error {
	for {
		n := c.users.Load()
		if n >= closedUsers {
			return net.ErrClosed
		}
		if c.users.CompareAndSwap(n, n+closedUsers) {
			break
		}
	}
	c.owner.forget(c)
	c.loop.remove(c)
	c.users.Add(1)
	c.release()
	c.rouse()
	if c.looped.Load() {
		c.handler.Closed()
	}
	return nil
}

// rouse lets whoever waits look again.
func (s *socket) rouse() {
	if w := s.waiter.Load(); w != nil {
		signal(w.in)
		signal(w.out)
	}
}

// Attach makes the loop the reader from now on: whoever calls it is the reader no
// longer, and must not touch the connection again.
func (c *Conn) Attach(h Handler) {
	w := c.waiter.Load()
	c.handler = h
	c.looped.Store(true)
	c.waiter.Store(nil)
	waiters.Put(w)
	if !c.acquire() { // closed before there was a handler to be told, or told already
		h.Closed()
		return
	}
	defer c.release()
	c.loop.again(c) // what came in meanwhile
}

// Again lets the loop call the handler once more, as if something had come in.
func (c *Conn) Again() {
	if c.acquire() {
		c.loop.again(c)
		c.release()
	}
}

// Detach takes the connection from the loop. Called by its handler, which hands
// it to the goroutine that is the reader from then on.
func (c *Conn) Detach() {
	c.waiter.Store(waiters.Get().(*waiter))
	c.looped.Store(false)
}

// Impatient says whether Read is to return ErrNothing instead of waiting, also
// while the connection is not attached. Called by the reader.
func (c *Conn) Impatient(on bool) { c.impatient = on }

// Ahead reports whether bytes have been read from the socket and not been given
// out. Called by the reader.
func (c *Conn) Ahead() bool { return len(c.ahead) > 0 }

// Read reads what has come in, waiting if nothing has, and remembers when the
// last of it arrived. While the connection is attached it never waits and returns
// ErrNothing instead.
func (c *Conn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if len(c.ahead) > 0 {
		return c.copyAhead(b), nil
	}
	for {
		n, errno := c.receive(b)
		switch {
		case errno == unix.EAGAIN && (c.impatient || c.looped.Load()):
			return 0, ErrNothing
		case errno == unix.EAGAIN:
			if err := c.await(c.waiter.Load().in, &c.readBy, "read"); err != nil {
				c.running()
				return 0, err
			}
			continue
		case errno == unix.EBADF:
			return 0, c.wrap("read", net.ErrClosed)
		case errno != 0:
			return 0, c.wrap("read", os.NewSyscallError("recvmsg", errno))
		case n == 0:
			return 0, io.EOF
		}
		return n, nil
	}
}

// copyAhead gives out what has been read before.
func (c *Conn) copyAhead(b []byte) int {
	n := copy(b, c.ahead)
	if c.ahead = c.ahead[n:]; len(c.ahead) == 0 {
		if c.block != nil {
			readBlocks.Put(c.block)
		}
		c.ahead, c.block = nil, nil
	}
	return n
}

// receive is one attempt.
func (c *Conn) receive(b []byte) (int, syscall.Errno) {
	c.running()
	before := c.clock.Now().UnixNano()
	if !c.acquire() {
		return 0, unix.EBADF
	}
	block := readBlocks.Get().(*readBlock)
	into := b
	if len(into) < len(block.data) { // one call for what would otherwise take several
		into = block.data[:]
	}
	n, errno := block.receive(c.fd, into)
	c.release()
	if errno == 0 && n > 0 {
		c.remember(block.kernelStamp())
		got := copy(b, into[:n]) // onto itself if the caller's buffer is the larger one
		c.ahead, c.block = into[got:n], block
		n = got
	}
	if len(c.ahead) == 0 {
		readBlocks.Put(block)
		c.ahead, c.block = nil, nil
	}
	if errno == unix.EAGAIN {
		c.waiting(before)
	}
	return n, errno
}

// await waits for a signal of the loop until a deadline.
func (c *Conn) await(told <-chan struct{}, by *atomic.Int64, op string) error {
	var late <-chan time.Time
	if at := by.Load(); at != 0 {
		left := time.Duration(at - clock.System{}.Now().UnixNano())
		if left <= 0 {
			return c.wrap(op, os.ErrDeadlineExceeded)
		}
		t := time.NewTimer(left)
		defer t.Stop()
		late = t.C
	}
	select {
	case <-told:
		return nil
	case <-late:
		return c.wrap(op, os.ErrDeadlineExceeded)
	}
}

func (c *Conn) wrap(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Err: err}
}

// SetReadDeadline implements net.Conn. It bounds waiting, which an attached
// connection never does.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.readBy.Store(nanos(t))
	c.rouse()
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.writeBy.Store(nanos(t))
	c.rouse()
	return nil
}

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	c.readBy.Store(nanos(t))
	return c.SetWriteDeadline(t)
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.owner.Addr() }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr {
	if !c.acquire() {
		return &net.TCPAddr{}
	}
	defer c.release()
	sa, err := unix.Getpeername(c.fd)
	if err != nil {
		return &net.TCPAddr{}
	}
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return &net.TCPAddr{IP: a.Addr[:], Port: a.Port}
	case *unix.SockaddrInet6:
		return &net.TCPAddr{IP: a.Addr[:], Port: a.Port}
	}
	return &net.TCPAddr{}
}

// CloseWrite tells the other end that nothing more will come.
func (c *Conn) CloseWrite() error {
	if !c.acquire() {
		return net.ErrClosed
	}
	defer c.release()
	return os.NewSyscallError("shutdown", unix.Shutdown(c.fd, unix.SHUT_WR))
}

// unread returns how many bytes wait in the socket; a closed one has none.
func (s *socket) unread() int {
	if !s.acquire() {
		return 0
	}
	defer s.release()
	var n int32
	_, _, errno := syscall.RawSyscall(unix.SYS_IOCTL, uintptr(s.fd), unix.TIOCINQ, uintptr(unsafe.Pointer(&n)))
	if errno != 0 {
		return 1 // unknown is not empty
	}
	return int(n)
}
