package intake

import (
	"crypto/tls"
	"net"

	"puntuale/internal/arrival"
	"puntuale/internal/clickday"
)

// counted counts the bytes of HTTP that were read, so that anything beyond the
// one request in flight is noticed, and remembers whether a ticket was shown.
type counted struct {
	net.Conn
	door     *door
	read     int                     // since the last take; the reader's own
	stranger bool                    // has a ticket still to show; written under door.mu by the reader
	guest    *clickday.ApplicationID // whose ticket was shown; guarded by door.mu
	left     bool                    // guarded by door.mu
	*ride                            // nil without a fast lane
}

// Close implements net.Conn.
func (c *counted) Close() error {
	if c.ride != nil {
		c.settled() // whoever is owed an answer gets it first
	}
	c.door.leave(c)
	return c.Conn.Close()
}

// Read implements net.Conn.
func (c *counted) Read(b []byte) (int, error) {
	var n int
	var err error
	if c.ride == nil {
		n, err = c.Conn.Read(b)
	} else {
		n, err = c.rideRead(b)
	}
	c.read += n
	return n, err
}

// take returns how many bytes were read since the last call.
func (c *counted) take() int {
	n := c.read
	c.read = 0
	return n
}

// arrival returns when the last of them came in.
func (c *counted) arrival() arrival.Arrival {
	a, _ := arrival.Of(c.Conn) // every connection of ours has one
	return a
}

// mustShow reports whether the connection still has to show a ticket.
func (c *counted) mustShow() bool { return c.stranger }

// show takes note of a good ticket. It reports false when the application keeps
// too many connections already.
func (c *counted) show(app clickday.ApplicationID) bool { return c.door.welcome(c, app) }

type plainConn struct{ counted }

// tlsConn shows fasthttp that it has to shake hands within the read timeout.
type tlsConn struct {
	counted
	tls  *tls.Conn
	base net.Conn
}

// Handshake waits for its turn if there are turns, and runs the TLS handshake.
func (c *tlsConn) Handshake() error {
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
