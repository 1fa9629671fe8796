// Package rankingtest makes click days and their lists for tests and
// measurements: with ties, repeats, refusals, late arrivals, pairs too close for
// their clocks, quotas, and a real signature. It orders by sorting everything at
// once and grows the tree with package ledger, and so shares nothing with the
// verification but the format.
package rankingtest

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/quota"
	"puntuale/internal/ranking"
	"puntuale/internal/trust"
)

// Day is the code of the click day.
const Day = "FLUSSI-2027"

// Seed breaks the ties of the day.
var Seed = []byte("the seed of a test, 32 bytes long")

// Opens is the opening of the day.
var Opens = time.Date(2027, 1, 12, 8, 0, 0, 0, time.UTC)

// Signer returns the ledger's key of the tests, always the same.
func Signer() (*ledger.Signer, error) {
	return ledger.SignerOf("ledger.example.it", ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize)))
}

// Keys returns the keys that trust the signer.
func Keys() (*trust.Keys, error) {
	s, err := Signer()
	if err != nil {
		return nil, err
	}
	return &trust.Keys{Format: trust.Format, Name: "Puntuale", Ledger: []string{s.Verifier().String()}}, nil
}

// Calendar returns the calendar that has the day.
func Calendar() clickday.Calendar {
	return clickday.Calendar{Version: 1, Days: []clickday.Day{{
		ID: 1, Code: Day, Models: []clickday.ModelCode{"B"}, State: clickday.DayScheduled,
		Opens: Opens.UnixNano(), Closes: Opens.Add(24 * time.Hour).UnixNano(), TieCommitment: sha256.Sum256(Seed),
	}}}
}

// List is a list before it is written. Tests change it and write it.
type List struct {
	Header ranking.Header
	Leaves []ledger.Leaf
	Groups []string // parallel to Leaves
	Places []ranking.Place
}

// Groups of the quotas.
var groups = []quota.Group{"AGR|TN|any", "AGR|MA|any", "CARE|any|any", "any|any|any"}

// Make returns a list of that many rows, the same for the same seed. With more
// than a few rows all kinds of rows are in it.
func Make(rows int, seed uint64) (*List, error) {
	r := rand.New(rand.NewPCG(seed, uint64(rows)))
	l := &List{Leaves: make([]ledger.Leaf, rows), Groups: make([]string, rows), Places: make([]ranking.Place, rows)}
	for i := range l.Leaves {
		l.Leaves[i] = arrival(r, i, rows)
	}
	ties := make(map[clickday.SubmissionID][32]byte, rows)
	for i := range l.Leaves {
		ties[l.Leaves[i].Submission] = ledger.Tie(Seed, l.Leaves[i].Submission)
	}
	slices.SortFunc(l.Leaves, func(a, b ledger.Leaf) int {
		ta, tb := ties[a.Submission], ties[b.Submission]
		return cmp.Or(cmp.Compare(a.Arrived, b.Arrived), bytes.Compare(ta[:], tb[:]))
	})
	l.decide(r)
	l.Header = ranking.Header{
		Kind: ranking.Final, Day: Day, Granularity: time.Microsecond, TieCommitment: sha256.Sum256(Seed), TieSeed: Seed,
		Policy: "chronological reallocate=province+sector", PolicyDocument: sha256.Sum256([]byte("decree")),
	}
	for i, g := range groups {
		l.Header.Quotas = append(l.Header.Quotas, ranking.Quota{Group: string(g), Places: int64(rows * (i + 1) / 20)})
	}
	ranking.SortQuotas(l.Header.Quotas)
	l.Header.ClosePairs = l.closePairs()
	return l, l.Settle()
}

// arrival is a random submission; two in a hundred share their instant with others.
func arrival(r *rand.Rand, i, rows int) ledger.Leaf {
	micros := r.Int64N(int64(rows)*20 + 1)
	if r.IntN(100) < 2 {
		micros -= micros % 1000
	}
	l := ledger.Leaf{
		Arrived: Opens.UnixNano() + micros*1000, Source: clickday.StampKernel, Clock: clickday.ClockOK,
		Bound: time.Duration(r.IntN(30)) * time.Microsecond, Node: clickday.NodeID(1 + r.IntN(4)),
	}
	binary.BigEndian.PutUint64(l.Submission[:], r.Uint64())
	binary.BigEndian.PutUint64(l.Submission[8:], uint64(i))
	return l
}

