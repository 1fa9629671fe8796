package noticejobs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/notices"
	"puntuale/internal/smtpsink"
)

func letterTo(n int) notices.Letter {
	return notices.Letter{
		To: fmt.Sprintf("bruno%d@example.it", n), Name: "Bruno", Lang: "it", Subject: "Prova", Key: fmt.Sprint("letter-", n),
		Text: "Apra\nhttps://portale.example.it/register/confirm?token=abc",
	}
}

// letterStates waits until the letters are in this state of affairs.
func (w *world) letterStates(want map[notices.State]int) {
	w.t.Helper()
	var have string
	w.until(fmt.Sprint("letters ", want), func() bool {
		rows, err := w.db.Pool.Query(w.t.Context(), "SELECT state, count(*) FROM letters GROUP BY state")
		if err != nil {
			w.t.Fatal(err)
		}
		defer rows.Close()
		got := map[notices.State]int{}
		for rows.Next() {
			var s notices.State
			var n int
			if err := rows.Scan(&s, &n); err != nil {
				w.t.Fatal(err)
			}
			got[s] = n
		}
		have = fmt.Sprint(got)
		return have == fmt.Sprint(want)
	}, func() string { return have })
}

// TestEveryLetterOnce: two processes, a key that is written twice, and no text
// left once a letter is sent.
func TestEveryLetterOnce(t *testing.T) {
	w := newWorld(t)
	sink := w.sink(smtpsink.Options{})
	for range 2 {
		w.run(w.runner(w.courier(w.own, w.mailer(sink.Addr()), clock.System{})))
	}
	for n := range 20 {
		for range 2 {
			if err := w.db.QueueLetter(t.Context(), letterTo(n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.letterStates(map[notices.State]int{notices.Sent: 20})
	if n := len(sink.Mails()); n != 20 {
		t.Errorf("%d mails, want 20", n)
	}
	h, subject, body := parse(t, sink.Mails()[0])
	if subject != "Prova" || h.Get("Content-Language") != "it" || !strings.Contains(body, "Gentile Bruno,") {
		t.Errorf("%v %q\n%s", h, subject, body)
	}
	var left int
	if err := w.db.Pool.QueryRow(t.Context(), "SELECT count(*) FROM letters WHERE text <> ''").Scan(&left); err != nil || left != 0 {
		t.Errorf("%d letters keep their text, %v", left, err)
	}
}

// TestLettersThatFail: refused for good, or by a server that may have taken it.
func TestLettersThatFail(t *testing.T) {
	w := newWorld(t)
	sink := w.sink(smtpsink.Options{Behave: func(s smtpsink.Step, to string) error {
		if s == smtpsink.Rcpt && to == "bruno1@example.it" {
			return smtpsink.Refuse(550, "no such mailbox")
		}
		return nil
	}})
	late := letterTo(3)
	late.NotAfter = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, l := range []notices.Letter{letterTo(1), letterTo(2), late} {
		if err := w.db.QueueLetter(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	w.run(w.runner(w.courier(w.own, w.mailer(sink.Addr()), clock.System{})))
	w.letterStates(map[notices.State]int{notices.Sent: 1, notices.Failed: 1, notices.Expired: 1})
	if counts, err := w.db.LetterCounts(t.Context()); err != nil || counts[notices.Failed] != 1 || counts[notices.Sent] != 1 {
		t.Errorf("%v, %v", counts, err)
	}
	list, err := w.db.FailedLetters(t.Context(), 10)
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	for _, l := range list {
		if l.State == notices.Failed && (l.To != "bruno1@example.it" || l.Attempts != 1 || !strings.Contains(l.Result, "no such mailbox")) {
			t.Errorf("%+v", l)
		}
	}
}

// TestLetterOfAKilledProcess: what may have been delivered is sent again, three
// times at most.
func TestLetterOfAKilledProcess(t *testing.T) {
	w := newWorld(t)
	if err := w.db.QueueLetter(t.Context(), letterTo(1)); err != nil {
		t.Fatal(err)
	}
	sink := w.sink(smtpsink.Options{})
	c := w.courier(w.own, w.mailer(sink.Addr()), clock.System{})
	w.office.Exec("UPDATE letters SET state = 'handed'")
	for range 5 { // begun by a process that ends before it says how it went
		if _, err := w.own.BeginLetter(t.Context(), 1, clock.System{}.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if again, err := c.DeliverLetter(t.Context(), 1); again != 0 || err != nil {
		t.Fatal(again, err)
	}
	w.letterStates(map[notices.State]int{notices.Failed: 1})
	if n := len(sink.Mails()); n != 0 {
		t.Errorf("%d mails after three that nobody heard of", n)
	}
}
