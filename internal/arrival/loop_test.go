//go:build linux

package arrival

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// attached is a handler made of functions.
type attached struct {
	readable func(l *Loop)
	closed   atomic.Int32
}

func (h *attached) Readable(l *Loop) { h.readable(l) }
func (h *attached) Closed()          { h.closed.Add(1) }

// The property of TestNoArrivalEverComesToLightBehindSafe, for connections that
// have no goroutine: the loop reads, dawdles, answers and rests.
func TestNoArrivalOnTheLoopComesToLightBehindSafe(t *testing.T) {
	const conns, rounds = 40, 25
	l := listen(t, time.Microsecond)
	accepted := acceptRounds(t, l)
	var promised atomic.Int64
	stop := make(chan struct{})
	var sweeper, clients sync.WaitGroup
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
	var served atomic.Int32
	for range conns {
		c := dial(t, l)
		s := (<-accepted).(*Conn)
		h := new(attached)
		h.readable = func(loop *Loop) {
			b, err := loop.Receive(s)
			if errors.Is(err, ErrNothing) {
				return
			}
			if err != nil {
				s.Close()
				return
			}
			a, _ := Of(s)
			if served.Load()%50 == 0 { // long enough for Safe to pass whoever does not hold it back
				<-time.After(4 * acceptTick)
			}
			if p := promised.Load(); a.UnixNano < p {
				t.Errorf("arrival %d came to light when %d was promised", a.UnixNano, p)
			}
			served.Add(1)
			if err := s.Post(b); err != nil {
				t.Error(err)
			}
			s.Rest()
		}
		s.Attach(h)
		clients.Go(func() {
			for range rounds {
				c.Write([]byte{1})
				c.Read(make([]byte, 1)) // one request in flight
			}
		})
	}
	clients.Wait()
	at := wall.Now().UnixNano()
	eventually(t, "safe passes what has been served", safeBeyond(l, at))
	close(stop)
	sweeper.Wait()
	if served.Load() != conns*rounds {
		t.Fatalf("%d requests served, want %d", served.Load(), conns*rounds)
	}
}

// What cannot be sent at once is kept, reported, and sent whole and in order when
// the other end makes room.
func TestWhatIsPostedArrivesWholeWhenThereIsRoom(t *testing.T) {
	l := listen(t, 0)
	clients, servers := pairs(t, l, 1)
	s := servers[0].(*Conn)
	h := &attached{readable: func(loop *Loop) { loop.Receive(s) }}
	s.Attach(h)
	var want bytes.Buffer
	for i := 0; s.Behind() == 0; i++ {
		b := bytes.Repeat([]byte{byte(i)}, 60_000)
		want.Write(b)
		if err := s.Post(b); err != nil {
			t.Fatal(err)
		}
		if want.Len() > 64<<20 {
			t.Fatal("the socket takes everything: the test proves nothing")
		}
	}
	got := make([]byte, want.Len())
	clients[0].SetReadDeadline(wall.Now().Add(20 * time.Second))
	if _, err := io.ReadFull(clients[0], got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Fatal("other bytes, or in another order")
	}
	eventually(t, "nothing is left", func() bool { return s.Behind() == 0 })
}

// A connection that does not take its answer, and one whose time is over, are
// closed by Expire, and their handlers hear of it once.
func TestExpireClosesWhoIsBehindOrSilent(t *testing.T) {
	l := listen(t, 0)
	_, servers := pairs(t, l, 3)
	var handlers []*attached
	for _, c := range servers {
		s := c.(*Conn)
		h := &attached{readable: func(loop *Loop) { loop.Receive(s) }}
		handlers = append(handlers, h)
		s.Attach(h)
	}
	slow, silent, fine := servers[0].(*Conn), servers[1].(*Conn), servers[2].(*Conn)
	for slow.Behind() == 0 {
		if err := slow.Post(make([]byte, 60_000)); err != nil {
			t.Fatal(err)
		}
	}
	now := wall.Now()
	silent.ExpireAt(now.Add(time.Second).UnixNano())
	fine.ExpireAt(now.Add(time.Hour).UnixNano())
	l.Expire(now, time.Minute)
	if l.Open() != 3 {
		t.Fatalf("%d open before anybody's time was over", l.Open())
	}
	l.Expire(now.Add(2*time.Minute), time.Minute)
	if l.Open() != 1 || handlers[0].closed.Load() != 1 || handlers[1].closed.Load() != 1 || handlers[2].closed.Load() != 0 {
		t.Fatalf("%d open, handlers heard %d, %d, %d times", l.Open(),
			handlers[0].closed.Load(), handlers[1].closed.Load(), handlers[2].closed.Load())
	}
	if err := slow.Post([]byte{1}); !errors.Is(err, net.ErrClosed) {
		t.Fatalf("posting to a closed connection: %v", err)
	}
}

// Bytes of which the loop has heard while somebody else was the reader, and who has
// not read them, are the handler's when the loop has the connection back.
func TestWhatCameInMeanwhileIsTheHandlers(t *testing.T) {
	l := listen(t, 0)
	clients, servers := pairs(t, l, 1)
	s := servers[0].(*Conn)
	<-s.waiter.Load().in // that there is room to write
	clients[0].Write([]byte("early"))
	eventually(t, "the loop has heard of it", func() bool { return len(s.waiter.Load().in) == 1 && s.unread() == 5 })
	s.Rest() // the reader has seen nothing of it
	got := make(chan string, 1)
	h := new(attached)
	h.readable = func(loop *Loop) {
		if b, err := loop.Receive(s); err == nil {
			got <- string(b)
		}
	}
	s.Attach(h)
	select {
	case b := <-got:
		if b != "early" {
			t.Fatal(b)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nobody reads what came in meanwhile")
	}
}

// A connection goes from the loop to a goroutine and back, over and over, while
// bytes come in at any moment: none is lost and none is read twice.
func TestAConnectionChangesHandsWithoutLosingAByte(t *testing.T) {
	const count = 3000
	l := listen(t, 0)
	clients, servers := pairs(t, l, 1)
	s := servers[0].(*Conn)
	got := make(chan byte, count)
	h := new(attached)
	byHand, onLoop := 0, 0
	h.readable = func(loop *Loop) {
		b, err := loop.Receive(s)
		if err != nil {
			return
		}
		for _, x := range b {
			got <- x
		}
		onLoop += len(b)
		s.Detach()
		go func() {
			var one [1]byte
			for range 3 { // a request that the loop does not serve
				if n, err := s.Read(one[:]); err != nil || n != 1 {
					return
				}
				got <- one[0]
				byHand++
			}
			if !s.Ahead() {
				s.Rest()
			}
			for s.Ahead() {
				if n, _ := s.Read(one[:]); n == 1 {
					got <- one[0]
					byHand++
				}
			}
			s.Attach(h)
		}()
	}
	s.Attach(h)
	go func() {
		for i := range count {
			clients[0].Write([]byte{byte(i)})
			if i%5 == 0 {
				spin(20000)
			}
		}
	}()
	late := time.NewTimer(30 * time.Second)
	defer late.Stop()
	for i := range count - 3 { // the last few may wait for more in the goroutine's hand
		select {
		case x := <-got:
			if x != byte(i) {
				t.Fatalf("byte %d is %d", i, x)
			}
		case <-late.C:
			t.Fatalf("only %d of %d bytes", i, count)
		}
	}
	s.Close()
}
