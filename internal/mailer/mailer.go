// Package mailer sends messages through one mail server by SMTP, over
// connections that it keeps for a while, and tells apart what can go wrong
// (package notices, Failure).
package mailer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"os"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"puntuale/internal/clock"
	"puntuale/internal/notices"
)

// TLS says how the connection is protected.
type TLS string

const (
	StartTLS TLS = "starttls" // plain first, then STARTTLS or nothing at all
	Implicit TLS = "tls"      // from the first byte
	None     TLS = "none"     // for a relay on the same machine
)

// Config is what a Mailer needs.
type Config struct {
	Host         string
	Port         int
	User         string // empty: no log-in
	PasswordFile string // first line; needed with User
	From         string // address, with or without a name
	TLS          TLS
	CAFile       string        // PEM of a private authority; empty: the system's
	Timeout      time.Duration // of each exchange; 0 is 30 s
	Connections  int           // kept at most; 0 is 4
	Clock        clock.Clock
}

const (
	keepFor  = 20 * time.Second // idle connections; servers close them after a minute or more
	keepUses = 100              // messages through one connection
)

// Mailer sends. It is safe for concurrent use; Close it.
type Mailer struct {
	client *gomail.Client
	from   *mail.Address
	clock  clock.Clock
	idle   chan *link
}

// link is an open connection.
type link struct {
	conn  *smtp.Client
	since time.Time // last use
	uses  int
}

var _ notices.Sender = (*Mailer)(nil)

// New checks the configuration and reads the password; it does not connect.
// Errors name the setting.
func New(c Config) (*Mailer, error) {
	from, err := mail.ParseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("smtp-from: %q is not an e-mail address", c.From)
	}
	if _, err := notices.Address(from.Address); err != nil {
		return nil, fmt.Errorf("smtp-from: %q is not an e-mail address in ASCII with a domain", c.From)
	}
	if c.Host == "" {
		return nil, errors.New("smtp-host: want the name of the mail server")
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Connections == 0 {
		c.Connections = 4
	}
	opts, err := options(&c)
	if err != nil {
		return nil, err
	}
	client, err := gomail.NewClient(c.Host, opts...)
	if err != nil {
		return nil, fmt.Errorf("smtp-host: %w", err)
	}
	return &Mailer{client: client, from: from, clock: c.Clock, idle: make(chan *link, c.Connections)}, nil
}

func options(c *Config) ([]gomail.Option, error) {
	if c.Port < 1 || c.Port > 65535 {
		return nil, fmt.Errorf("smtp-port: %d: want 1 to 65535", c.Port)
	}
	opts := []gomail.Option{gomail.WithPort(c.Port), gomail.WithTimeout(c.Timeout), gomail.WithoutSMTPUTF8()}
	switch c.TLS {
	case StartTLS:
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case Implicit:
		opts = append(opts, gomail.WithSSL())
	case None:
		opts = append(opts, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return nil, fmt.Errorf("smtp-tls: %q: want starttls, tls or none", c.TLS)
	}
	roots, err := authority(c)
	if err != nil {
		return nil, err
	}
	opts = append(opts, gomail.WithTLSConfig(&tls.Config{ServerName: c.Host, RootCAs: roots, MinVersion: tls.VersionTLS12}))
	if c.User == "" {
		return opts, nil
	}
	return login(c, opts)
}

// authority returns nil for the system's.
func authority(c *Config) (*x509.CertPool, error) {
	if c.CAFile == "" {
		return nil, nil
	}
	b, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("smtp-ca-file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("smtp-ca-file: %s holds no certificate", c.CAFile)
	}
	return pool, nil
}

func login(c *Config, opts []gomail.Option) ([]gomail.Option, error) {
	b, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return nil, fmt.Errorf("smtp-password-file: %w", err)
	}
	password, _, _ := strings.Cut(string(b), "\n")
	auth := gomail.SMTPAuthPlain
	if c.TLS == None {
		auth = gomail.SMTPAuthPlainNoEnc
	}
	return append(opts, gomail.WithSMTPAuth(auth), gomail.WithUsername(c.User), gomail.WithPassword(strings.TrimRight(password, "\r"))), nil
}

