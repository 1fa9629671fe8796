package sequencer

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/order"
	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/queue/queuetest"
)

// memoryTerm keeps the record in this process, for simulations that are too large
// for a database. TestTheMemoryTermDoesAsPostgres holds it against the real one.
type memoryTerm struct {
	nodes    map[clickday.NodeID]ed25519.PublicKey
	marks    map[clickday.NodeID]int64
	journals map[uint64]clickday.JournalProgress
	all      map[clickday.SubmissionID]*kept
	has      map[clickday.ApplicationID]int64
	used     map[int]map[clickday.AccountID]int
	days     map[int]*memoryDay
}

type memoryDay struct {
	order.Day
	undecided map[clickday.SubmissionID]*kept
	leaves    []ledger.Leaf
	close     int64
}

type kept struct {
	clickday.Submission
	number, index int64
}

func newMemoryTerm(nodes []*node) *memoryTerm {
	m := &memoryTerm{
		nodes: map[clickday.NodeID]ed25519.PublicKey{}, marks: map[clickday.NodeID]int64{}, journals: map[uint64]clickday.JournalProgress{},
		all: map[clickday.SubmissionID]*kept{}, has: map[clickday.ApplicationID]int64{}, used: map[int]map[clickday.AccountID]int{}, days: map[int]*memoryDay{},
	}
	for _, n := range nodes {
		m.nodes[n.id], m.marks[n.id] = n.public(), 0
	}
	for day := 1; day <= days; day++ {
		m.days[day] = &memoryDay{Day: order.Day{Grain: grain, Seed: seedOf(day)}, undecided: map[clickday.SubmissionID]*kept{}}
		m.used[day] = map[clickday.AccountID]int{}
	}
	return m
}

func (m *memoryTerm) Nodes(context.Context) (map[clickday.NodeID]ed25519.PublicKey, error) {
	return maps.Clone(m.nodes), nil
}

func (m *memoryTerm) Journals(context.Context) ([]clickday.JournalProgress, error) {
	return slices.Collect(maps.Values(m.journals)), nil
}

func (m *memoryTerm) Close() error { return nil }

func (m *memoryTerm) Ingest(_ context.Context, in *clickday.Intake, _ time.Time) (clickday.IntakeCount, error) {
	var n clickday.IntakeCount
	for _, p := range in.From {
		if m.journals[p.Journal].LastBatch != p.LastBatch {
			return n, fmt.Errorf("journal %d is at batch %d, not at %d", p.Journal, m.journals[p.Journal].LastBatch, p.LastBatch)
		}
	}
	for _, p := range in.To {
		m.journals[p.Journal] = p
	}
	fresh := map[clickday.SubmissionID]*kept{}
	for i := range in.Submissions {
		s := &in.Submissions[i]
		if s.Stamp.UnixNano < m.marks[in.Node] {
			n.Late++
		}
		old := m.all[s.ID]
		if old == nil {
			k := &kept{Submission: *s, index: -1}
			k.Envelope = nil
			m.all[s.ID], fresh[s.ID], m.days[int(s.Day)].undecided[s.ID] = k, k, k
			continue
		}
		m.merge(old, s)
	}
	for _, k := range fresh {
		if k.State == clickday.Refused {
			n.Refused++
		} else {
			n.New++
		}
	}
	if in.Watermark > m.marks[in.Node] {
		m.marks[in.Node] = in.Watermark
	}
	return n, nil
}

// merge follows docs/worker.md: the earliest stamp counts until the decision, and
// a refusal gives way, but for the limit of an account.
func (m *memoryTerm) merge(old *kept, s *clickday.Submission) {
	revived := old.State == clickday.Refused && s.State == clickday.Queued
	if old.index >= 0 && (!revived || old.Reason == clickday.CodeAccountLimit) {
		return
	}
	if earlier(s.Stamp, old.Stamp) {
		old.Stamp = s.Stamp
	}
	if revived {
		old.State, old.Reason, old.index = clickday.Queued, "", -1
		m.days[int(old.Day)].undecided[old.ID] = old
	}
}

func earlier(a, b clickday.Stamp) bool {
	return cmp.Or(cmp.Compare(a.UnixNano, b.UnixNano), cmp.Compare(a.Node, b.Node), cmp.Compare(a.Journal, b.Journal), cmp.Compare(a.Sequence, b.Sequence)) < 0
}

func (m *memoryTerm) Number(_ context.Context, limit int, _ time.Time) (clickday.NumberCount, error) {
	n := clickday.NumberCount{Watermark: slices.Min(slices.Collect(maps.Values(m.marks)))}
	for day := 1; day <= days; day++ {
		m.numberDay(day, limit, &n)
	}
	return n, nil
}

