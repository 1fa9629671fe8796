package arrival

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
)

var wall = clock.System{}

func listen(t *testing.T, grace time.Duration) *Listener {
	t.Helper()
	l, err := Listen(t.Context(), "127.0.0.1:0", grace, wall)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); l.CloseConns(false) })
	return l
}

func dial(t *testing.T, l *Listener) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// pairs connects n clients and returns both ends, in the same order.
func pairs(t *testing.T, l *Listener, n int) (clients, servers []net.Conn) {
	t.Helper()
	accepted := make(chan net.Conn)
	go func() {
		for range n {
			c, err := l.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- c
		}
	}()
	for range n {
		clients = append(clients, dial(t, l))
		servers = append(servers, <-accepted)
	}
	return clients, servers
}

// eventually waits for a condition that another goroutine brings about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

// acceptRounds lets Accept go round without a client, as a server does.
func acceptRounds(t *testing.T, l *Listener) <-chan net.Conn {
	t.Helper()
	out := make(chan net.Conn, 1024)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			out <- c
		}
	}()
	return out
}

// One sender writes to many connections one after the other, each with one
// request in flight: the order of the stamps must be the order of sending.
func TestKernelStampsGiveTheOrderOfSending(t *testing.T) {
	const conns, rounds = 200, 10
	l := listen(t, 0)
	clients, servers := pairs(t, l, conns)
	misplaced, last := 0, int64(0)
	for range rounds {
		stamps := make([]int64, conns) // each written by one reader
		var readers sync.WaitGroup
		for i, s := range servers {
			readers.Go(func() { stamps[i] = readStamp(t, s) })
		}
		for _, c := range clients {
			if _, err := c.Write(make([]byte, 64)); err != nil {
				t.Fatal(err)
			}
		}
		readers.Wait()
		for _, s := range stamps {
			if s <= last {
				misplaced++
			}
			last = s
		}
	}
	if misplaced != 0 {
		t.Fatalf("%d of %d misplaced", misplaced, conns*rounds)
	}
}

func readStamp(t *testing.T, s net.Conn) int64 {
	spin(20000) // a busy program
	if _, err := io.ReadFull(s, make([]byte, 64)); err != nil {
		t.Error(err)
	}
	a, ok := Of(s)
	if !ok || a.Source != clickday.StampKernel {
		t.Errorf("arrival %+v, ok %v", a, ok)
	}
	return a.UnixNano
}

// spin keeps a processor busy; it returns something so that it is not removed.
func spin(n int) (sum byte) {
	for i := range n {
		sum ^= byte(i)
	}
	return sum
}

func TestUnreadBytesKeepTheirStamp(t *testing.T) {
	l := listen(t, 0)
	clients, servers := pairs(t, l, 1)
	before := wall.Now().UnixNano()
	if _, err := clients[0].Write([]byte("early")); err != nil {
		t.Fatal(err)
	}
	after := wall.Now().UnixNano()
	<-time.After(100 * time.Millisecond) // the program is busy elsewhere
	var b [5]byte
	if _, err := io.ReadFull(servers[0], b[:]); err != nil {
		t.Fatal(err)
	}
	a, _ := Of(servers[0])
	if a.UnixNano < before || a.UnixNano > after+int64(20*time.Millisecond) {
		t.Fatalf("stamp %d, sent between %d and %d", a.UnixNano, before, after)
	}
}

func TestTheStampIsThatOfTheLastByte(t *testing.T) {
	l := listen(t, 0)
	clients, servers := pairs(t, l, 1)
	clients[0].Write([]byte("ab"))
	<-time.After(30 * time.Millisecond)
	before := wall.Now().UnixNano()
	clients[0].Write([]byte("c"))
	var b [3]byte
	if _, err := io.ReadFull(servers[0], b[:]); err != nil {
		t.Fatal(err)
	}
	if a, _ := Of(servers[0]); a.UnixNano < before {
		t.Fatalf("stamp %d is before the last byte was sent at %d", a.UnixNano, before)
	}
}

func TestDeadlineAndEndOfStream(t *testing.T) {
	l := listen(t, 0)
	clients, servers := pairs(t, l, 1)
	servers[0].SetReadDeadline(wall.Now().Add(10 * time.Millisecond))
	var b [8]byte
	_, err := servers[0].Read(b[:])
	if ne, ok := err.(net.Error); !ok || !ne.Timeout() {
		t.Fatalf("want a timeout, got %v", err)
	}
	servers[0].SetReadDeadline(time.Time{})
	clients[0].Write([]byte("x"))
	clients[0].Close()
	got, err := io.ReadAll(servers[0])
	if err != nil || !bytes.Equal(got, []byte("x")) {
		t.Fatalf("%q, %v", got, err)
	}
}

func TestStampBelowTLS(t *testing.T) {
	l := listen(t, 0)
	clients, servers := pairs(t, l, 1)
	server := tls.Server(servers[0], &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}})
	sent := make(chan int64, 1)
	go func() {
		c := tls.Client(clients[0], &tls.Config{InsecureSkipVerify: true})
		if err := c.Handshake(); err != nil {
			t.Error(err)
		}
		at := wall.Now().UnixNano()
		c.Write([]byte("hello"))
		sent <- at
	}()
	var b [5]byte
	if _, err := io.ReadFull(server, b[:]); err != nil {
		t.Fatal(err)
	}
	a, ok := Of(server)
	if at := <-sent; !ok || a.Source != clickday.StampKernel || a.UnixNano < at || a.UnixNano > wall.Now().UnixNano() {
		t.Fatalf("arrival %+v, sent at %d", a, at)
	}
	if _, ok := Of(clients[0]); ok {
		t.Fatal("a foreign connection has no arrival")
	}
}

func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := wall.Now()
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestReadAllocatesNothing(t *testing.T) {
	l := listen(t, 0)
	clients, servers := pairs(t, l, 1)
	b, one := make([]byte, 1), []byte{1}
	allocs := testing.AllocsPerRun(200, func() {
		clients[0].Write(one)
		servers[0].Read(b)
	})
	if allocs > 0 {
		t.Fatalf("%v allocations for each read", allocs)
	}
}
