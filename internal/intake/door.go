package intake

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"puntuale/internal/arrival"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
)

const (
	// strangersPart is which part of the ticketed listener may be taken by
	// connections that have not shown their ticket yet.
	strangersPart = 8
	// guestsMax is how many connections one application may keep on the
	// ticketed listener.
	guestsMax = 4
	// farewells is how many plain connections are told at once that there is no
	// room; the others are closed without a word.
	farewells       = 64
	farewellTimeout = time.Second
	acceptPause     = 20 * time.Millisecond
)

// errNoTurn says that a connection did not get to its handshake.
var errNoTurn = errors.New("intake: too many handshakes around the opening")

// door is one listener with the capacity that is its own. It puts TLS and a
// counter of plain bytes on what it lets in.
type door struct {
	*arrival.Listener
	tls   *tls.Config // nil speaks plain HTTP
	max   int64
	warm  bool // only who shows a ticket may stay
	limit *handshakeLimit
	told  chan struct{} // one token for each farewell in progress
	full  func(net.Conn)
	count *doorFigures
	lane  *lane // nil if the journal keeps a goroutine for each submission
	clock clock.Clock
	log   *slog.Logger
	serve func(net.Conn) // by fasthttp, in a goroutine
	first time.Duration  // for the handshake, and then for the first request
	idle  time.Duration  // between two requests

	open      atomic.Int64
	entered   atomic.Int64 // ever
	strangers atomic.Int64
	mu        sync.Mutex
	guests    map[clickday.ApplicationID]int // guarded by mu
}

// run lets connections in until the listener is closed. Whoever finds no room is
// turned away here, before anything is spent on TLS.
func (d *door) run() error {
	for {
		c, err := d.Listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil: // no descriptors, or a client that has gone: the next one may fare better
			d.log.Warn("a connection could not be taken in", "error", err)
			<-time.After(acceptPause)
		case d.open.Load() >= d.max, d.warm && d.strangers.Load() >= max(1, d.max/strangersPart):
			d.turnAway(c)
		default:
			d.begin(d.enter(c))
		}
	}
}

func (d *door) enter(c net.Conn) *counted {
	d.open.Add(1)
	d.entered.Add(1)
	if d.warm {
		d.strangers.Add(1)
	}
	if d.tls == nil {
		p := &plainConn{counted{Conn: c, door: d, base: arrival.Under(c), stranger: d.warm}}
		p.outer = p
		return &p.counted
	}
	t := tls.Server(c, d.tls)
	s := &tlsConn{counted: counted{Conn: t, tls: t, door: d, base: arrival.Under(c), stranger: d.warm}}
	s.outer = s
	return &s.counted
}

// turnAway closes a connection. Without TLS there is a word first; with it the
// word would cost the handshake that there is no room for.
func (d *door) turnAway(c net.Conn) {
	d.count.full.Inc()
	if d.tls != nil {
		c.Close() // nothing was promised
		return
	}
	select {
	case d.told <- struct{}{}:
		go func() {
			defer func() { <-d.told }()
			d.full(c)
		}()
	default:
		c.Close()
	}
}

// welcome lets a connection stay that has shown a good ticket, unless its
// application keeps too many.
func (d *door) welcome(c *counted, app clickday.ApplicationID) bool {
	if !c.stranger {
		return true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.left || d.guests[app] >= guestsMax {
		return false
	}
	if d.guests == nil {
		d.guests = make(map[clickday.ApplicationID]int)
	}
	d.guests[app]++
	c.stranger, c.guest = false, &app
	d.strangers.Add(-1)
	return true
}

// leave gives back what a connection held; a second call does nothing.
func (d *door) leave(c *counted) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.left {
		return
	}
	c.left = true
	d.open.Add(-1)
	switch {
	case c.stranger:
		d.strangers.Add(-1)
	case c.guest != nil:
		if d.guests[*c.guest]--; d.guests[*c.guest] == 0 {
			delete(d.guests, *c.guest)
		}
	}
}

// ticketed returns how many connections have shown their ticket.
func (d *door) ticketed() int64 { return d.open.Load() - d.strangers.Load() }

// sayFull answers a plain connection that there is no room for, and reads what
// it sends, for otherwise closing would take the answer back.
func sayFull(c net.Conn, answer []byte, now time.Time) {
	defer c.Close()
	if c.SetDeadline(now.Add(farewellTimeout)) != nil {
		return
	}
	if _, err := c.Write(answer); err != nil {
		return
	}
	if h, ok := c.(interface{ CloseWrite() error }); ok && h.CloseWrite() != nil {
		return
	}
	io.Copy(io.Discard, io.LimitReader(c, 64<<10)) // until it closes, or for a second
}