func (m *memoryTerm) numberDay(day, limit int, n *clickday.NumberCount) {
	d := m.days[day]
	end := order.Floor(n.Watermark, d.Grain)
	var ripe []*kept
	for _, k := range d.undecided {
		if k.Stamp.UnixNano < end {
			ripe = append(ripe, k)
		}
	}
	slices.SortFunc(ripe, func(a, b *kept) int { return cmp.Compare(a.Stamp.UnixNano, b.Stamp.UnixNano) })
	if len(ripe) > limit {
		end = clickday.Bucket(ripe[limit-1].Stamp.UnixNano, d.Grain) + int64(d.Grain)
		ripe = ripe[:slices.IndexFunc(append(ripe, &kept{Submission: clickday.Submission{Stamp: clickday.Stamp{UnixNano: end}}}), func(k *kept) bool { return k.Stamp.UnixNano >= end })]
	}
	due := make([]order.Candidate, len(ripe))
	d.Left = map[clickday.AccountID]int{}
	for i, k := range ripe {
		due[i] = order.Candidate{
			Submission: k.ID, Application: k.Application, Account: k.Account, Stamp: k.Stamp, Reason: k.Reason, Number: m.has[k.Application],
		}
		if k.Account <= persons {
			d.Left[k.Account] = 3 - m.used[day][k.Account]
		}
	}
	decided, near := d.Decide(due)
	d.close += near
	for i := range decided {
		o := &decided[i]
		k := ripe[o.Index]
		k.index, k.Reason = int64(len(d.leaves)), o.Reason
		d.leaves = append(d.leaves, o.Leaf(&due[o.Index]))
		delete(d.undecided, k.ID)
		switch o.Outcome {
		case ledger.Numbered:
			k.State, k.number, m.has[k.Application] = clickday.Sequenced, o.Number, o.Number
			m.used[day][k.Account]++
			n.Numbered++
		case ledger.Repeated:
			k.State = clickday.Repeated
			n.Repeated++
		case ledger.Refused:
			k.State = clickday.Refused
			n.Refused++
		}
	}
}

// tee does everything on both records and compares what they say.
type tee struct {
	Term
	m *memoryTerm
	t *testing.T
}

func (c *tee) Ingest(ctx context.Context, in *clickday.Intake, now time.Time) (clickday.IntakeCount, error) {
	want, err := c.m.Ingest(ctx, in, now)
	if err != nil {
		return want, err
	}
	got, err := c.Term.Ingest(ctx, in, now)
	if err == nil && got != want {
		c.t.Errorf("Ingest: %+v in PostgreSQL, %+v in memory", got, want)
	}
	return got, err
}

func (c *tee) Number(ctx context.Context, limit int, now time.Time) (clickday.NumberCount, error) {
	limit = 7 // so that rounds end in the middle
	want, err := c.m.Number(ctx, limit, now)
	if err != nil {
		return want, err
	}
	got, err := c.Term.Number(ctx, limit, now)
	if err == nil && got != want {
		c.t.Errorf("Number: %+v in PostgreSQL, %+v in memory", got, want)
	}
	if err == nil && got.Numbered+got.Repeated+got.Refused >= limit {
		got.Refused += numberLimit // go on
	}
	return got, err
}

// TestTheMemoryTermDoesAsPostgres runs random histories on both.
func TestTheMemoryTermDoesAsPostgres(t *testing.T) {
	db := pgtest.New(t)
	for seed := range 15 {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			w := newWorld(t, db, uint64(seed), 1+seed%4)
			m := newMemoryTerm(w.nodes)
			lead := w.seq.Lead
			w.seq.Lead = func(ctx context.Context) (Term, bool, error) {
				term, ok, err := lead(ctx)
				return &tee{term, m, t}, ok, err
			}
			w.populate(40 + w.rnd.IntN(120))
			w.queue.Decide = func(queuetest.Call, clickday.NodeID) queuetest.Fault {
				return queuetest.Fault(max(0, w.rnd.IntN(40)-36))
			}
			for range 60 {
				w.happen()
			}
			got := w.finish()
			w.check(got)
			if len(got) != len(m.all) {
				t.Fatalf("%d submissions, %d in memory", len(got), len(m.all))
			}
			for id, r := range got {
				k := m.all[id]
				if r.state != k.State || r.reason != string(k.Reason) || r.number != k.number || r.index != k.index ||
					r.arrived != k.Stamp.UnixNano || r.node != k.Stamp.Node || r.sequence != int64(k.Stamp.Sequence) {
					t.Fatalf("submission %s: %+v in PostgreSQL, %+v in memory", id, r, k)
				}
			}
			for day := 1; day <= days; day++ {
				if !slices.Equal(w.leaves(day), m.days[day].leaves) {
					t.Fatalf("day %d: the leaves differ", day)
				}
			}
		})
	}
}
