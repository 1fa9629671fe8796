package evidence

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/trust"
	"puntuale/internal/verdict"
	"puntuale/internal/wire"
)

// MaxFile is the greatest length in bytes of a receipt that is read.
const MaxFile = 8 << 20

// ErrKind says that a file is neither a PDF nor a prova.json.
var ErrKind = errors.New("neither a receipt (PDF) nor its attachment " + ledger.EvidenceName)

// Verify checks a receipt: the PDF with everything in it, or its prova.json
// alone, for which there is no seal. What is wrong is a finding; the error is
// not nil for files of another kind (ErrKind) and unusable keys.
func Verify(file []byte, keys *trust.Keys) (*verdict.Report, error) {
	verifiers, err := keys.Verifiers()
	if err != nil {
		return nil, err
	}
	c := &checker{report: verdict.New("receipt"), keys: keys, verifiers: verifiers}
	proof := file
	switch {
	case bytes.HasPrefix(file, []byte("%PDF-")):
		if proof, err = c.pdf(file); err != nil {
			return nil, err
		}
	case bytes.HasPrefix(file, []byte("{")):
		c.report.Leave("seal", sealTitle, sealNone)
	default:
		return nil, ErrKind
	}
	if proof != nil {
		c.proof(proof)
	}
	return c.report.Close(), nil
}

type checker struct {
	report    *verdict.Report
	keys      *trust.Keys
	verifiers []*ledger.Verifier
}

func (c *checker) find(check string, what, means clickday.Text) {
	c.report.Find(verdict.Finding{Check: check, What: what, Means: means})
}

// pdf checks the seal and returns the attachment, or nil.
func (c *checker) pdf(file []byte) ([]byte, error) {
	known, err := c.keys.SealCertificates()
	if err != nil {
		return nil, err
	}
	s, err := checkSeal(file, known)
	if err != nil {
		c.find("seal", sealWrong(err), sealMeans)
	}
	c.report.Settle("seal", sealTitle, sealDetail(s))
	proof, err := attachment(file)
	if err != nil {
		c.find("proof", proofWrong(err), proofMissing)
		c.report.Settle("proof", proofTitle, proofDetail)
		return nil, nil
	}
	return proof, nil
}

// proof checks the content of prova.json.
func (c *checker) proof(b []byte) {
	e, err := ledger.ParseEvidence(b)
	var leaf ledger.Leaf
	if err == nil {
		leaf, err = ledger.ParseLeaf([]byte(e.Leaf))
	}
	if err != nil {
		c.find("proof", proofWrong(err), proofMeans)
	}
	c.report.Settle("proof", proofTitle, proofDetail)
	if err != nil {
		return
	}
	c.facts(&e, &leaf)
	if head, ok := c.checkpoint(&e); ok {
		p := ledger.Proof{Index: e.Index, Size: head.Size, Hashes: e.Inclusion}
		if err := ledger.CheckInclusion(p, []byte(e.Leaf), head.Root); err != nil {
			c.find("inclusion", inclusionWrong, inclusionMeans)
		}
		c.report.Settle("inclusion", inclusionTitle, inclusionDetail(e.Index, head.Size))
		c.timestamp(&e)
	}
	c.acknowledgement(&e, &leaf)
}

func (c *checker) facts(e *ledger.Evidence, l *ledger.Leaf) {
	r := c.report
	if clickday.RehearsalCode(e.Day) {
		r.FactInWords("value", valueLabel, "rehearsal", valuePlayed)
	}
	r.FactInWords("outcome", outcomeLabel, string(l.Outcome), outcomeWords[l.Outcome])
	if l.Number > 0 {
		r.Fact("protocol", protocolLabel, clickday.ProtocolNumber(e.Day, l.Number))
	}
	r.Fact("day", dayLabel, e.Day)
	r.Fact("arrived", arrivedLabel, arrivedIn(e.Leaf))
	r.FactInWords("bound", boundLabel, l.Bound.String(), boundWords(l.Bound))
	r.Fact("node", nodeLabel, strconv.Itoa(int(l.Node)))
	r.Fact("position", positionLabel, strconv.FormatInt(e.Index, 10))
	r.Fact("submission", submissionLabel, l.Submission.String())
}

// checkpoint opens the signed head with one of the trusted keys.
func (c *checker) checkpoint(e *ledger.Evidence) (ledger.Head, bool) {
	head, key, err := c.open(e)
	switch {
	case err != nil:
		c.find("checkpoint", checkpointWrong(err), checkpointMeans)
	case !canonical(e.Checkpoint):
		c.find("checkpoint", checkpointWrong(errNoteForm), checkpointMeans)
	case key.DayKey(e.Day) != e.LedgerKey:
		c.find("checkpoint", checkpointWrong(errOtherKey), checkpointMeans)
	}
	c.report.Settle("checkpoint", checkpointTitle, checkpointDetail(head.Size))
	return head, err == nil
}

