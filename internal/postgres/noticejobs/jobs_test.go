package noticejobs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/mailer"
	"puntuale/internal/notices"
	"puntuale/internal/postgres"
	"puntuale/internal/postgres/admissiontest"
	"puntuale/internal/postgres/listtest"
	"puntuale/internal/postgres/noticejobs"
	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/smtpsink"
)

// world is a database with receipts and all that sends notices of them.
type world struct {
	t       *testing.T
	office  *admissiontest.Office
	db, own *postgres.DB
	ids     []clickday.SubmissionID
}

func newWorld(t *testing.T) *world {
	t.Helper()
	url := pgtest.URL(t)
	w := &world{t: t}
	for _, db := range []**postgres.DB{&w.db, &w.own} {
		var err error
		if *db, err = noticejobs.Open(t.Context(), url); err != nil {
			t.Fatal(err)
		}
		t.Cleanup((*db).Close)
	}
	w.db.Ledger = pgtest.LedgerSigner()
	w.office = admissiontest.New(t, w.db)
	return w
}

// receipts issues one receipt for each address, through the issuer's own way.
func (w *world) receipts(emails ...string) {
	w.t.Helper()
	for _, email := range emails {
		account, device := w.office.Account(email)
		s := w.office.Seal(account, device)
		id := clickday.SubmissionID{byte(len(w.ids) >> 8), byte(len(w.ids)), 0xaa}
		w.office.Exec(`INSERT INTO submissions (id, application_id, seal_version, click_day_id, account_id, model, model_version, device,
				digest, arrived, source, clock, bound, node, journal, sequence, state, ingested_at)
			VALUES ($1, $2, 1, 1, $3, 'B', 1, '', $4, $5, 1, 1, 0, 1, 1, $6, 'queued', now())`,
			id[:], [16]byte(s.Content.Application), account, s.Ticket.Digest[:], admissiontest.Opens.UnixNano()+int64(len(w.ids))*1000, len(w.ids)+1)
		w.ids = append(w.ids, id)
	}
	w.number()
	_, err := w.db.IssueReceipts(w.t.Context(), len(emails), nil, func(_ []byte, due []clickday.Numbered) ([]clickday.Receipt, error) {
		var out []clickday.Receipt
		for i := range due {
			out = append(out, clickday.Receipt{Submission: due[i].Submission, PDF: []byte("%PDF"), IssuedAt: clock.System{}.Now()})
		}
		return out, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// number gives everything its number and its place in the ledger.
func (w *world) number() {
	w.t.Helper()
	w.office.Exec("INSERT INTO intake_nodes (node, public_key, url, watermark) VALUES (1, '', '', $1) ON CONFLICT DO NOTHING",
		admissiontest.Closes.UnixNano())
	term := listtest.Lead(w.t, w.db)
	_, err := term.Number(w.t.Context(), 1000, admissiontest.Opens)
	if err := errors.Join(err, term.Close()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) sink(o smtpsink.Options) *smtpsink.Sink {
	w.t.Helper()
	s, err := smtpsink.Start(o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(s.Stop)
	return s
}

func (w *world) mailer(addr string) *mailer.Mailer {
	w.t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		w.t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		w.t.Fatal(err)
	}
	m, err := mailer.New(mailer.Config{
		Host: host, Port: n, From: "Ente <no-reply@example.it>", TLS: mailer.None, Clock: clock.System{}, Timeout: 20 * time.Second,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(m.Close)
	return m
}

func (w *world) courier(store notices.Store, sender notices.Sender, clk clock.Clock) *notices.Courier {
	w.t.Helper()
	c, err := notices.New(notices.Config{
		Store: store, Letters: w.own, Sender: sender, Clock: clk, Log: slog.New(slog.DiscardHandler),
		Metrics: notices.NewMetrics(prometheus.NewRegistry()), CalendarKey: w.office.CalendarKey, Body: "Ente di prova",
		PortalURL: "https://portale.example.it", PerSecond: 1000, MaxAge: 24 * time.Hour,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) runner(c noticejobs.Courier) *noticejobs.Runner {
	w.t.Helper()
	r, err := noticejobs.New(noticejobs.Config{DB: w.own, Courier: c, Log: slog.New(slog.DiscardHandler), Workers: 8, Rescue: time.Minute})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// run starts a runner; the returned function stops it and waits.
func (w *world) run(r *noticejobs.Runner) (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				w.t.Error(err)
			}
		})
	}
	w.t.Cleanup(stop)
	return stop
}

// states waits until the notices are in this state of affairs.
func (w *world) states(want map[notices.State]int) {
	w.t.Helper()
	var have map[notices.State]int
	w.until(fmt.Sprint("states ", want), func() bool {
		var err error
		if have, err = w.db.NoticeCounts(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		return fmt.Sprint(have) == fmt.Sprint(want)
	}, func() string { return fmt.Sprint(have) })
}

func (w *world) until(what string, ok func() bool, have func() string) {
	w.t.Helper()
	deadline, tick := time.After(90*time.Second), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			w.t.Fatalf("not in time: %s; have %s", what, have())
		case <-tick.C:
		}
	}
}

func parse(t *testing.T, m smtpsink.Mail) (h mail.Header, subject, body string) {
	t.Helper()
	msg, err := mail.ReadMessage(strings.NewReader(string(m.Data)))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(msg.Body)
	if err != nil {
		t.Fatal(err)
	}
	subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	return msg.Header, subject, string(b)
}

// TestEveryReceiptIsAnnouncedOnce runs two processes over one database.
func TestEveryReceiptIsAnnouncedOnce(t *testing.T) {
	w := newWorld(t)
	sink := w.sink(smtpsink.Options{})
	var emails []string
	for i := range 60 {
		emails = append(emails, fmt.Sprintf("anna%d@example.it", i))
	}
	w.receipts(emails[:30]...)
	for range 2 {
		w.run(w.runner(w.courier(w.own, w.mailer(sink.Addr()), clock.System{})))
	}
	w.receipts(emails[30:]...)
	w.states(map[notices.State]int{notices.Sent: 60})
	seen := map[string]int{}
	for _, m := range sink.Mails() {
		seen[m.To]++
	}
	for _, e := range emails {
		if seen[e] != 1 {
			t.Errorf("%s: %d mails", e, seen[e])
		}
	}
	h, subject, body := parse(t, sink.Mails()[0])
	if !strings.Contains(subject, "B-2026/") || h.Get("Auto-Submitted") != "auto-generated" || !strings.Contains(h.Get("Message-Id"), "@portale.example.it") {
		t.Errorf("headers: %v, subject %q", h, subject)
	}
	if strings.Contains(body, "Verdi") || !strings.Contains(body, "https://portale.example.it/applications/") {
		t.Error(body)
	}
}

// TestServerDownThenUp: nothing is lost or counted while there is no server.
func TestServerDownThenUp(t *testing.T) {
	w := newWorld(t)
	gone := w.sink(smtpsink.Options{})
	addr := gone.Addr()
	gone.Stop()
	w.receipts("a@example.it", "b@example.it", "c@example.it")
	w.run(w.runner(w.courier(w.own, w.mailer(addr), clock.System{})))
	var result string
	w.until("the server is missed", func() bool {
		err := w.db.Pool.QueryRow(t.Context(), "SELECT max(result) FROM notices WHERE attempts = 0 AND NOT under_way").Scan(&result)
		return err == nil && result != ""
	}, func() string { return result })
	back := w.sink(smtpsink.Options{Addr: addr})
	w.states(map[notices.State]int{notices.Sent: 3})
	if n := len(back.Mails()); n != 3 {
		t.Errorf("%d mails, want 3", n)
	}
}

// TestRefusals: what a server refuses is seen by the help desk, and holds up nobody.
func TestRefusals(t *testing.T) {
	w := newWorld(t)
	w.receipts("good@example.it", "nobody@example.it", "full@example.it", "not an address", "a@example.it>\r\nBcc: x@example.it")
	sink := w.sink(smtpsink.Options{Behave: func(s smtpsink.Step, to string) error {
		switch {
		case s == smtpsink.Rcpt && to == "nobody@example.it":
			return smtpsink.Refuse(550, "no such mailbox")
		case s == smtpsink.Rcpt && to == "full@example.it":
			return smtpsink.Refuse(452, "mailbox full")
		}
		return nil
	}})
	w.run(w.runner(w.courier(w.own, w.mailer(sink.Addr()), clock.System{})))
	w.states(map[notices.State]int{notices.Sent: 1, notices.Failed: 3, notices.Handed: 1})
	list, err := w.db.FailedNotices(t.Context(), 10)
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	for _, f := range list {
		want := notices.ErrAddress.Error()
		if f.Email == "nobody@example.it" {
			want = "no such mailbox"
		}
		if !strings.Contains(f.Result, want) || !strings.HasPrefix(f.Protocol, "B-2026/") {
			t.Errorf("%+v", f)
		}
	}
	var attempts int
	var result string
	w.until("the attempt ends", func() bool {
		err = w.db.Pool.QueryRow(t.Context(), "SELECT attempts, result FROM notices WHERE state = 'handed' AND NOT under_way").Scan(&attempts, &result)
		return err == nil && attempts == 1
	}, func() string { return fmt.Sprint(attempts, result, err) })
	if err != nil || attempts != 1 || !strings.Contains(result, "mailbox full") {
		t.Error(attempts, result, err)
	}
	if mails := sink.Mails(); len(mails) != 1 || mails[0].To != "good@example.it" {
		t.Errorf("%d mails", len(mails))
	}
}

// TestRetryOfTheHelpDesk lets what was refused begin anew.
func TestRetryOfTheHelpDesk(t *testing.T) {
	w := newWorld(t)
	w.receipts("moved@example.it")
	var mu sync.Mutex
	refuse := true
	sink := w.sink(smtpsink.Options{Behave: func(s smtpsink.Step, _ string) error {
		mu.Lock()
		defer mu.Unlock()
		if refuse && s == smtpsink.Rcpt {
			return smtpsink.Refuse(550, "moved")
		}
		return nil
	}})
	w.run(w.runner(w.courier(w.own, w.mailer(sink.Addr()), clock.System{})))
	w.states(map[notices.State]int{notices.Failed: 1})
	mu.Lock()
	refuse = false
	mu.Unlock()
	if n, err := w.db.RetryNotices(t.Context(), &w.ids[0]); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	w.states(map[notices.State]int{notices.Sent: 1})
}

// errKilled stands for the end of the process: nothing after it happens.
var errKilled = errors.New("killed")

// dying is a store and a sender whose process ends at a step.
type dying struct {
	notices.Store
	notices.Sender
	at string
}

func (d *dying) BeginNotice(ctx context.Context, id clickday.SubmissionID, now time.Time) (notices.Notice, error) {
	if d.at == "before the attempt" {
		return notices.Notice{}, errKilled
	}
	n, err := d.Store.BeginNotice(ctx, id, now)
	if err == nil && d.at == "after the attempt was noted" {
		return n, errKilled
	}
	return n, err
}

func (d *dying) EndNotice(ctx context.Context, id clickday.SubmissionID, s notices.State, result string, now time.Time) error {
	if d.at == "after the mail was sent" {
		return errKilled
	}
	return errors.Join(d.Store.EndNotice(ctx, id, s, result, now), errKilled)
}

// TestKilledBetweenAnyTwoSteps: a process that is killed leaves a job that
// looks under way. Another one takes it up; a second mail goes out only where
// nobody can know whether the first did, with the same Message-ID.
func TestKilledBetweenAnyTwoSteps(t *testing.T) {
	w := newWorld(t)
	sink := w.sink(smtpsink.Options{})
	steps := []string{"before the attempt", "after the attempt was noted", "after the mail was sent", "after that was noted"}
	w.receipts("0@example.it", "1@example.it", "2@example.it", "3@example.it")
	alive := w.courier(w.own, w.mailer(sink.Addr()), clock.System{})
	r := w.runner(alive)
	if err := r.Feed(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, step := range steps {
		d := &dying{w.own, w.mailer(sink.Addr()), step}
		if _, err := w.courier(d, d, clock.System{}).Deliver(t.Context(), w.ids[i]); !errors.Is(err, errKilled) {
			t.Fatal(step, err)
		}
	}
	w.office.Exec("UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now() - interval '1 hour', attempted_by = '{dead}'")
	w.run(r)
	w.states(map[notices.State]int{notices.Sent: 4})
	w.until("no job is left", func() bool {
		var n int
		err := w.db.Pool.QueryRow(t.Context(), "SELECT count(*) FROM river_job WHERE state <> 'completed'").Scan(&n)
		return err == nil && n == 0
	}, func() string { return "jobs" })
	ids := map[string]map[string]int{}
	for _, m := range sink.Mails() {
		h, _, _ := parse(t, m)
		if ids[m.To] == nil {
			ids[m.To] = map[string]int{}
		}
		ids[m.To][h.Get("Message-Id")]++
	}
	for i, want := range []int{1, 1, 2, 1} {
		have := ids[fmt.Sprintf("%d@example.it", i)]
		if len(have) != 1 {
			t.Errorf("%s: %d different messages", steps[i], len(have))
		}
		for _, n := range have {
			if n != want {
				t.Errorf("%s: %d mails, want %d", steps[i], n, want)
			}
		}
	}
}
