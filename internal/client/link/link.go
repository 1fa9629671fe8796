// Package link is one connection to an intake node: TLS, HTTP/1.1 kept small on
// purpose, one request at a time, each request in one write and, for nearly
// every application, in one packet, because the packet with the last byte is
// the arrival.
package link

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/sending"
	"puntuale/internal/client/timing"
	"puntuale/internal/wire"
)

// bodyMax is the largest answer that is read: a signed calendar.
const bodyMax = wire.CalendarMax

// exchangeTimeout is how long one request may take before the connection is
// given up and the request counts as "answer lost".
const exchangeTimeout = 10 * time.Second

// Node is where to connect, and whom to believe there.
type Node struct {
	ID     clickday.NodeID
	Addr   string // host:port
	Host   string // Host header
	Public ed25519.PublicKey
	TLS    *tls.Config // nil: plain, only on loopback
	Warm   *Node       // its ticketed address, nil for none
	Proxy  *url.URL    // HTTP proxy to go through, nil for none
}

// NewNode reads a node's address. Plain http is taken on loopback only. An
// empty caPEM means the system's authorities.
func NewNode(id clickday.NodeID, rawURL, caPEM string, public ed25519.PublicKey) (Node, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return Node{}, fmt.Errorf("intake node %d: %w", id, err)
	}
	if len(public) != ed25519.PublicKeySize {
		return Node{}, fmt.Errorf("intake node %d: public key of %d bytes", id, len(public))
	}
	n := Node{ID: id, Addr: u.Host, Host: u.Host, Public: public}
	switch {
	case u.Scheme == "https":
		n.TLS, err = tlsConfig(u.Hostname(), caPEM)
	case u.Scheme == "http" && IsLoopback(u.Hostname()):
	default:
		err = fmt.Errorf("address %q: want https", rawURL)
	}
	if err != nil {
		return Node{}, fmt.Errorf("intake node %d: %w", id, err)
	}
	if u.Port() == "" {
		n.Addr = net.JoinHostPort(u.Hostname(), map[string]string{"https": "443", "http": "80"}[u.Scheme])
	}
	return n, nil
}

// IsLoopback reports whether a host name can only be this computer.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func tlsConfig(host, caPEM string) (*tls.Config, error) {
	c := &tls.Config{
		ServerName: host, MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"},
		ClientSessionCache: tls.NewLRUClientSessionCache(0), // a handshake around the opening costs the node less
	}
	if caPEM != "" {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(caPEM)) {
			return nil, errors.New("the certificate authority in the portal's configuration is not readable")
		}
	}
	return c, nil
}

// Conn is one warm connection. Its methods must not be called concurrently.
type Conn struct {
	node Node
	base *timing.Base
	net  net.Conn
	r    *bufio.Reader
}

// Dial connects and shakes hands.
func Dial(ctx context.Context, n Node, base *timing.Base) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	c, err := dialNet(ctx, &n, &net.Dialer{})
	if err == nil && n.TLS != nil {
		c, err = handshake(ctx, c, n.TLS)
	}
	if err != nil {
		return nil, fmt.Errorf("intake node %d: %w", n.ID, err)
	}
	return &Conn{node: n, base: base, net: c, r: bufio.NewReaderSize(c, 4096)}, nil
}

func handshake(ctx context.Context, c net.Conn, config *tls.Config) (net.Conn, error) {
	t := tls.Client(c, config)
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return t, nil
}

// Close drops the connection.
func (c *Conn) Close() error { return c.net.Close() }

// SubmitRequest returns the whole request for an envelope, ready to be written
// at once: five short header lines and the envelope.
func SubmitRequest(host string, envelope []byte) []byte {
	b := make([]byte, 0, 160+len(envelope))
	b = append(b, "POST "+wire.PathSubmit+" HTTP/1.1\r\nHost: "+host...)
	b = append(b, "\r\nContent-Type: "+wire.TypeEnvelope...)
	b = append(b, "\r\nContent-Length: "+strconv.Itoa(len(envelope))+"\r\n\r\n"...)
	return append(b, envelope...)
}

