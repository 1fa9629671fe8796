package loadfault

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"puntuale/internal/clock"
)

// Trouble is what is wrong with a link. The zero value is none.
type Trouble struct {
	Cut   bool          // connections are reset, new ones too
	Hold  bool          // nothing goes through, connections stay
	Delay time.Duration // of everything, both ways
}

// Gate is a link that can be disturbed: what comes in goes to a target.
type Gate struct {
	ln              net.Listener
	network, target string
	clock           clock.Clock

	mu      sync.Mutex
	trouble Trouble
	changed chan struct{}         // closed and replaced with every change; guarded by mu
	conns   map[net.Conn]struct{} // guarded by mu
	closed  bool                  // guarded by mu
	all     sync.WaitGroup
}

// NewGate listens at an address and leads to a target; networks are "tcp" or
// "unix".
func NewGate(listenNetwork, listen, network, target string, clk clock.Clock) (*Gate, error) {
	ln, err := net.Listen(listenNetwork, listen)
	if err != nil {
		return nil, fmt.Errorf("loadfault: %w", err)
	}
	g := &Gate{ln: ln, network: network, target: target, clock: clk, changed: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	g.all.Go(g.accept)
	return g, nil
}

// Addr is where the gate listens.
func (g *Gate) Addr() string { return g.ln.Addr().String() }

// Disturb changes what is wrong, for connections that stand too.
func (g *Gate) Disturb(t Trouble) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.trouble = t
	close(g.changed)
	g.changed = make(chan struct{})
	if t.Cut {
		g.resetAll()
	}
}

// resetAll breaks every connection; the other ends see a reset. mu is held.
func (g *Gate) resetAll() {
	for c := range g.conns {
		reset(c)
	}
}

func reset(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		t.SetLinger(0) // what cannot be set is closed politely
	}
	c.Close()
}

// Close breaks everything and waits.
func (g *Gate) Close() error {
	err := g.ln.Close()
	g.mu.Lock()
	g.closed = true
	close(g.changed)
	g.changed = make(chan struct{})
	g.resetAll()
	g.mu.Unlock()
	g.all.Wait()
	return err
}

func (g *Gate) accept() {
	for {
		c, err := g.ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // out of files: whoever connected tries again
		}
		if t, _ := g.now(); t.Cut {
			reset(c)
			continue
		}
		g.all.Go(func() { g.carry(c) })
	}
}

func (g *Gate) now() (Trouble, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.trouble, g.changed
}

// keep notes a pair of connections; false when the gate is closed or cut.
func (g *Gate) keep(pair ...net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range pair {
		g.conns[c] = struct{}{}
	}
	return !g.closed && !g.trouble.Cut
}

func (g *Gate) forget(pair ...net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range pair {
		delete(g.conns, c)
	}
}

func (g *Gate) carry(c net.Conn) {
	s, err := net.Dial(g.network, g.target)
	if err != nil {
		reset(c)
		return
	}
	defer g.forget(c, s)
	if !g.keep(c, s) {
		reset(c)
		reset(s)
		return
	}
	var both sync.WaitGroup
	both.Go(func() { g.way(c, s) })
	both.Go(func() { g.way(s, c) })
	both.Wait()
}

// piece is what was read at once and when it may go on; the end has no bytes.
type piece struct {
	b  []byte
	at time.Time
}

// way carries one direction, in order.
func (g *Gate) way(from, to net.Conn) {
	pieces := make(chan piece, 256)
	var writer sync.WaitGroup
	writer.Go(func() { g.write(to, pieces) })
	for {
		b := make([]byte, 16<<10)
		n, err := from.Read(b)
		if n > 0 {
			t, _ := g.now()
			p := piece{b: b[:n]}
			if t.Delay > 0 {
				p.at = g.clock.Now().Add(t.Delay)
			}
			pieces <- p
		}
		if err != nil {
			break
		}
	}
	close(pieces)
	writer.Wait()
	if half, ok := to.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		return // the other way may still have something
	}
	to.Close()
}

func (g *Gate) write(to net.Conn, pieces <-chan piece) {
	broken := false
	for p := range pieces {
		if broken {
			continue // drain
		}
		if left := p.at.Sub(g.clock.Now()); !p.at.IsZero() && left > 0 {
			t := time.NewTimer(left)
			<-t.C
		}
		for {
			t, changed := g.now()
			if !t.Hold || g.over() {
				break
			}
			<-changed
		}
		_, err := to.Write(p.b)
		broken = err != nil
	}
}

func (g *Gate) over() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}
