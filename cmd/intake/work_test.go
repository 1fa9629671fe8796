package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"puntuale/internal/batch"
	"puntuale/internal/clock"
	"puntuale/internal/devstack"
	"puntuale/internal/keys"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/admissiontest"
	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/queue"
	"puntuale/internal/queue/redisqueue"
)

// office is what a worker finds: database, Redis and key files.
func office(t *testing.T) (*admissiontest.Office, *WorkCmd) {
	t.Helper()
	c := &WorkCmd{
		DatabaseURL: pgtest.URL(t), Keys: t.TempDir(), VerifyURL: "https://portale.example.it/r", ReceiptWorkers: 2,
		QueueRetention: time.Hour, DebugListen: "127.0.0.1:0", AddrFile: filepath.Join(t.TempDir(), "addr"),
	}
	server, err := devstack.StartRedis(t.Context(), devstack.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	c.RedisURL = server.URL
	db, err := postgres.Open(t.Context(), c.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	o := admissiontest.New(t, db)
	writeKeys(t, c.Keys, o)
	return o, c
}

func writeKeys(t *testing.T, dir string, o *admissiontest.Office) {
	t.Helper()
	tickets, err := json.Marshal(o.Tickets)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(o.CalendarKey)
	if err != nil {
		t.Fatal(err)
	}
	calendar := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	for name, b := range map[string][]byte{keys.TicketFile: tickets, keys.CalendarPubFile: calendar} {
		if err := keys.Write(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := keys.InitSeal(clock.System{}, dir, "Ente di prova"); err != nil {
		t.Fatal(err)
	}
	if err := keys.InitLedger(dir, "portale.example.it/ledger"); err != nil {
		t.Fatal(err)
	}
}

// send puts one batch into the queue, as a node would.
func send(t *testing.T, o *admissiontest.Office, redisURL string, envelopes ...[]byte) {
	t.Helper()
	node := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	o.Exec("INSERT INTO intake_nodes (node, public_key, url) VALUES (1, $1, '')", []byte(node.Public().(ed25519.PublicKey)))
	var records []batch.Record
	for i, e := range envelopes {
		records = append(records, admissiontest.Record(e, admissiontest.Opens.Add(time.Duration(i+1)), uint64(i+1)))
	}
	q, err := redisqueue.Open(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	frame := batch.Encode(batch.Header{Node: 1, Journal: 1, Batch: 1, First: 1}, records, node)
	err = q.Append(t.Context(), 1, [][]byte{frame}, queue.Mark{Watermark: admissiontest.Closes.UnixNano(), Journal: 1, LastBatch: 1})
	if err != nil {
		t.Fatal(err)
	}
}

// until polls a condition for half a minute.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline, tick := time.After(30*time.Second), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatal("not in time: " + what)
		case <-tick.C:
		}
	}
}

// TestWorkFromTheQueueToTheReceipt runs the whole process on real servers.
func TestWorkFromTheQueueToTheReceipt(t *testing.T) {
	o, c := office(t)
	account, device := o.Account("anna@example.it")
	first, second := o.Seal(account, device), o.Seal(account, device)
	good := o.Envelope(&first.Ticket, first.Document, device)
	edited := o.Envelope(&second.Ticket, first.Document, device)
	send(t, o, c.RedisURL, edited, good, good)

	ctx, stop := context.WithCancel(t.Context())
	w, err := c.open(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- w.run(ctx) }()
	var state, receipts string
	until(t, "one receipt and one refusal", func() bool {
		err := o.DB.Pool.QueryRow(ctx, `SELECT coalesce(string_agg(state || coalesce(':' || reason, '') || coalesce(':' || number, ''), ' '
			ORDER BY arrived), ''), (SELECT count(*) FROM receipts)::text FROM submissions`).Scan(&state, &receipts)
		if err != nil {
			t.Fatal(err)
		}
		return state == "refused:document_altered receipted:1" && receipts == "1"
	})
	addr, err := os.ReadFile(c.AddrFile)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Get("http://" + strings.TrimSpace(string(addr)) + "/readyz")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res, err)
	}
	res.Body.Close()
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
}

func TestWorkNamesTheSettingThatIsWrong(t *testing.T) {
	_, good := office(t)
	for name, change := range map[string]func(c *WorkCmd){
		"receipt-workers": func(c *WorkCmd) { c.ReceiptWorkers = -1 },
		"queue-retention": func(c *WorkCmd) { c.QueueRetention = -1 },
		"keys":            func(c *WorkCmd) { c.Keys = t.TempDir() },
		"redis-url":       func(c *WorkCmd) { c.RedisURL = "localhost" },
		"database-url":    func(c *WorkCmd) { c.DatabaseURL = "postgres://x@127.0.0.1:1/x" },
		"verify-url":      func(c *WorkCmd) { c.VerifyURL = "portale" },
		"debug-listen":    func(c *WorkCmd) { c.DebugListen = "nowhere:-1" },
	} {
		c := *good
		change(&c)
		_, err := c.open(t.Context(), slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
