package arrival

import (
	"net"
	"sync/atomic"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
)

// Conn is an accepted connection whose reads carry the kernel's receive time.
// One goroutine reads at a time; see Attach for who that is.
type Conn struct {
	socket
	owner *Listener
	clock clock.Clock

	// seq is odd while the reader may hold bytes that are not yet a finished
	// request, even while it waits for more. Written by the reader only.
	seq atomic.Uint64
	// clean is an instant before which nothing on this connection can come to
	// light any more. It only grows; written by reader and sweep.
	clean atomic.Int64
	// parked says that unread bytes are no request yet. Written by the reader.
	parked atomic.Bool

	last Arrival // of the last bytes read; the reader's own

	owed    atomic.Int32 // answers that somebody else than the reader will write
	looped  atomic.Bool  // the loop is the reader
	expires atomic.Int64 // while looped: when it is to be closed, nanoseconds since 1970; 0 for never
	handler Handler      // of the loop; written before looped is set
}

// Handler serves a connection on the loop that waits for it: no goroutine is
// kept for a connection that has nothing to say.
type Handler interface {
	// Readable is called on the loop when something may have come in, or when the
	// other end has closed. It must not wait for anything. It is the reader.
	Readable(l *Loop)
	// Closed is called, from any goroutine, when the connection was closed while it
	// was attached.
	Closed()
}

// adopt makes a new connection one of the listener's.
func (c *Conn) adopt(owner *Listener) {
	c.owner, c.clock = owner, owner.clock
	c.seq.Store(1)
	c.clean.Store(owner.empty.Load())
}

// ExpireAt says when a connection that is attached is to be closed, in
// nanoseconds since 1970; 0 for never. Listener.Expire does it.
func (c *Conn) ExpireAt(at int64) { c.expires.Store(at) }

// Park tells that c, a *Conn, has nothing to say until Park(c, false): whatever
// lies in its socket is no request, such as the beginning of a handshake that has
// not been answered. It does not hold the watermark back so long. Only the
// goroutine that reads may call it; other connections are left alone.
func Park(c net.Conn, parked bool) {
	if conn, ok := c.(*Conn); ok {
		conn.parked.Store(parked)
	}
}

// Under returns the Conn that c is or leads to, or nil.
func Under(c net.Conn) *Conn {
	for {
		switch t := c.(type) {
		case *Conn:
			return t
		case interface{ NetConn() net.Conn }:
			c = t.NetConn()
		default:
			return nil
		}
	}
}

// Owe says that an answer is still to be written by somebody else than the
// reader, who may go on reading; CloseConns then takes the connection for busy
// until Paid. Called by the reader, before it waits again.
func (c *Conn) Owe() { c.owed.Add(1) }

// Paid ends what Owe began.
func (c *Conn) Paid() { c.owed.Add(-1) }

// Rest says that the reader holds no whole request any more: what it had read is
// finished, or belongs to the journal. Called by the reader.
func (c *Conn) Rest() {
	if c.seq.Load()&1 == 1 {
		c.seq.Add(1)
	}
}

// waits reports whether the reader waits and no answer is owed.
func (c *Conn) waits() bool { return c.seq.Load()&1 == 0 && c.owed.Load() == 0 }

// running marks the reader as holding bytes.
func (c *Conn) running() {
	if c.seq.Load()&1 == 0 {
		c.seq.Add(1)
	}
}

// waiting marks the reader as holding no whole request, as of that instant.
func (c *Conn) waiting(since int64) {
	c.advance(since)
	c.seq.Add(1)
}

// advance moves clean forward, never back.
func (c *Conn) advance(to int64) {
	for {
		old := c.clean.Load()
		if to <= old || c.clean.CompareAndSwap(old, to) {
			return
		}
	}
}

// sweep moves clean up to now if the reader waits and the socket is empty, and
// returns it. Bytes that come in between the look and the answer are stamped
// later than now.
func (c *Conn) sweep(now int64) int64 {
	s := c.seq.Load()
	if c.parked.Load() { // what makes a request of it comes later than this look
		c.advance(now)
	}
	if s&1 == 0 && c.unread() == 0 && c.seq.Load() == s {
		c.advance(now)
	}
	return c.clean.Load()
}

// remember keeps the stamp; without one it takes the time now and says so.
func (c *Conn) remember(kernel int64) {
	if kernel != 0 {
		c.last = Arrival{UnixNano: kernel, Source: clickday.StampKernel}
		return
	}
	c.last = Arrival{UnixNano: c.clock.Now().UnixNano(), Source: clickday.StampUserSpace}
}

// errNothing is what reads of an attached connection return instead of waiting.
// It is temporary, so that TLS goes on where it was.
type errNothing struct{}

func (errNothing) Error() string   { return "arrival: nothing has come in" }
func (errNothing) Timeout() bool   { return true }
func (errNothing) Temporary() bool { return true }

// ErrNothing says that a read of an attached connection would have to wait.
var ErrNothing net.Error = errNothing{}
