package intake

import (
	"errors"
	"time"

	"puntuale/internal/arrival"
)

// begin shakes hands if need be, and then leaves the connection to the loop.
func (d *door) begin(c *counted) {
	t, ok := c.outer.(*tlsConn)
	if !ok {
		c.attach(d.first)
		return
	}
	go func() {
		err := c.base.SetDeadline(d.clock.Now().Add(d.first))
		if err == nil {
			err = t.Handshake()
		}
		if err != nil {
			c.Close() // nothing was promised
			return
		}
		c.attach(d.first)
	}()
}

// attach gives the connection to the loop, which closes it when nothing comes in
// for that long.
func (c *counted) attach(patience time.Duration) {
	c.base.ExpireAt(c.door.clock.Now().Add(patience).UnixNano())
	c.base.Attach(c)
}

// Readable implements arrival.Handler: what belongs in the fast lane is served at
// once, the rest by fasthttp in a goroutine.
func (c *counted) Readable(l *arrival.Loop) {
	if c.owed.Load() {
		c.wanted.Store(true)
		if c.owed.Load() {
			return // the answer comes first; whoever writes it says when
		}
		c.wanted.Store(false)
	}
	b, err := c.receive(l)
	switch {
	case len(b) > 0:
	case errors.Is(err, arrival.ErrNothing):
		return
	default:
		c.base.Close() // the other end has
		return
	}
	lane := c.door.lane
	if lane == nil || c.base.Behind() != 0 {
		c.handUp(b)
		return
	}
	envelope, ok := lane.whole(b)
	if !ok || !lane.submit(c, envelope, l.Now()) {
		c.handUp(b)
		return
	}
	if c.tls != nil {
		c.look(l)
	} else {
		c.base.Rest()
	}
	if l.Ended() {
		c.base.Again()
	}
}

// receive reads what a request may be of. Under TLS it may come in several
// records, of which the rest may be there already.
func (c *counted) receive(l *arrival.Loop) ([]byte, error) {
	if c.tls == nil {
		return l.Receive(c.base)
	}
	b := l.Buffer()
	n := copy(b, c.ahead)
	c.ahead = nil
	for n < len(b) {
		more, err := c.tls.Read(b[n:])
		n += more
		if err != nil {
			if n == 0 {
				return nil, err
			}
			break // it is told again
		}
		if lane := c.door.lane; lane == nil {
			break
		} else if _, ok := lane.whole(b[:n]); ok {
			break
		}
	}
	return b[:n], nil
}

// look makes sure that nothing more has been read from the socket than the request
// that the lane has taken, since nobody would see it there. What there is is kept
// until the answer has been written, and holds the watermark back.
func (c *counted) look(l *arrival.Loop) {
	n, err := c.tls.Read(l.Buffer())
	switch {
	case n > 0:
		c.ahead = append([]byte(nil), l.Buffer()[:n]...)
	case errors.Is(err, arrival.ErrNothing):
		return
	}
	c.wanted.Store(true)
	if !c.owed.Load() {
		c.base.Again()
	}
}

// handUp gives the connection to fasthttp, with what was read of a request.
func (c *counted) handUp(b []byte) {
	c.ahead = append([]byte(nil), b...)
	c.asked = false
	c.base.Detach()
	c.door.serve(c.outer)
}

// post writes without waiting.
func (c *counted) post(b []byte) error {
	c.base.BeginPost()
	_, err := c.Conn.Write(b)
	c.base.EndPost()
	return err
}
