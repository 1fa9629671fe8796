package link

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/timing"
	"puntuale/internal/clock"
	"puntuale/internal/wire"
)

// address is one address of a node that answers every ticket with a status and
// anything else with 404; status 0 never answers.
type address struct {
	net.Listener
	status  int
	tickets atomic.Int64
	dials   atomic.Int64
	held    sync.WaitGroup
}

func open(t *testing.T, status int) *address {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &address{Listener: ln, status: status}
	a.held.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			a.dials.Add(1)
			a.held.Go(func() { a.serve(c) })
		}
	})
	t.Cleanup(func() { ln.Close() })
	return a
}

func (a *address) serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		res := http.Response{ProtoMajor: 1, ProtoMinor: 1, StatusCode: http.StatusNotFound, Request: req}
		if _, err := wire.ParseTicket(body); err == nil && req.URL.Path == wire.PathWarm && req.Header.Get("Content-Type") == wire.TypeTicket {
			a.tickets.Add(1)
			res.StatusCode = a.status
		}
		if res.StatusCode != 0 && res.Write(c) != nil {
			return
		}
	}
}

// envelope returns one with a ticket that reads well.
func envelope(t *testing.T) []byte {
	t.Helper()
	_, device, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	ticket := wire.Ticket{KeyID: 1, Day: 1, Model: "B", ModelVersion: 1, Application: clickday.NewApplicationID(), SealVersion: 1, Account: 1, IssuedAt: 1, NotAfter: 2}
	copy(ticket.Device[:], device.Public().(ed25519.PublicKey))
	e, err := wire.SealEnvelope(wire.SealTicket(&ticket, make([]byte, 32)), 0, []byte("x"), device)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// wayTo returns the way to a node with both addresses.
func wayTo(t *testing.T, public, warm *address) (*Way, *timing.Base) {
	t.Helper()
	key := make([]byte, ed25519.PublicKeySize)
	n, err := NewNode(1, "http://"+public.Addr().String(), "", key)
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewNode(1, "http://"+warm.Addr().String(), "", key)
	if err != nil {
		t.Fatal(err)
	}
	n.Warm = &w
	base := timing.NewBase(clock.System{})
	return NewWay(n, base, nil), base
}

// leadsTo dials and checks which address answers.
func leadsTo(t *testing.T, w *Way, a *address, envelope []byte) {
	t.Helper()
	c, err := w.Dial(t.Context(), envelope)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := c.net.RemoteAddr().String(); got != a.Addr().String() {
		t.Errorf("connected to %s, want %s", got, a.Addr())
	}
	if answer, err := c.Status(t.Context(), clickday.SubmissionID{}); err != nil || answer.Status != http.StatusNotFound {
		t.Errorf("the connection is of no use: %+v %v", answer, err)
	}
}

func TestWays(t *testing.T) {
	public, warm := open(t, http.StatusNoContent), open(t, http.StatusNoContent)
	w, _ := wayTo(t, public, warm)
	leadsTo(t, w, warm, envelope(t))
	if public.dials.Load() != 0 || warm.tickets.Load() != 1 {
		t.Errorf("%d public connections, %d tickets", public.dials.Load(), warm.tickets.Load())
	}
	leadsTo(t, w, public, nil)
	leadsTo(t, w, public, []byte("no envelope"))
	if warm.tickets.Load() != 1 {
		t.Errorf("%d tickets", warm.tickets.Load())
	}
	warm.Close()
	leadsTo(t, w, public, envelope(t))
}

func TestRefusedTicketsLeadToThePublicAddress(t *testing.T) {
	for _, status := range []int{200, 400, 403, 410, 429, 500, 503} {
		public, warm := open(t, http.StatusNoContent), open(t, status)
		w, _ := wayTo(t, public, warm)
		leadsTo(t, w, public, envelope(t))
		if warm.tickets.Load() != 1 || public.tickets.Load() != 0 {
			t.Errorf("%d: %d and %d tickets", status, warm.tickets.Load(), public.tickets.Load())
		}
		leadsTo(t, w, public, envelope(t))
		if warm.tickets.Load() != 2 {
			t.Errorf("%d: a refused ticket must not keep other tickets away", status)
		}
	}
}

// TestASilentAddressIsSlowOnce: it costs the head start, and then nothing until
// it is worth another try.
func TestASilentAddressIsSlowOnce(t *testing.T) {
	public, warm := open(t, http.StatusNoContent), open(t, 0)
	w, base := wayTo(t, public, warm)
	start := base.Now()
	leadsTo(t, w, public, envelope(t))
	if took := time.Duration(base.Now() - start); took < headStart || took > headStart+5*time.Second {
		t.Errorf("took %s", took)
	}
	leadsTo(t, w, public, envelope(t))
	if warm.tickets.Load() != 1 {
		t.Errorf("tried %d times", warm.tickets.Load())
	}
	warm.Close()
	warm.held.Wait() // the connection that lost is closed
	w.until.Store(0)
	leadsTo(t, w, public, envelope(t))
}

func TestBothAddressesGone(t *testing.T) {
	public, warm := open(t, http.StatusNoContent), open(t, http.StatusNoContent)
	public.Close()
	warm.Close()
	w, _ := wayTo(t, public, warm)
	if c, err := w.Dial(t.Context(), envelope(t)); err == nil {
		c.Close()
		t.Error("connected to nobody")
	}
	silent := open(t, 0)
	w, _ = wayTo(t, public, silent)
	ctx, cancel := context.WithTimeout(t.Context(), headStart+200*time.Millisecond)
	defer cancel()
	if c, err := w.Dial(ctx, envelope(t)); err == nil {
		c.Close()
		t.Error("connected to nobody")
	}
	silent.Close()
	silent.held.Wait()
}
