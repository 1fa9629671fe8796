// Package smtpsink is a mail server that keeps what it is given instead of
// delivering it: in memory for tests, in a directory for the page /dev/mail of
// the demo. It can be told to refuse, to stall, or to drop the connection before
// or after it has kept a message.
package smtpsink

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Mail is one message that was kept.
type Mail struct {
	From, To string
	Data     []byte // as received, CRLF
}

// Step is where a sink may misbehave.
type Step int

const (
	Connect Step = iota // before the greeting
	From
	Rcpt
	Body // the message has come in, nothing is kept or answered yet
	Kept // the message is kept, nothing is answered yet
)

// ErrDrop makes the sink close the connection without an answer.
var ErrDrop = errors.New("smtpsink: drop")

// Refuse is an answer of a mail server, 4xx or 5xx.
func Refuse(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: text}
}

// Options of a sink.
type Options struct {
	Addr string // "127.0.0.1:0" when empty
	Dir  string // where to keep messages as files as well; "" for nowhere
	// Behave is asked at every step, for one recipient from Rcpt on. It may
	// block. nil goes on, ErrDrop closes the connection, anything else is
	// answered. It must be safe for concurrent use.
	Behave   func(s Step, to string) error
	TLS      *tls.Config // offers STARTTLS
	User     string      // when set, wants AUTH PLAIN
	Password string
}

// Sink is a running server.
type Sink struct {
	opts   Options
	server *smtp.Server
	listen net.Listener
	done   chan struct{}

	mu    sync.Mutex
	mails []Mail
}

// maxMessage is more than any notice.
const maxMessage = 1 << 20

// Start listens and serves until Stop.
func Start(o Options) (*Sink, error) {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("smtpsink: %w", err)
	}
	s := &Sink{opts: o, listen: l, done: make(chan struct{})}
	s.server = smtp.NewServer(smtp.BackendFunc(s.session))
	s.server.Domain, s.server.MaxMessageBytes, s.server.MaxRecipients = "sink.example", maxMessage, 1
	s.server.ReadTimeout, s.server.WriteTimeout = time.Minute, time.Minute
	s.server.TLSConfig, s.server.AllowInsecureAuth = o.TLS, o.TLS == nil
	s.server.ErrorLog = log.New(io.Discard, "", 0)
	go func() {
		defer close(s.done)
		s.server.Serve(l) // ends with Stop
	}()
	return s, nil
}

// Addr returns host and port.
func (s *Sink) Addr() string { return s.listen.Addr().String() }

// Stop closes every connection; what was kept stays readable.
func (s *Sink) Stop() {
	s.server.Close()
	s.listen.Close() // the server may not know of it yet
	<-s.done
}

// Mails returns what was kept, in order.
func (s *Sink) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

func (s *Sink) session(c *smtp.Conn) (smtp.Session, error) {
	n := &session{sink: s, conn: c, known: s.opts.User == ""}
	if err := n.step(Connect); err != nil {
		return nil, err
	}
	return n, nil
}

// session is one connection.
type session struct {
	sink     *Sink
	conn     *smtp.Conn
	known    bool
	from, to string
}

func (n *session) step(s Step) error {
	if n.sink.opts.Behave == nil {
		return nil
	}
	err := n.sink.opts.Behave(s, n.to)
	if errors.Is(err, ErrDrop) {
		n.conn.Conn().Close()
		return smtp.ErrServerClosed // goes nowhere: there is no connection
	}
	return err
}

// AuthMechanisms implements smtp.AuthSession.
func (n *session) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth implements smtp.AuthSession.
func (n *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != n.sink.opts.User || password != n.sink.opts.Password {
			return smtp.ErrAuthFailed
		}
		n.known = true
		return nil
	}), nil
}

// Mail implements smtp.Session.
func (n *session) Mail(from string, _ *smtp.MailOptions) error {
	if !n.known {
		return smtp.ErrAuthRequired
	}
	n.from = from
	return n.step(From)
}

// Rcpt implements smtp.Session.
func (n *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	n.to = to
	return n.step(Rcpt)
}

// Data implements smtp.Session.
func (n *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := n.step(Body); err != nil {
		return err
	}
	if err := n.sink.keep(Mail{n.from, n.to, data}); err != nil {
		return err
	}
	return n.step(Kept)
}

// Reset implements smtp.Session.
func (n *session) Reset() { n.from, n.to = "", "" }

// Logout implements smtp.Session.
func (n *session) Logout() error { return nil }

// keep stores a message; files are named by order and content.
func (s *Sink) keep(m Mail) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, m)
	if s.opts.Dir == "" {
		return nil
	}
	if err := os.MkdirAll(s.opts.Dir, 0o700); err != nil {
		return err
	}
	sum := sha256.Sum256(m.Data)
	name := fmt.Sprintf("%08d-%s.eml", len(s.mails), hex.EncodeToString(sum[:8]))
	return os.WriteFile(filepath.Join(s.opts.Dir, name), m.Data, 0o600)
}
