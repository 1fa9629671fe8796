package arrival

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// Kernel says whether this system gives receive times at all.
	Kernel = true
	// Loops says whether connections can be attached to a loop; otherwise each has
	// a goroutine of its own.
	Loops = true
)

// message is what recvmsg fills in: one buffer and room for one time stamp.
type message struct {
	hdr     unix.Msghdr
	iov     unix.Iovec
	control [16]uint64 // CMSG_SPACE of three timespecs is 64 bytes
}

// prepareSocket asks for receive times, and for answers that leave at once. It is
// called on the listening socket, so that connections have both from their first
// packet on.
func prepareSocket(_, _ string, raw syscall.RawConn) error {
	var err error
	cerr := raw.Control(func(fd uintptr) {
		flags := unix.SOF_TIMESTAMPING_RX_SOFTWARE | unix.SOF_TIMESTAMPING_SOFTWARE
		if err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPING, flags); err != nil {
			err = fmt.Errorf("SO_TIMESTAMPING: %w", err)
			return
		}
		if err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err == nil {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
		}
	})
	if cerr != nil {
		return cerr
	}
	return err
}

func (m *message) receive(fd int, into []byte) (int, syscall.Errno) {
	m.iov.Base = &into[0]
	m.iov.SetLen(len(into))
	m.hdr.Iov = &m.iov
	m.hdr.SetIovlen(1)
	m.hdr.Control = (*byte)(unsafe.Pointer(&m.control[0]))
	m.hdr.SetControllen(int(unsafe.Sizeof(m.control)))
	// The socket never blocks, so the scheduler need not hear of the call.
	n, _, errno := syscall.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&m.hdr)), 0)
	for errno == unix.EINTR {
		n, _, errno = syscall.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&m.hdr)), 0)
	}
	m.iov.Base = nil // the buffer is not ours to keep
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
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
