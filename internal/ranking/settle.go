package ranking

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
)

// facts are what the list says about itself.
func (c *checker) facts() {
	h, r := c.header, c.report
	r.FactInWords("kind", kindLabel, string(h.Kind), kindWords[h.Kind])
	r.Fact("day", dayLabel, h.Day)
	r.Fact("granularity", grainLabel, grainName(h.Granularity))
	r.Fact("rows", rowsLabel, strconv.FormatInt(c.reader.rows, 10))
	r.Fact("numbered", numberedLabel, strconv.FormatInt(c.numbered, 10))
	r.Fact("repeated", repeatedLabel, strconv.FormatInt(c.repeated, 10))
	r.Fact("refused", refusedLabel, strconv.FormatInt(c.refused, 10))
	r.Fact("late", lateLabel, strconv.FormatInt(c.late, 10))
	r.Fact("close_pairs", closeLabel, strconv.FormatInt(c.order.close, 10))
	r.Fact("root", rootLabel, tlog.Hash(c.root.root()).String())
	r.Fact("tie_commitment", tieLabel, hex.EncodeToString(h.TieCommitment[:]))
	r.Fact("policy", policyLabel, h.Policy)
	if h.PolicyDocument != [32]byte{} {
		r.Fact("policy_document", documentLabel, hex.EncodeToString(h.PolicyDocument[:]))
	}
}

// settle makes the checks of the whole list and gives every check its answer.
func (c *checker) settle() {
	r := c.report
	c.signature()
	r.Settle("signature", signatureTitle, signatureDetail)
	head, ok := c.checkpoint()
	r.Settle("checkpoint", checkpointTitle, checkpointDetail(head.Size))
	if ok {
		c.tree(&head)
		r.Settle("root", rootTitle, rootDetail(c.reader.rows))
		c.timestamp(&head)
	} else {
		r.Leave("root", rootTitle, noHead)
	}
	r.Settle("positions", positionsTitle, positionsDetail)
	r.Settle("rows", rowsTitle, rowsDetail)
	r.Settle("numbers", numbersTitle, numbersDetail(c.numbered))
	r.Settle("ids", idsTitle, idsDetail)
	r.Settle("order", orderTitle, orderDetail(c.late))
	c.ties()
	if c.order.close != c.header.ClosePairs {
		c.find("close_pairs", 0, closeWrong(c.header.ClosePairs, c.order.close), closeMeans)
	}
	r.Settle("close_pairs", closeTitle, closeDetail(c.order.close))
	c.places.settle(c)
	c.calendar()
}

// signature checks who has signed the whole file.
func (c *checker) signature() {
	signed, text := c.reader.Statement()
	if err := c.opened(signed, text); err != nil {
		c.find("signature", c.reader.LineNumber(), signatureWrong(err), signatureMeans)
	}
}

// opened checks the note of the last line: exactly one signature, by a key that
// is trusted, written the one way it can be.
func (c *checker) opened(signed []byte, text string) error {
	known := make([]note.Verifier, len(c.verifiers))
	for i, v := range c.verifiers {
		var err error
		if known[i], err = v.ListVerifier(); err != nil {
			return err
		}
	}
	n, err := note.Open(signed, note.VerifierList(known...))
	if err != nil {
		return err
	}
	if n.Text != text {
		return errOtherText
	}
	return oneSignature(n, signed)
}

// oneSignature refuses what note.Open lets pass: further signatures that nobody
// has checked, and unused bits at the end of the base64.
func oneSignature(n *note.Note, signed []byte) error {
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return errOtherSignatures
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64)
	if err != nil || len(raw) == 0 {
		return errOtherSignatures
	}
	if !bytes.Equal(signed, []byte(n.Text+"\n— "+n.Sigs[0].Name+" "+n.Sigs[0].Base64+"\n")) {
		return errOtherSignatures
	}
	return nil
}

// checkpoint opens the signed head in the header.
func (c *checker) checkpoint() (ledger.Head, bool) {
	var last error = errNoKey
	for _, v := range c.verifiers {
		head, err := v.Open(c.header.Day, c.header.Checkpoint)
		if err == nil {
			return head, true
		}
		last = err
	}
	c.find("checkpoint", 0, checkpointWrong(last), checkpointMeans)
	return ledger.Head{}, false
}

// tree compares the rows with the signed head.
func (c *checker) tree(head *ledger.Head) {
	if head.Size != c.reader.rows {
		c.find("root", 0, sizeWrong(head.Size, c.reader.rows), sizeMeans)
	} else if got := tlog.Hash(c.root.root()); got != head.Root {
		c.find("root", 0, rootWrong(head.Root.String(), got.String()), rootMeans)
	}
}

// ties compares the seed with its commitment.
func (c *checker) ties() {
	seed := c.header.TieSeed
	if seed == nil {
		c.report.Leave("ties", tiesTitle, tiesOpen(c.order.open))
		return
	}
	if sha256.Sum256(seed) != c.header.TieCommitment {
		c.find("ties", 0, seedWrong, seedMeans)
	}
	c.report.Settle("ties", tiesTitle, tiesDetail)
}

// calendar compares the header with the click day of a signed calendar.
func (c *checker) calendar() {
	d, h := c.day, c.header
	if c.options.Calendar == nil {
		c.report.Leave("calendar", calendarTitle, calendarNone)
		return
	}
	if d == nil {
		c.find("calendar", 0, dayWrong, calendarMeans)
		c.report.Settle("calendar", calendarTitle, calendarDetail)
		return
	}
	var wrong []string
	if d.Grain() != h.Granularity {
		wrong = append(wrong, "granularity "+grainName(d.Grain()))
	}
	if d.TieCommitment != h.TieCommitment {
		wrong = append(wrong, "tie-commitment "+hex.EncodeToString(d.TieCommitment[:]))
	}
	if len(wrong) > 0 {
		c.find("calendar", 0, calendarWrong(strings.Join(wrong, ", ")), calendarMeans)
	}
	c.report.Settle("calendar", calendarTitle, calendarDetail)
}

// calendarDay returns the list's day in the calendar, or nil.
func (c *checker) calendarDay() *clickday.Day {
	if c.options.Calendar == nil {
		return nil
	}
	for i := range c.options.Calendar.Days {
		if d := &c.options.Calendar.Days[i]; d.Code == c.header.Day {
			return d
		}
	}
	return nil
}

// timestamp checks the token of the head.
func (c *checker) timestamp(head *ledger.Head) {
	token := c.header.Timestamp
	switch at, err := c.options.Keys.CheckTimestamp(token, head.Note); {
	case token == nil:
		c.report.Leave("timestamp", timestampTitle, timestampNone)
	case err != nil && len(c.options.Keys.Timestamps) == 0:
		c.report.Leave("timestamp", timestampTitle, timestampUnknown)
	case err != nil:
		c.find("timestamp", 0, timestampWrong(err), timestampMeans)
		c.report.Settle("timestamp", timestampTitle, clickday.Text{})
	default:
		c.report.Settle("timestamp", timestampTitle, timestampDetail(at))
	}
}
