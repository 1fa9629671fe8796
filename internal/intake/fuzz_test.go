package intake

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// FuzzRequestFraming holds what we take to be one exact request against another
// parser: it must read the same method, target and body from the same bytes, and
// nothing must be left. What two parsers read in two ways can be smuggled.
func FuzzRequestFraming(f *testing.F) {
	env := []byte("a body that stands for an envelope")
	for _, c := range framingCases(env) {
		f.Add([]byte(c.request))
	}
	f.Add([]byte(requests{string(env), "Content-Length: 34\r\n"}.with("x", "x")))
	f.Add([]byte(get("/v1/time?nonce=0123456789abcdef0123456789abcdef", "")))
	f.Add([]byte("GET /v1/calendar HTTP/1.1\r\nhOST:x\r\nConnection:close\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		in := &countingReader{r: bytes.NewReader(raw)}
		var r fasthttp.Request
		if err := r.ReadLimitBody(bufio.NewReaderSize(in, headerMax), wire.EnvelopeMax); err != nil {
			return
		}
		if _, code := checkFraming(&r, in.n); code != "" {
			return
		}
		theirs, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			t.Fatalf("taken by us, refused by net/http: %v\n%q", err, raw)
		}
		body, err := io.ReadAll(theirs.Body)
		if err != nil || !bytes.Equal(body, r.Body()) || theirs.Method != string(r.Header.Method()) ||
			theirs.RequestURI != string(r.Header.RequestURI()) || theirs.Host != string(r.Header.Host()) || len(theirs.TransferEncoding) > 0 {
			t.Fatalf("read in two ways: %v\nours:   %s %s %q\ntheirs: %s %s %q\n%q", err,
				r.Header.Method(), r.Header.RequestURI(), r.Body(), theirs.Method, theirs.RequestURI, body, raw)
		}
	})
}

type countingReader struct {
	r io.Reader
	n int
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += n
	return n, err
}

// FuzzServer sends bytes to the whole handler: nothing panics, every answer is
// an acknowledgement, a documented answer or a problem with a known code.
func FuzzServer(f *testing.F) {
	metrics := NewMetrics(prometheus.NewRegistry())
	s, close := fuzzServer(f, metrics)
	f.Cleanup(close)
	env := bytes.Repeat([]byte("PEN1"), 100)
	for _, c := range framingCases(env) {
		f.Add([]byte(c.request))
	}
	f.Add([]byte(warmRequest(ticketWith(macKey, nil))))
	f.Fuzz(func(t *testing.T, raw []byte) {
		answers := &memConn{in: bytes.NewReader(raw)}
		conn := &plainConn{counted{Conn: answers, door: s.doors[0]}}
		if err := s.http.ServeConn(conn); err != nil {
			t.Log(err)
		}
		if n := valueOf(t, metrics.Panics); n != 0 {
			t.Fatalf("panic on %q", raw)
		}
		answers.check(t)
	})
}

// FuzzCalendarPut gives bytes to the private calendar push: only what we have
// signed, and newer, is taken.
func FuzzCalendarPut(f *testing.F) {
	public := calendarKey.Public().(ed25519.PublicKey)
	good, err := wire.SealCalendar(&clickday.Calendar{Version: 7, IssuedAt: 1, Days: testDays()}, calendarKey)
	if err != nil {
		f.Fatal(err)
	}
	older, err := wire.SealCalendar(&clickday.Calendar{Version: 3, IssuedAt: 1, Days: testDays()[:1]}, calendarKey)
	if err != nil {
		f.Fatal(err)
	}
	newer, err := wire.SealCalendar(&clickday.Calendar{Version: 8, IssuedAt: 1}, calendarKey)
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range [][]byte{good, older, newer, nil, good[:71], append(bytes.Clone(good), 0), bytes.Repeat([]byte{0xff}, wire.CalendarMax+1)} {
		f.Add(b)
	}
	c, err := OpenCalendar(filepath.Join(f.TempDir(), "calendar.bin"), public)
	if err != nil {
		f.Fatal(err)
	}
	if _, err := c.Put(good); err != nil {
		f.Fatal(err)
	}
	push := c.Pusher(slog.New(slog.DiscardHandler))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := c.Current()
		res := httptest.NewRecorder()
		push.ServeHTTP(res, httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/calendar", bytes.NewReader(b)))
		ours := bytes.Equal(b, good) || bytes.Equal(b, newer) || bytes.Equal(b, older)
		switch {
		case res.Code == http.StatusOK && !ours:
			t.Fatalf("taken: %x", b)
		case res.Code != http.StatusOK && c.Current() != before:
			t.Fatalf("refused with %d and yet in force", res.Code)
		case res.Code >= 500:
			t.Fatalf("%d: %s", res.Code, res.Body)
		}
	})
}
