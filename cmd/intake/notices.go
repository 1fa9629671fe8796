package main

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/mailer"
	"puntuale/internal/notices"
	"puntuale/internal/postgres/noticejobs"
)

// smtpSettings are those of the notices; without a host none are sent by this
// process, and they wait for one that sends.
type smtpSettings struct {
	Host         string        `help:"Mail server for notices to applicants. Empty: this process sends none."`
	Port         int           `default:"587" help:"Its port."`
	User         string        `help:"Who logs in there; empty: no log-in."`
	PasswordFile string        `type:"path" help:"File whose first line is the password."`
	From         string        `help:"Sender, \"Name <address>\"; needed with a host."`
	TLS          string        `name:"tls" default:"starttls" help:"starttls, tls (from the first byte) or none (a relay on this machine)."`
	CAFile       string        `name:"ca-file" type:"path" help:"Authority of its certificate (PEM); empty: those of the system."`
	Rate         float64       `default:"50" help:"Mails per second of this process, at most 1000."`
	Workers      int           `default:"4" help:"Mails under way at a time, 1 to 100."`
	MaxAge       time.Duration `default:"168h" help:"A receipt older than that is not announced any more, 1h to 2160h."`
}

// mail is what sends notices, nil without a mail server.
type mail struct {
	runner *noticejobs.Runner
	close  func()
}

// portalOf returns the address of the portal: as set, else where the QR code leads.
func (c *WorkCmd) portalOf() (string, error) {
	if c.PortalURL != "" {
		return c.PortalURL, nil
	}
	u, err := url.Parse(c.VerifyURL)
	if err != nil {
		return "", fmt.Errorf("verify-url: %w", err)
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host}).String(), nil
}

// openMail sets up notices, with connections of their own.
func (w *worker) openMail(ctx context.Context, k *workKeys) (err error) {
	s := &w.cmd.SMTP
	if s.Host == "" {
		w.log.Info("no smtp-host: this process sends no notices")
		return nil
	}
	sender, err := mailer.New(mailer.Config{
		Host: s.Host, Port: s.Port, User: s.User, PasswordFile: s.PasswordFile, From: s.From, TLS: mailer.TLS(s.TLS),
		CAFile: s.CAFile, Connections: s.Workers, Clock: clock.System{},
	})
	if err != nil {
		return err
	}
	db, err := noticejobs.Open(ctx, w.cmd.DatabaseURL)
	if err != nil {
		return fmt.Errorf("database-url: %w", err)
	}
	w.mail = &mail{close: func() { sender.Close(); db.Close() }} // closed by close, also after an error below
	portal, err := w.cmd.portalOf()
	if err != nil {
		return err
	}
	body := w.cmd.Body
	if body == "" {
		body = k.seal.Subject()
	}
	courier, err := notices.New(notices.Config{
		Store: db, Letters: db, Sender: sender, Clock: clock.System{}, Log: w.log, Metrics: notices.NewMetrics(w.registry),
		CalendarKey: k.calendar, Body: body, PortalURL: portal, PerSecond: s.Rate, MaxAge: s.MaxAge,
	})
	if err != nil {
		return err
	}
	w.mail.runner, err = noticejobs.New(noticejobs.Config{DB: db, Courier: courier, Log: w.log, Workers: s.Workers})
	return err
}
