package wire

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"maps"
	"sync/atomic"
	"time"

	"puntuale/internal/clickday"
)

// TicketSize is the length of a ticket in bytes, MAC included.
const TicketSize = 159

const (
	ticketVersion = 1
	ticketMACAt   = TicketSize - sha256.Size
)

// Offsets of the fields of a ticket.
const (
	ticketKeyAt       = 1
	ticketDayAt       = 5
	ticketModelAt     = 9
	ticketModelVerAt  = 17
	ticketAppAt       = 19
	ticketSealAt      = 35
	ticketDigestAt    = 39
	ticketDeviceAt    = 71
	ticketAccountAt   = 103
	ticketIssuedAt    = 111
	ticketNotAfterAt  = 119
	ticketModelLength = 8
)

// Ticket says that this sealed version may be sent on this click day from this
// device. The portal issues it at sync; its MAC is checked by the intake without
// a look-up.
type Ticket struct {
	KeyID        uint32 // which MAC key
	Day          clickday.DayID
	Model        clickday.ModelCode
	ModelVersion uint16
	Application  clickday.ApplicationID
	SealVersion  uint32 // 1, 2, … : how often this application has been sealed
	Digest       clickday.Digest
	Device       [32]byte // Ed25519 public key that must sign the envelope
	Account      clickday.AccountID
	IssuedAt     int64 // seconds since 1970, UTC
	NotAfter     int64 // seconds since 1970, UTC; the ticket is void after it
}

// SealTicket writes the ticket and its MAC under key (32 bytes).
func SealTicket(t *Ticket, key []byte) []byte {
	b := make([]byte, TicketSize)
	b[0] = ticketVersion
	binary.BigEndian.PutUint32(b[ticketKeyAt:], t.KeyID)
	binary.BigEndian.PutUint32(b[ticketDayAt:], uint32(t.Day))
	copy(b[ticketModelAt:ticketModelAt+ticketModelLength], t.Model)
	binary.BigEndian.PutUint16(b[ticketModelVerAt:], t.ModelVersion)
	copy(b[ticketAppAt:], t.Application[:])
	binary.BigEndian.PutUint32(b[ticketSealAt:], t.SealVersion)
	copy(b[ticketDigestAt:], t.Digest[:])
	copy(b[ticketDeviceAt:], t.Device[:])
	binary.BigEndian.PutUint64(b[ticketAccountAt:], uint64(t.Account))
	binary.BigEndian.PutUint64(b[ticketIssuedAt:], uint64(t.IssuedAt))
	binary.BigEndian.PutUint64(b[ticketNotAfterAt:], uint64(t.NotAfter))
	mac := ticketMAC(b[:ticketMACAt], key)
	copy(b[ticketMACAt:], mac[:])
	return b
}

// ParseTicket reads a ticket without checking its MAC. Errors carry
// CodeTruncated, CodeVersion or CodeMalformed.
func ParseTicket(b []byte) (Ticket, error) {
	var t Ticket
	if len(b) < TicketSize {
		return t, fail(clickday.CodeTruncated, "ticket of %d bytes, want %d", len(b), TicketSize)
	}
	if len(b) > TicketSize {
		return t, fail(clickday.CodeMalformed, "ticket of %d bytes, want %d", len(b), TicketSize)
	}
	if b[0] != ticketVersion {
		return t, fail(clickday.CodeVersion, "ticket version %d", b[0])
	}
	model, err := parseModel(b[ticketModelAt : ticketModelAt+ticketModelLength])
	if err != nil {
		return t, err
	}
	t.KeyID = binary.BigEndian.Uint32(b[ticketKeyAt:])
	t.Day = clickday.DayID(binary.BigEndian.Uint32(b[ticketDayAt:]))
	t.Model = model
	t.ModelVersion = binary.BigEndian.Uint16(b[ticketModelVerAt:])
	t.SealVersion = binary.BigEndian.Uint32(b[ticketSealAt:])
	t.Account = clickday.AccountID(binary.BigEndian.Uint64(b[ticketAccountAt:]))
	t.IssuedAt = int64(binary.BigEndian.Uint64(b[ticketIssuedAt:]))
	t.NotAfter = int64(binary.BigEndian.Uint64(b[ticketNotAfterAt:]))
	copy(t.Application[:], b[ticketAppAt:])
	copy(t.Digest[:], b[ticketDigestAt:])
	copy(t.Device[:], b[ticketDeviceAt:])
	return t, nil
}

func parseModel(field []byte) (clickday.ModelCode, error) {
	name := bytes.TrimRight(field, "\x00")
	if m, ok := (*knownModels.Load())[string(name)]; ok {
		return m, nil
	}
	m := clickday.ModelCode(name)
	if err := m.Validate(); err != nil {
		return "", fail(clickday.CodeMalformed, "ticket: %v", err)
	}
	return m, nil
}

// knownModels spares the hot path one string per request. Only names under a
// valid MAC get in, so nobody but the portal can make it grow; the map behind
// the pointer is never changed, a new one takes its place.
var knownModels atomic.Pointer[map[string]clickday.ModelCode]

func init() { knownModels.Store(&map[string]clickday.ModelCode{}) }

func rememberModel(m clickday.ModelCode) {
	old := knownModels.Load()
	if _, ok := (*old)[string(m)]; ok {
		return
	}
	next := maps.Clone(*old)
	next[string(m)] = m
	knownModels.CompareAndSwap(old, &next) // who loses the race is remembered next time
}

// KeyRing finds the MAC key of tickets by its id. A nil result means unknown.
type KeyRing interface {
	TicketKey(id uint32) []byte
}

// CheckTicket verifies the MAC of ticket bytes that ParseTicket accepted, and
// that the ticket was not yet void at now. Errors carry CodeTicketKey,
// CodeTicketInvalid or CodeTicketExpired.
func CheckTicket(b []byte, t *Ticket, keys KeyRing, now time.Time) error {
	key := keys.TicketKey(t.KeyID)
	if key == nil {
		return fail(clickday.CodeTicketKey, "ticket key %d", t.KeyID)
	}
	want := ticketMAC(b[:ticketMACAt], key)
	if subtle.ConstantTimeCompare(want[:], b[ticketMACAt:TicketSize]) != 1 {
		return fail(clickday.CodeTicketInvalid, "ticket MAC does not match")
	}
	rememberModel(t.Model)
	if now.Unix() > t.NotAfter {
		return fail(clickday.CodeTicketExpired, "ticket void since %d", t.NotAfter)
	}
	return nil
}

// ticketMAC is HMAC-SHA256 (RFC 2104) over the domain and the body. It is
// written out because crypto/hmac allocates its state anew for every ticket;
// a test holds it to crypto/hmac. Longer keys than a block are hashed first.
func ticketMAC(body, key []byte) [sha256.Size]byte {
	if len(key) > sha256.BlockSize {
		sum := sha256.Sum256(key)
		return ticketMAC(body, sum[:])
	}
	var inner [sha256.BlockSize + len(domainTicket) + ticketMACAt]byte
	var outer [sha256.BlockSize + sha256.Size]byte
	copy(inner[:], key)
	copy(outer[:], key)
	for i := range sha256.BlockSize {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	n := sha256.BlockSize
	n += copy(inner[n:], domainTicket)
	n += copy(inner[n:], body)
	sum := sha256.Sum256(inner[:n])
	copy(outer[sha256.BlockSize:], sum[:])
	return sha256.Sum256(outer[:])
}
