package link

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/timing"
	"puntuale/internal/clock"
	"puntuale/internal/wire"
)

func public(t *testing.T) ed25519.PublicKey {
	t.Helper()
	p, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestNodeAddresses(t *testing.T) {
	key := public(t)
	for _, c := range []struct {
		url, addr string
		tls       bool
	}{
		{"https://intake.example.it", "intake.example.it:443", true},
		{"https://intake.example.it:8443", "intake.example.it:8443", true},
		{"http://127.0.0.1:8080", "127.0.0.1:8080", false},
		{"http://[::1]:8080", "[::1]:8080", false},
	} {
		n, err := NewNode(1, c.url, "", key)
		if err != nil || n.Addr != c.addr || (n.TLS != nil) != c.tls {
			t.Errorf("%s: %+v %v", c.url, n, err)
		}
	}
	for _, bad := range []string{"http://intake.example.it", "ftp://127.0.0.1", "", "intake:8443", "http://127.0.0.1.example.it"} {
		if _, err := NewNode(1, bad, "", key); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if _, err := NewNode(1, "https://x", "not a certificate", key); err == nil {
		t.Error("took an unreadable authority")
	}
	if _, err := NewNode(1, "https://x", "", key[:31]); err == nil {
		t.Error("took a short key")
	}
}

// connect returns a connection over a pipe, with the server's end.
func connect(t *testing.T) (*Conn, net.Conn) {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { near.Close(); far.Close() })
	n := Node{ID: 1, Host: "intake.example.it", Public: public(t)}
	return &Conn{node: n, base: timing.NewBase(clock.System{}), net: near, r: bufio.NewReader(near)}, far
}

// TestOneWrite: a pipe hands over exactly what one Write call was given, so the
// first read has to be the whole request.
func TestOneWrite(t *testing.T) {
	c, far := connect(t)
	envelope := bytes.Repeat([]byte{7}, 1200)
	got := make(chan []byte, 1)
	go func() {
		b := make([]byte, 4096)
		n, err := far.Read(b)
		if err != nil {
			t.Error(err)
		}
		got <- b[:n]
		io.WriteString(far, "HTTP/1.1 200 OK\r\nContent-Type: x/y\r\nContent-Length: 3\r\nRetry-After: 2\r\nConnection: close\r\n\r\nack")
	}()
	a, err := c.Submit(context.Background(), envelope)
	if err != nil || a.Status != 200 || string(a.Body) != "ack" || a.Type != "x/y" || a.RetryAfter != 2*time.Second || !a.Last {
		t.Fatalf("%+v %v", a, err)
	}
	request := <-got
	if overhead := len(request) - len(envelope); overhead > 160 {
		t.Errorf("%d bytes around the envelope", overhead)
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(request)))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || !bytes.Equal(body, envelope) || r.Method != "POST" || r.URL.Path != wire.PathSubmit ||
		r.Host != "intake.example.it" || r.Header.Get("Content-Type") != wire.TypeEnvelope || len(r.TransferEncoding) != 0 {
		t.Fatalf("%v %v", r, err)
	}
}

func TestCancelledWhileWaiting(t *testing.T) {
	c, far := connect(t)
	go io.Copy(io.Discard, far)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Status(ctx, clickday.SubmissionID{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("err %v", err)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for name, answer := range map[string]string{
		"cut":       "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
		"garbage":   "SSH-2.0-x\r\n\r\n",
		"endless":   "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", bodyMax+10),
		"no header": "",
	} {
		c, far := connect(t)
		go func() {
			b := make([]byte, 4096)
			if _, err := far.Read(b); err != nil {
				t.Error(err)
			}
			io.WriteString(far, answer)
			far.Close()
		}()
		if a, err := c.Submit(context.Background(), []byte("e")); err == nil {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

func TestAForgedTimeIsRefused(t *testing.T) {
	c, far := connect(t)
	_, other, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		r, err := http.ReadRequest(bufio.NewReader(far))
		if err != nil || len(r.URL.Query().Get("nonce")) != 2*wire.NonceSize {
			t.Error(err)
		}
		b := wire.SealTime(&wire.TimeAnswer{ReceivedAt: 1, SentAt: 2, Node: 1}, other)
		(&http.Response{StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(b)), Body: io.NopCloser(bytes.NewReader(b))}).Write(far)
	}()
	if _, _, err := c.Time(context.Background()); !errors.Is(err, &wire.Error{Code: clickday.CodeSignature}) {
		t.Fatalf("err %v", err)
	}
}
