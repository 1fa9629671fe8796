package bench

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"puntuale/internal/clock"
)

// ways says how long the two ways through a delaying proxy take.
type ways struct{ out, back func() time.Duration }

// constant is a network that takes the same time each way.
func constant(way time.Duration) ways {
	f := func() time.Duration { return way }
	return ways{f, f}
}

// uneven is a network whose two ways differ, each of them between 5 and 80 ms
// and wavering by up to 15 ms from packet to packet.
func uneven(r *rand.Rand) ways {
	one := func() func() time.Duration {
		floor := 5*time.Millisecond + time.Duration(r.Int64N(int64(60*time.Millisecond)))
		return func() time.Duration { return floor + rand.N(15*time.Millisecond) }
	}
	return ways{one(), one()}
}

// delayer is a loopback proxy that holds everything back for as long as a
// network would take, in order.
type delayer struct {
	ln     net.Listener
	target string
	ways   ways
	clk    clock.Clock
	// lastOut is how long the last thing that a client sent was really held back.
	lastOut atomic.Int64
	all     sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn // guarded by mu
}

func newDelayer(target string, w ways, clk clock.Clock) (*delayer, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	d := &delayer{ln: ln, target: target, ways: w, clk: clk}
	d.all.Go(d.accept)
	return d, nil
}

func (d *delayer) addr() string { return d.ln.Addr().String() }

// close cuts everything and waits for it.
func (d *delayer) close() {
	d.ln.Close() // ends accept
	d.mu.Lock()
	for _, c := range d.conns {
		c.Close()
	}
	d.mu.Unlock()
	d.all.Wait()
}

func (d *delayer) accept() {
	for {
		c, err := d.ln.Accept()
		if err != nil {
			return // closed
		}
		s, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", d.target)
		if err != nil {
			c.Close() // whoever connected tries again
			continue
		}
		d.mu.Lock()
		d.conns = append(d.conns, c, s)
		d.mu.Unlock()
		d.all.Go(func() { d.carry(c, s, d.ways.out, &d.lastOut) })
		d.all.Go(func() { d.carry(s, c, d.ways.back, nil) })
	}
}

// piece is what was read at once, and when it may go on.
type piece struct {
	b       []byte
	read    time.Time
	release time.Time
}

// carry reads at once and writes later, never out of order.
func (d *delayer) carry(from, to net.Conn, way func() time.Duration, took *atomic.Int64) {
	pieces := make(chan piece, 1024)
	d.all.Go(func() {
		defer to.Close()
		for p := range pieces {
			t := time.NewTimer(p.release.Sub(d.clk.Now()))
			<-t.C
			if _, err := to.Write(p.b); err != nil {
				continue // the other end has gone; drain
			}
			if took != nil {
				took.Store(int64(d.clk.Now().Sub(p.read)))
			}
		}
	})
	defer close(pieces)
	var last time.Time
	for {
		b := make([]byte, 32<<10)
		n, err := from.Read(b)
		if n > 0 {
			now := d.clk.Now()
			due := now.Add(way())
			if due.Before(last) {
				due = last
			}
			last = due
			pieces <- piece{b[:n], now, due}
		}
		if err != nil {
			if err != io.EOF {
				from.Close() // it is broken already
			}
			return
		}
	}
}
