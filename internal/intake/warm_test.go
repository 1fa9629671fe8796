package intake

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"puntuale/internal/arrival"
	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// eventually waits for what another goroutine brings about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(30 * time.Second)
	defer end.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatal("never: " + what)
		}
	}
}

// openWarm is a node with a ticketed listener.
func openWarm(t *testing.T, secure bool, change func(*Config)) (*world, *arrival.Listener) {
	t.Helper()
	ln, err := arrival.Listen(t.Context(), "127.0.0.1:0", time.Millisecond, wall)
	must(t, err)
	return openWith(t, secure, func(c *Config) {
		c.Warm = ln
		change(c)
	}), ln
}

func ticketWith(key []byte, change func(*wire.Ticket)) []byte {
	tk := wire.Ticket{
		KeyID: 1, Day: dayEarly, Model: "B", ModelVersion: 1, Application: clickday.NewApplicationID(), SealVersion: 1,
		Account: 1, IssuedAt: wall.Now().Unix(), NotAfter: wall.Now().Add(2 * time.Hour).Unix(),
	}
	if change != nil {
		change(&tk)
	}
	return wire.SealTicket(&tk, key)
}

func warmRequest(ticket []byte) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", wire.PathWarm, wire.TypeTicket, len(ticket), ticket)
}

func submitRequest(env []byte) string {
	return requests{string(env), fmt.Sprintf("Content-Length: %d\r\n", len(env))}.with("x", "x")
}

// warmed opens a connection to the ticketed listener and shows a ticket.
func (w *world) warmed(ln *arrival.Listener, ticket []byte) (net.Conn, *bufio.Reader) {
	w.t.Helper()
	c := w.dial(ln.Addr())
	r := bufio.NewReader(c)
	a, err := w.exchange(c, r, warmRequest(ticket))
	if err != nil || a.status != 204 || len(a.body) != 0 {
		w.t.Fatalf("%d %s, %v", a.status, a.body, err)
	}
	return c, r
}

func TestATicketLetsAConnectionStay(t *testing.T) {
	for name, secure := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			w, ln := openWarm(t, secure, func(*Config) {})
			c, r := w.warmed(ln, ticketWith(macKey, nil))
			for _, request := range []string{get(wire.PathCalendar, ""), submitRequest(envelopeFor(t, dayOpen)), warmRequest(ticketWith(macKey, nil))} {
				if a, err := w.exchange(c, r, request); err != nil || a.status/100 != 2 {
					t.Fatalf("%d %s, %v", a.status, a.body, err)
				}
			}
			// An envelope is as good as the ticket in it.
			c = w.dial(ln.Addr())
			r = bufio.NewReader(c)
			for range 2 {
				if a, err := w.exchange(c, r, submitRequest(envelopeFor(t, dayEarly))); err != nil || a.problem().Code != clickday.CodeTooEarly {
					t.Fatalf("%d %s, %v", a.status, a.body, err)
				}
			}
			if n := w.journal.Records(); n != 1 {
				t.Fatalf("%d records", n)
			}
		})
	}
}

func TestWithoutAGoodTicketAConnectionIsCut(t *testing.T) {
	w, ln := openWarm(t, false, func(c *Config) { c.Timeouts.Read = time.Second })
	bad := ticketWith(macKey, nil)
	bad[40] ^= 1
	for name, c := range map[string]struct {
		request string
		code    clickday.Code
	}{
		"another request first": {get(wire.PathCalendar, ""), clickday.CodeTicketRequired},
		"nowhere":               {get("/", ""), clickday.CodeTicketRequired},
		"time":                  {get(wire.PathTime+"?nonce=00", ""), clickday.CodeTicketRequired},
		"altered":               {warmRequest(bad), clickday.CodeTicketInvalid},
		"cut short":             {warmRequest(bad[:158]), clickday.CodeTruncated},
		"too long":              {warmRequest(append(ticketWith(macKey, nil), 0)), clickday.CodeMalformed},
		"another version":       {warmRequest(append([]byte{2}, bad[1:]...)), clickday.CodeVersion},
		"foreign key":           {warmRequest(ticketWith(macKey, func(k *wire.Ticket) { k.KeyID = 77 })), clickday.CodeTicketKey},
		"expired":               {warmRequest(ticketWith(macKey, func(k *wire.Ticket) { k.NotAfter = 1000 })), clickday.CodeTicketExpired},
		"unknown day":           {warmRequest(ticketWith(macKey, func(k *wire.Ticket) { k.Day = 99 })), clickday.CodeUnknownDay},
		"day is over":           {warmRequest(ticketWith(macKey, func(k *wire.Ticket) { k.Day = dayLate })), clickday.CodeTooLate},
		"get":                   {get(wire.PathWarm, ""), clickday.CodeMethod},
		"another type":          {fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", wire.PathWarm), clickday.CodeMediaType},
		"envelope, bad ticket":  {submitRequest(envelopeWith(t, []byte("0123456789abcdef0123456789abcdef"), nil)), clickday.CodeTicketInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			conn := w.dial(ln.Addr())
			r := bufio.NewReader(conn)
			a, err := w.exchange(conn, r, c.request)
			must(t, err)
			expect(t, &a, c.code)
			if _, err := r.ReadByte(); !cutOff(err) {
				t.Fatal("the connection stays open")
			}
			// The same costs nobody the connection at the public address.
			conn = w.dial(w.listener.Addr())
			r = bufio.NewReader(conn)
			if _, err := w.exchange(conn, r, c.request); err != nil {
				t.Fatal(err)
			}
			if a, err := w.exchange(conn, r, get(wire.PathCalendar, "")); err != nil || a.status != 200 {
				t.Fatalf("%d, %v", a.status, err)
			}
		})
	}
	silent := w.dial(ln.Addr())
	if _, err := silent.Read(make([]byte, 1)); !cutOff(err) {
		t.Fatal("a silent connection stays open")
	}
	w.unharmed("without a ticket")
}

