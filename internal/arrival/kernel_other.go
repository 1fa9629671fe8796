//go:build !linux

package arrival

import (
	"io"
	"syscall"
)

// Kernel says whether this system gives receive times at all.
const Kernel = false

type message struct{}

func stampSocket(_, _ string, _ syscall.RawConn) error { return nil }

func (c *Conn) receive(uintptr) bool { return true }

// Read reads what has come in; its arrival is the time after the read. Nothing
// that is still unread can be stamped earlier than now, so the reader counts as
// waiting until Read returns.
func (c *Conn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	c.running()
	now := c.clock.Now()
	c.limit.renew(c.Conn, now)
	c.waiting(now.UnixNano())
	n, err := c.Conn.Read(b)
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

func (c *Conn) write(uintptr) bool { return true }

// TryWrite writes nothing: only Linux is known to return at once.
func (c *Conn) TryWrite([]byte) (int, error) { return 0, nil }

// Unsent is not known here.
func (c *Conn) Unsent() int { return 1 }

func unread(syscall.RawConn) int { return 0 }

func backlog(syscall.RawConn) int { return 0 }
