package wire

import (
	"bytes"
	"encoding/binary"
	"testing"

	"puntuale/internal/clickday"
)

func TestEnvelopeRoundTrip(t *testing.T) {
	for _, d := range []Dictionary{{}, testDictionary()} {
		b := testEnvelope(t, d)
		e, err := ParseEnvelope(b)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.CheckSignature(); err != nil {
			t.Fatal(err)
		}
		if want := testTicket(); e.Ticket != want || e.DictionaryID != d.ID {
			t.Fatalf("ticket %+v, dictionary %d", e.Ticket, e.DictionaryID)
		}
		again, err := SealEnvelope(e.TicketBytes, e.DictionaryID, e.Compressed, deviceKey)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("sealed again it differs: %v", err)
		}
	}
}

func TestEnvelopeCutOrExtendedAnywhere(t *testing.T) {
	b := testEnvelope(t, testDictionary())
	for i := range b {
		_, err := ParseEnvelope(b[:i])
		wantCode(t, err, clickday.CodeTruncated)
	}
	for _, n := range []int{1, 64, 4096} {
		_, err := ParseEnvelope(append(bytes.Clone(b), make([]byte, n)...))
		wantCode(t, err, clickday.CodeMalformed)
	}
}

func TestEveryByteOfAnEnvelopeIsUnderTheSignature(t *testing.T) {
	b := testEnvelope(t, Dictionary{})
	for i := range b {
		c := bytes.Clone(b)
		c[i] ^= 0x10
		e, err := ParseEnvelope(c)
		if err == nil {
			err = e.CheckSignature()
		}
		if err == nil {
			t.Fatalf("byte %d changed and nothing said so", i)
		}
		if IDOf(c) == IDOf(b) {
			t.Fatalf("byte %d does not count in the submission id", i)
		}
	}
}

func TestEnvelopeSizeLimits(t *testing.T) {
	tk := testTicket()
	ticket := SealTicket(&tk, ticketKeys[1])
	for _, c := range []struct {
		compressed int
		want       clickday.Code
	}{{0, ""}, {EnvelopeMax - EnvelopeMin, ""}, {EnvelopeMax - EnvelopeMin + 1, clickday.CodeOversized}, {1 << 16, clickday.CodeOversized}} {
		b, err := SealEnvelope(ticket, 0, make([]byte, c.compressed), deviceKey)
		wantCode(t, err, c.want)
		if err == nil {
			_, err = ParseEnvelope(b)
			wantCode(t, err, "")
		}
	}
	_, err := ParseEnvelope(make([]byte, EnvelopeMax+1))
	wantCode(t, err, clickday.CodeOversized)
	_, err = SealEnvelope(ticket[1:], 0, nil, deviceKey)
	wantCode(t, err, clickday.CodeMalformed)
}

func TestEnvelopeRefusals(t *testing.T) {
	good := testEnvelope(t, Dictionary{})
	change := func(at int, v byte) []byte {
		c := bytes.Clone(good)
		c[at] = v
		return c
	}
	longer := bytes.Clone(good)
	binary.BigEndian.PutUint16(longer[envelopeLenAt:], 0xffff)
	shorter := bytes.Clone(good)
	binary.BigEndian.PutUint16(shorter[envelopeLenAt:], 0)
	for name, c := range map[string]struct {
		b    []byte
		want clickday.Code
	}{
		"empty":                        {nil, clickday.CodeTruncated},
		"garbage of three bytes":       {[]byte("abc"), clickday.CodeTruncated},
		"garbage of four bytes":        {[]byte("abcd"), clickday.CodeMalformed},
		"form data":                    {bytes.Repeat([]byte("a=b&"), 100), clickday.CodeMalformed},
		"magic alone":                  {[]byte("PEN1"), clickday.CodeTruncated},
		"later version, however short": {[]byte("PEN2"), clickday.CodeVersion},
		"later version":                {change(3, '2'), clickday.CodeVersion},
		"later ticket version":         {change(envelopeTicketAt, 9), clickday.CodeVersion},
		"ticket model":                 {change(envelopeTicketAt+ticketModelAt, '?'), clickday.CodeMalformed},
		"stated length too long":       {longer, clickday.CodeTruncated},
		"stated length too short":      {shorter, clickday.CodeMalformed},
	} {
		if _, err := ParseEnvelope(c.b); codeOf(t, err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestEnvelopeOfAnotherDevice(t *testing.T) {
	tk := testTicket()
	b, err := SealEnvelope(SealTicket(&tk, ticketKeys[1]), 0, []byte("x"), keyOf("another device"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := ParseEnvelope(b)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, CheckTicket(e.TicketBytes, &e.Ticket, ticketKeys, testNow), "")
	wantCode(t, e.CheckSignature(), clickday.CodeSignature)
}

func TestHotPathDoesNotAllocate(t *testing.T) {
	b := testEnvelope(t, testDictionary())
	var keys KeyRing = ticketKeys
	check := func() {
		e, err := ParseEnvelope(b)
		if err == nil {
			err = CheckTicket(e.TicketBytes, &e.Ticket, keys, testNow)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	check() // remembers the model
	if n := testing.AllocsPerRun(100, check); n != 0 {
		t.Errorf("%v allocations for one request, want none", n)
	}
}

func BenchmarkParseAndCheck(b *testing.B) {
	envelope := testEnvelope(b, testDictionary())
	b.ReportAllocs()
	for b.Loop() {
		e, err := ParseEnvelope(envelope)
		if err == nil {
			err = CheckTicket(e.TicketBytes, &e.Ticket, ticketKeys, testNow)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckSignature(b *testing.B) {
	e, err := ParseEnvelope(testEnvelope(b, testDictionary()))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := e.CheckSignature(); err != nil {
			b.Fatal(err)
		}
	}
}
