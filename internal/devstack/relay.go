package devstack

import (
	"fmt"
	"io"
	"net"
	"sync"
)

// relay makes a Unix socket reachable over loopback TCP, on a port that nobody
// else can have taken in between.
type relay struct {
	ln     net.Listener
	socket string

	mu    sync.Mutex
	conns []net.Conn // guarded by mu
	ended bool       // guarded by mu
	all   sync.WaitGroup
}

// Relay makes a Unix socket reachable at a loopback address until close is called:
// for what disturbs connections and knows TCP only.
func Relay(socket string) (addr string, end func(), err error) {
	r, err := newRelay(socket)
	if err != nil {
		return "", nil, err
	}
	return r.ln.Addr().String(), r.close, nil
}

func newRelay(socket string) (*relay, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	r := &relay{ln: ln, socket: socket}
	r.all.Go(r.accept)
	return r, nil
}

func (r *relay) port() int { return r.ln.Addr().(*net.TCPAddr).Port }

func (r *relay) accept() {
	for {
		c, err := r.ln.Accept()
		if err != nil {
			return // closed
		}
		s, err := net.Dial("unix", r.socket)
		if err != nil {
			c.Close() // whoever connected tries again
			continue
		}
		if !r.keep(c, s) {
			return
		}
		r.all.Go(func() { carry(c, s) })
		r.all.Go(func() { carry(s, c) })
	}
}

// keep notes connections to close at the end; false when that has come.
func (r *relay) keep(conns ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns = append(r.conns, conns...)
	if r.ended {
		closeAll(conns)
	}
	return !r.ended
}

func carry(from, to net.Conn) {
	io.Copy(to, from) // how it ends is the business of the two ends
	closeAll([]net.Conn{from, to})
}

func closeAll(conns []net.Conn) {
	for _, c := range conns {
		c.Close()
	}
}

// close cuts everything and waits for it.
func (r *relay) close() {
	r.ln.Close()
	r.mu.Lock()
	r.ended = true
	closeAll(r.conns)
	r.mu.Unlock()
	r.all.Wait()
}
