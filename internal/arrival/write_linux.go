package arrival

import (
	"net"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Post is Write for those who must not wait: what does not go at once is kept,
// and the loop sends it when the other end makes room. One answer at a time; a
// connection that has not taken the last one yet reports it by Behind.
func (c *Conn) Post(b []byte) error {
	c.BeginPost()
	_, err := c.Write(b)
	c.EndPost()
	return err
}

// BeginPost makes a Post of each Write until EndPost, for those who write through
// TLS.
func (c *Conn) BeginPost() { c.posting.Add(1) }

// EndPost ends what BeginPost began.
func (c *Conn) EndPost() { c.posting.Add(-1) }

// Behind returns since when something waits to be sent, in nanoseconds since
// 1970; 0 when nothing does.
func (c *Conn) Behind() int64 { return c.unsent.Load() }

// Write implements net.Conn.
func (c *Conn) Write(b []byte) (int, error) {
	c.putting.Lock()
	defer c.putting.Unlock()
	for left := b; ; {
		if errno := c.drain(); errno != 0 {
			return len(b) - len(left), c.broken(errno)
		}
		if len(c.out) == 0 {
			n, errno := c.send(left)
			left = left[n:]
			switch {
			case len(left) == 0:
				return len(b), nil
			case errno != 0 && errno != unix.EAGAIN:
				return len(b) - len(left), c.broken(errno)
			}
		}
		w := c.waiter.Load()
		if w == nil || c.posting.Load() > 0 {
			c.out = append(c.out, left...)
			c.unsent.CompareAndSwap(0, c.clock.Now().UnixNano())
			return len(b), nil
		}
		if err := c.await(w.out, &c.writeBy, "write"); err != nil {
			return len(b) - len(left), err
		}
	}
}

// drain sends what is kept, as far as it goes. Called with putting held.
func (c *Conn) drain() syscall.Errno {
	for len(c.out) > 0 {
		n, errno := c.send(c.out)
		c.out = c.out[n:]
		switch errno {
		case 0:
		case unix.EAGAIN:
			return 0
		default:
			return errno
		}
	}
	if c.out != nil {
		c.out = nil
		c.unsent.Store(0)
	}
	return 0
}

// flush is drain on the loop, when the other end has made room.
func (c *Conn) flush() {
	if c.unsent.Load() == 0 {
		return
	}
	c.putting.Lock()
	errno := c.drain()
	c.putting.Unlock()
	if errno != 0 {
		c.Close() // the other end is gone
	}
}

// send is one attempt that never waits.
func (s *socket) send(b []byte) (int, syscall.Errno) {
	if !s.acquire() {
		return 0, unix.EBADF
	}
	defer s.release()
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(s.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_NOSIGNAL, 0, 0)
		switch errno {
		case 0:
			return int(n), 0
		case unix.EINTR:
		default:
			return 0, errno
		}
	}
}

func (c *Conn) broken(errno syscall.Errno) error {
	if errno == unix.EBADF {
		return c.wrap("write", net.ErrClosed)
	}
	return c.wrap("write", os.NewSyscallError("sendto", errno))
}
