package intake

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"puntuale/internal/clickday"
	"puntuale/internal/journal"
	"puntuale/internal/wire"
)

// watched counts what goes through the fast lane.
type watched struct {
	*journal.Journal
	taken atomic.Int32
}

func (w *watched) Submit(ctx context.Context, id clickday.SubmissionID, stamp clickday.Stamp, env []byte, who journal.Waiter) bool {
	ok := w.Journal.Submit(ctx, id, stamp, env, who)
	if ok {
		w.taken.Add(1)
	}
	return ok
}

// openLane is a node whose fast lane is watched.
func openLane(t *testing.T, secure bool) (*world, *watched) {
	t.Helper()
	j := new(watched)
	w := openWith(t, secure, func(c *Config) {
		j.Journal = c.Journal.(*journal.Journal)
		c.Journal = j
	})
	return w, j
}

func TestTheFastLaneAnswersAsTheOtherWayDoes(t *testing.T) {
	for name, secure := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			w, j := openLane(t, secure)
			c, other := w.dial(w.listener.Addr()), w.dial(w.listener.Addr())
			r, otherReader := bufio.NewReader(c), bufio.NewReader(other)
			for i := range int32(20) {
				env := envelopeFor(t, dayOpen)
				fast, err := w.exchange(c, r, submitRequest(env))
				must(t, err)
				if j.taken.Load() != i+1 {
					t.Fatalf("%d of %d went through the lane", j.taken.Load(), i+1)
				}
				a, err := wire.ParseAcknowledgement(fast.body)
				must(t, err)
				must(t, a.Check(wire.IDOf(env), nodePublic))
				slow, err := w.exchange(other, otherReader, submitRequest(env)) // a repeat is not for the lane
				must(t, err)
				if fast.status != 200 || slow.status != 200 || !bytes.Equal(fast.body, slow.body) {
					t.Fatalf("%d and %d, the same bytes: %v", fast.status, slow.status, bytes.Equal(fast.body, slow.body))
				}
				for _, h := range []string{"Content-Type", "Cache-Control", "Connection"} {
					if fast.header.Get(h) != slow.header.Get(h) {
						t.Errorf("%s: %q and %q", h, fast.header.Get(h), slow.header.Get(h))
					}
				}
			}
		})
	}
}

func TestWhateverIsNotPlainGoesTheOtherWay(t *testing.T) {
	w, j := openLane(t, false)
	good := submitRequest(envelopeFor(t, dayOpen))
	for name, request := range map[string]string{
		"another header":  strings.Replace(submitRequest(envelopeFor(t, dayOpen)), "\r\n", "\r\nConnection: keep-alive\r\n", 1),
		"another day":     submitRequest(envelopeFor(t, dayEarly)),
		"another key":     submitRequest(envelopeWith(t, bytes.Repeat([]byte{9}, 32), nil)),
		"two at once":     good + good,
		"another version": strings.Replace(good, "HTTP/1.1", "HTTP/1.0", 1),
	} {
		c := w.dial(w.listener.Addr())
		if _, err := w.exchange(c, bufio.NewReader(c), request); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := j.taken.Load(); n != 0 {
		t.Fatalf("%d went through the lane", n)
	}
}

// A request in two pieces, and one that comes before the answer to the last.
func TestTheLaneKeepsAnswersInOrder(t *testing.T) {
	for name, secure := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			w, _ := openLane(t, secure)
			c := w.dial(w.listener.Addr())
			r := bufio.NewReader(c)
			var ids []clickday.SubmissionID
			for range 30 {
				env := envelopeFor(t, dayOpen)
				ids = append(ids, wire.IDOf(env))
				request := submitRequest(env)
				cut := len(request) / 2
				if len(ids)%3 != 0 {
					cut = len(request)
				}
				for _, part := range []string{request[:cut], request[cut:]} {
					_, err := io.WriteString(c, part)
					must(t, err)
				}
				if len(ids)%3 == 2 {
					continue // the next one follows before the answer has been read
				}
				for ; len(ids) > 0; ids = ids[1:] {
					a, err := w.exchange(c, r, "")
					must(t, err)
					ack, err := wire.ParseAcknowledgement(a.body)
					if err != nil { // both had come together, and two at once are refused
						if a.status == 400 {
							return
						}
						t.Fatal(a.status, err)
					}
					must(t, ack.Check(ids[0], nodePublic))
				}
			}
		})
	}
}

// Who closes his end behind the request gets the answer, and then the connection is
// closed: the end is told only once, together with the request.
func TestTheEndBehindARequestIsHeard(t *testing.T) {
	w, j := openLane(t, false)
	c := w.dial(w.listener.Addr())
	env := envelopeFor(t, dayOpen)
	if _, err := io.WriteString(c, submitRequest(env)); err != nil {
		t.Fatal(err)
	}
	must(t, c.(interface{ CloseWrite() error }).CloseWrite())
	b, err := io.ReadAll(c)
	must(t, err)
	if !bytes.HasPrefix(b, []byte("HTTP/1.1 200 OK\r\n")) || j.taken.Load() != 1 {
		t.Fatalf("%d through the lane, answer %q", j.taken.Load(), b)
	}
}

// A head that is known stands for its own length of body only.
func TestAKnownHeadIsNoExcuseForTheBody(t *testing.T) {
	l := new(lane)
	whole := []byte(submitRequest(envelopeFor(t, dayOpen)))
	for range 2 { // seen for the first time, and known
		if body, ok := l.whole(whole); !ok || len(body) == 0 {
			t.Fatal("a whole request is not recognised")
		}
	}
	for cut := 1; cut < 300; cut++ {
		if _, ok := l.whole(whole[:len(whole)-cut]); ok {
			t.Fatalf("whole without its last %d bytes", cut)
		}
		if _, ok := l.whole(append(bytes.Clone(whole), make([]byte, cut)...)); ok {
			t.Fatalf("whole with %d bytes more", cut)
		}
	}
}
