package intake

import (
	"bytes"
	"fmt"
	"strings"
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

func TestBadFramingIsRefused(t *testing.T) {
	w := open(t)
	env := string(envelopeFor(t, dayOpen))
	n := len(env)
	post := func(headers, body string) string {
		return "POST /v1/s HTTP/1.1\r\nHost: x\r\nContent-Type: " + wire.TypeEnvelope + "\r\n" + headers + "\r\n" + body
	}
	length := fmt.Sprintf("Content-Length: %d\r\n", n)
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", n, env)
	typeIs := func(v string) string {
		return "POST /v1/s HTTP/1.1\r\nHost: x\r\n" + v + length + "\r\n" + env
	}
	for _, c := range []struct {
		name, request string
		code          clickday.Code
	}{
		{"no content-length", post("", env), clickday.CodeLength},
		{"chunked", post("Transfer-Encoding: chunked\r\n", chunked), clickday.CodeLength},
		{"chunked in capitals", post("TRANSFER-ENCODING: CHUNKED\r\n", chunked), clickday.CodeLength},
		{"both framings", post("Transfer-Encoding: chunked\r\n"+length, chunked), ""},
		{"identity", post("Transfer-Encoding: identity\r\n"+length, env), ""},
		{"two equal lengths", post(length+length, env), clickday.CodeLength},
		{"two lengths", post(length+"Content-Length: 5\r\n", env), clickday.CodeLength},
		{"signed length", post(fmt.Sprintf("Content-Length: +%d\r\n", n), env), ""},
		{"negative length", post("Content-Length: -1\r\n", env), ""},
		{"hexadecimal length", post("Content-Length: 0x10\r\n", env), ""},
		{"list of lengths", post(fmt.Sprintf("Content-Length: %d, %d\r\n", n, n), env), ""},
		{"space before the colon", post(fmt.Sprintf("Content-Length : %d\r\n", n), env), clickday.CodeRequest},
		{"folded header", post("X-A: b\r\n c\r\n"+length, env), clickday.CodeRequest},
		{"bare line feeds", strings.ReplaceAll(post(length, ""), "\r\n", "\n") + env, ""},
		{"expect", post("Expect: 100-continue\r\n"+length, env), clickday.CodeRequest},
		{"upgrade", post("Upgrade: h2c\r\nConnection: upgrade\r\n"+length, env), clickday.CodeRequest},
		{"no host", "POST /v1/s HTTP/1.1\r\nContent-Type: " + wire.TypeEnvelope + "\r\n" + length + "\r\n" + env, clickday.CodeRequest},
		{"two hosts", post("Host: y\r\n"+length, env), clickday.CodeRequest},
		{"http/1.0", strings.Replace(post(length, env), "HTTP/1.1", "HTTP/1.0", 1), clickday.CodeRequest},
		{"http/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ""},
		{"empty line before", "\r\n" + post(length, env), clickday.CodeRequest},
		{"two requests at once", post(length, env) + post(length, env), clickday.CodeRequest},
		{"a byte too many", post(length, env+"x"), clickday.CodeRequest},
		{"get with a body", "GET /v1/calendar HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", clickday.CodeRequest},
		{"no content-type", typeIs(""), clickday.CodeMediaType},
		{"another type", typeIs("Content-Type: application/json\r\n"), clickday.CodeMediaType},
		{"type with a parameter", typeIs("Content-Type: " + wire.TypeEnvelope + "; charset=utf-8\r\n"), clickday.CodeMediaType},
		{"two types", typeIs("Content-Type: " + wire.TypeEnvelope + "\r\nContent-Type: text/plain\r\n"), clickday.CodeMediaType},
		{"compressed", typeIs("Content-Type: " + wire.TypeEnvelope + "\r\nContent-Encoding: gzip\r\n"), clickday.CodeMediaType},
		{"a huge header", post("X-A: "+strings.Repeat("a", 8000)+"\r\n"+length, env), clickday.CodeRequest},
		{"nul in a header", post("X-A: a\x00b\r\n"+length, env), clickday.CodeRequest},
		{"no http at all", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", ""},
		{"put", "PUT /v1/s HTTP/1.1\r\nHost: x\r\n" + length + "\r\n" + env, clickday.CodeMethod},
		{"get of the form", "GET /v1/s HTTP/1.1\r\nHost: x\r\n\r\n", clickday.CodeMethod},
		{"post to the calendar", strings.Replace(post(length, env), "/v1/s", "/v1/calendar", 1), clickday.CodeMethod},
		{"nowhere", strings.Replace(post(length, env), "/v1/s", "/v2/s", 1), clickday.CodeNotFound},
		{"encoded path", strings.Replace(post(length, env), "/v1/s", "/v1/%73", 1), clickday.CodeNotFound},
		{"dots in the path", strings.Replace(post(length, env), "/v1/s", "/x/../v1/s", 1), clickday.CodeNotFound},
		{"status of garbage", "GET /v1/s/xyz HTTP/1.1\r\nHost: x\r\n\r\n", clickday.CodeNotFound},
		{"status of nobody", "GET /v1/s/" + strings.Repeat("ab", 32) + " HTTP/1.1\r\nHost: x\r\n\r\n", clickday.CodeNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, _, ok := w.raw([]byte(c.request), true)
			switch {
			case c.code != "" && !ok:
				t.Fatal("no answer")
			case c.code != "":
				expect(t, &a, c.code)
			case ok && a.status < 400: // closing without a word is as good as a problem
				t.Fatalf("%d: %s", a.status, a.body)
			}
			w.unharmed(c.name)
		})
	}
	w.accepted([]byte(env))
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
