package wire

import (
	"crypto/ed25519"
	"encoding/binary"
	"math"
	"time"

	"puntuale/internal/clickday"
)

const (
	timeMagic = "PTM1"
	// TimeSize is the length of a time answer in bytes.
	TimeSize    = timeSigAt + ed25519.SignatureSize
	timeKeyAt   = 56
	timeSigAt   = 60
	timeNonceAt = 4
	// NonceSize is the length of the caller's nonce in bytes.
	NonceSize = 16
)

// TimeAnswer is the intake's clock as it answers a time request.
type TimeAnswer struct {
	Nonce           [NonceSize]byte // repeated from the request
	ReceivedAt      int64           // arrival of the request, nanoseconds since 1970 UTC
	SentAt          int64           // just before the answer was written
	Source          clickday.StampSource
	Clock           clickday.ClockState
	Bound           time.Duration // greatest distance from UTC; 0 is not measured
	Node            clickday.NodeID
	CalendarVersion uint64
}

// SealTime writes and signs a time answer with the node's key.
func SealTime(t *TimeAnswer, node ed25519.PrivateKey) []byte {
	b := make([]byte, 0, TimeSize)
	b = append(b, timeMagic...)
	b = append(b, t.Nonce[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(t.ReceivedAt))
	b = binary.BigEndian.AppendUint64(b, uint64(t.SentAt))
	b = append(b, byte(t.Source), byte(t.Clock))
	b = binary.BigEndian.AppendUint64(b, uint64(t.Bound))
	b = binary.BigEndian.AppendUint16(b, uint16(t.Node))
	b = binary.BigEndian.AppendUint64(b, t.CalendarVersion)
	b = binary.BigEndian.AppendUint32(b, KeyID(node.Public().(ed25519.PublicKey)))
	return append(b, ed25519.Sign(node, timeMessage(b))...)
}

// OpenTime reads a time answer and checks its signature and nonce. Errors carry
// CodeMalformed or CodeSignature.
func OpenTime(b []byte, nonce [NonceSize]byte, node ed25519.PublicKey) (TimeAnswer, error) {
	var t TimeAnswer
	if len(b) != TimeSize || string(b[:4]) != timeMagic {
		return t, fail(clickday.CodeMalformed, "not a time answer")
	}
	if id := binary.BigEndian.Uint32(b[timeKeyAt:]); id != KeyID(node) {
		return t, fail(clickday.CodeSignature, "time answer is signed with key %08x", id)
	}
	if !ed25519.Verify(node, timeMessage(b[:timeSigAt]), b[timeSigAt:]) {
		return t, fail(clickday.CodeSignature, "signature of the time answer does not match")
	}
	copy(t.Nonce[:], b[timeNonceAt:])
	if t.Nonce != nonce {
		return t, fail(clickday.CodeMalformed, "time answer is for another request")
	}
	bound := binary.BigEndian.Uint64(b[38:])
	if bound > math.MaxInt64 {
		return t, fail(clickday.CodeMalformed, "clock bound out of range")
	}
	t.ReceivedAt = int64(binary.BigEndian.Uint64(b[20:]))
	t.SentAt = int64(binary.BigEndian.Uint64(b[28:]))
	t.Source, t.Clock = clickday.StampSource(b[36]), clickday.ClockState(b[37])
	t.Bound = time.Duration(bound)
	t.Node = clickday.NodeID(binary.BigEndian.Uint16(b[46:]))
	t.CalendarVersion = binary.BigEndian.Uint64(b[48:])
	return t, nil
}

func timeMessage(b []byte) []byte { return append([]byte(domainTime), b...) }
