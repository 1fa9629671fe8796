package intake

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// dial opens a connection to the node, with TLS if it speaks it.
func (w *world) dial(addr net.Addr) net.Conn {
	w.t.Helper()
	c, err := net.Dial("tcp", addr.String())
	must(w.t, err)
	w.t.Cleanup(func() { c.Close() })
	must(w.t, c.SetDeadline(wall.Now().Add(30*time.Second)))
	if w.server.cfg.TLS == nil {
		return c
	}
	t := tls.Client(c, &tls.Config{InsecureSkipVerify: true})
	must(w.t, t.Handshake())
	return t
}

// exchange sends bytes and reads one answer.
func (w *world) exchange(c net.Conn, r *bufio.Reader, request string) (answer, error) {
	w.t.Helper()
	if _, err := io.WriteString(c, request); err != nil && !cutOff(err) {
		w.t.Fatal(err)
	}
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		return answer{}, err
	}
	return w.read(res), nil
}

// cutOff reports whether an error only says that the other side has closed.
func cutOff(err error) bool { return err != nil && !errors.Is(err, os.ErrDeadlineExceeded) }

func TestBadFramingIsRefusedByTheListener(t *testing.T) {
	for name, secure := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			w := openWith(t, secure, func(*Config) {})
			env := envelopeFor(t, dayOpen)
			cases := framingCases(env)
			if len(cases) < 60 {
				t.Fatalf("%d cases", len(cases))
			}
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) {
					w.tryFraming(t, &c)
					w.unharmed(c.name)
					if a := w.get(wire.PathCalendar); a.status != 200 {
						t.Fatalf("the next honest request: %d", a.status)
					}
				})
			}
			if n := valueOf(t, w.metrics.Panics); n != 0 {
				t.Fatalf("%v panics", n)
			}
			w.accepted(env)
		})
	}
}

func (w *world) tryFraming(t *testing.T, c *framingCase) {
	t.Helper()
	conn := w.dial(w.listener.Addr())
	r := bufio.NewReader(conn)
	request := c.request
	if c.code == "" || c.code == clickday.CodeTruncated { // the node would wait for more: say that there is none
		_, err := io.WriteString(conn, request)
		must(t, err)
		must(t, conn.(interface{ CloseWrite() error }).CloseWrite())
		request = ""
	}
	a, err := w.exchange(conn, r, request)
	if c.code == "" {
		if !cutOff(err) {
			t.Fatalf("want the connection closed, got %d, %v", a.status, err)
		}
		return
	}
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	expect(t, &a, c.code)
	if !c.stays {
		if b, err := r.ReadByte(); !cutOff(err) {
			t.Fatalf("the connection stays open: %q, %v", b, err)
		}
		return
	}
	if a, err = w.exchange(conn, r, get(wire.PathCalendar, "")); err != nil || a.status != 200 {
		t.Fatalf("the next request on the same connection: %d, %v", a.status, err)
	}
}

func TestConnectionsThatEndEarlyDoNoHarm(t *testing.T) {
	for name, secure := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			w := openWith(t, secure, func(*Config) {})
			env := envelopeFor(t, dayOpen)
			whole := requests{string(env), ""}.post("Content-Length: 5000\r\n", string(env))
			for _, cut := range []int{0, 1, 4, 10, 30, 80, 130, len(whole) - 1, len(whole)} {
				c := w.dial(w.listener.Addr())
				_, err := io.WriteString(c, whole[:cut])
				must(t, err)
				must(t, c.(interface{ CloseWrite() error }).CloseWrite())
				res, err := http.ReadResponse(bufio.NewReader(c), nil)
				if err == nil {
					a := w.read(res)
					expect(t, &a, clickday.CodeTruncated)
				} else if cut > 1 {
					t.Fatalf("cut at %d: %v", cut, err)
				}
				w.unharmed("cut short")
			}
			w.accepted(env)
		})
	}
}