// decide gives numbers, repeats and refusals, and moves a few back as late.
func (l *List) decide(r *rand.Rand) {
	for i := 5; i < len(l.Leaves); i += 97 { // late: behind three that came after it
		if end := i + 3; end < len(l.Leaves) && l.Leaves[i].Arrived < l.Leaves[end].Arrived {
			late := l.Leaves[i]
			late.Late = true
			copy(l.Leaves[i:end], l.Leaves[i+1:end+1])
			l.Leaves[end] = late
		}
	}
	var numbers int64
	for i := range l.Leaves {
		f := &l.Leaves[i]
		switch kind := r.IntN(50); {
		case kind == 0 && numbers > 0:
			f.Outcome, f.Number = ledger.Repeated, 1+r.Int64N(numbers)
		case kind == 1:
			f.Outcome, f.Reason = ledger.Refused, clickday.CodeDocument
		default:
			numbers++
			f.Outcome, f.Number = ledger.Numbered, numbers
			l.Groups[i] = string(groups[r.IntN(len(groups))])
		}
	}
}

func (l *List) closePairs() int64 {
	var n int64
	last := -1
	for i := range l.Leaves {
		b := &l.Leaves[i]
		if b.Late {
			continue
		}
		if last >= 0 {
			if a := &l.Leaves[last]; a.Node != b.Node && b.Arrived-a.Arrived < int64(a.Bound+b.Bound) {
				n++
			}
		}
		last = i
	}
	return n
}

// Settle gives the places anew from groups, quotas and policy.
func (l *List) Settle() error {
	rule, err := quota.ParseRule(l.Header.Policy)
	if err != nil {
		return err
	}
	var rows []quota.Row
	for _, q := range l.Header.Quotas {
		rows = append(rows, quota.Row{Group: quota.Group(q.Group), Places: q.Places})
	}
	table, err := quota.NewTable(rows)
	if err != nil || table.Empty() {
		return err
	}
	var entries []quota.Entry
	var at []int
	for i := range l.Leaves {
		if f := &l.Leaves[i]; f.Outcome == ledger.Numbered {
			entries = append(entries, quota.Entry{Number: f.Number, Arrived: f.Arrived, Submission: f.Submission, Group: quota.Group(l.Groups[i])})
			at = append(at, i)
		}
	}
	result, err := quota.Allocate(table, rule, Seed, entries)
	if err != nil {
		return err
	}
	for k, i := range at {
		l.Places[i] = ranking.Waiting
		if result.Placements[k].Admitted {
			l.Places[i] = ranking.Admitted
		}
	}
	return nil
}

// Root returns the size and the root of the ledger of the list.
func (l *List) Root() (int64, tlog.Hash, error) {
	var e ledger.Edge
	for chunk := range slices.Chunk(l.Leaves, 4096) {
		lines := make([][]byte, len(chunk))
		for i := range chunk {
			lines[i] = chunk[i].AppendLine(nil, l.Header.Granularity)
		}
		if _, err := e.Grow(lines); err != nil {
			return 0, tlog.Hash{}, err
		}
	}
	return e.Size(), e.Root(), nil
}

// Publish signs the head of the ledger and writes the list, signed with the
// same key.
func (l *List) Publish(w io.Writer, s *ledger.Signer) error {
	size, root, err := l.Root()
	if err != nil {
		return err
	}
	head, err := s.Sign(l.Header.Day, size, root)
	if err != nil {
		return err
	}
	l.Header.Checkpoint = head.Note
	return l.Write(w, s)
}

// Write writes the list as it stands, with the head that its header has.
func (l *List) Write(w io.Writer, s *ledger.Signer) error {
	out, err := ranking.NewWriter(w, &l.Header)
	if err != nil {
		return err
	}
	var line []byte
	for i := range l.Leaves {
		line = l.Leaves[i].AppendLine(line[:0], l.Header.Granularity)
		if err := out.Write(&ranking.Row{Position: int64(i), Line: line, Group: l.Groups[i], Place: l.Places[i]}); err != nil {
			return fmt.Errorf("row %d: %w", i, err)
		}
	}
	signer, err := s.ListSigner()
	if err != nil {
		return err
	}
	return out.Close(signer)
}
