package order_test

import (
	"bytes"
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/order"
)

func candidates(r *rand.Rand, n int) []order.Candidate {
	out := make([]order.Candidate, n)
	for i := range out {
		c := &out[i]
		c.Submission = clickday.SubmissionID{byte(i), byte(i >> 8), 1}
		c.Application = clickday.ApplicationID{byte(r.IntN(n))}
		c.Account = clickday.AccountID(r.IntN(5))
		c.Stamp = clickday.Stamp{UnixNano: r.Int64N(int64(n) * 700), Node: clickday.NodeID(1 + r.IntN(3)), Bound: time.Duration(r.IntN(1500))}
		if r.IntN(9) == 0 {
			c.Reason = clickday.CodeDocument
		}
	}
	return out
}

// TestRoundsMakeTheSameOrderAsOne: wherever the watermark stands between units,
// many rounds give what one round over everything gives.
func TestRoundsMakeTheSameOrderAsOne(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		all := candidates(r, 1+r.IntN(200))
		grain := []time.Duration{time.Microsecond, 10 * time.Microsecond, time.Millisecond}[r.IntN(3)]
		whole := order.Day{Grain: grain, Seed: []byte("s"), Left: map[clickday.AccountID]int{1: 3, 2: 0}}
		decided, pairs := whole.Decide(all)
		if !slices.IsSortedFunc(decided, func(a, b order.Decision) int { return a.Rank.Compare(b.Rank) }) {
			t.Fatal("not in order")
		}
		want := lines(all, decided, grain)
		parts := order.Day{Grain: grain, Seed: []byte("s"), Left: map[clickday.AccountID]int{1: 3, 2: 0}}
		var got [][]byte
		var sum int64
		numbers := map[clickday.ApplicationID]int64{}
		for from, mark := int64(0), int64(0); from < int64(len(all))*700; {
			mark += r.Int64N(20_000)
			end := order.Floor(mark, grain)
			if mark > int64(len(all))*700 {
				end = mark
			}
			var due []order.Candidate
			for _, c := range all {
				if c.Stamp.UnixNano >= from && c.Stamp.UnixNano < end {
					c.Number = numbers[c.Application]
					due = append(due, c)
				}
			}
			part, near := parts.Decide(due)
			for _, o := range part {
				if o.Outcome == ledger.Numbered {
					numbers[due[o.Index].Application] = o.Number
				}
			}
			got, sum, from = append(got, lines(due, part, grain)...), sum+near, end
		}
		if !slices.EqualFunc(got, want, bytes.Equal) || sum != pairs || parts.Number != whole.Number {
			t.Fatalf("seed %d: %d leaves, %d pairs, %d numbers; at once %d, %d, %d", seed, len(got), sum, parts.Number, len(want), pairs, whole.Number)
		}
	}
}

func lines(all []order.Candidate, decided []order.Decision, grain time.Duration) [][]byte {
	var out [][]byte
	for i := range decided {
		leaf := decided[i].Leaf(&all[decided[i].Index])
		out = append(out, leaf.AppendLine(nil, grain))
	}
	return out
}

// TestWhoIsRefusedForTheLimit: the latest in order, however many come at once.
func TestWhoIsRefusedForTheLimit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	all := candidates(r, 50)
	for i := range all {
		all[i].Account, all[i].Reason, all[i].Application = 7, "", clickday.ApplicationID{byte(i), 1}
	}
	d := order.Day{Seed: []byte("s"), Left: map[clickday.AccountID]int{7: 3}}
	decided, _ := d.Decide(all)
	for i, o := range decided {
		if (o.Outcome == ledger.Numbered) != (i < 3) || i >= 3 && o.Reason != clickday.CodeAccountLimit {
			t.Fatalf("decision %d: %+v", i, o)
		}
	}
	if d.Number != 3 || d.Left[7] != 0 {
		t.Fatalf("%d numbers, %d left", d.Number, d.Left[7])
	}
}

// TestWhatRanksLowerThanTheLastIsLate and leaves the place of the last alone.
func TestWhatRanksLowerThanTheLastIsLate(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	all := candidates(r, 100)
	d := order.Day{Seed: []byte("s"), Number: 41}
	d.Decide(all[:50])
	last := d.Last.Rank
	decided, _ := d.Decide(all[50:])
	for _, o := range decided {
		if o.Late != (o.Rank.Compare(last) < 0) {
			t.Fatalf("%+v, the last was %+v", o, last)
		}
	}
	if highest := slices.MaxFunc(decided, func(a, b order.Decision) int { return a.Rank.Compare(b.Rank) }); cmp.Compare(highest.Rank.Bucket, last.Bucket) > 0 && d.Last.Rank != highest.Rank {
		t.Fatalf("the last is %+v, want %+v", d.Last.Rank, highest.Rank)
	}
}
