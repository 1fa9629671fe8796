package notices_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"puntuale/internal/clickday"
	"puntuale/internal/notices"
	"puntuale/internal/wire"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// desk is a store with one notice, a mail server that answers as told, and a clock.
type desk struct {
	notice  notices.Notice
	open    bool
	state   notices.State
	result  string
	answers []error // one per sending; the last one stays
	sent    []notices.Message
	begun   int
	now     time.Time
}

func (d *desk) Now() time.Time { return d.now }

func (d *desk) BeginNotice(_ context.Context, _ clickday.SubmissionID, _ time.Time) (notices.Notice, error) {
	d.begun++
	if d.state != notices.Handed {
		return notices.Notice{}, notices.ErrSettled
	}
	d.notice.Attempts++
	if d.open {
		d.notice.Unknown++
	}
	d.open = true
	return d.notice, nil
}

func (d *desk) EndNotice(_ context.Context, _ clickday.SubmissionID, s notices.State, result string, _ time.Time) error {
	d.state, d.result, d.open = s, result, false
	return nil
}

func (d *desk) PutOffNotice(_ context.Context, _ clickday.SubmissionID, result string, counts, unknown bool) error {
	d.result, d.open = result, false
	if !counts {
		d.notice.Attempts--
	}
	if unknown {
		d.notice.Unknown++
	}
	return nil
}

func (d *desk) Send(_ context.Context, m *notices.Message) error {
	d.sent = append(d.sent, *m)
	err := d.answers[0]
	if len(d.answers) > 1 {
		d.answers = d.answers[1:]
	}
	return err
}

var calendarKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

func newDesk(t *testing.T, answers ...error) (*desk, *notices.Courier) {
	t.Helper()
	signed, err := wire.SealCalendar(&clickday.Calendar{Version: 1, Days: []clickday.Day{{
		ID: 1, Code: "B-2026", TitleIT: "Lavoro\r\nBcc: x@example.it\u202e", TitleEN: "<b>Work</b>", Models: []clickday.ModelCode{"B"},
		Opens: start.UnixNano(), Closes: start.Add(time.Hour).UnixNano(), State: clickday.DayScheduled,
	}}}, calendarKey)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{state: notices.Handed, answers: answers, now: start, notice: notices.Notice{
		Day: 1, DayCode: "B-2026", Number: 12, Arrived: start.Add(123456 * time.Microsecond), Email: "anna@example.it", CreatedAt: start, Calendar: signed,
	}}
	c, err := notices.New(config(d))
	if err != nil {
		t.Fatal(err)
	}
	return d, c
}

func config(d *desk) notices.Config {
	return notices.Config{
		Store: d, Letters: &box{}, Sender: d, Clock: d, Log: slog.New(slog.DiscardHandler), Metrics: notices.NewMetrics(prometheus.NewRegistry()),
		CalendarKey: calendarKey.Public().(ed25519.PublicKey), Body: "Ente\ndi prova", PortalURL: "https://portale.example.it",
		PerSecond: 1000, MaxAge: 24 * time.Hour,
	}
}

// deliver goes on until nothing is left to do, and returns the waits between.
func deliver(t *testing.T, d *desk, c *notices.Courier) (waits []time.Duration) {
	t.Helper()
	for range 1000 {
		again, err := c.Deliver(t.Context(), d.notice.Submission)
		if err != nil {
			t.Fatal(err)
		}
		if again == 0 {
			return waits
		}
		waits = append(waits, again)
		d.now = d.now.Add(again)
	}
	t.Fatal("no end")
	return nil
}

func TestMessage(t *testing.T) {
	d, c := newDesk(t, nil)
	deliver(t, d, c)
	m := d.sent[0]
	if d.state != notices.Sent || m.To != "anna@example.it" || m.ID != "ricevuta."+d.notice.Submission.String()+"@portale.example.it" {
		t.Errorf("%s %+v", d.state, m)
	}
	for _, want := range []string{"B-2026/0000012", "23/11/2026 ore 10:00:00,123456", "Click day: Lavoro Bcc: x@example.it\n", "Ente di prova"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("no %q in\n%s", want, m.Text)
		}
	}
	if !strings.Contains(m.HTML, "&lt;b&gt;Work") || strings.Contains(m.HTML, "<b>") || strings.ContainsAny(m.Subject, "\r\n") {
		t.Error(m.HTML)
	}
}

