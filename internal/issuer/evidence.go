package issuer

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/wire"
)

// evidence is what a receipt carries, and what of it stands on the first page.
type evidence struct {
	file []byte // prova.json
	late bool
}

// errEvidence says that ledger, acknowledgement and record contradict each other.
var errEvidence = errors.New("issuer: the record and its evidence differ; nothing is certified")

// evidence puts the proofs of a submission together. It does not believe them: a
// receipt that its own attachment contradicts must never be issued.
func (i *Issuer) evidence(n *clickday.Numbered) (evidence, error) {
	leaf, err := ledger.ParseLeaf(n.Ledger.Line)
	if err != nil {
		return evidence{}, fmt.Errorf("%w: %w", errEvidence, err)
	}
	if leaf.Outcome != ledger.Numbered || leaf.Number != n.Number || leaf.Submission != n.Submission ||
		leaf.Arrived > n.Stamp.UnixNano || leaf.Node != n.Stamp.Node {
		return evidence{}, fmt.Errorf("%w: leaf %d of the ledger of %s is %q", errEvidence, n.LedgerIndex, n.DayCode, n.Ledger.Line)
	}
	e := ledger.Evidence{
		Day: n.DayCode, Leaf: string(n.Ledger.Line), Index: n.LedgerIndex, Checkpoint: string(n.Ledger.Checkpoint),
		Timestamp: n.Ledger.Timestamp, LedgerKey: i.Ledger.DayKey(n.DayCode),
	}
	for _, h := range n.Ledger.Inclusion {
		e.Inclusion = append(e.Inclusion, h)
	}
	if err := i.checkPlace(n, &e); err != nil {
		return evidence{}, err
	}
	if n.Acknowledgement != nil {
		if err := i.checkAcknowledgement(n); err != nil {
			return evidence{}, err
		}
		e.Acknowledgement, e.NodeKey = n.Acknowledgement, hex.EncodeToString(n.NodeKey)
	}
	file, err := e.Marshal()
	return evidence{file, leaf.Late}, err
}

// checkPlace follows the leaf to a head that the ledger's key has signed.
func (i *Issuer) checkPlace(n *clickday.Numbered, e *ledger.Evidence) error {
	err := i.proved.once(n.Ledger.Checkpoint, func() error {
		head, err := i.Ledger.Open(n.DayCode, n.Ledger.Checkpoint)
		if err == nil && (head.Size != n.Ledger.Size || head.Root != tlog.Hash(n.Ledger.Root)) {
			err = errors.New("the head says something else than its checkpoint")
		}
		return err
	})
	if err == nil {
		p := ledger.Proof{Index: n.LedgerIndex, Size: n.Ledger.Size, Hashes: e.Inclusion}
		err = ledger.CheckInclusion(p, n.Ledger.Line, n.Ledger.Root)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errEvidence, err)
	}
	return nil
}

// checkAcknowledgement follows the stamp to the batch that the node has signed.
// The signature of a batch is checked once for all its records.
func (i *Issuer) checkAcknowledgement(n *clickday.Numbered) error {
	a, err := wire.ParseAcknowledgement(n.Acknowledgement)
	if err != nil {
		return fmt.Errorf("%w: %w", errEvidence, err)
	}
	s, err := a.Statement()
	if err == nil {
		signed := binary.BigEndian.AppendUint32(bytes.Join([][]byte{s.Message(), a.Signature[:], n.NodeKey}, nil), a.KeyID)
		err = i.proved.once(signed, func() error { return a.Check(n.Submission, n.NodeKey) })
	}
	if err != nil {
		return fmt.Errorf("%w: acknowledgement: %w", errEvidence, err)
	}
	return nil
}

// provedMax bounds what is remembered; beyond it things are checked again.
const provedMax = 4096

// proved remembers which signed bytes have been found right.
type proved struct {
	mu   sync.Mutex
	seen map[string]bool // guarded by mu
}

func newProved() *proved { return &proved{seen: map[string]bool{}} }

// once runs check unless it has succeeded for these bytes before.
func (p *proved) once(signed []byte, check func() error) error {
	p.mu.Lock()
	known := p.seen[string(signed)]
	p.mu.Unlock()
	if known {
		return nil
	}
	if err := check(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.seen) >= provedMax {
		clear(p.seen)
	}
	p.seen[string(signed)] = true
	return nil
}
