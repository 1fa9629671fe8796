package arrival

import (
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
)

// Conn is an accepted connection whose reads carry the kernel's receive time.
// One goroutine reads at a time.
type Conn struct {
	net.Conn
	raw   syscall.RawConn
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
	step func(fd uintptr) bool
	op   readOp // the reader's own

	// What was read beyond what was asked for, in a block that is kept only
	// while there is such; the reader's own.
	ahead []byte
	block *readBlock

	limit deadline

	owed       atomic.Int32 // answers that somebody else than the reader will write
	writeBy    atomic.Bool  // a write deadline is set
	put        func(fd uintptr) bool
	unwritten  []byte // of the TryWrite in progress
	writeError error  // of the TryWrite in progress
}

// readBlock is what one system call needs, and as much as it reads: a request of
// ordinary size. Idle connections have none.
type readBlock struct {
	message
	data [4 << 10]byte
}

var readBlocks = sync.Pool{New: func() any { return new(readBlock) }}

// readOp is one Read in progress. It lives in the Conn so that a read allocates
// nothing.
type readOp struct {
	buf []byte
	n   int
	err error
}

func newConn(c *net.TCPConn, owner *Listener, clean int64) (*Conn, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	out := &Conn{Conn: c, raw: raw, owner: owner, clock: owner.clock}
	out.seq.Store(1)
	out.clean.Store(clean)
	out.step, out.put = out.receive, out.write
	return out, nil
}

// Close closes the connection and takes it out of the watermark.
func (c *Conn) Close() error {
	c.owner.forget(c)
	return c.Conn.Close()
}

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

// waits reports whether the reader waits and no answer is owed.
func (c *Conn) waits() bool { return c.seq.Load()&1 == 0 && c.owed.Load() == 0 }

// copyAhead gives out what lies in the block.
func (c *Conn) copyAhead(b []byte) int {
	n := copy(b, c.ahead)
	if c.ahead = c.ahead[n:]; len(c.ahead) == 0 {
		readBlocks.Put(c.block)
		c.ahead, c.block = nil, nil
	}
	return n
}

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
	if s&1 == 0 && unread(c.raw) == 0 && c.seq.Load() == s {
		c.advance(now)
	}
	return c.clean.Load()
}

// finish turns the outcome of a system call into what io.Reader promises.
func (c *Conn) finish(err error) (int, error) {
	n, opErr := c.op.n, c.op.err
	c.op.buf, c.op.n, c.op.err = nil, 0, nil
	switch {
	case err != nil:
		return 0, err
	case opErr != nil:
		return 0, &net.OpError{
			Op: "read", Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(),
			Err: os.NewSyscallError("recvmsg", opErr),
		}
	case n == 0:
		return 0, io.EOF
	default:
		return n, nil
	}
}

// remember keeps the stamp; without one it takes the time now and says so.
func (c *Conn) remember(kernel int64) {
	if kernel != 0 {
		c.last = Arrival{UnixNano: kernel, Source: clickday.StampKernel}
		return
	}
	c.last = Arrival{UnixNano: c.clock.Now().UnixNano(), Source: clickday.StampUserSpace}
}