// TestOutcomes: how often is tried after each kind of failure, and how it ends.
func TestOutcomes(t *testing.T) {
	fail := func(k notices.Kind) error { return fmt.Errorf("x: %w", &notices.Failure{Kind: k, Result: "said no"}) }
	for _, c := range []struct {
		name    string
		answers []error
		sent    int
		state   notices.State
	}{
		{"accepted", []error{nil}, 1, notices.Sent},
		{"put off twice", []error{fail(notices.Temporary), fail(notices.Temporary), nil}, 3, notices.Sent},
		{"put off for ever", []error{fail(notices.Temporary)}, 12, notices.Failed},
		{"refused", []error{fail(notices.Permanent)}, 1, notices.Failed},
		{"lost once", []error{fail(notices.Unknown), nil}, 2, notices.Sent},
		{"lost for ever", []error{fail(notices.Unknown)}, 3, notices.Failed},
		{"not a failure we know", []error{errors.New("?"), nil}, 2, notices.Sent},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, courier := newDesk(t, c.answers...)
			deliver(t, d, courier)
			if len(d.sent) != c.sent || d.state != c.state {
				t.Errorf("%d sent, %s (%s); want %d, %s", len(d.sent), d.state, d.result, c.sent, c.state)
			}
			for _, m := range d.sent {
				if m != d.sent[0] {
					t.Error("not the same message again")
				}
			}
		})
	}
}

// TestServerOutOfReach: attempts are not counted, nobody hammers the server,
// and in the end the notice is too old.
func TestServerOutOfReach(t *testing.T) {
	d, c := newDesk(t, &notices.Failure{Kind: notices.Unreachable, Result: "refused"})
	again, err := c.Deliver(t.Context(), d.notice.Submission)
	if err != nil || again != 5*time.Second {
		t.Fatal(again, err)
	}
	d.now = d.now.Add(2 * time.Second)
	if again, err = c.Deliver(t.Context(), d.notice.Submission); err != nil || again != 3*time.Second || len(d.sent) != 1 || d.begun != 1 {
		t.Error("the pause is not for all", again, err, len(d.sent))
	}
	d.now = d.now.Add(again)
	waits := deliver(t, d, c)
	if d.state != notices.Expired || d.notice.Attempts > 1 || len(waits) > 24*13 || waits[len(waits)-1] != 5*time.Minute {
		t.Error(d.state, d.notice.Attempts, len(waits), waits[len(waits)-1])
	}
}

// TestKilledAgainAndAgain: a process that dies after each sending sends three
// mails at most.
func TestKilledAgainAndAgain(t *testing.T) {
	d, c := newDesk(t, nil)
	for range 5 {
		deliver(t, d, c)
		if d.result != "" {
			break
		}
		d.state, d.open = notices.Handed, true // what was noted last is lost
	}
	if len(d.sent) != 3 || d.state != notices.Failed || !strings.Contains(d.result, "may have been delivered") {
		t.Error(len(d.sent), d.state, d.result)
	}
}

func TestAddresses(t *testing.T) {
	for _, good := range []string{"a@example.it", "a.b+c@sub.example.it"} {
		if _, err := notices.Address(good); err != nil {
			t.Error(good, err)
		}
	}
	for _, bad := range []string{
		"", "a", "a@b", "a@@example.it", "Anna <a@example.it>", "a@example.it\r\nBcc: b@example.it", "a@example.it,b@example.it", `"a b"@example.it`,
		"ànna@example.it", "a@esempiò.it", " a@example.it", "a@example.it\x00", strings.Repeat("a", 65) + "@example.it",
	} {
		if _, err := notices.Address(bad); !errors.Is(err, notices.ErrAddress) {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestSettingsAreNamed(t *testing.T) {
	for name, change := range map[string]func(*notices.Config){
		"smtp-rate":    func(c *notices.Config) { c.PerSecond = 0 },
		"smtp-max-age": func(c *notices.Config) { c.MaxAge = time.Minute },
		"portal-url":   func(c *notices.Config) { c.PortalURL = "portale" },
		"required":     func(c *notices.Config) { c.Sender = nil },
	} {
		c := config(&desk{})
		change(&c)
		if _, err := notices.New(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
