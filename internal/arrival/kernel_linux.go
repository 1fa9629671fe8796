package arrival

import (
	"fmt"
	"syscall"
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
	c.op.buf = b
	err := c.raw.Read(c.step)
	c.running() // a deadline may have ended the wait
	return c.finish(err)
}

// receive is one attempt; false means that the socket is empty and the poller
// should wait.
func (c *Conn) receive(fd uintptr) bool {
	c.running()
	before := c.clock.Now().UnixNano()
	for {
		n, errno := c.op.receive(fd)
		switch errno {
		case 0:
			c.op.n = n
			if n > 0 {
				c.remember(c.op.kernelStamp())
			}
			return true
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			c.waiting(before)
			return false
		default:
			c.op.err = errno
			return true
		}
	}
}

func (o *readOp) receive(fd uintptr) (int, syscall.Errno) {
	m := &o.message
	m.iov.Base = &o.buf[0]
	m.iov.SetLen(len(o.buf))
	m.hdr.Iov = &m.iov
	m.hdr.SetIovlen(1)
	m.hdr.Control = (*byte)(unsafe.Pointer(&m.control[0]))
	m.hdr.SetControllen(int(unsafe.Sizeof(m.control)))
	n, _, errno := syscall.Syscall(unix.SYS_RECVMSG, fd, uintptr(unsafe.Pointer(&m.hdr)), 0)
	m.iov.Base = nil // the caller's buffer is not ours to keep
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
