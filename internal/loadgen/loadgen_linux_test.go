package loadgen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/wire"
)

type ring []byte

func (r ring) TicketKey(uint32) []byte { return r }

var ticketKey = bytes.Repeat([]byte{7}, 32)

func pool(t *testing.T, count int) *Pool {
	t.Helper()
	p, err := Prepare(t.Context(), Recipe{
		Count: count, Size: 700, TicketID: 3, TicketKey: ticketKey, Day: 1, Model: "B", NotAfter: time.Unix(2e9, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPreparedEnvelopesAreValidAndUnique(t *testing.T) {
	p := pool(t, 50)
	seen := map[clickday.SubmissionID]bool{}
	for i := range p.Len() {
		e, err := wire.ParseEnvelope(p.Envelope(i))
		if err == nil {
			err = wire.CheckTicket(e.TicketBytes, &e.Ticket, ring(ticketKey), time.Unix(1e9, 0))
		}
		if err == nil {
			err = e.CheckSignature()
		}
		if err != nil || len(p.Envelope(i)) != 700 {
			t.Fatalf("envelope %d of %d bytes: %v", i, len(p.Envelope(i)), err)
		}
		if seen[p.ID(i)] || p.ID(i) != wire.IDOf(p.Envelope(i)) {
			t.Fatalf("id of envelope %d", i)
		}
		seen[p.ID(i)] = true
	}
}

// echo answers each request with the id of the envelope that came, and counts.
type echo struct {
	mu  sync.Mutex
	got map[clickday.SubmissionID]int
}

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	id := wire.IDOf(b)
	e.mu.Lock()
	e.got[id]++
	e.mu.Unlock()
	w.Header().Set("Content-Length", "32")
	w.Write(id[:])
}

func (e *echo) times(id clickday.SubmissionID) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.got[id]
}

func serve(t *testing.T) (*echo, string) {
	t.Helper()
	e := &echo{got: map[clickday.SubmissionID]int{}}
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)
	return e, strings.TrimPrefix(s.URL, "http://")
}

func TestAClosedRunSendsEachEnvelopeOnceAndJudgesEachAnswer(t *testing.T) {
	e, addr := serve(t)
	p := pool(t, 200)
	c := Closed{
		Addr: addr, Head: Head("POST", "/", "x/y", p.Size()), Pool: p, First: 50, Count: 150, Conns: 7, Threads: 2, Lasting: time.Minute, Clock: clock.System{},
		Check: func(i, status int, body []byte) error {
			id := p.ID(i)
			if status != 200 || !bytes.Equal(body, id[:]) || i == 60 {
				return fmt.Errorf("answer %d", i)
			}
			return nil
		},
	}
	out, err := c.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if out.Answers != 149 || out.Failed != 1 || out.Err == nil || out.Latency.Count() != 150 {
		t.Errorf("%d answers, %d failed, %v", out.Answers, out.Failed, out.Err)
	}
	for i := range p.Len() {
		want := 0
		if i >= 50 {
			want = 1
		}
		if e.times(p.ID(i)) != want {
			t.Fatalf("envelope %d came %d times", i, e.times(p.ID(i)))
		}
	}
}

func TestAPacedRunKeepsItsOrderAndTimesFromThePlan(t *testing.T) {
	e, addr := serve(t)
	p := pool(t, 60)
	s, err := Dial(t.Context(), addr, 5, nil, Head("GET", "/", "", -1))
	if err != nil {
		t.Fatal(err)
	}
	run := Paced{Session: s, Head: Head("POST", "/", "x/y", p.Size()), Pool: p, Count: 60, Rate: 500, Patience: 10 * time.Second, Clock: clock.System{}}
	began := clock.System{}.Now()
	replies, err := run.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if took := (clock.System{}).Now().Sub(began); took < 59*time.Second/500 {
		t.Errorf("60 requests at 500/s took %s", took)
	}
	for i, r := range replies {
		id := p.ID(i)
		if r.Status != 200 || !bytes.Equal(r.Body, id[:]) || r.Latency <= 0 || e.times(id) != 1 {
			t.Fatalf("reply %d: %+v", i, r)
		}
	}
}

// A server that closes without an answer leaves a reply without one.
func TestWhoGetsNoAnswerHasNone(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 4096)
				c.Read(buf)
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				c.Read(buf)
			}()
		}
	}()
	p := pool(t, 2)
	s, err := Dial(t.Context(), ln.Addr().String(), 2, nil, Head("GET", "/", "", -1))
	if err != nil {
		t.Fatal(err)
	}
	run := Paced{Session: s, Head: Head("POST", "/", "x/y", p.Size()), Pool: p, Count: 2, Rate: 1000, Patience: 5 * time.Second, Clock: clock.System{}}
	replies, err := run.Run(t.Context())
	if err != nil || replies[0].Status != 0 || replies[1].Status != 0 {
		t.Fatalf("%+v, %v", replies, err)
	}
}

func TestOnlyThisMachineIsLoaded(t *testing.T) {
	p := pool(t, 1)
	for _, addr := range []string{"192.0.2.1:80", "example.org:80", "127.0.0.1:0", "0.0.0.0:80"} {
		c := Closed{Addr: addr, Pool: p, Count: 1, Conns: 1, Clock: clock.System{}}
		if _, err := c.Run(context.Background()); err == nil {
			t.Errorf("%s is loaded", addr)
		}
		if _, err := Dial(context.Background(), addr, 1, nil, nil); err == nil {
			t.Errorf("%s is dialled", addr)
		}
	}
	if _, err := loopback("10.0.0.1:80"); !errors.Is(err, ErrNotLoopback) {
		t.Error(err)
	}
}

func TestQuantilesAreWithinOnePercent(t *testing.T) {
	var h, other Histogram
	for i := 1; i <= 1000; i++ {
		h.Add(time.Duration(i) * time.Millisecond)
	}
	other.Add(2 * time.Second)
	h.Merge(&other)
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Millisecond, 0.99: 990 * time.Millisecond, 1: 2 * time.Second} {
		if got := h.Quantile(q); got < want || got > want+want/100 {
			t.Errorf("quantile %g is %s, want %s", q, got, want)
		}
	}
	if h.Count() != 1001 || h.Max() != 2*time.Second {
		t.Error(h.Count(), h.Max())
	}
	if new(Histogram).Quantile(0.5) != 0 {
		t.Error("quantile of nothing")
	}
}

func TestAnswersAreParsedWholeOrNotAtAll(t *testing.T) {
	whole := "HTTP/1.1 503 X\r\nA: b\r\nContent-Length: 3\r\n\r\nabc"
	for i := range len(whole) {
		if _, _, ok, err := parseAnswer([]byte(whole[:i])); ok || err != nil {
			t.Fatalf("%q: whole %v, %v", whole[:i], ok, err)
		}
	}
	status, body, ok, err := parseAnswer([]byte(whole))
	if status != 503 || string(body) != "abc" || !ok || err != nil {
		t.Fatal(status, body, ok, err)
	}
	for _, bad := range []string{whole + "d", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "x\r\n\r\n"} {
		if _, _, _, err := parseAnswer([]byte(bad)); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
