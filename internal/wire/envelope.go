package wire

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"

	"puntuale/internal/clickday"
)

const (
	envelopeMagic = "PEN1"
	// EnvelopeMax is the size limit of an envelope in bytes.
	EnvelopeMax = 16 << 10
	// EnvelopeMin is the size of an envelope with an empty document.
	EnvelopeMin = envelopeDocAt + ed25519.SignatureSize

	envelopeTicketAt = 4
	envelopeDictAt   = envelopeTicketAt + TicketSize
	envelopeLenAt    = envelopeDictAt + 4
	envelopeDocAt    = envelopeLenAt + 2
)

// Envelope is what the mini-client prepares before the opening. The slices
// share memory with the bytes that were parsed.
type Envelope struct {
	TicketBytes  []byte
	Ticket       Ticket
	DictionaryID uint32 // of the zstd dictionary, 0 for none
	Compressed   []byte // zstd frame of the canonical document
	Signature    []byte // Ed25519 of the device over everything before it
	signed       []byte
}

// SealEnvelope puts ticket and compressed document together and signs them with
// the device key. It fails with CodeOversized when the result would be too large.
func SealEnvelope(ticket []byte, dictionaryID uint32, compressed []byte, device ed25519.PrivateKey) ([]byte, error) {
	if len(ticket) != TicketSize {
		return nil, fail(clickday.CodeMalformed, "ticket of %d bytes, want %d", len(ticket), TicketSize)
	}
	size := EnvelopeMin + len(compressed)
	if size > EnvelopeMax {
		return nil, fail(clickday.CodeOversized, "envelope of %d bytes, at most %d", size, EnvelopeMax)
	}
	b := make([]byte, 0, size)
	b = append(b, envelopeMagic...)
	b = append(b, ticket...)
	b = binary.BigEndian.AppendUint32(b, dictionaryID)
	b = binary.BigEndian.AppendUint16(b, uint16(len(compressed)))
	b = append(b, compressed...)
	return append(b, ed25519.Sign(device, envelopeMessage(b))...), nil
}

// ParseEnvelope reads an envelope without checking MAC or signature, which is
// cheap enough for the path of a request. Errors carry CodeOversized,
// CodeTruncated, CodeVersion or CodeMalformed.
func ParseEnvelope(b []byte) (Envelope, error) {
	var e Envelope
	if len(b) > EnvelopeMax {
		return e, fail(clickday.CodeOversized, "envelope of %d bytes, at most %d", len(b), EnvelopeMax)
	}
	if len(b) >= 4 && string(b[:3]) == envelopeMagic[:3] && b[3] != envelopeMagic[3] {
		return e, fail(clickday.CodeVersion, "envelope version %q", b[3])
	}
	if len(b) >= 4 && string(b[:4]) != envelopeMagic {
		return e, fail(clickday.CodeMalformed, "not an envelope")
	}
	if len(b) < EnvelopeMin {
		return e, fail(clickday.CodeTruncated, "envelope of %d bytes, at least %d", len(b), EnvelopeMin)
	}
	end := envelopeDocAt + int(binary.BigEndian.Uint16(b[envelopeLenAt:]))
	switch {
	case len(b) < end+ed25519.SignatureSize:
		return e, fail(clickday.CodeTruncated, "envelope of %d bytes, states %d", len(b), end+ed25519.SignatureSize)
	case len(b) > end+ed25519.SignatureSize:
		return e, fail(clickday.CodeMalformed, "%d bytes after the envelope", len(b)-end-ed25519.SignatureSize)
	}
	t, err := ParseTicket(b[envelopeTicketAt:envelopeDictAt])
	if err != nil {
		return e, err
	}
	e.Ticket = t
	e.TicketBytes = b[envelopeTicketAt:envelopeDictAt]
	e.DictionaryID = binary.BigEndian.Uint32(b[envelopeDictAt:])
	e.Compressed = b[envelopeDocAt:end]
	e.Signature = b[end:]
	e.signed = b[:end]
	return e, nil
}

// CheckSignature verifies the device's signature. It costs about 80 µs and is
// the worker's to do. The error carries CodeSignature.
func (e *Envelope) CheckSignature() error {
	if !ed25519.Verify(e.Ticket.Device[:], envelopeMessage(e.signed), e.Signature) {
		return fail(clickday.CodeSignature, "device signature does not match")
	}
	return nil
}

// IDOf returns the submission id of an envelope.
func IDOf(envelope []byte) clickday.SubmissionID { return sha256.Sum256(envelope) }

func envelopeMessage(b []byte) []byte {
	return append([]byte(domainEnvelope), b...)
}
