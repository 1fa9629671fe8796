package arrival

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// safeBeyond reports whether Safe has passed an instant.
func safeBeyond(l *Listener, at int64) func() bool {
	return func() bool { return l.Safe() > at }
}

// staysBelow looks at Safe for a while and fails if it ever passes at.
func staysBelow(t *testing.T, l *Listener, at int64, why string) {
	t.Helper()
	for range 30 {
		if w := l.Safe(); w > at {
			t.Fatalf("safe %d passed %d: %s", w, at, why)
		}
		<-time.After(5 * time.Millisecond)
	}
}

func TestSafeAdvancesWhenNothingIsThere(t *testing.T) {
	l := listen(t, time.Millisecond)
	if l.Safe() != 0 {
		t.Fatal("safe before the first look was confirmed")
	}
	acceptRounds(t, l)
	eventually(t, "safe passes now", safeBeyond(l, wall.Now().UnixNano()))
}

func TestSafeStandsStillWithoutAnAcceptingProgram(t *testing.T) {
	l := listen(t, time.Millisecond)
	at := wall.Now().UnixNano()
	dial(t, l).Write([]byte("waits in the accept queue"))
	staysBelow(t, l, at, "nobody accepts, a request is in the queue")
}

func TestSafeNeverPassesAnUnreadOrUnfinishedRequest(t *testing.T) {
	l := listen(t, time.Millisecond)
	accepted := acceptRounds(t, l)
	client := dial(t, l)
	server := <-accepted
	// Accepted but never read: its bytes may be older than any look.
	at := wall.Now().UnixNano()
	client.Write([]byte("ab"))
	staysBelow(t, l, at, "accepted, nothing read")
	// Read, and the program still works on it.
	var b [2]byte
	if _, err := io.ReadFull(server, b[:]); err != nil {
		t.Fatal(err)
	}
	a, _ := Of(server)
	staysBelow(t, l, a.UnixNano, "read, not finished")
	// Finished: the reader waits for the next request.
	go server.Read(b[:])
	eventually(t, "safe passes the finished request", safeBeyond(l, a.UnixNano))
	// Closed connections hold nothing back.
	client.Close()
	server.Close()
	eventually(t, "safe goes on after close", safeBeyond(l, wall.Now().UnixNano()))
}

func TestASilentOrTricklingConnectionHoldsNothingBack(t *testing.T) {
	l := listen(t, time.Millisecond)
	accepted := acceptRounds(t, l)
	client := dial(t, l)
	server := <-accepted
	go io.ReadFull(server, make([]byte, 100))
	client.Write([]byte("half a requ"))
	at := wall.Now().UnixNano()
	eventually(t, "safe passes a request whose last byte has not come", safeBeyond(l, at))
}

// Many connections, readers that dawdle, a sweep that never rests: no request
// may come to light with a stamp behind what Safe had promised when it was read.
func TestNoArrivalEverComesToLightBehindSafe(t *testing.T) {
	const conns, rounds = 40, 25
	l := listen(t, 2*time.Millisecond)
	accepted := acceptRounds(t, l)
	var promised atomic.Int64
	stop := make(chan struct{})
	var sweeper sync.WaitGroup
	sweeper.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				promised.Store(l.Safe())
			}
		}
	})
	var all sync.WaitGroup
	for range conns {
		c := dial(t, l)
		all.Go(func() {
			for range rounds {
				c.Write([]byte{1})
				c.Read(make([]byte, 1)) // one request in flight
			}
			c.Close()
		})
		s := <-accepted
		all.Go(func() { serveSlowly(t, s, &promised) })
	}
	all.Wait()
	close(stop)
	sweeper.Wait()
	if promised.Load() == 0 {
		t.Fatal("safe never moved: the test proves nothing")
	}
}

func serveSlowly(t *testing.T, s net.Conn, promised *atomic.Int64) {
	defer s.Close()
	var b [1]byte
	for {
		if _, err := s.Read(b[:]); err != nil {
			return
		}
		a, _ := Of(s)
		spin(50000)
		if p := promised.Load(); a.UnixNano < p {
			t.Errorf("arrival %d came to light when %d was promised", a.UnixNano, p)
		}
		s.Write(b[:])
	}
}

func TestSafeStandsStillAfterClose(t *testing.T) {
	l := listen(t, time.Millisecond)
	acceptRounds(t, l)
	eventually(t, "safe moves", safeBeyond(l, 0))
	l.Close()
	before := l.Safe()
	<-time.After(20 * time.Millisecond)
	if after := l.Safe(); after != before {
		t.Fatalf("safe moved from %d to %d", before, after)
	}
}

// A reader that waits but has not been woken yet: the bytes are there, nobody
// runs. The state is made by hand, for no scheduler can be told to dawdle.
func TestSafeNeverPassesBytesOfAReaderThatSleeps(t *testing.T) {
	l := listen(t, time.Millisecond)
	accepted := acceptRounds(t, l)
	client := dial(t, l)
	server := (<-accepted).(*Conn)
	server.waiting(wall.Now().UnixNano())
	eventually(t, "safe moves while the socket is empty", safeBeyond(l, wall.Now().UnixNano()))
	at := wall.Now().UnixNano()
	client.Write([]byte("unread"))
	staysBelow(t, l, at+int64(2*time.Millisecond), "unread bytes, reader asleep")
}

// Rounds of Accept go by, but the queue is not empty: as if each round accepted
// one connection while more came in.
func TestSafeNeverPassesAConnectionThatWaitsToBeAccepted(t *testing.T) {
	l := listen(t, time.Millisecond)
	for range 3 {
		l.Safe()
		l.round.Add(1)
	}
	client := dial(t, l)
	at := wall.Now().UnixNano()
	client.Write([]byte("in the queue"))
	for range 30 {
		l.round.Add(1)
		if w := l.Safe(); w > at {
			t.Fatalf("safe %d passed %d", w, at)
		}
		<-time.After(2 * time.Millisecond)
	}
}
