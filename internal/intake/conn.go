package intake

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"puntuale/internal/arrival"
	"puntuale/internal/clickday"
)

// counted counts the bytes of HTTP that were read, so that anything beyond the
// one request in flight is noticed, and remembers whether a ticket was shown.
//
// Where there are loops, a connection has a goroutine only while fasthttp works on
// a request of it; between two requests, and in the fast lane, the loop has it.
type counted struct {
	net.Conn // *arrival.Conn or *tls.Conn
	base     *arrival.Conn
	tls      *tls.Conn // nil for plain HTTP
	outer    net.Conn  // what fasthttp is given
	door     *door
	stranger bool                    // has a ticket still to show; written under door.mu by the reader
	guest    *clickday.ApplicationID // whose ticket was shown; guarded by door.mu
	left     bool                    // guarded by door.mu

	// The reader's own.
	read  int    // since the last take
	ahead []byte // read, and to be read again
	asked bool   // fasthttp has had a request since it got the connection
	back  bool   // the loop is to have the connection back when fasthttp closes it

	owed   atomic.Bool // an answer from the lane
	wanted atomic.Bool // the loop wants to hear when it is not owed any more
	order  sync.Mutex  // held to write an answer
	source clickday.StampSource
}

// Close implements net.Conn.
func (c *counted) Close() error {
	if c.back {
		c.back = false
		c.attach(c.door.idle)
		return nil
	}
	c.door.leave(c)
	return c.Conn.Close()
}

// Read implements net.Conn, for fasthttp. Between two requests it never waits: the
// loop does.
func (c *counted) Read(b []byte) (int, error) {
	if len(c.ahead) > 0 {
		n := copy(b, c.ahead)
		if c.ahead = c.ahead[n:]; len(c.ahead) == 0 {
			c.ahead = nil
		}
		c.read += n
		return n, nil
	}
	if arrival.Loops && c.base != nil && c.asked && c.read == 0 {
		if n, err := c.between(b); n > 0 || err != nil {
			c.read += n
			return n, err
		}
		c.back = true
		return 0, io.EOF
	}
	n, err := c.Conn.Read(b)
	c.read += n
	return n, err
}

// between reports what has been read already beyond the request that fasthttp has
// served. If there is nothing, the loop is to have the connection back.
func (c *counted) between(b []byte) (int, error) {
	if c.tls == nil && !c.base.Ahead() {
		c.base.Rest()
		return 0, nil
	}
	c.base.Impatient(true)
	defer c.base.Impatient(false)
	n, err := c.Conn.Read(b)
	if errors.Is(err, arrival.ErrNothing) {
		return n, nil
	}
	return n, err
}

// Write implements net.Conn, for fasthttp.
func (c *counted) Write(b []byte) (int, error) {
	c.order.Lock()
	defer c.order.Unlock()
	return c.Conn.Write(b)
}

// Closed implements arrival.Handler.
func (c *counted) Closed() { c.door.leave(c) }

// take returns how many bytes were read since the last call.
func (c *counted) take() int {
	n := c.read
	c.read, c.asked = 0, true
	return n
}

// arrival returns when the last of them came in.
func (c *counted) arrival() arrival.Arrival {
	a, _ := arrival.Of(c.base) // every connection of ours has one
	return a
}

// mustShow reports whether the connection still has to show a ticket.
func (c *counted) mustShow() bool { return c.stranger }

// show takes note of a good ticket. It reports false when the application keeps
// too many connections already.
func (c *counted) show(app clickday.ApplicationID) bool { return c.door.welcome(c, app) }

type plainConn struct{ counted }

// tlsConn shows fasthttp that it speaks TLS.
type tlsConn struct {
	counted
	shaken bool // the handshake is over; the reader's own
}

// Handshake waits for its turn if there are turns, and runs the TLS handshake.
func (c *tlsConn) Handshake() error {
	if c.shaken {
		return nil
	}
	d := c.door
	if d.limit != nil && !d.limit.turn(c.base) {
		d.count.noTurn.Inc()
		c.base.Close() // reads and writes fail from here on
		return errNoTurn
	}
	if err := c.tls.Handshake(); err != nil {
		d.count.failed.Inc()
		return err
	}
	c.shaken = true
	if c.tls.ConnectionState().DidResume {
		d.count.resumed.Inc()
	} else {
		d.count.complete.Inc()
	}
	return nil
}

// ConnectionState returns what was agreed.
func (c *tlsConn) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }

// requestConn is what a handler finds behind its request.
type requestConn interface {
	take() int
	arrival() arrival.Arrival
	mustShow() bool
	show(clickday.ApplicationID) bool
}
