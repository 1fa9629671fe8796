package link

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"puntuale/internal/client/timing"
	"puntuale/internal/wire"
)

const (
	// headStart is how long the ticketed address is tried alone, before the
	// public one is tried beside it: three round trips over a long way.
	headStart = 500 * time.Millisecond
	// shunned is how long a ticketed address that kept silent is not tried
	// again, so that a connection lost at the opening is not slow twice.
	shunned = 10 * time.Minute
)

// Way leads to a node by its ticketed address if it has one, else, and whenever
// that one fails, by its public one. It may be used concurrently.
type Way struct {
	public Node
	warm   *Node // nil: none
	base   *timing.Base
	log    *slog.Logger
	until  atomic.Int64 // local instant until which warm is not tried
}

// NewWay returns the way to a node; log may be nil. What does not work is
// logged, for the way goes on without it.
func NewWay(n Node, base *timing.Base, log *slog.Logger) *Way {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Way{public: n, warm: n.Warm, base: base, log: log}
}

// Dial connects and shakes hands. The envelope is the one to be sent first over
// the connection: its ticket is shown at the ticketed address, and without one
// (nil, or not an envelope) only the public address is tried.
func (w *Way) Dial(ctx context.Context, envelope []byte) (*Conn, error) {
	e, err := wire.ParseEnvelope(envelope)
	if w.warm == nil || err != nil || w.base.Now() < w.until.Load() {
		return Dial(ctx, w.public, w.base)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends what lost the race; a connection that was made stays
	warm := dialing(func() (*Conn, error) { return w.dialWarm(ctx, e.TicketBytes) })
	patience := time.NewTimer(headStart)
	defer patience.Stop()
	select {
	case d := <-warm:
		if d.err == nil {
			return d.conn, nil
		}
		w.log.Info("ticketed address", "err", d.err)
		return Dial(ctx, w.public, w.base)
	case <-patience.C:
		return w.race(ctx, warm)
	}
}

// race takes whichever of the two addresses answers first.
func (w *Way) race(ctx context.Context, warm <-chan dialed) (*Conn, error) {
	public := dialing(func() (*Conn, error) { return Dial(ctx, w.public, w.base) })
	var first dialed
	rest := warm
	select {
	case first = <-warm:
		rest = public
	case first = <-public:
		if first.err == nil {
			w.log.Info("ticketed address keeps silent")
			w.until.Store(w.base.Now() + int64(shunned))
		}
	}
	if first.err == nil {
		go discard(rest)
		return first.conn, nil
	}
	second := <-rest
	return second.conn, second.err
}

type dialed struct {
	conn *Conn
	err  error
}

func dialing(dial func() (*Conn, error)) <-chan dialed {
	c := make(chan dialed, 1)
	go func() {
		conn, err := dial()
		c <- dialed{conn, err}
	}()
	return c
}

// discard closes the connection that came second, if it came.
func discard(c <-chan dialed) {
	if d := <-c; d.err == nil {
		d.conn.Close() // nothing was sent on it
	}
}

// dialWarm connects to the ticketed address and shows a ticket there.
func (w *Way) dialWarm(ctx context.Context, ticket []byte) (*Conn, error) {
	c, err := Dial(ctx, *w.warm, w.base)
	if err != nil {
		return nil, err
	}
	a, err := c.exchange(ctx, http.MethodPost, WarmRequest(c.node.Host, ticket))
	if err == nil && (a.Status != http.StatusNoContent || a.Last) {
		err = fmt.Errorf("intake node %d: ticket: status %d: %s", c.node.ID, a.Status, wire.ParseProblem(a.Body).Code)
	}
	if err != nil {
		c.Close() // the error says enough
		return nil, err
	}
	return c, nil
}

// WarmRequest returns the whole request that shows a ticket.
func WarmRequest(host string, ticket []byte) []byte {
	b := make([]byte, 0, 160+len(ticket))
	b = append(b, "POST "+wire.PathWarm+" HTTP/1.1\r\nHost: "+host...)
	b = append(b, "\r\nContent-Type: "+wire.TypeTicket...)
	b = append(b, "\r\nContent-Length: "+strconv.Itoa(len(ticket))+"\r\n\r\n"...)
	return append(b, ticket...)
}
