package arrival

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"puntuale/internal/clock"
)

// acceptTick is how often Accept starts over without a connection, which proves
// that it holds none back.
const acceptTick = 25 * time.Millisecond

// Listener accepts connections whose reads carry their time of arrival. One
// goroutine accepts; Safe and Open may be called from any.
type Listener struct {
	tcp   *net.TCPListener
	door  door
	raw   syscall.RawConn
	clock clock.Clock
	grace time.Duration

	// round counts the beginnings of Accept: whatever an earlier round
	// accepted is in conns by then. Written by the accepting goroutine.
	round atomic.Uint64
	// empty is the newest instant known to be before the birth of every
	// connection that is not in conns yet. Written under sweepMu.
	empty  atomic.Int64
	closed atomic.Bool

	mu    sync.Mutex
	conns map[*Conn]struct{} // guarded by mu

	sweepMu sync.Mutex
	seen    glance // guarded by sweepMu
	safe    int64  // guarded by sweepMu; only grows
}

// glance is a look at an empty accept queue that the next round will confirm.
type glance struct {
	at    int64
	round uint64
	open  bool
}

// Listen opens a TCP listener with receive times. Grace is how far Safe stays
// behind, for packets between the network card and the socket.
func Listen(ctx context.Context, addr string, grace time.Duration, clk clock.Clock) (*Listener, error) {
	lc := net.ListenConfig{Control: prepareSocket}
	lc.SetMultipathTCP(false) // its sockets give no accept queue length
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("arrival: %w", err)
	}
	tcp := ln.(*net.TCPListener)
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("arrival: %w", err), ln.Close())
	}
	l := &Listener{tcp: tcp, raw: raw, clock: clk, grace: grace, conns: make(map[*Conn]struct{})}
	if l.door, err = openDoor(l); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	return l, nil
}

// Addr returns the address that was really taken.
func (l *Listener) Addr() net.Addr { return l.tcp.Addr() }

// Close stops accepting. From here on Safe stands still. Connections that stand
// go on until they are closed.
func (l *Listener) Close() error {
	if l.closed.Swap(true) {
		return net.ErrClosed
	}
	l.door.shut()
	l.retire()
	return l.tcp.Close()
}

// Accept waits for the next connection, a *Conn. One goroutine at a time.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		l.round.Add(1)
		c, err := l.accept()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return c, nil
	}
}

// enter takes a connection in, unless the listener has been closed meanwhile.
func (l *Listener) enter(c *Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed.Load() {
		return false
	}
	l.conns[c] = struct{}{}
	return true
}

func (l *Listener) forget(c *Conn) {
	l.mu.Lock()
	delete(l.conns, c)
	l.mu.Unlock()
	if l.closed.Load() {
		l.retire()
	}
}

// retire ends the loops of a closed listener with its last connection.
func (l *Listener) retire() {
	if l.Open() == 0 {
		l.door.close()
	}
}

// Expire closes the attached connections whose time is over, and those that have
// not taken what was posted to them for longer than behind.
func (l *Listener) Expire(now time.Time, behind time.Duration) {
	at := now.UnixNano()
	var out []*Conn
	l.mu.Lock()
	for c := range l.conns {
		late := c.expires.Load()
		since := c.Behind()
		if c.looped.Load() && (late != 0 && at >= late || since != 0 && at-since > behind.Nanoseconds()) {
			out = append(out, c)
		}
	}
	l.mu.Unlock()
	for _, c := range out {
		c.Close()
	}
}

// Open returns how many connections are open.
func (l *Listener) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

// CloseConns closes connections, for a shutdown: all of them, or only those
// whose reader waits, which are owed no answer yet.
func (l *Listener) CloseConns(onlyWaiting bool) {
	l.mu.Lock()
	var out []*Conn
	for c := range l.conns {
		if !onlyWaiting || c.waits() {
			out = append(out, c)
		}
	}
	l.mu.Unlock()
	for _, c := range out {
		c.Close()
	}
}

// Safe looks at the accept queue and at every connection, and returns the
// greatest instant (nanoseconds since 1970, UTC) such that no request stamped
// before it is unread or unfinished: 0 until the first look has been confirmed,
// then never less than the time before. A request is finished when its reader
// waits for the next one.
func (l *Listener) Safe() int64 {
	l.sweepMu.Lock()
	defer l.sweepMu.Unlock()
	if l.closed.Load() {
		return l.safe
	}
	now := l.clock.Now().UnixNano()
	l.glance(now)
	low := l.empty.Load()
	if low == 0 {
		return l.safe
	}
	l.mu.Lock()
	for c := range l.conns {
		low = min(low, c.sweep(now))
	}
	l.mu.Unlock()
	l.safe = max(l.safe, low-l.grace.Nanoseconds())
	return l.safe
}

// glance keeps empty up to date. A connection can be out of the accept queue
// and not yet in conns; so an empty queue counts only once Accept has begun
// another round since, and the round is read after the look.
func (l *Listener) glance(now int64) {
	if l.seen.open && l.round.Load() > l.seen.round {
		l.empty.Store(l.seen.at)
		l.seen.open = false
	}
	if l.seen.open || backlog(l.raw) != 0 {
		return
	}
	l.seen = glance{at: now, round: l.round.Load(), open: true}
}
