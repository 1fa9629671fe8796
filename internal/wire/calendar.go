package wire

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"

	"github.com/fxamacker/cbor/v2"

	"puntuale/internal/clickday"
)

const (
	calendarMagic     = "PCA1"
	calendarSigAt     = 8
	calendarPayloadAt = calendarSigAt + ed25519.SignatureSize
	// CalendarMax is the size limit of a signed calendar in bytes.
	CalendarMax = 256 << 10
)

// SealCalendar encodes the calendar as deterministic CBOR and signs it.
func SealCalendar(c *clickday.Calendar, key ed25519.PrivateKey) ([]byte, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	payload, err := deterministic.Marshal(c)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, calendarPayloadAt+len(payload))
	b = append(b, calendarMagic...)
	b = binary.BigEndian.AppendUint32(b, KeyID(key.Public().(ed25519.PublicKey)))
	b = append(b, ed25519.Sign(key, calendarMessage(payload))...)
	return append(b, payload...), nil
}

// OpenCalendar checks the signature and reads the calendar. Errors carry
// CodeMalformed, CodeOversized or CodeSignature.
func OpenCalendar(b []byte, key ed25519.PublicKey) (clickday.Calendar, error) {
	var c clickday.Calendar
	if len(b) > CalendarMax {
		return c, fail(clickday.CodeOversized, "calendar of %d bytes, at most %d", len(b), CalendarMax)
	}
	if len(b) < calendarPayloadAt || string(b[:4]) != calendarMagic {
		return c, fail(clickday.CodeMalformed, "not a calendar")
	}
	payload := b[calendarPayloadAt:]
	if id := binary.BigEndian.Uint32(b[len(calendarMagic):]); id != KeyID(key) {
		return c, fail(clickday.CodeSignature, "calendar is signed with key %08x", id)
	}
	if !ed25519.Verify(key, calendarMessage(payload), b[calendarSigAt:calendarPayloadAt]) {
		return c, fail(clickday.CodeSignature, "signature of the calendar does not match")
	}
	if err := strict.Unmarshal(payload, &c); err != nil {
		return c, fail(clickday.CodeMalformed, "calendar: %v", err)
	}
	if err := c.Validate(); err != nil {
		return c, fail(clickday.CodeMalformed, "%v", err)
	}
	if again, err := deterministic.Marshal(&c); err != nil || !bytes.Equal(again, payload) {
		return c, fail(clickday.CodeMalformed, "calendar is not in deterministic CBOR")
	}
	return c, nil
}

func calendarMessage(payload []byte) []byte { return append([]byte(domainCalendar), payload...) }

var (
	deterministic cbor.EncMode
	strict        cbor.DecMode
)

func init() {
	var err error
	enc := cbor.CoreDetEncOptions()
	enc.NilContainers = cbor.NilContainerAsEmpty
	if deterministic, err = enc.EncMode(); err != nil {
		panic(err)
	}
	opts := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden,
		TagsMd: cbor.TagsForbidden, ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		MaxArrayElements: 4096, MaxMapPairs: 4096, MaxNestedLevels: 8,
	}
	if strict, err = opts.DecMode(); err != nil {
		panic(err)
	}
}
