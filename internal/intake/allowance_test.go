package intake

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/journal"
	"puntuale/internal/wire"
)

// variants returns different envelopes with one ticket, as somebody makes them who
// has it and changes a byte of the signature.
func variants(t *testing.T, n int) [][]byte {
	t.Helper()
	first := envelopeFor(t, dayOpen)
	out := make([][]byte, n)
	for i := range out {
		out[i] = bytes.Clone(first)
		binary.BigEndian.PutUint32(out[i][len(first)-4:], uint32(i))
	}
	return out
}

// limitedWorld is a node that stores so many submissions a ticket. Without the
// lane all of them take the ordinary way.
func limitedWorld(t *testing.T, most uint8, lane bool) *world {
	t.Helper()
	w := openWith(t, false, func(cfg *Config) {
		j, ok := cfg.Journal.(*journal.Journal)
		if !ok {
			t.Fatal("a node of the tests has another journal")
		}
		limited := Limited{Journal: j, Allowance: NewAllowance(most, 0)}
		cfg.Journal = limited
		if !lane {
			cfg.Journal = struct {
				Journal
				limiting
			}{limited, limited}
		}
	})
	return w
}

func TestOneTicketFillsNoDisk(t *testing.T) {
	for _, lane := range []bool{true, false} {
		t.Run(fmt.Sprintf("lane %v", lane), func(t *testing.T) {
			w := limitedWorld(t, 3, lane)
			all := variants(t, 6)
			var acks [][]byte
			for _, env := range all[:3] {
				_, ack := w.accepted(env)
				acks = append(acks, ack)
				if _, again := w.accepted(env); !bytes.Equal(again, ack) { // which is none more
					t.Fatal("a repeat has another answer")
				}
			}
			for _, env := range all[3:] {
				a := w.post(env)
				if p := a.problem(); a.status != http.StatusTooManyRequests || p.Code != clickday.CodeTooMany {
					t.Fatalf("%d %s", a.status, a.body)
				}
			}
			for i, env := range all[:3] {
				if _, again := w.accepted(env); !bytes.Equal(again, acks[i]) {
					t.Fatal("a repeat has another answer")
				}
			}
			w.accepted(envelopeFor(t, dayOpen)) // another application
			if n := w.journal.Records(); n != 4 {
				t.Fatalf("%d records", n)
			}
		})
	}
}

// However many come at once, about as many are stored as may be.
func TestACrowdWithOneTicket(t *testing.T) {
	const most, senders = 4, 8
	w := limitedWorld(t, most, true)
	var all sync.WaitGroup
	var stored atomic.Int32
	for _, env := range variants(t, 10*senders) {
		all.Go(func() {
			if a := w.post(env); a.status == http.StatusOK {
				stored.Add(1)
			}
		})
	}
	all.Wait()
	if n := w.journal.Records(); n < most || n > most+10*senders/2 || int(stored.Load()) != n {
		t.Fatalf("%d records, %d acknowledged, %d may be stored", n, stored.Load(), most)
	}
}

// What is not stored counts for nothing: neither refusals nor a full journal.
func TestWhatIsNotStoredCountsForNothing(t *testing.T) {
	w := limitedWorld(t, 1, true)
	early := envelopeFor(t, dayEarly)
	for range 3 {
		if a := w.post(early); a.problem().Code != clickday.CodeTooEarly {
			t.Fatalf("%s", a.body)
		}
	}
	days := testDays()
	for i := range days {
		if days[i].ID == dayEarly {
			days[i].Opens = wall.Now().Add(-time.Second).UnixNano()
		}
	}
	w.publish(2, days...) // now it opens
	w.accepted(early)
}

func TestAllowance(t *testing.T) {
	a := NewAllowance(2, 0)
	one := &wire.Ticket{Application: clickday.ApplicationID{1}, SealVersion: 1, Device: [32]byte{1}}
	others := []*wire.Ticket{
		{Application: clickday.ApplicationID{2}, SealVersion: 1, Device: [32]byte{1}},
		{Application: clickday.ApplicationID{1}, SealVersion: 2, Device: [32]byte{1}},
		{Application: clickday.ApplicationID{1}, SealVersion: 1, Device: [32]byte{2}},
	}
	same := *one
	same.IssuedAt, same.NotAfter, same.Digest = 7, 8, clickday.Digest{9}
	if !a.Stored(one) || !a.Allow(&same) || !a.Stored(&same) || a.Allow(one) || a.Stored(one) {
		t.Fatal("two must be stored, and no third")
	}
	for i, o := range others {
		if !a.Allow(o) || !a.Stored(o) {
			t.Fatalf("other %d pays for the first", i)
		}
	}
	a.undo(one)
	if !a.Allow(one) || !a.Stored(one) || a.Stored(one) {
		t.Fatal("what was taken back must be there again, once")
	}
}

// TestAllowanceIsBounded fills it beyond what it keeps.
func TestAllowanceIsBounded(t *testing.T) {
	a := NewAllowance(1, 0)
	var tk wire.Ticket
	for i := range shardCount*shardMost + 200_000 {
		binary.BigEndian.PutUint64(tk.Application[:], uint64(i))
		if !a.Stored(&tk) {
			t.Fatalf("ticket %d was never stored and is refused", i)
		}
	}
	slots := 0
	for i := range a.shards {
		slots += len(a.shards[i].slots)
	}
	if slots > 2*shardCount*shardMost {
		t.Fatalf("%d slots", slots)
	}
	binary.BigEndian.PutUint64(tk.Application[:], 0)
	if a.Stored(&tk) {
		t.Fatal("the first has been forgotten")
	}
}

func BenchmarkAllowance(b *testing.B) {
	a := NewAllowance(16, 0)
	var tk wire.Ticket
	for i := range 1_000_000 {
		binary.BigEndian.PutUint64(tk.Application[:], uint64(i))
		a.Stored(&tk)
	}
	i := uint64(0)
	for b.Loop() {
		i += 7919
		binary.BigEndian.PutUint64(tk.Application[:], i%1_000_000)
		a.Allow(&tk)
	}
}
