package notices_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"puntuale/internal/notices"
)

// box is a store with one letter.
type box struct {
	letter notices.StoredLetter
	open   bool
	state  notices.State
	result string
}

func (b *box) BeginLetter(context.Context, notices.LetterID, time.Time) (notices.StoredLetter, error) {
	if b.state != notices.Handed {
		return notices.StoredLetter{}, notices.ErrSettled
	}
	b.letter.Attempts++
	if b.open {
		b.letter.Unknown++
	}
	b.open = true
	return b.letter, nil
}

func (b *box) EndLetter(_ context.Context, _ notices.LetterID, s notices.State, result string, _ time.Time) error {
	b.state, b.result, b.open = s, result, false
	return nil
}

func (b *box) PutOffLetter(_ context.Context, _ notices.LetterID, result string, counts, unknown bool) error {
	b.result, b.open = result, false
	if !counts {
		b.letter.Attempts--
	}
	if unknown {
		b.letter.Unknown++
	}
	return nil
}

func newBox(t *testing.T, l notices.Letter, answers ...error) (*box, *desk, *notices.Courier) {
	t.Helper()
	d := &desk{answers: answers, now: start}
	b := &box{state: notices.Handed, letter: notices.StoredLetter{Letter: l, ID: 7, CreatedAt: start}}
	c := config(d)
	c.Letters = b
	courier, err := notices.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return b, d, courier
}

var hello = notices.Letter{
	To: "anna@example.it", Name: "Anna\r\nBcc: x@example.it", Lang: "it", Subject: "Confermi\nl’indirizzo", Key: "k1",
	Text: "Apra questo <b>collegamento</b>:\nhttps://portale.example.it/x?token=a&b=c\n\nVale 24 ore.",
}

func TestLetter(t *testing.T) {
	b, d, c := newBox(t, hello, nil)
	if again, err := c.DeliverLetter(t.Context(), 7); again != 0 || err != nil || b.state != notices.Sent {
		t.Fatal(again, err, b.state, b.result)
	}
	m := d.sent[0]
	if m.To != hello.To || m.Lang != "it" || m.Subject != "Confermi l’indirizzo" || !strings.HasPrefix(m.ID, "lettera.") || !strings.HasSuffix(m.ID, "@portale.example.it") {
		t.Errorf("%+v", m)
	}
	if !strings.HasPrefix(m.Text, "Gentile Anna Bcc: x@example.it,\n\nApra questo") || !strings.Contains(m.Text, "le risposte non vengono lette") || !strings.HasSuffix(m.Text, "Ente di prova\n") {
		t.Error(m.Text)
	}
	if !strings.Contains(m.HTML, `<a href="https://portale.example.it/x?token=a&amp;b=c"`) || strings.Contains(m.HTML, "<b>") || !strings.Contains(m.HTML, `<html lang="it">`) {
		t.Error(m.HTML)
	}
	if again, err := c.DeliverLetter(t.Context(), 7); again != 0 || err != nil || len(d.sent) != 1 {
		t.Error("a settled letter is sent again", again, err)
	}
}

func TestLetterInEnglishWithoutName(t *testing.T) {
	l := hello
	l.Lang, l.Name = "en", ""
	_, d, c := newBox(t, l, nil)
	if _, err := c.DeliverLetter(t.Context(), 7); err != nil {
		t.Fatal(err)
	}
	if m := d.sent[0]; !strings.HasPrefix(m.Text, "Apra") || !strings.Contains(m.Text, "answers are not read") {
		t.Error(m.Text)
	}
}

// TestLetterThatIsTooLate: a link that no longer opens anything is not sent.
func TestLetterThatIsTooLate(t *testing.T) {
	l := hello
	l.NotAfter = start.Add(time.Hour)
	b, d, c := newBox(t, l, &notices.Failure{Kind: notices.Temporary, Result: "later"}, nil)
	again, err := c.DeliverLetter(t.Context(), 7)
	if err != nil || again != time.Minute || b.state != notices.Handed {
		t.Fatal(again, err, b.state)
	}
	d.now = l.NotAfter
	d.answers = []error{nil}
	d.now = l.NotAfter.Add(time.Nanosecond)
	if _, err := c.DeliverLetter(t.Context(), 7); err != nil || b.state != notices.Expired || len(d.sent) != 1 {
		t.Error(err, b.state, len(d.sent))
	}
}

func TestLetterThatCannotBe(t *testing.T) {
	l := hello
	l.To = "anna@example.it>\r\nRCPT TO:<x@example.it>"
	b, d, c := newBox(t, l, nil)
	if _, err := c.DeliverLetter(t.Context(), 7); err != nil || b.state != notices.Failed || len(d.sent) != 0 {
		t.Error(err, b.state, len(d.sent))
	}
	for name, change := range map[string]func(*notices.Letter){
		"to": func(l *notices.Letter) { l.To = "" }, "subject": func(l *notices.Letter) { l.Subject = "" }, "text": func(l *notices.Letter) { l.Text = "" },
		"key": func(l *notices.Letter) { l.Key = "" }, "lang": func(l *notices.Letter) { l.Lang = "de" },
	} {
		l := hello
		change(&l)
		if l.Check() == nil {
			t.Error("taken without", name)
		}
	}
	good := hello
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}
