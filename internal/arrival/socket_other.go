//go:build !linux

package arrival

import (
	"io"
	"net"
	"syscall"
)

const (
	// Kernel says whether this system gives receive times at all.
	Kernel = false
	// Loops says whether connections can be attached to a loop; otherwise each has
	// a goroutine of its own.
	Loops = false
)

// socket is a connection of the net package.
type socket struct{ *net.TCPConn }

// Loop does not exist here.
type Loop struct{}

// door does not exist here.
type door struct{}

func openDoor(*Listener) (door, error) { return door{}, nil }

func (*door) shut()  {}
func (*door) close() {}

func prepareSocket(_, _ string, _ syscall.RawConn) error { return nil }

func backlog(syscall.RawConn) int { return 0 }

// accept waits for the next connection until the tick is over.
func (l *Listener) accept() (*Conn, error) {
	if err := l.tcp.SetDeadline(l.clock.Now().Add(acceptTick)); err != nil {
		return nil, err
	}
	t, err := l.tcp.AcceptTCP()
	if err != nil {
		return nil, err
	}
	c := new(Conn)
	c.TCPConn = t
	c.adopt(l)
	if !l.enter(c) {
		t.Close()
		return nil, net.ErrClosed
	}
	return c, nil
}

// Close closes the connection and takes it out of the watermark.
func (c *Conn) Close() error {
	c.owner.forget(c)
	return c.TCPConn.Close()
}

// Behind is not known here.
func (c *Conn) Behind() int64 { return 0 }

func (c *Conn) unread() int { return 0 }

// Read reads what has come in; its arrival is the time after the read. Nothing
// that is still unread can be stamped earlier than now, so the reader counts as
// waiting until Read returns.
func (c *Conn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	c.running()
	c.waiting(c.clock.Now().UnixNano())
	n, err := c.TCPConn.Read(b)
	c.running()
	if n > 0 {
		c.remember(0)
		return n, nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return n, err
}

// Impatient changes nothing: every reader has a goroutine to wait in.
func (c *Conn) Impatient(bool) {}

// Again changes nothing: there is no loop to hear of it.
func (c *Conn) Again() {}

// Ahead is never so here.
func (c *Conn) Ahead() bool { return false }
