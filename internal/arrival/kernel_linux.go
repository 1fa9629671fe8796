package arrival

import (
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Kernel says whether this system gives receive times at all.
const Kernel = true

// message is what recvmsg fills in: one buffer and room for one time stamp.
type message struct {
	hdr     unix.Msghdr
	iov     unix.Iovec
	control [16]uint64 // CMSG_SPACE of three timespecs is 64 bytes
}

// stampSocket asks for receive times. It is called on the listening socket, so
// that connections have them from their first packet on.
func stampSocket(_, _ string, raw syscall.RawConn) error {
	var err error
	cerr := raw.Control(func(fd uintptr) {
		flags := unix.SOF_TIMESTAMPING_RX_SOFTWARE | unix.SOF_TIMESTAMPING_SOFTWARE
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPING, flags)
	})
	if cerr != nil {
		return cerr
	}
	if err != nil {
		return fmt.Errorf("SO_TIMESTAMPING: %w", err)
	}
	return nil
}

// Read reads what has come in, waiting if nothing has, and remembers when the
// last of it arrived.
func (c *Conn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if len(c.ahead) > 0 {
		return c.copyAhead(b), nil
	}
	c.op.buf = b
	err := c.raw.Read(c.step)
	c.running() // a deadline may have ended the wait
	return c.finish(err)
}

// receive is one attempt; false means that the socket is empty and the poller
// should wait.
func (c *Conn) receive(fd uintptr) bool {
	c.running()
	before := c.clock.Now()
	block := readBlocks.Get().(*readBlock)
	into := c.op.buf
	if len(into) < len(block.data) { // one call for what would otherwise take several
		into = block.data[:]
	}
	n, errno := block.receive(fd, into)
	if errno == 0 && n > 0 {
		c.remember(block.kernelStamp())
		c.op.n = copy(c.op.buf, into[:n]) // onto itself if the caller's buffer is the larger one
		c.ahead, c.block = into[c.op.n:n], block
	}
	if len(c.ahead) == 0 {
		readBlocks.Put(block)
		c.ahead, c.block = nil, nil
	}
	switch errno {
	case 0:
	case unix.EAGAIN:
		c.limit.renew(c.Conn, before)
		c.waiting(before.UnixNano())
		return false
	default:
		c.op.err = errno
	}
	return true
}

func (m *message) receive(fd uintptr, into []byte) (int, syscall.Errno) {
	m.iov.Base = &into[0]
	m.iov.SetLen(len(into))
	m.hdr.Iov = &m.iov
	m.hdr.SetIovlen(1)
	m.hdr.Control = (*byte)(unsafe.Pointer(&m.control[0]))
	m.hdr.SetControllen(int(unsafe.Sizeof(m.control)))
	// The socket never blocks, so the scheduler need not hear of the call.
	n, _, errno := syscall.RawSyscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&m.hdr)), 0)
	for errno == unix.EINTR {
		n, _, errno = syscall.RawSyscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&m.hdr)), 0)
	}
	m.iov.Base = nil // the buffer is not ours to keep
	return int(n), errno
}

// kernelStamp finds the software receive time, or returns 0.
func (m *message) kernelStamp() int64 {
	const need = unix.SizeofCmsghdr + int(unsafe.Sizeof(unix.Timespec{}))
	if int(m.hdr.Controllen) < need {
		return 0
	}
	h := (*unix.Cmsghdr)(unsafe.Pointer(&m.control[0]))
	if h.Level != unix.SOL_SOCKET || h.Type != unix.SO_TIMESTAMPING {
		return 0
	}
	ts := (*unix.Timespec)(unsafe.Pointer(uintptr(unsafe.Pointer(&m.control[0])) + unix.SizeofCmsghdr))
	return ts.Nano()
}

// TryWrite writes as much as goes without waiting and returns how much that was.
// One goroutine at a time, and none may be in Write.
func (c *Conn) TryWrite(b []byte) (int, error) {
	if c.writeBy.Load() {
		if err := c.SetWriteDeadline(time.Time{}); err != nil {
			return 0, err
		}
	}
	c.unwritten, c.writeError = b, nil
	err := c.raw.Write(c.put)
	n := len(b) - len(c.unwritten)
	if err == nil {
		err = c.writeError
	}
	c.unwritten = nil
	return n, err
}

// write is one attempt that never waits.
func (c *Conn) write(fd uintptr) bool {
	n, _, errno := syscall.RawSyscall(unix.SYS_WRITE, fd, uintptr(unsafe.Pointer(&c.unwritten[0])), uintptr(len(c.unwritten)))
	switch errno {
	case 0:
		c.unwritten = c.unwritten[n:]
	case unix.EAGAIN, unix.EINTR:
	default:
		c.writeError = os.NewSyscallError("write", errno)
	}
	return true
}

// Unsent returns how many bytes the other end has not confirmed yet. With none, a
// write of a few kilobytes does not wait.
func (c *Conn) Unsent() int {
	n := 0
	err := c.raw.Control(func(fd uintptr) {
		var err error
		if n, err = unix.IoctlGetInt(int(fd), unix.TIOCOUTQ); err != nil {
			n = 1 // unknown is not empty
		}
	})
	if err != nil {
		return 1
	}
	return n
}

// unread returns how many bytes wait in the socket; a closed one has none.
func unread(raw syscall.RawConn) int {
	n := 0
	err := raw.Control(func(fd uintptr) {
		var err error
		if n, err = unix.IoctlGetInt(int(fd), unix.TIOCINQ); err != nil {
			n = 1 // unknown is not empty
		}
	})
	if err != nil {
		return 0
	}
	return n
}

// backlog returns how many connections wait to be accepted, or -1 if unknown.
func backlog(raw syscall.RawConn) int {
	n := -1
	err := raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.SOL_TCP, unix.TCP_INFO)
		if err == nil {
			n = int(info.Unacked) // of a listening socket: the length of its accept queue
		}
	})
	if err != nil {
		return -1
	}
	return n
}
