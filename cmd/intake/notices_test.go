package main

import (
	"context"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"puntuale/internal/smtpsink"
)

// smtpOf are the settings for a sink's address.
func smtpOf(t *testing.T, addr string) smtpSettings {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return smtpSettings{Host: host, Port: n, From: "Ente <no-reply@example.it>", TLS: "none", Rate: 50, Workers: 2, MaxAge: time.Hour}
}

// TestWorkTellsTheApplicant: the mail server is down when the receipt is made,
// which nothing waits for; when it comes, the mail goes out, and the protocol
// signature is there.
func TestWorkTellsTheApplicant(t *testing.T) {
	gone, err := smtpsink.Start(smtpsink.Options{})
	if err != nil {
		t.Fatal(err)
	}
	gone.Stop()
	o, c := office(t)
	c.SMTP = smtpOf(t, gone.Addr())
	c.Protocol = bodySettings{IPA: "ente_prova", AOO: "AOO1", ClassName: "Nulla osta", ClassCode: "1.1"}
	account, device := o.Account("anna@example.it")
	first := o.Seal(account, device)
	send(t, o, c.RedisURL, o.Envelope(&first.Ticket, first.Document, device))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	w, err := c.open(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- w.run(ctx) }()
	one := func(sql string) func() bool {
		return func() bool {
			var n int
			return o.DB.Pool.QueryRow(ctx, sql).Scan(&n) == nil && n == 1
		}
	}
	until(t, "the receipt, and a notice that waits", one(`SELECT count(*) FROM receipts JOIN notices USING (submission_id)
		WHERE notices.state = 'handed' AND attempts = 0 AND result <> ''`))
	until(t, "the protocol signature", one("SELECT count(*) FROM segnature WHERE position('ente_prova' in convert_from(xml, 'UTF8')) > 0"))
	sink, err := smtpsink.Start(smtpsink.Options{Addr: gone.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sink.Stop)
	until(t, "the mail", one("SELECT count(*) FROM notices WHERE state = 'sent'"))
	if mails := sink.Mails(); len(mails) != 1 || mails[0].To != "anna@example.it" ||
		!strings.Contains(strings.ReplaceAll(string(mails[0].Data), "=\r\n", ""), "https://portale.example.it/applications/"+first.Content.Application.String()) {
		t.Errorf("%d mails: %s", len(mails), mails)
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
}

func TestWorkNamesTheMailSettingThatIsWrong(t *testing.T) {
	_, good := office(t)
	good.SMTP = smtpOf(t, "127.0.0.1:25")
	for name, change := range map[string]func(c *WorkCmd){
		"smtp-from":    func(c *WorkCmd) { c.SMTP.From = "" },
		"smtp-tls":     func(c *WorkCmd) { c.SMTP.TLS = "yes" },
		"smtp-rate":    func(c *WorkCmd) { c.SMTP.Rate = -1 },
		"smtp-workers": func(c *WorkCmd) { c.SMTP.Workers = 0 },
		"smtp-max-age": func(c *WorkCmd) { c.SMTP.MaxAge = 0 },
		"portal-url":   func(c *WorkCmd) { c.PortalURL = "portale" },
		"body-ipa":     func(c *WorkCmd) { c.Protocol.IPA = "a b" },
		"body-aoo":     func(c *WorkCmd) { c.Protocol.IPA = "ente" },
	} {
		c := *good
		change(&c)
		_, err := c.open(t.Context(), slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
