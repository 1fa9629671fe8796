package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// nothing says that a read would have to wait. It is temporary, so that TLS goes
// on where it was.
type nothing struct{}

func (nothing) Error() string   { return "loadgen: nothing has come in" }
func (nothing) Timeout() bool   { return true }
func (nothing) Temporary() bool { return true }

const (
	noRequest   = -1
	pingRequest = -2
	// dialPatience bounds connecting, the handshake and warming, each.
	dialPatience = 10 * time.Second
)

// openConn is one connection. Once adopted it belongs to its worker's thread.
type openConn struct {
	raw     *rawConn
	tls     *tls.Conn // nil for plain HTTP
	slot    int32
	request int // index in the plan, noRequest or pingRequest
	turn    uint32
	tries   int // how often it was sent before
	sent    time.Duration
	moved   time.Duration // from the plan, with the opening
	first   time.Duration
	used    time.Duration // when it last had something to do
	every   time.Duration // its own interval of pings
	starved bool
	in      []byte // of an answer that has not come whole
	dead    bool
	host    []byte // head of its requests up to the length
	ping    []byte
}

// rawConn is the socket as package tls wants to see it.
type rawConn struct {
	fd      int
	waits   bool // while it is opened
	drained bool // nothing is left to be read until epoll says so
	out     []byte
}

// Read implements net.Conn.
func (c *rawConn) Read(b []byte) (int, error) {
	if c.drained && !c.waits {
		return 0, nothing{}
	}
	for {
		n, err := c.call(unix.SYS_READ, b)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN) && c.waits:
			return 0, unix.ETIMEDOUT
		case errors.Is(err, unix.EAGAIN):
			return 0, nothing{}
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		}
		c.drained = n < len(b)
		return n, nil
	}
}

// Write implements net.Conn. What the kernel does not take is kept.
func (c *rawConn) Write(b []byte) (int, error) {
	if len(c.out) > 0 {
		c.out = append(c.out, b...)
		return len(b), nil
	}
	at := 0
	for at < len(b) {
		n, err := c.call(unix.SYS_WRITE, b[at:])
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN) && !c.waits:
			c.out = append(c.out, b[at:]...)
			return len(b), nil
		case err != nil:
			return at, err
		default:
			at += n
		}
	}
	return at, nil
}

// call reads or writes. On the threads of the plan the scheduler is not told: a
// call that does not wait is over before it could do anything about it, and to
// come back would mean to wait for a lock that a thread of less precedence holds.
func (c *rawConn) call(number uintptr, b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	does := unix.RawSyscall
	if c.waits {
		does = unix.Syscall
	}
	n, _, errno := does(number, uintptr(c.fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// The rest of net.Conn is not used by TLS as it is used here.

// Close implements net.Conn.
func (c *rawConn) Close() error { return unix.Close(c.fd) }

// LocalAddr implements net.Conn.
func (c *rawConn) LocalAddr() net.Addr { return &net.TCPAddr{} }

// RemoteAddr implements net.Conn.
func (c *rawConn) RemoteAddr() net.Addr { return &net.TCPAddr{} }

// SetDeadline implements net.Conn.
func (c *rawConn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn.
func (c *rawConn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn.
func (c *rawConn) SetWriteDeadline(time.Time) error { return nil }

// dial opens and warms connection i.
func (r *openRun) dial(i int) (*openConn, error) {
	t := &r.Targets[i%len(r.Targets)]
	fd, err := dialSocket(t.Addr)
	if err != nil {
		return nil, err
	}
	c := &openConn{raw: &rawConn{fd: fd, waits: true}, request: noRequest}
	c.host = fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: ", r.Path, t.Addr, r.Type)
	if r.PingPath != "" {
		c.ping = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", r.PingPath, t.Addr)
	}
	if t.TLS != nil {
		c.tls = tls.Client(c.raw, t.TLS)
		err = c.tls.Handshake()
	}
	if err == nil {
		err = c.warm()
	}
	if err == nil {
		c.raw.waits = false
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("loadgen: %s: %w", t.Addr, err), unix.Close(fd))
	}
	return c, nil
}

// warm asks once, which also brings the session ticket of TLS.
func (c *openConn) warm() error {
	if len(c.ping) == 0 {
		return nil
	}
	if _, err := c.write(c.ping); err != nil {
		return err
	}
	b := make([]byte, 0, answerMax)
	for len(b) < cap(b) {
		n, err := c.read(b[len(b):cap(b)])
		if err != nil {
			return err
		}
		b = b[:len(b)+n]
		status, _, whole, err := parseAnswer(b)
		switch {
		case err != nil:
			return err
		case whole && status != 200:
			return fmt.Errorf("warming is answered with status %d", status)
		case whole:
			return nil
		}
	}
	return errAnswer
}

func (c *openConn) write(b []byte) (int, error) {
	if c.tls != nil {
		return c.tls.Write(b)
	}
	return c.raw.Write(b)
}

func (c *openConn) read(b []byte) (int, error) {
	if c.tls != nil {
		return c.tls.Read(b)
	}
	return c.raw.Read(b)
}

// dialSocket returns a connected socket, which blocks for at most dialPatience.
func dialSocket(addr string) (int, error) {
	to, err := resolve(addr)
	if err != nil {
		return -1, err
	}
	family, address := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().Unmap().As4()})
	if !to.Addr().Unmap().Is4() {
		family, address = unix.AF_INET6, &unix.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	wait := unix.NsecToTimeval(int64(dialPatience))
	err = errors.Join(
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &wait),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1))
	if err == nil {
		err = unix.Connect(fd, address)
	}
	if errors.Is(err, unix.EINTR) { // by a signal of the runtime; the connection goes on being made
		err = connected(fd)
	}
	if err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

// connected waits for a connection that is being made.
func connected(fd int) error {
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, int(dialPatience.Milliseconds()))
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return err
		case n == 0:
			return unix.ETIMEDOUT
		default:
			code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
			if err == nil && code != 0 {
				err = unix.Errno(code)
			}
			return err
		}
	}
}

// resolve looks a name up if it is one.
func resolve(addr string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddrPort(addr); err == nil {
		return a, nil
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("loadgen: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), dialPatience)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(ips) == 0 {
		return netip.AddrPort{}, fmt.Errorf("loadgen: %s: no address: %w", host, err)
	}
	return netip.ParseAddrPort(net.JoinHostPort(ips[0].Unmap().String(), port))
}

// keep stores what has come of an answer.
func (c *openConn) keep(b []byte) { c.in = append(c.in, b...) }

// whole is what has come so far, b included.
func (c *openConn) whole(b []byte) []byte {
	if len(c.in) == 0 {
		return b
	}
	c.in = append(c.in, b...)
	return c.in
}
