package intake

import (
	"crypto/tls"
	"net"

	"puntuale/internal/arrival"
)

// listener puts TLS and a counter of plain bytes on accepted connections.
type listener struct {
	*arrival.Listener
	tls *tls.Config
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if l.tls == nil {
		return &plainConn{counted{Conn: c}}, nil
	}
	t := tls.Server(c, l.tls)
	return &tlsConn{counted{Conn: t}, t}, nil
}

// counted counts the bytes of HTTP that were read, so that anything beyond the
// one request in flight is noticed.
type counted struct {
	net.Conn
	read int // since the last take; the reader's own
}

// Read implements net.Conn.
func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
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

type plainConn struct{ counted }

// tlsConn shows fasthttp that it has to shake hands within the read timeout.
type tlsConn struct {
	counted
	tls *tls.Conn
}

// Handshake runs the TLS handshake if it has not been run yet.
func (c *tlsConn) Handshake() error { return c.tls.Handshake() }

// ConnectionState returns what was agreed.
func (c *tlsConn) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }

// requestConn is what a handler finds behind its request.
type requestConn interface {
	take() int
	arrival() arrival.Arrival
}
