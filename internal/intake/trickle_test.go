package intake

import (
	"bufio"
	"io"
	"strings"
	"testing"
	"time"

	"puntuale/internal/wire"
)

// A client may send a request in pieces of its own choosing: its first byte alone,
// a byte at a time, each in a packet and a TLS record of its own, with a pause
// where it gains most. None of that gives it more time than the read timeout,
// counted from the first byte.
func TestPiecesOfARequestGiveNoMoreTime(t *testing.T) {
	const limit, every = 2 * time.Second, 100 * time.Millisecond
	const pause = limit * 8 / 10 // after the first byte
	for name, c := range map[string]struct {
		secure bool
		before int  // requests on the same connection
		head   bool // sent whole, and only the body in pieces
	}{
		"plain": {}, "plain, second request": {before: 1}, "plain, body": {before: 1, head: true},
		"tls": {secure: true}, "tls, third request": {secure: true, before: 2}, "tls, body": {secure: true, head: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := openWith(t, c.secure, func(c *Config) { c.Timeouts = Timeouts{Read: limit, Idle: time.Minute} })
			conn := w.dial(w.listener.Addr())
			r := bufio.NewReader(conn)
			for range c.before {
				if a, err := w.exchange(conn, r, submitRequest(envelopeFor(t, dayOpen))); err != nil || a.status != 200 {
					t.Fatal(a.status, err)
				}
			}
			request := submitRequest(envelopeFor(t, dayOpen))
			began := wall.Now()
			answered := make(chan []byte, 1)
			go func() {
				b, _ := io.ReadAll(r) // until the node closes; how is all the same
				answered <- b
			}()
			tick := time.NewTicker(pause)
			defer tick.Stop()
			from, to := 0, 1
			if c.head {
				to = strings.Index(request, "\r\n\r\n") + 4
			}
			for i := 0; ; i++ {
				if i == 1 {
					tick.Reset(every)
				}
				_, err := io.WriteString(conn, request[from:to])
				from, to = to, to+1
				select {
				case b := <-answered:
					took := wall.Now().Sub(began)
					if took > limit*3/2 {
						t.Errorf("cut after %s and %d pieces, the limit is %s", took, i, limit)
					}
					if code := wire.ParseProblem(b[max(0, indexJSON(b)):]).Code; len(b) > 0 && code != "truncated_envelope" {
						t.Errorf("answered %q", b)
					}
					return
				case <-tick.C:
				}
				if err != nil {
					b := <-answered
					t.Logf("cannot write any more: %v; %q", err, b)
					answered <- b
				}
			}
		})
	}
}