func TestAFloodOfThePublicListenerLeavesTheTicketedOneAlone(t *testing.T) {
	w, ln := openWarm(t, true, func(c *Config) { c.MaxConns, c.WarmConns, c.Timeouts.Read = 4, 8, time.Minute })
	for range 20 { // silent ones and ones that begin a handshake
		c, err := net.Dial("tcp", w.listener.Addr().String())
		must(t, err)
		t.Cleanup(func() { c.Close() })
		io.WriteString(c, "\x16\x03\x01")
	}
	eventually(t, "the public listener is full", func() bool { return valueOf(t, w.server.doors[0].count.full) >= 16 })
	c, r := w.warmed(ln, ticketWith(macKey, nil))
	if a, err := w.exchange(c, r, submitRequest(envelopeFor(t, dayOpen))); err != nil || a.status != 200 {
		t.Fatalf("%d, %v", a.status, err)
	}
}

func TestStrangersCannotFillTheTicketedListener(t *testing.T) {
	w, ln := openWarm(t, false, func(c *Config) { c.WarmConns, c.Timeouts.Read = 32, time.Minute })
	warm := w.server.doors[1]
	c, r := w.warmed(ln, ticketWith(macKey, nil))
	var strangers []net.Conn
	for range 10 {
		strangers = append(strangers, w.dial(ln.Addr()))
	}
	eventually(t, "an eighth is taken, the others are turned away", func() bool {
		return warm.strangers.Load() == 4 && valueOf(t, warm.count.full) == 6
	})
	if a, err := w.exchange(c, r, get(wire.PathCalendar, "")); err != nil || a.status != 200 {
		t.Fatalf("who was there before: %d, %v", a.status, err)
	}
	for _, s := range strangers {
		s.Close()
	}
	eventually(t, "their room is free again", func() bool { return warm.strangers.Load() == 0 && warm.ticketed() == 1 })
	// One application cannot take it all either.
	ticket := ticketWith(macKey, nil)
	for range guestsMax {
		w.warmed(ln, ticket)
	}
	other := w.dial(ln.Addr())
	a, err := w.exchange(other, bufio.NewReader(other), warmRequest(ticket))
	must(t, err)
	expect(t, &a, clickday.CodeOverloaded)
	w.warmed(ln, ticketWith(macKey, nil))
}

func TestTheWatermarkCoversBothListeners(t *testing.T) {
	block := make(chan struct{})
	w, ln := openWarm(t, false, func(c *Config) { c.Journal = &held{Journal: c.Journal, until: block} })
	now := func() int64 { return wall.Now().UnixNano() }
	at := now()
	eventually(t, "it moves", func() bool { return w.server.Safe() > at })
	at = now()
	answered := make(chan error, 1)
	c := w.dial(ln.Addr())
	go func() {
		_, err := io.WriteString(c, submitRequest(envelopeFor(t, dayOpen)))
		if err == nil {
			_, err = c.Read(make([]byte, 1))
		}
		answered <- err
	}()
	eventually(t, "the public listener alone has passed", func() bool {
		return w.listener.Safe() > now()-int64(time.Second) && ln.Open() == 1 && w.listener.Safe() > at+int64(50*time.Millisecond)
	})
	if s := w.server.Safe(); s > now() || s >= w.listener.Safe() {
		t.Fatalf("safe %d does not wait for the ticketed listener", s)
	}
	close(block)
	must(t, <-answered)
	at = now()
	eventually(t, "it moves on", func() bool { return w.server.Safe() > at })
}
