package intake

import (
	"bytes"
	"fmt"
	"testing"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

// unharmed checks that nothing was stored and that the node takes the next one.
func (w *world) unharmed(why string) {
	w.t.Helper()
	if n := w.journal.Records(); n != 0 {
		w.t.Fatalf("%s: %d records were stored", why, n)
	}
}

func TestBadEnvelopesGetTheirCodeAndAreNotStored(t *testing.T) {
	w := open(t)
	good := envelopeFor(t, dayOpen)
	edit := func(at int) []byte {
		b := bytes.Clone(good)
		b[at] ^= 1
		return b
	}
	otherKey := bytes.Repeat([]byte{9}, 32)
	for _, c := range []struct {
		name string
		body []byte
		code clickday.Code
	}{
		{"nothing", nil, clickday.CodeTruncated},
		{"garbage", bytes.Repeat([]byte("garbage "), 100), clickday.CodeMalformed},
		{"cut short", good[:len(good)-1], clickday.CodeTruncated},
		{"cut to the magic", good[:4], clickday.CodeTruncated},
		{"bytes after the end", append(bytes.Clone(good), 0), clickday.CodeMalformed},
		{"another version", append([]byte("PEN2"), good[4:]...), clickday.CodeVersion},
		{"too large", bytes.Repeat([]byte{1}, wire.EnvelopeMax+1), clickday.CodeOversized},
		{"far too large", bytes.Repeat([]byte{1}, 4<<20), clickday.CodeOversized},
		{"ticket of a foreign portal", envelopeWith(t, otherKey, nil), clickday.CodeTicketInvalid},
		{"ticket with an unknown key", envelopeWith(t, macKey, func(k *wire.Ticket) { k.KeyID = 77 }), clickday.CodeTicketKey},
		{"ticket edited to another day", edit(4 + 8), clickday.CodeTicketInvalid},
		{"ticket edited to another account", edit(4 + 110), clickday.CodeTicketInvalid},
		{"ticket expired", envelopeWith(t, macKey, func(k *wire.Ticket) { k.NotAfter = 1000 }), clickday.CodeTicketExpired},
		{"unknown click day", envelopeFor(t, 99), clickday.CodeUnknownDay},
		{"model not accepted", envelopeWith(t, macKey, func(k *wire.Ticket) { k.Model = "C-STAG" }), clickday.CodeWrongModel},
		{"early", envelopeFor(t, dayEarly), clickday.CodeTooEarly},
		{"late", envelopeFor(t, dayLate), clickday.CodeTooLate},
		{"closed", envelopeFor(t, dayClosed), clickday.CodeTooLate},
		{"suspended", envelopeFor(t, daySuspended), clickday.CodeSuspended},
	} {
		t.Run(c.name, func(t *testing.T) {
			request := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", wire.PathSubmit, wire.TypeEnvelope, len(c.body))
			a, _, ok := w.raw(append([]byte(request), c.body[:min(len(c.body), 64<<10)]...), false)
			if !ok {
				t.Fatal("no answer")
			}
			expect(t, &a, c.code)
			w.unharmed(c.name)
		})
	}
	w.accepted(good)
}

// expect checks that an answer is the documented problem, in words for people.
func expect(t *testing.T, a *answer, code clickday.Code) {
	t.Helper()
	p, m := a.problem(), clickday.MeaningOf(code)
	if p.Code != code || a.status != m.Status || p.Status != m.Status {
		t.Fatalf("want %s (%d), got %d: %s", code, m.Status, a.status, a.body)
	}
	if p.Detail != m.Detail.IT || p.DetailEN != m.Detail.EN || p.ServerTime == 0 || p.ReceivedAt == 0 {
		t.Fatalf("incomplete problem: %s", a.body)
	}
	if a.header.Get("Content-Type") != wire.TypeProblem || a.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("headers: %v", a.header)
	}
}

func TestABodyThatNeverComesWholeIsTruncated(t *testing.T) {
	w := open(t)
	env := envelopeFor(t, dayOpen)
	request := fmt.Sprintf("POST /v1/s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", wire.TypeEnvelope, len(env))
	a, closed, ok := w.raw(append([]byte(request), env[:len(env)-1]...), true)
	if !ok || !closed {
		t.Fatal("no answer, or the connection stays open")
	}
	expect(t, &a, clickday.CodeTruncated)
	w.unharmed("truncated")
	w.accepted(env)
}

func TestWithoutACalendarNothingIsTaken(t *testing.T) {
	w := start(t, t.TempDir(), false, nil)
	a := w.post(envelopeFor(t, dayOpen))
	expect(t, &a, clickday.CodeUnknownDay)
	a = w.get(wire.PathCalendar)
	expect(t, &a, clickday.CodeNotFound)
	w.unharmed("no calendar")
}

func TestAnAnswerThatRefusesTheFramingClosesTheConnection(t *testing.T) {
	w := open(t)
	_, closed, ok := w.raw([]byte("GET /v1/calendar HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/calendar HTTP/1.1\r\nHost: x\r\n\r\n"), false)
	if !ok || !closed {
		t.Fatal("the connection stays open")
	}
	_, closed, ok = w.raw([]byte("GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n"), false)
	if !ok || closed {
		t.Fatal("a harmless mistake costs the connection")
	}
}
