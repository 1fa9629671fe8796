package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"puntuale/internal/clickday"
)

// EvidenceName is the name of the attachment of a receipt.
const EvidenceName = "prova.json"

// EvidenceFormat is the only format so far.
const EvidenceFormat = "puntuale-evidence-1"

// RehearsalNotice is what the evidence of a rehearsal says.
const RehearsalNotice = "PROVA – senza valore / REHEARSAL – no value"

// Evidence is what a receipt carries so that it can be checked without us: the
// leaf, the proof that a signed head covers it, the time-stamp of that head, and
// the acknowledgement that the intake gave at once.
type Evidence struct {
	Format string `json:"format"`
	Day    string `json:"day"` // code of the click day
	// Rehearsal is RehearsalNotice for the days of rehearsals, and for no other:
	// Marshal sees to it, so that nobody can take it away.
	Rehearsal  string `json:"rehearsal,omitempty"`
	Leaf       string `json:"leaf"`       // the line, without a newline
	Index      int64  `json:"index"`      // of the leaf, from 0
	Checkpoint string `json:"checkpoint"` // the signed note
	// Inclusion leads from the leaf to the checkpoint's root, the lowest first.
	Inclusion []tlog.Hash `json:"inclusion"`
	// Timestamp is the RFC 3161 token (DER) over the checkpoint's SHA-256.
	Timestamp []byte `json:"timestamp,omitempty"`
	// Acknowledgement is the answer of the intake, byte for byte (docs/protocol.md).
	Acknowledgement []byte `json:"acknowledgement,omitempty"`
	// LedgerKey is the verifier key of the day's checkpoints, NodeKey the
	// hexadecimal public key of the intake node. They say which keys were used;
	// whoever checks compares them with the keys that the body has published.
	LedgerKey string `json:"ledger_key"`
	NodeKey   string `json:"node_key,omitempty"`
}

// ErrEvidence is wrapped by every error of ParseEvidence.
var ErrEvidence = errors.New("ledger: not the evidence of a receipt")

// maxEvidence is far above any real one, of about two kilobytes.
const maxEvidence = 64 << 10

// Marshal writes the evidence as JSON, the same bytes for the same content.
func (e *Evidence) Marshal() ([]byte, error) {
	c := *e
	c.Format, c.Rehearsal = EvidenceFormat, ""
	if clickday.RehearsalCode(c.Day) {
		c.Rehearsal = RehearsalNotice
	}
	if c.Inclusion == nil {
		c.Inclusion = []tlog.Hash{}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(&c); err != nil {
		return nil, fmt.Errorf("ledger: write evidence: %w", err)
	}
	return b.Bytes(), nil
}

// ParseEvidence reads what Marshal writes, and nothing else.
func ParseEvidence(b []byte) (Evidence, error) {
	if len(b) > maxEvidence {
		return Evidence{}, fmt.Errorf("%w: %d bytes", ErrEvidence, len(b))
	}
	var e Evidence
	if err := json.Unmarshal(b, &e); err != nil {
		return Evidence{}, fmt.Errorf("%w: %w", ErrEvidence, err)
	}
	if e.Format != EvidenceFormat {
		return Evidence{}, fmt.Errorf("%w: format %.40q", ErrEvidence, e.Format)
	}
	again, err := e.Marshal()
	if err != nil || !bytes.Equal(again, b) {
		return Evidence{}, fmt.Errorf("%w: changed, or not written the one way it can be", ErrEvidence)
	}
	return e, nil
}

// Check follows the evidence from the leaf to the signed head, and returns both.
// Who checks a Timestamp or the Acknowledgement has to do so besides.
func (e *Evidence) Check(v *Verifier) (Leaf, Head, error) {
	leaf, err := ParseLeaf([]byte(e.Leaf))
	if err != nil {
		return Leaf{}, Head{}, err
	}
	head, err := v.Open(e.Day, []byte(e.Checkpoint))
	if err != nil {
		return Leaf{}, Head{}, err
	}
	head.Timestamp = e.Timestamp
	proof := Proof{Index: e.Index, Size: head.Size, Hashes: e.Inclusion}
	if err := CheckInclusion(proof, []byte(e.Leaf), head.Root); err != nil {
		return Leaf{}, Head{}, err
	}
	return leaf, head, nil
}
