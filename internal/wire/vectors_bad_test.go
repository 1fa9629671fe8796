package wire

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"puntuale/internal/clickday"
)

// badVector is something that must be refused, and how. Receivers check in the
// order of the protocol, so each has exactly one right code.
type badVector struct {
	Kind  string        `json:"kind"` // envelope, acknowledgement, time, calendar, device
	Name  string        `json:"name"`
	Bytes hx            `json:"bytes"`
	Now   string        `json:"now"` // seconds since 1970, for envelopes
	Code  clickday.Code `json:"code"`
}

// judgeEnvelope is every check of an envelope that needs no calendar and no
// data base, in the order of the protocol.
func judgeEnvelope(d *Decompressor, b []byte, now time.Time) error {
	e, err := ParseEnvelope(b)
	if err != nil {
		return err
	}
	if err := CheckTicket(e.TicketBytes, &e.Ticket, ticketKeys, now); err != nil {
		return err
	}
	if err := e.CheckSignature(); err != nil {
		return err
	}
	doc, err := d.Document(&e)
	if err != nil {
		return err
	}
	if sha256.Sum256(doc) != e.Ticket.Digest {
		return fail(clickday.CodeDigest, "document is not the one of the ticket")
	}
	return nil
}

func (v *badVector) judge(t *testing.T, d *Decompressor, now time.Time) error {
	switch v.Kind {
	case "envelope":
		return judgeEnvelope(d, v.Bytes, now)
	case "acknowledgement":
		a, err := ParseAcknowledgement(v.Bytes)
		if err != nil {
			return err
		}
		return a.Check(testLeaves(5)[3].ID, publicOf(nodeKey))
	case "time":
		_, err := OpenTime(v.Bytes, testTime().Nonce, publicOf(nodeKey))
		return err
	case "calendar":
		_, err := OpenCalendar(v.Bytes, publicOf(calendarKey))
		return err
	case "device":
		return CheckDevice(publicOf(deviceKey), buildDevice().AccessToken, v.Bytes)
	}
	t.Fatalf("unknown kind %q", v.Kind)
	return nil
}

func flipped(b []byte, at int, mask byte) []byte {
	c := bytes.Clone(b)
	if at < 0 {
		at += len(c)
	}
	c[at] ^= mask
	return c
}

func buildBad(t *testing.T) []badVector {
	out := append(badEnvelopes(t), badAcknowledgements()...)
	return append(out, badSigned(t)...)
}

