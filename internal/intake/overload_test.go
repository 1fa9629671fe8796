package intake

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/journal"
	"puntuale/internal/wire"
)

// held is a journal on a disk that stalls: records are taken, and answers come
// only when it goes on, or when the caller will not wait any longer.
type held struct {
	Journal
	until chan struct{}
}

func (h *held) Append(ctx context.Context, id clickday.SubmissionID, stamp clickday.Stamp, env []byte) (journal.Outcome, error) {
	type result struct {
		out journal.Outcome
		err error
	}
	done := make(chan result, 1)
	env = append([]byte(nil), env...)
	go func() {
		<-h.until
		out, err := h.Journal.Append(context.Background(), id, stamp, env)
		done <- result{out, err}
	}()
	select {
	case r := <-done:
		return r.out, r.err
	case <-ctx.Done():
		return journal.Outcome{}, context.Cause(ctx)
	}
}

func TestAStalledDiskIsToldAndTheRepeatHasTheEarliestStamp(t *testing.T) {
	block := make(chan struct{})
	w := openWith(t, false, func(c *Config) {
		c.Journal = &held{Journal: c.Journal, until: block}
		c.Timeouts.Append = 400 * time.Millisecond
	})
	env := envelopeFor(t, dayOpen)
	first := w.post(env)
	expect(t, &first, clickday.CodeOverloaded)
	n, err := strconv.Atoi(first.header.Get("Retry-After"))
	if err != nil || n < 1 || n > retryAfterMax {
		t.Fatalf("Retry-After %q", first.header.Get("Retry-After"))
	}
	if valueOf(t, w.metrics.Stalled) != 1 {
		t.Fatal("not counted")
	}
	w.unharmed("the disk stalls")
	close(block)
	eventually(t, "the record becomes durable after its 503", func() bool { return w.journal.Records() == 1 })
	ack, _ := w.accepted(env)
	if got := first.problem().ReceivedAt; ack.Leaf.Stamp.UnixNano != got {
		t.Fatalf("stamp %d, want that of the first attempt %d", ack.Leaf.Stamp.UnixNano, got)
	}
	if w.journal.Records() != 1 {
		t.Fatal("recorded twice")
	}
}

func TestWaitsForTheDiskAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		p := newPatience(ctx)
		over := make(chan struct{})
		go func() { p.run(ctx, 4*time.Second); close(over) }()
		var clk clock.System
		for range 20 {
			began := clk.Now()
			w := p.wait()
			<-w.Done()
			if took := clk.Now().Sub(began); took < 3*time.Second || took > 4*time.Second || context.Cause(w) != errStalled {
				t.Fatalf("waited %s, %v", took, context.Cause(w))
			}
			<-time.After(700 * time.Millisecond)
		}
		last := p.wait()
		cancel()
		<-over
		if <-last.Done(); context.Cause(last) == errStalled {
			t.Fatal("the end of the server looks like a stall")
		}
	})
}

func TestAPlainConnectionOverTheBoundGetsAProblem(t *testing.T) {
	w := openWith(t, false, func(c *Config) { c.MaxConns = 2 })
	for range 2 {
		c := w.dial(w.listener.Addr())
		if a, err := w.exchange(c, bufio.NewReader(c), get(wire.PathCalendar, "")); err != nil || a.status != 200 {
			t.Fatal(a.status, err)
		}
	}
	for range 3 {
		c := w.dial(w.listener.Addr())
		a, err := w.exchange(c, bufio.NewReader(c), submitRequest(envelopeFor(t, dayOpen)))
		must(t, err)
		p := a.problem()
		if a.status != 503 || p.Code != clickday.CodeOverloaded || p.ServerTime == 0 || a.header.Get("Retry-After") == "" || a.header.Get("Content-Type") != wire.TypeProblem {
			t.Fatalf("%d %v %s", a.status, a.header, a.body)
		}
	}
	if n := valueOf(t, w.server.doors[0].count.full); n != 3 {
		t.Fatalf("%v turned away", n)
	}
	w.unharmed("no room")
}

