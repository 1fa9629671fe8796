package main

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/timestamping"
	"puntuale/internal/timestamping/tsatest"
)

// TestWorkStampsTheLedger runs the whole process with an authority that is
// unwell at first: numbers and receipts do not wait for it, and the token comes
// when it is well again.
func TestWorkStampsTheLedger(t *testing.T) {
	o, c := office(t)
	tsa := tsatest.Start(t, clock.System{}, tsatest.Options{})
	tsa.Fail(tsatest.Unwell)
	c.Timestamp = timestampSettings{URL: tsa.URL, CA: tsa.WriteRoot(t, t.TempDir()), Every: time.Second}
	account, device := o.Account("anna@example.it")
	sealed := o.Seal(account, device)
	send(t, o, c.RedisURL, o.Envelope(&sealed.Ticket, sealed.Document, device))

	ctx, stop := context.WithCancel(t.Context())
	w, err := c.open(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- w.run(ctx) }()
	until(t, "a question to the authority", func() bool { return tsa.Asked() > 0 })
	until(t, "a receipt without a time-stamp", func() bool {
		var n int
		err := o.DB.Pool.QueryRow(ctx, "SELECT count(*) FROM receipts").Scan(&n)
		return err == nil && n == 1
	})
	if _, err := o.DB.LedgerStamped(ctx, "B-2026"); err == nil {
		t.Error("a token from an authority that gives none")
	}
	tsa.Fail(tsatest.Honest)
	until(t, "a token", func() bool {
		_, err := o.DB.LedgerStamped(ctx, "B-2026")
		return err == nil
	})
	head, err := o.DB.LedgerStamped(ctx, "B-2026")
	if err != nil {
		t.Fatal(err)
	}
	token, err := timestamping.Check(head.Timestamp, head.Note, tsa.Roots())
	if err != nil || head.Size != 1 {
		t.Errorf("size %d, %+v, %v", head.Size, token, err)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := w.close(); err != nil {
		t.Error(err)
	}
}

func TestTimestampSettingsThatAreWrong(t *testing.T) {
	_, c := office(t)
	for want, s := range map[string]timestampSettings{
		"timestamp-url":   {URL: "tsa.example", Every: time.Minute},
		"timestamp-ca":    {URL: "http://tsa.example", CA: c.Keys + "/ledger.pub", Every: time.Minute},
		"timestamp-every": {URL: "http://tsa.example", Every: time.Millisecond},
	} {
		c.Timestamp = s
		if w, err := c.open(t.Context(), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", s, err)
			if err == nil {
				w.close()
			}
		}
	}
}