func badEnvelopes(t *testing.T) []badVector {
	good := testEnvelope(t, testDictionary())
	tk := testTicket()
	reseal := func(keyID uint32, key []byte, frame []byte, device ed25519.PrivateKey) []byte {
		c := tk
		c.KeyID = keyID
		b, err := SealEnvelope(SealTicket(&c, key), 0, frame, device)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	seal := func(frame []byte) []byte { return reseal(1, ticketKeys[1], frame, deviceKey) }
	edited := stored(bytes.Replace(testDocument(), []byte("Rahman"), []byte("Rahmen"), 1))
	short := bytes.Clone(good)
	binary.BigEndian.PutUint16(short[envelopeLenAt:], 1)
	list := []badVector{
		{Name: "empty", Bytes: hx{}, Code: clickday.CodeTruncated},
		{Name: "magic alone", Bytes: hx("PEN1"), Code: clickday.CodeTruncated},
		{Name: "later version", Bytes: hx("PEN2"), Code: clickday.CodeVersion},
		{Name: "text", Bytes: hx("name=value"), Code: clickday.CodeMalformed},
		{Name: "last byte missing", Bytes: good[:len(good)-1], Code: clickday.CodeTruncated},
		{Name: "one byte more", Bytes: append(bytes.Clone(good), 0), Code: clickday.CodeMalformed},
		{Name: "length too small", Bytes: short, Code: clickday.CodeMalformed},
		{Name: "too large", Bytes: make(hx, EnvelopeMax+1), Code: clickday.CodeOversized},
		{Name: "ticket version 2", Bytes: flipped(good, envelopeTicketAt, 3), Code: clickday.CodeVersion},
		{Name: "model in lower case", Bytes: flipped(good, envelopeTicketAt+ticketModelAt, 0x20), Code: clickday.CodeMalformed},
		{Name: "unknown ticket key", Bytes: reseal(2, seedOf("other"), []byte("x"), deviceKey), Code: clickday.CodeTicketKey},
		{Name: "ticket of another key", Bytes: reseal(1, seedOf("other"), []byte("x"), deviceKey), Code: clickday.CodeTicketInvalid},
		{Name: "account changed in the ticket", Bytes: flipped(good, envelopeTicketAt+ticketAccountAt, 1), Code: clickday.CodeTicketInvalid},
		{Name: "digest changed in the ticket", Bytes: flipped(good, envelopeTicketAt+ticketDigestAt, 1), Code: clickday.CodeTicketInvalid},
		{Name: "ticket expired one second ago", Bytes: good, Now: dec(tk.NotAfter + 1), Code: clickday.CodeTicketExpired},
		{Name: "document changed after signing", Bytes: flipped(good, envelopeDocAt+20, 1), Code: clickday.CodeSignature},
		{Name: "signature changed", Bytes: flipped(good, -1, 1), Code: clickday.CodeSignature},
		{Name: "signed by another device", Bytes: reseal(1, ticketKeys[1], edited, keyOf("another device")), Code: clickday.CodeSignature},
		{Name: "another document, signed by the device", Bytes: seal(edited), Code: clickday.CodeDigest},
		{Name: "no document", Bytes: seal(nil), Code: clickday.CodeDecompression},
		{Name: "frame without a size", Bytes: seal(bombs()["no size"]), Code: clickday.CodeDecompression},
		{Name: "frame that states 2^63 bytes", Bytes: seal(bombs()["states 2^63"]), Code: clickday.CodeDecompression},
		{Name: "frame over the ratio", Bytes: seal(bombs()["ratio"]), Code: clickday.CodeDecompression},
		{Name: "two frames", Bytes: seal(bombs()["second frame"]), Code: clickday.CodeDecompression},
		{Name: "dictionary that the envelope does not name", Bytes: seal(buildEnvelopes(t)[2].Frame), Code: clickday.CodeDecompression},
	}
	for i := range list {
		list[i].Kind = "envelope"
		if list[i].Now == "" {
			list[i].Now = dec(testNow.Unix())
		}
	}
	return list
}

func badAcknowledgements() []badVector {
	_, acks := acknowledge(testLeaves(5))
	good := AppendAcknowledgement(nil, &acks[3])
	list := []badVector{
		{Name: "of another submission", Bytes: AppendAcknowledgement(nil, &acks[2]), Code: clickday.CodeMalformed},
		{Name: "cut", Bytes: good[:len(good)-1], Code: clickday.CodeMalformed},
		{Name: "index out of the batch", Bytes: flipped(good, ackIndexAt+3, 6), Code: clickday.CodeMalformed},
		{Name: "path too short for the batch", Bytes: flipped(good, ackCountAt, 1), Code: clickday.CodeMalformed},
		{Name: "stamp one nanosecond earlier", Bytes: flipped(good, ackLeafAt+39, 1), Code: clickday.CodeSignature},
		{Name: "batch number changed", Bytes: flipped(good, ackBatchAt+7, 1), Code: clickday.CodeSignature},
		{Name: "path changed", Bytes: flipped(good, -1, 1), Code: clickday.CodeSignature},
		{Name: "another key id", Bytes: flipped(good, ackKeyAt, 1), Code: clickday.CodeSignature},
		{Name: "signature changed", Bytes: flipped(good, ackSigAt, 1), Code: clickday.CodeSignature},
	}
	for i := range list {
		list[i].Kind = "acknowledgement"
	}
	return list
}

func badSigned(t *testing.T) []badVector {
	answer := testTime()
	good := SealTime(&answer, nodeKey)
	answer.Nonce[0] ^= 1
	calendar := []byte(buildCalendar(t).Bytes)
	wide := signCalendar([]byte{0xa3, 1, 0x18, 1, 2, 0, 3, 0x80})
	return []badVector{
		{Kind: "time", Name: "cut", Bytes: good[:TimeSize-1], Code: clickday.CodeMalformed},
		{Kind: "time", Name: "changed", Bytes: flipped(good, 20, 1), Code: clickday.CodeSignature},
		{Kind: "time", Name: "answer to another request", Bytes: SealTime(&answer, nodeKey), Code: clickday.CodeMalformed},
		{Kind: "time", Name: "of another node", Bytes: SealTime(&answer, deviceKey), Code: clickday.CodeSignature},
		{Kind: "calendar", Name: "changed", Bytes: flipped(calendar, -1, 1), Code: clickday.CodeSignature},
		{Kind: "calendar", Name: "another key id", Bytes: flipped(calendar, 4, 1), Code: clickday.CodeSignature},
		{Kind: "calendar", Name: "not a calendar", Bytes: hx("{}"), Code: clickday.CodeMalformed},
		{Kind: "calendar", Name: "signed, but an integer is longer than need be", Bytes: wide, Code: clickday.CodeMalformed},
		{Kind: "calendar", Name: "signed, but version zero", Bytes: signCalendar([]byte{0xa3, 1, 0, 2, 0, 3, 0x80}), Code: clickday.CodeMalformed},
		{Kind: "device", Name: "proof for another token", Bytes: SignDevice(deviceKey, "another"), Code: clickday.CodeSignature},
	}
}

func TestBadVectorsGetTheirCodes(t *testing.T) {
	d := newDecompressor(t, testDictionary())
	shown := map[clickday.Code]bool{}
	for _, v := range buildBad(t) {
		now := testNow
		if v.Now != "" {
			var seconds int64
			for _, digit := range v.Now {
				seconds = seconds*10 + int64(digit-'0')
			}
			now = time.Unix(seconds, 0)
		}
		if got := codeOf(t, v.judge(t, d, now)); got != v.Code {
			t.Errorf("%s, %s: %q, want %q", v.Kind, v.Name, got, v.Code)
		}
		shown[v.Code] = true
	}
	for _, c := range judged {
		if !shown[c] {
			t.Errorf("no vector shows %s", c)
		}
	}
}
