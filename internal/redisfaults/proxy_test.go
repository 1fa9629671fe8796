package redisfaults

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// toxic is what a proxy does to the bytes; the zero value carries them.
type toxic struct {
	loseReplies float64       // share of replies after which the connection ends without them
	reset       float64       // share of requests that end half sent, with a reset
	latency     time.Duration // before each piece, in either direction
	single      bool          // one byte at a time
}

// proxy stands between a client and a server.
type proxy struct {
	ln      net.Listener
	network string       // of the target
	hits    atomic.Int64 // replies lost and resets

	mu     sync.Mutex
	rnd    *rand.Rand // guarded by mu
	target string     // guarded by mu
	toxic  toxic      // guarded by mu
	conns  []net.Conn // guarded by mu
	closed bool       // guarded by mu
	all    sync.WaitGroup
	end    context.Context
}

// newProxy leads to a Unix socket.
func newProxy(t *testing.T, seed uint64, socket string) *proxy {
	t.Helper()
	return newProxyTo(t, seed, "unix", socket)
}

func newProxyTo(t *testing.T, seed uint64, network, target string) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	end, stop := context.WithCancel(context.Background())
	p := &proxy{ln: ln, network: network, target: target, rnd: rand.New(rand.NewPCG(seed, 2)), end: end}
	p.all.Go(p.accept)
	t.Cleanup(func() {
		stop()
		ln.Close() // nothing to lose
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		p.cut()
		p.all.Wait()
	})
	return p
}

func (p *proxy) url() string { return "redis://" + p.ln.Addr().String() }

func (p *proxy) http() string { return "http://" + p.ln.Addr().String() }

func (p *proxy) accept() {
	for {
		c, err := p.ln.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		target := p.target
		p.mu.Unlock()
		s, err := net.Dial(p.network, target)
		if err != nil {
			c.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, c, s)
		closed := p.closed
		p.mu.Unlock()
		if closed {
			c.Close()
			s.Close()
			return
		}
		p.all.Go(func() { p.carry(c, s, false) })
		p.all.Go(func() { p.carry(s, c, true) })
	}
}

// carry moves bytes one way until an end or a fault.
func (p *proxy) carry(from, to net.Conn, reply bool) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		t, hit := p.draw(reply)
		pause(p.end, t.latency)
		switch {
		case hit && reply:
			return
		case hit:
			to.Write(buf[:n/2]) // the rest never comes
			if tcp, ok := from.(*net.TCPConn); ok {
				tcp.SetLinger(0)
			}
			return
		}
		if !write(to, buf[:n], t.single) {
			return
		}
	}
}

func (p *proxy) draw(reply bool) (toxic, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	share := p.toxic.reset
	if reply {
		share = p.toxic.loseReplies
	}
	hit := p.rnd.Float64() < share
	if hit {
		p.hits.Add(1)
	}
	return p.toxic, hit
}

func write(to net.Conn, b []byte, single bool) bool {
	step := len(b)
	if single {
		step = 1
	}
	for ; len(b) > 0; b = b[step:] {
		if _, err := to.Write(b[:step]); err != nil {
			return false
		}
	}
	return true
}

func (p *proxy) poison(t toxic) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.toxic = t
}

// redirect sends new connections elsewhere and cuts the others.
func (p *proxy) redirect(target string) {
	p.mu.Lock()
	p.target = target
	p.mu.Unlock()
	p.cut()
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	if d == 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