// Submit sends an envelope. An error means that it is not known what became of it.
func (c *Conn) Submit(ctx context.Context, envelope []byte) (sending.Answer, error) {
	return c.exchange(ctx, http.MethodPost, SubmitRequest(c.node.Host, envelope))
}

// Status asks for the acknowledgement of a submission.
func (c *Conn) Status(ctx context.Context, id clickday.SubmissionID) (sending.Answer, error) {
	return c.get(ctx, wire.PathSubmit+"/"+id.String())
}

// Calendar returns the signed calendar that the node obeys.
func (c *Conn) Calendar(ctx context.Context) ([]byte, error) {
	a, err := c.get(ctx, wire.PathCalendar)
	if err == nil && a.Status != http.StatusOK {
		err = fmt.Errorf("intake node %d: calendar: status %d", c.node.ID, a.Status)
	}
	return a.Body, err
}

// Time exchanges the time once and checks the node's signature.
func (c *Conn) Time(ctx context.Context) (timing.Sample, wire.TimeAnswer, error) {
	var nonce [wire.NonceSize]byte
	rand.Read(nonce[:])
	s := timing.Sample{Sent: c.base.Now()}
	a, err := c.get(ctx, wire.PathTime+"?nonce="+hex.EncodeToString(nonce[:]))
	s.Received = c.base.Now()
	if err != nil {
		return s, wire.TimeAnswer{}, err
	}
	if a.Status != http.StatusOK {
		return s, wire.TimeAnswer{}, fmt.Errorf("intake node %d: time: status %d", c.node.ID, a.Status)
	}
	t, err := wire.OpenTime(a.Body, nonce, c.node.Public)
	if err != nil {
		return s, t, fmt.Errorf("intake node %d: %w", c.node.ID, err)
	}
	s.NodeReceived, s.NodeSent, s.NodeBound = t.ReceivedAt, t.SentAt, t.Bound
	return s, t, nil
}

func (c *Conn) get(ctx context.Context, path string) (sending.Answer, error) {
	return c.exchange(ctx, http.MethodGet, []byte("GET "+path+" HTTP/1.1\r\nHost: "+c.node.Host+"\r\n\r\n"))
}

// exchange writes one request with one call and reads the answer. After an
// error the connection is of no further use.
func (c *Conn) exchange(ctx context.Context, method string, request []byte) (sending.Answer, error) {
	if err := c.net.SetDeadline(c.base.At(c.base.Now()).Add(exchangeTimeout)); err != nil {
		return sending.Answer{}, fmt.Errorf("intake node %d: %w", c.node.ID, err)
	}
	stop := context.AfterFunc(ctx, func() { c.net.SetDeadline(time.Unix(1, 0)) }) // unblocks reads and writes
	defer stop()
	if _, err := c.net.Write(request); err != nil {
		return sending.Answer{}, fmt.Errorf("intake node %d: write: %w", c.node.ID, errors.Join(ctx.Err(), err))
	}
	resp, err := http.ReadResponse(c.r, &http.Request{Method: method})
	if err != nil {
		return sending.Answer{}, fmt.Errorf("intake node %d: read: %w", c.node.ID, errors.Join(ctx.Err(), err))
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	if _, err := io.Copy(&body, io.LimitReader(resp.Body, bodyMax+1)); err != nil || body.Len() > bodyMax {
		return sending.Answer{}, fmt.Errorf("intake node %d: read body: %w", c.node.ID, errors.Join(ctx.Err(), err, errBody(body.Len())))
	}
	return sending.Answer{
		Status: resp.StatusCode, Type: resp.Header.Get("Content-Type"), Body: body.Bytes(),
		RetryAfter: retryAfter(resp.Header.Get("Retry-After")), Last: resp.Close,
	}, nil
}

func errBody(n int) error {
	if n > bodyMax {
		return fmt.Errorf("more than %d bytes", bodyMax)
	}
	return nil
}

func retryAfter(s string) time.Duration {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(n) * time.Second
}
