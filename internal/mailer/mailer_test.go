package mailer_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/keys"
	"puntuale/internal/mailer"
	"puntuale/internal/notices"
	"puntuale/internal/smtpsink"
)

func sink(t *testing.T, o smtpsink.Options) *smtpsink.Sink {
	t.Helper()
	s, err := smtpsink.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func config(t *testing.T, addr string) mailer.Config {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return mailer.Config{Host: host, Port: n, From: `"Città di Trento" <no-reply@example.it>`, TLS: mailer.None, Clock: clock.System{}, Timeout: 10 * time.Second}
}

func open(t *testing.T, c mailer.Config) *mailer.Mailer {
	t.Helper()
	m, err := mailer.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func message() *notices.Message {
	return &notices.Message{
		To: "anna@example.it", Subject: "È pronta\r\nBcc: spy@example.it", Text: "perché\n.\nÐức", HTML: "<p>perché</p>",
		ID: "1@example.it", Date: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC),
	}
}

func kindOf(err error) any {
	var f *notices.Failure
	if err == nil {
		return nil
	}
	if !errors.As(err, &f) {
		return err
	}
	return f.Kind
}

// TestWhatWentWrong: every way a server can fail us, and what it means. kept
// says whether the message was delivered all the same.
func TestWhatWentWrong(t *testing.T) {
	at := func(step smtpsink.Step, err error) func(smtpsink.Step, string) error {
		return func(s smtpsink.Step, _ string) error {
			if s == step {
				return err
			}
			return nil
		}
	}
	for _, c := range []struct {
		name   string
		behave func(smtpsink.Step, string) error
		want   any
		kept   int
	}{
		{"good", nil, nil, 1},
		{"refused at the greeting", at(smtpsink.Connect, smtpsink.Refuse(554, "go away")), notices.Unreachable, 0},
		{"dropped at the greeting", at(smtpsink.Connect, smtpsink.ErrDrop), notices.Unreachable, 0},
		{"sender refused", at(smtpsink.From, smtpsink.Refuse(550, "who are you")), notices.Unreachable, 0},
		{"no such mailbox", at(smtpsink.Rcpt, smtpsink.Refuse(550, "unknown")), notices.Permanent, 0},
		{"greylisted", at(smtpsink.Rcpt, smtpsink.Refuse(451, "later")), notices.Temporary, 0},
		{"server goes away", at(smtpsink.Rcpt, smtpsink.Refuse(421, "bye")), notices.Unreachable, 0},
		{"dropped at the recipient", at(smtpsink.Rcpt, smtpsink.ErrDrop), notices.Unreachable, 0},
		{"content refused", at(smtpsink.Body, smtpsink.Refuse(554, "spam")), notices.Permanent, 0},
		{"content put off", at(smtpsink.Body, smtpsink.Refuse(452, "full")), notices.Temporary, 0},
		{"failed, not applied", at(smtpsink.Body, smtpsink.ErrDrop), notices.Unknown, 0},
		{"failed, but applied", at(smtpsink.Kept, smtpsink.ErrDrop), notices.Unknown, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := sink(t, smtpsink.Options{Behave: c.behave})
			err := open(t, config(t, s.Addr())).Send(t.Context(), message())
			if got := kindOf(err); got != c.want {
				t.Errorf("have %v (%v), want %v", got, err, c.want)
			}
			if n := len(s.Mails()); n != c.kept {
				t.Errorf("%d kept, want %d", n, c.kept)
			}
		})
	}
}

// TestSlowServer: a server that never answers costs the timeout, not for ever.
func TestSlowServer(t *testing.T) {
	release := make(chan struct{})
	s := sink(t, smtpsink.Options{Behave: func(st smtpsink.Step, _ string) error {
		if st == smtpsink.Kept {
			<-release
		}
		return nil
	}})
	t.Cleanup(func() { close(release) }) // before the sink stops
	c := config(t, s.Addr())
	c.Timeout = time.Second
	if got := kindOf(open(t, c).Send(t.Context(), message())); got != notices.Unknown {
		t.Errorf("have %v", got)
	}
}