func TestATLSConnectionOverTheBoundIsClosedBeforeItCosts(t *testing.T) {
	w := openWith(t, true, func(c *Config) { c.MaxConns = 1 })
	first := w.dial(w.listener.Addr())
	c, err := net.Dial("tcp", w.listener.Addr().String())
	must(t, err)
	defer c.Close()
	must(t, c.SetDeadline(wall.Now().Add(20*time.Second)))
	if _, err := c.Read(make([]byte, 1)); !cutOff(err) {
		t.Fatal("it was let in")
	}
	first.Close()
	eventually(t, "the room is free again", func() bool { return w.server.doors[0].open.Load() == 0 })
	w.accepted(envelopeFor(t, dayOpen))
}

func TestSlowAndSilentConnectionsAreCut(t *testing.T) {
	for name, secure := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			w := openWith(t, secure, func(c *Config) { c.Timeouts = Timeouts{Read: 700 * time.Millisecond, Idle: 300 * time.Millisecond} })
			whole := submitRequest(envelopeFor(t, dayOpen))
			for what, sent := range map[string]string{"silent": "", "slow head": whole[:40], "slow body": whole[:len(whole)-1]} {
				c := w.dial(w.listener.Addr())
				_, err := io.WriteString(c, sent)
				must(t, err)
				b, err := io.ReadAll(c)
				if err != nil && !cutOff(err) {
					t.Fatalf("%s: not cut: %v", what, err)
				}
				if sent != "" && wire.ParseProblem(b[max(0, indexJSON(b)):]).Code != clickday.CodeTruncated {
					t.Fatalf("%s: %q", what, b)
				}
			}
			idle := w.dial(w.listener.Addr())
			r := bufio.NewReader(idle)
			if a, err := w.exchange(idle, r, get(wire.PathCalendar, "")); err != nil || a.status != 200 {
				t.Fatal(a.status, err)
			}
			if _, err := r.ReadByte(); !cutOff(err) {
				t.Fatal("an idle connection is not cut")
			}
			if n := valueOf(t, w.metrics.Slow); n != 2 {
				t.Fatalf("%v slow requests counted, want 2", n)
			}
			w.unharmed("slow")
		})
	}
}

func indexJSON(b []byte) int {
	for i, c := range b {
		if c == '{' {
			return i
		}
	}
	return -1
}

func TestASilentClientIsCutBeforeItsHandshake(t *testing.T) {
	w := openWith(t, true, func(c *Config) { c.Timeouts.Read = 100 * time.Millisecond })
	c, err := net.Dial("tcp", w.listener.Addr().String())
	must(t, err)
	defer c.Close()
	must(t, c.SetDeadline(wall.Now().Add(20*time.Second)))
	if _, err := c.Read(make([]byte, 1)); !cutOff(err) {
		t.Fatal("not cut")
	}
	eventually(t, "it is counted", func() bool { return valueOf(t, w.server.doors[0].count.failed) == 1 })
}

// A client that never reads blocks its own answer only; the watermark waits for
// it no longer than the write timeout.
func TestAClientThatDoesNotReadIsCut(t *testing.T) {
	w := openWith(t, false, func(c *Config) { c.Timeouts.Write = 200 * time.Millisecond })
	days := testDays()
	for i := range 600 { // an answer that no socket takes at once
		d := days[1]
		d.ID, d.TitleIT = clickday.DayID(1000+i), fmt.Sprintf("%0300d", i)
		days = append(days, d)
	}
	w.publish(2, days...)
	w.client.CloseIdleConnections()
	narrow := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { must(t, syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 2048)) })
	}}
	c, err := narrow.DialContext(t.Context(), "tcp", w.listener.Addr().String())
	must(t, err)
	defer c.Close()
	eventually(t, "it is there", func() bool { return w.listener.Open() == 1 })
	for w.listener.Open() > 0 { // each answer before the next request, as long as the socket takes them
		_, err := io.WriteString(c, get(wire.PathCalendar, ""))
		must(t, err)
		at := wall.Now().UnixNano()
		eventually(t, "it is cut, or has been answered", func() bool { return w.listener.Open() == 0 || w.server.Safe() > at })
	}
	at := wall.Now().UnixNano()
	eventually(t, "the watermark goes on", func() bool { return w.server.Safe() > at })
	w.accepted(envelopeFor(t, dayOpen))
}