var (
	errNoKey    = errors.New("no key of a ledger is trusted")
	errNoteForm = errors.New("the signature is not written in the one way it can be")
	errOtherKey = errors.New("the key named in the proof is not the one that signed")
)

func (c *checker) open(e *ledger.Evidence) (ledger.Head, *ledger.Verifier, error) {
	var last error = errNoKey
	for _, v := range c.verifiers {
		head, err := v.Open(e.Day, []byte(e.Checkpoint))
		if err == nil {
			return head, v, nil
		}
		last = err
	}
	return ledger.Head{}, nil, last
}

// canonical reports whether every signature line of a note is strict base64:
// the unused bits at its end are otherwise ignored.
func canonical(signed string) bool {
	_, lines, _ := strings.Cut(signed, "\n\n")
	for line := range strings.Lines(lines) {
		at := strings.LastIndexByte(line, ' ')
		b, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSuffix(line[at+1:], "\n"))
		if err != nil || base64.StdEncoding.EncodeToString(b)+"\n" != line[at+1:] {
			return false
		}
	}
	return strings.Count(lines, "\n") == 1
}

func (c *checker) timestamp(e *ledger.Evidence) {
	if e.Timestamp == nil {
		c.report.Leave("timestamp", timestampTitle, timestampNone)
		return
	}
	if len(c.keys.Timestamps) == 0 {
		c.report.Leave("timestamp", timestampTitle, timestampUnknown)
		return
	}
	at, err := c.keys.CheckTimestamp(e.Timestamp, []byte(e.Checkpoint))
	if err != nil {
		c.find("timestamp", timestampWrong(err), timestampMeans)
	}
	c.report.Settle("timestamp", timestampTitle, timestampDetail(at))
}

// acknowledgement checks the immediate answer of the intake and holds it
// against the line of the ledger.
func (c *checker) acknowledgement(e *ledger.Evidence, l *ledger.Leaf) {
	if len(e.Acknowledgement) == 0 {
		c.report.Leave("acknowledgement", ackTitle, ackNone)
		return
	}
	ack, err := wire.ParseAcknowledgement(e.Acknowledgement)
	if err == nil {
		err = c.signed(&ack, l.Submission, e.NodeKey)
	}
	if err != nil {
		c.find("acknowledgement", ackWrong(err), ackMeans)
	}
	c.report.Settle("acknowledgement", ackTitle, ackDetail)
	if err != nil {
		return
	}
	for _, d := range differences(&ack.Leaf.Stamp, l, grainOf(e.Leaf)) {
		c.find("same", d, sameMeans)
	}
	c.report.Settle("same", sameTitle, sameDetail)
}

var (
	errNoNode    = errors.New("the key of the node is not among those trusted")
	errOtherNode = errors.New("the node’s key named in the proof is not the one that signed")
)

func (c *checker) signed(a *wire.Acknowledgement, id clickday.SubmissionID, named string) error {
	err := errNoNode
	for _, key := range c.keys.NodeKeys(a.Leaf.Stamp.Node, a.KeyID) {
		if err = a.Check(id, key); err == nil {
			return sameKey(key, named)
		}
	}
	return err
}

func sameKey(key ed25519.PublicKey, named string) error {
	if hex.EncodeToString(key) != named {
		return errOtherNode
	}
	return nil
}

// differences compares an acknowledged stamp with a line of the ledger: the
// line has the stamp, cut to the granularity of the day, its bound rounded up.
func differences(s *clickday.Stamp, l *ledger.Leaf, grain time.Duration) []clickday.Text {
	var out []clickday.Text
	add := func(name clickday.Text, ack, leaf string) {
		if ack != leaf {
			out = append(out, differs(name, ack, leaf))
		}
	}
	up := (s.Bound + time.Microsecond - 1) / time.Microsecond * time.Microsecond
	add(arrivedLabel, instant(clickday.Bucket(s.UnixNano, grain)), instant(l.Arrived))
	add(boundLabel, boundText(up), boundText(l.Bound))
	add(nodeLabel, strconv.Itoa(int(s.Node)), strconv.Itoa(int(l.Node)))
	add(sourceLabel, s.Source.String(), l.Source.String())
	add(clockLabel, s.Clock.String(), l.Clock.String())
	return out
}

// grainOf returns the granularity of a line that ParseLeaf has accepted: a power
// of ten for each decimal of its arrival.
func grainOf(line string) time.Duration {
	_, decimals, _ := strings.Cut(arrivedIn(line), ".")
	grain := time.Second
	for range strings.TrimSuffix(decimals, "Z") {
		grain /= 10
	}
	return grain
}

// arrivedIn returns the arrival as the line has it.
func arrivedIn(line string) string { return strings.Split(line, ",")[2] }

func instant(unixNano int64) string { return time.Unix(0, unixNano).UTC().Format(time.RFC3339Nano) }
