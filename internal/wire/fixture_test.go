package wire

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"puntuale/internal/clickday"
)

// The fixtures are the same in tests, vectors and fuzz corpora, and depend on
// nothing but the names here.

func seedOf(name string) []byte {
	sum := sha256.Sum256([]byte("puntuale test vector " + name))
	return sum[:]
}

func keyOf(name string) ed25519.PrivateKey { return ed25519.NewKeyFromSeed(seedOf(name)) }

func publicOf(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

type keyRing map[uint32][]byte

func (k keyRing) TicketKey(id uint32) []byte { return k[id] }

var (
	deviceKey   = keyOf("device")
	nodeKey     = keyOf("node")
	calendarKey = keyOf("calendar")
	ticketKeys  = keyRing{1: seedOf("ticket key")}
	testNow     = time.Unix(1_770_883_200, 0) // 12 February 2026, 09:00 in Rome
)

func testDictionary() Dictionary {
	content := []byte("contract_hours_weeklyemployer_nameemployer_surnameemployer_tax_codehousing_address" +
		"workplace_provinceworker_birth_stateworker_nameworker_passportworker_surname")
	sum := sha256.Sum256(content)
	return Dictionary{ID: uint32(sum[0])<<24 | uint32(sum[1])<<16 | uint32(sum[2])<<8 | uint32(sum[3]), Content: content}
}

func testTicket() Ticket {
	t := Ticket{
		KeyID: 1, Day: 7, Model: "C-STAG", ModelVersion: 2, SealVersion: 3,
		Digest: sha256.Sum256(testDocument()), Account: 1234567890123,
		IssuedAt: testNow.Unix() - 86400, NotAfter: testNow.Unix() + 86400,
	}
	copy(t.Application[:], seedOf("application"))
	t.Application[6], t.Application[8] = t.Application[6]&0x0f|0x40, t.Application[8]&0x3f|0x80
	copy(t.Device[:], publicOf(deviceKey))
	return t
}

func testEnvelope(tb testing.TB, d Dictionary) []byte {
	tb.Helper()
	frame, err := Compress(testDocument(), d)
	if err != nil {
		tb.Fatal(err)
	}
	t := testTicket()
	e, err := SealEnvelope(SealTicket(&t, ticketKeys[1]), d.ID, frame, deviceKey)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// testLeaves returns n leaves with different stamps, sources and bounds.
func testLeaves(n int) []Leaf {
	out := make([]Leaf, n)
	for i := range out {
		out[i] = Leaf{ID: IDOf(fmt.Appendf(nil, "envelope %d", i)), Stamp: clickday.Stamp{
			UnixNano: testNow.UnixNano() + int64(i)*1_000_003, Source: clickday.StampKernel, Clock: clickday.ClockOK,
			Bound: time.Duration(i) * 250 * time.Microsecond, Node: 513, Journal: 0xfedcba9876543210, Sequence: uint64(41 + i),
		}}
	}
	if n > 1 {
		out[1].Stamp.Source, out[1].Stamp.Clock = clickday.StampUserSpace, clickday.ClockUnknown
	}
	if n > 2 {
		out[2].Stamp.Clock = clickday.ClockRefused
	}
	return out
}

// acknowledge signs one batch and returns the acknowledgement of every leaf.
func acknowledge(leaves []Leaf) (BatchStatement, []Acknowledgement) {
	hashes := make([][32]byte, len(leaves))
	for i := range leaves {
		hashes[i] = HashLeaf(AppendLeaf(nil, &leaves[i]))
	}
	s := BatchStatement{
		Node: leaves[0].Stamp.Node, Journal: leaves[0].Stamp.Journal, Batch: 9, Count: uint32(len(leaves)),
		Root: TreeRoot(hashes), Prev: sha256.Sum256([]byte("batch before")),
	}
	signature := ed25519.Sign(nodeKey, s.Message())
	out := make([]Acknowledgement, len(leaves))
	for i := range out {
		out[i] = Acknowledgement{
			Leaf: leaves[i], Batch: s.Batch, Index: uint32(i), Count: s.Count, Prev: s.Prev,
			KeyID: KeyID(publicOf(nodeKey)), Signature: [64]byte(signature), Path: TreePath(hashes, i),
		}
	}
	return s, out
}

func testTime() TimeAnswer {
	return TimeAnswer{
		Nonce: [NonceSize]byte(seedOf("nonce")), ReceivedAt: testNow.UnixNano() + 123, SentAt: testNow.UnixNano() + 45_678,
		Source: clickday.StampKernel, Clock: clickday.ClockDegraded, Bound: 1_500_000, Node: 513, CalendarVersion: 12,
	}
}

func testCalendar() clickday.Calendar {
	at := testNow.UnixNano()
	return clickday.Calendar{Version: 12, IssuedAt: at - 1_000_000_007, Days: []clickday.Day{
		{
			ID: 7, Code: "FLUSSI-2026-STAG", TitleIT: "Lavoro stagionale è già", TitleEN: "Seasonal work",
			Models: []clickday.ModelCode{"C-STAG"}, Prepare: at - 40*86400e9, Sync: at - 7*86400e9, Opens: at, Closes: at + 9*3600e9,
			State: clickday.DayScheduled, TieCommitment: sha256.Sum256(seedOf("tie seed")),
		},
		{
			ID: 4_000_000_000, Code: "D2", TitleIT: "Subordinato", TitleEN: "Subordinate", Models: []clickday.ModelCode{"B", "B2020"},
			Prepare: -1, Sync: 0, Opens: 23, Closes: 24, State: clickday.DaySuspended, Granularity: 1_000_000,
		},
		{
			ID: 900, Code: "PROVA", TitleIT: "Prova generale", TitleEN: "Rehearsal", Models: []clickday.ModelCode{"B"},
			Prepare: at - 40*86400e9, Sync: at - 40*86400e9, Opens: at - 40*86400e9, Closes: at + 400*86400e9,
			State: clickday.DayScheduled, Rehearsal: true,
		},
	}}
}

// codeOf returns the code an error carries, "" for none.
func codeOf(tb testing.TB, err error) clickday.Code {
	tb.Helper()
	if err == nil {
		return ""
	}
	var e *Error
	if !errors.As(err, &e) {
		tb.Fatalf("error without a code: %v", err)
	}
	return e.Code
}

func wantCode(tb testing.TB, err error, want clickday.Code) {
	tb.Helper()
	if got := codeOf(tb, err); got != want {
		tb.Fatalf("code %q (%v), want %q", got, err, want)
	}
}