// TestRestartedServer: connections that are kept may be dead.
func TestRestartedServer(t *testing.T) {
	first := sink(t, smtpsink.Options{})
	m := open(t, config(t, first.Addr()))
	for range 3 {
		if err := m.Send(t.Context(), message()); err != nil {
			t.Fatal(err)
		}
	}
	first.Stop()
	if got := kindOf(m.Send(t.Context(), message())); got != notices.Unreachable {
		t.Errorf("have %v", got)
	}
	second := sink(t, smtpsink.Options{Addr: first.Addr()})
	if err := m.Send(t.Context(), message()); err != nil {
		t.Error(err)
	}
	if len(first.Mails()) != 3 || len(second.Mails()) != 1 {
		t.Error(len(first.Mails()), len(second.Mails()))
	}
}

// TestHeadersCannotBeInjected: line ends in names stay within their header.
func TestHeadersCannotBeInjected(t *testing.T) {
	s := sink(t, smtpsink.Options{})
	m := open(t, config(t, s.Addr()))
	if err := m.Send(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(s.Mails()[0].Data), "\r\n\r\n")
	for line := range strings.SplitSeq(head, "\r\n") {
		if strings.HasPrefix(strings.ToLower(line), "bcc") {
			t.Error(head)
		}
	}
	for _, to := range []string{"a@example.it\r\nRCPT TO:<x@example.it>", "a@example.it,b@example.it", "Anna <a@example.it"} {
		bad := message()
		bad.To = to
		if got := kindOf(m.Send(t.Context(), bad)); got != notices.Permanent {
			t.Errorf("%q: %v", to, got)
		}
	}
	if len(s.Mails()) != 1 || s.Mails()[0].To != "anna@example.it" {
		t.Errorf("%d mails", len(s.Mails()))
	}
}

// TestProtectedServer: STARTTLS with a log-in; a server without it, a certificate
// that nobody vouches for and a wrong password get no message.
func TestProtectedServer(t *testing.T) {
	dir := t.TempDir()
	if err := keys.InitTLS(clock.System{}, dir, "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	s := sink(t, smtpsink.Options{TLS: &tls.Config{Certificates: []tls.Certificate{pair}}, User: "puntuale", Password: "segreta"})
	c := config(t, s.Addr())
	c.TLS, c.User, c.PasswordFile, c.CAFile = mailer.StartTLS, "puntuale", filepath.Join(dir, "password"), filepath.Join(dir, "ca.crt")
	if err := os.WriteFile(c.PasswordFile, []byte("segreta\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(t, c).Send(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
	unknown := c
	unknown.CAFile = ""
	wrong := c
	wrong.PasswordFile = filepath.Join(dir, "ca.crt")
	plain := config(t, sink(t, smtpsink.Options{}).Addr())
	plain.TLS = mailer.StartTLS
	for name, c := range map[string]mailer.Config{"unknown authority": unknown, "wrong password": wrong, "no STARTTLS": plain} {
		err := open(t, c).Send(t.Context(), message())
		if got := kindOf(err); got != notices.Unreachable || strings.Contains(err.Error(), "segreta") {
			t.Errorf("%s: %v (%v)", name, got, err)
		}
	}
	if n := len(s.Mails()); n != 1 {
		t.Errorf("%d mails", n)
	}
}

func TestSettingsAreNamed(t *testing.T) {
	good := config(t, "127.0.0.1:25")
	for name, change := range map[string]func(*mailer.Config){
		"smtp-from":          func(c *mailer.Config) { c.From = "ente" },
		"smtp-port":          func(c *mailer.Config) { c.Port = 0 },
		"smtp-tls":           func(c *mailer.Config) { c.TLS = "ssl3" },
		"smtp-password-file": func(c *mailer.Config) { c.User = "x" },
		"smtp-ca-file":       func(c *mailer.Config) { c.CAFile = "/nowhere" },
		"smtp-host":          func(c *mailer.Config) { c.Host = "" },
	} {
		c := good
		change(&c)
		if _, err := mailer.New(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSendEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := kindOf(open(t, config(t, sink(t, smtpsink.Options{}).Addr())).Send(ctx, message())); got != notices.Unreachable {
		t.Errorf("have %v", got)
	}
}