// Close closes the connections that are kept.
func (m *Mailer) Close() {
	for {
		select {
		case l := <-m.idle:
			m.client.CloseWithSMTPClient(l.conn) // says QUIT; a dead one needs none
		default:
			return
		}
	}
}

// Send implements notices.Sender. A message that was accepted is sent even when
// the connection breaks right after.
func (m *Mailer) Send(ctx context.Context, n *notices.Message) error {
	msg, err := m.message(n)
	if err != nil {
		return &notices.Failure{Kind: notices.Permanent, Result: err.Error()}
	}
	l, err := m.take(ctx)
	if err != nil {
		return &notices.Failure{Kind: notices.Unreachable, Result: oneLine(err)}
	}
	err = m.client.SendWithSMTPClient(l.conn, msg)
	l.uses++
	if err == nil {
		m.give(l)
		return nil
	}
	m.client.CloseWithSMTPClient(l.conn) // after an error a fresh one is surer
	if msg.IsDelivered() {
		return nil
	}
	return classify(err)
}

func (m *Mailer) message(n *notices.Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(m.from)
	if err := msg.To(n.To); err != nil {
		return nil, notices.ErrAddress
	}
	msg.Subject(n.Subject)
	msg.SetMessageIDWithValue(n.ID)
	msg.SetDateWithValue(n.Date)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	lang := n.Lang
	if lang == "" {
		lang = "it, en"
	}
	msg.SetGenHeader(gomail.HeaderContentLang, lang)
	msg.SetBodyString(gomail.TypeTextPlain, n.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, n.HTML)
	return msg, nil
}

// take returns a connection that was used a moment ago, or a new one.
func (m *Mailer) take(ctx context.Context) (*link, error) {
	for {
		select {
		case l := <-m.idle:
			if m.clock.Now().Sub(l.since) < keepFor && l.uses < keepUses && l.conn.Noop() == nil {
				return l, nil
			}
			m.client.CloseWithSMTPClient(l.conn)
		default:
			conn, err := m.client.DialToSMTPClientWithContext(ctx)
			if err != nil {
				return nil, err
			}
			return &link{conn: conn}, nil
		}
	}
}

func (m *Mailer) give(l *link) {
	l.since = m.clock.Now()
	select {
	case m.idle <- l:
	default:
		m.client.CloseWithSMTPClient(l.conn)
	}
}

// classify says what an error of go-mail means for the message.
func classify(err error) *notices.Failure {
	var e *gomail.SendError
	if !errors.As(err, &e) {
		return &notices.Failure{Kind: notices.Unreachable, Result: oneLine(err)}
	}
	code := e.ErrorCode()
	f := &notices.Failure{Kind: notices.Unreachable, Result: shortened(err)}
	switch e.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose, gomail.ErrWriteContent:
		switch {
		case code == 421: // the server is going away
		case code >= 500:
			f.Kind = notices.Permanent
		case code >= 400:
			f.Kind = notices.Temporary
		case e.Reason == gomail.ErrSMTPDataClose:
			f.Kind = notices.Unknown // the message was out, no answer came
		}
	case gomail.ErrGetRcpts:
		f.Kind = notices.Permanent
	}
	return f
}

// shortened leaves out what go-mail adds about the message, which we know.
func shortened(err error) string {
	s, _, _ := strings.Cut(oneLine(err), ", affected recipient(s):")
	s, _, _ = strings.Cut(s, ", affected message ID:")
	return s
}

// maxResult is what the help desk gets to see of an answer, in bytes.
const maxResult = 300

// oneLine shortens an error; addresses of our own network stay out of it.
func oneLine(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	s := strings.Join(strings.Fields(strings.ToValidUTF8(err.Error(), "?")), " ")
	if len(s) > maxResult {
		s = strings.ToValidUTF8(s[:maxResult], "") + "…"
	}
	return s
}
