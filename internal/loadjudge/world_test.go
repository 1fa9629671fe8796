package loadjudge

import (
	"crypto/ed25519"
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/trust"
	"puntuale/internal/wire"
)

const (
	opens       = int64(1_700_000_000_000_000_000)
	worldSize   = 60
	worldBatch  = 7
	everyRepeat = 10
)

// world is the evidence of a run in which everything went well: 60 applications
// through one node, every tenth envelope sent twice, the second application of
// every twentieth sent in another envelope, some refused early, some unanswered.
func world(t *testing.T) *Evidence {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	seed := sha256.Sum256([]byte("seed"))
	e := &Evidence{
		Day:   clickday.Day{ID: 1, Code: "T", Opens: opens, Closes: opens + int64(time.Hour), TieCommitment: sha256.Sum256(seed[:])},
		Seed:  seed[:],
		Keys:  &trust.Keys{Nodes: []trust.Node{{Node: 1, Key: public}}},
		Asked: map[clickday.SubmissionID][]byte{}, Ledger: &Ledger{Heads: 1},
		Figures: Figures{P50: time.Millisecond, P99: 5 * time.Millisecond, P999: 9 * time.Millisecond, Measured: true, Accepted: 100},
	}
	var leaves []wire.Leaf
	for i := range worldSize {
		id := clickday.SubmissionID(sha256.Sum256([]byte{byte(i)}))
		app := clickday.ApplicationID{byte(i), 1}
		if i%20 == 19 { // another envelope of the application before
			app = clickday.ApplicationID{byte(i - 1), 1}
		}
		stamp := clickday.Stamp{UnixNano: opens + int64(i)*int64(time.Millisecond) + 300, Source: clickday.StampKernel, Clock: clickday.ClockOK,
			Bound: time.Microsecond, Node: 1, Journal: 9, Sequence: uint64(i + 1)}
		leaves = append(leaves, wire.Leaf{ID: id, Stamp: stamp})
		e.Records = append(e.Records, Record{id, app, stamp})
	}
	acks := acknowledge(t, leaves, private)
	for i := range leaves {
		e.attempts(i, acks[i])
	}
	e.decide()
	return e
}

// acknowledge signs the leaves in batches, as a node does.
func acknowledge(t *testing.T, leaves []wire.Leaf, private ed25519.PrivateKey) [][]byte {
	t.Helper()
	var out [][]byte
	var prev [32]byte
	for n := uint64(1); len(leaves) > 0; n++ {
		group := leaves[:min(worldBatch, len(leaves))]
		leaves = leaves[len(group):]
		var hashes [][32]byte
		for i := range group {
			hashes = append(hashes, wire.HashLeaf(wire.AppendLeaf(nil, &group[i])))
		}
		s := wire.BatchStatement{Node: 1, Journal: 9, Batch: n, Count: uint32(len(group)), Root: wire.TreeRoot(hashes), Prev: prev}
		signature := ed25519.Sign(private, s.Message())
		for i := range group {
			a := wire.Acknowledgement{Leaf: group[i], Batch: n, Index: uint32(i), Count: s.Count, Prev: prev,
				KeyID: wire.KeyID(private.Public().(ed25519.PublicKey)), Signature: [64]byte(signature), Path: wire.TreePath(hashes, i)}
			out = append(out, wire.AppendAcknowledgement(nil, &a))
		}
		prev = s.Chain()
	}
	return out
}

func (e *Evidence) attempts(i int, ack []byte) {
	r := &e.Records[i]
	a := Attempt{Submission: r.Submission, Application: r.Application, Answer: Acknowledged, Ack: ack,
		Sent: r.Stamp.UnixNano - 100_000, Answered: r.Stamp.UnixNano + 500_000}
	switch {
	case i%15 == 3: // an early attempt before
		e.Attempts = append(e.Attempts, Attempt{Submission: a.Submission, Application: a.Application, Answer: TooEarly, Code: clickday.CodeTooEarly,
			Sent: opens - 2_000_000, Answered: opens - 1_000_000, ReceivedAt: opens - 1_500_000, OpensAt: opens})
	case i%15 == 4: // nobody knows: arrived, no answer
		a.Answer, a.Ack, a.Answered = NoAnswer, nil, 0
	}
	e.Attempts = append(e.Attempts, a)
	e.Asked[a.Submission] = ack
	if i%everyRepeat == 0 && a.Answer == Acknowledged {
		a.Sent, a.Answered = a.Sent+5_000_000, a.Answered+5_000_000
		e.Attempts = append(e.Attempts, a)
	}
	if i == worldSize-1 { // one that only ever was early
		id := clickday.SubmissionID(sha256.Sum256([]byte("early")))
		e.Attempts = append(e.Attempts, Attempt{Submission: id, Application: clickday.ApplicationID{99}, Answer: TooEarly, Code: clickday.CodeTooEarly,
			Sent: opens - 2_000_000, Answered: opens - 1_000_000, ReceivedAt: opens - 1, OpensAt: opens})
		e.Asked[id] = nil
	}
}

// decide gives numbers and receipts the way the installation does.
func (e *Evidence) decide() {
	has := map[clickday.ApplicationID]int64{}
	var number int64
	for _, r := range e.Records {
		l := ledger.Leaf{Outcome: ledger.Repeated, Arrived: clickday.Bucket(r.Stamp.UnixNano, 0), Source: r.Stamp.Source, Clock: r.Stamp.Clock,
			Bound: r.Stamp.Bound, Node: r.Stamp.Node, Submission: r.Submission}
		row := Row{Submission: r.Submission, Application: r.Application, State: clickday.Repeated, Arrived: r.Stamp.UnixNano}
		if has[r.Application] == 0 {
			number++
			has[r.Application] = number
			l.Outcome = ledger.Numbered
			row.State, row.Number, row.Receipts, row.Issued = clickday.Receipted, number, 1, opens+int64(10*time.Second)
			e.Receipts = append(e.Receipts, Receipt{Submission: r.Submission, Claims: r.Submission, Number: number})
		}
		l.Number = has[r.Application]
		e.Ledger.Leaves = append(e.Ledger.Leaves, l)
		e.Rows = append(e.Rows, row)
	}
}

// swapNumbers exchanges the numbers of two places in every place that has them.
func (e *Evidence) swapNumbers(i, j int) {
	a, b := &e.Ledger.Leaves[i], &e.Ledger.Leaves[j]
	a.Number, b.Number = b.Number, a.Number
	e.Rows[i].Number, e.Rows[j].Number = e.Rows[j].Number, e.Rows[i].Number
}

func (e *Evidence) ackedAttempt(after int) *Attempt {
	i := slices.IndexFunc(e.Attempts[after:], func(a Attempt) bool { return a.Answer == Acknowledged })
	return &e.Attempts[after+i]
}
