package intake

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"puntuale/internal/arrival"
	"puntuale/internal/clickday"
	"puntuale/internal/journal"
	"puntuale/internal/wire"
)

// fuzzServer is a server whose handler runs without its listener.
func fuzzServer(f *testing.F, metrics *Metrics) (*Server, func()) {
	dir := f.TempDir()
	j, err := journal.Open(journal.Options{Dir: filepath.Join(dir, "journal"), Node: 7, Key: nodeKey, Clock: wall, SegmentSize: 1 << 20, Reserve: 1})
	if err != nil {
		f.Fatal(err)
	}
	c, err := OpenCalendar(filepath.Join(dir, "calendar.bin"), calendarKey.Public().(ed25519.PublicKey))
	if err != nil {
		f.Fatal(err)
	}
	signed, err := wire.SealCalendar(&clickday.Calendar{Version: 1, IssuedAt: 1, Days: testDays()}, calendarKey)
	if err != nil {
		f.Fatal(err)
	}
	if _, err := c.Put(signed); err != nil {
		f.Fatal(err)
	}
	ln, err := arrival.Listen(context.Background(), "127.0.0.1:0", 0, wall)
	if err != nil {
		f.Fatal(err)
	}
	s, err := New(Config{
		Node: 7, Key: nodeKey, Tickets: tickets, Calendar: c, Journal: j, Listener: ln, Clock: wall,
		Log: slog.New(slog.DiscardHandler), Metrics: metrics,
	})
	if err != nil {
		f.Fatal(err)
	}
	return s, func() {
		s.cut()
		ln.Close()
		if err := j.Close(context.Background()); err != nil {
			f.Error(err)
		}
	}
}

// memConn is a client that has sent everything and reads nothing.
type memConn struct {
	in  *bytes.Reader
	out bytes.Buffer
}

func (c *memConn) Read(b []byte) (int, error)       { return c.in.Read(b) }
func (c *memConn) Write(b []byte) (int, error)      { return c.out.Write(b) }
func (c *memConn) Close() error                     { return nil }
func (c *memConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *memConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *memConn) SetDeadline(time.Time) error      { return nil }
func (c *memConn) SetReadDeadline(time.Time) error  { return nil }
func (c *memConn) SetWriteDeadline(time.Time) error { return nil }

// check reads the answers one after the other.
func (c *memConn) check(t *testing.T) {
	t.Helper()
	in := bufio.NewReader(&c.out)
	for {
		if _, err := in.Peek(1); err != nil {
			return
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("no HTTP: %v", err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			return // the answer to a HEAD has no body
		}
		if res.StatusCode/100 == 2 || len(body) == 0 {
			continue
		}
		p := wire.ParseProblem(body)
		if res.Header.Get("Content-Type") != wire.TypeProblem || p.Status != res.StatusCode || clickday.MeaningOf(p.Code).Status != p.Status || p.Code == clickday.CodeInternal {
			t.Fatalf("%d %s", res.StatusCode, body)
		}
	}
}
