package loadjudge

import (
	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/wire"
)

// numbersWithoutGap is I9: the numbers are 1 to N in the order of the ledger,
// every application that has arrived well has exactly the first one due to it.
func (c *court) numbersWithoutGap() Invariant {
	inv := Invariant{ID: "I9", Unit: clickday.Text{IT: "numeri", EN: "numbers"}, Title: clickday.Text{
		IT: "I numeri vanno da 1 a N senza salti", EN: "The numbers are 1 to N without a gap"}}
	if c.e.Ledger == nil {
		inv.State = Unchecked
		return inv
	}
	applications := c.applications()
	has := map[clickday.ApplicationID]int64{}
	for i := range c.e.Ledger.Leaves {
		l := &c.e.Ledger.Leaves[i]
		app, known := applications[l.Submission]
		switch l.Outcome {
		case ledger.Numbered:
			inv.Checked++
			if l.Number != inv.Checked {
				inv.fail("leaf %d has the number %d where %d is due", i, l.Number, inv.Checked)
			}
			if old := has[app]; known && old > 0 {
				inv.fail("leaf %d gives the number %d to application %s, which has %d", i, l.Number, app, old)
			}
			has[app] = l.Number
		case ledger.Repeated:
			if known && has[app] != l.Number {
				inv.fail("leaf %d says that application %s has the number %d; it has %d", i, app, l.Number, has[app])
			}
		}
	}
	c.goodAndBad(&inv)
	c.numbersOfRecord(&inv)
	if c.e.Lists != nil {
		for _, w := range c.e.Lists.Wrong {
			inv.fail("published list: %s", w)
		}
		inv.note("Elenco pubblicato ricalcolato: %d righe.", "Published list recomputed: %d rows.", c.e.Lists.Rows)
	}
	return inv
}

// goodAndBad holds what became of the submissions against how they were made.
func (c *court) goodAndBad(inv *Invariant) {
	for i := range c.subs {
		s := &c.subs[i]
		_, l := c.leaf(s.id)
		switch {
		case l == nil:
		case s.bad && l.Outcome != ledger.Refused:
			inv.fail("%s was made to be refused and is %s", s.id, l.Outcome)
		case !s.bad && l.Outcome == ledger.Refused:
			inv.fail("%s is good and was refused: %s", s.id, l.Reason)
		}
	}
}

// numbersOfRecord holds the record against the ledger.
func (c *court) numbersOfRecord(inv *Invariant) {
	for i := range c.e.Rows {
		r := &c.e.Rows[i]
		_, l := c.leaf(r.Submission)
		if l == nil {
			if r.Number > 0 {
				inv.fail("%s has the number %d in the record and no leaf", r.Submission, r.Number)
			}
			continue
		}
		var want int64
		if l.Outcome == ledger.Numbered {
			want = l.Number
		}
		if r.Number != want {
			inv.fail("%s has the number %d in the record and %d in the ledger", r.Submission, r.Number, want)
		}
	}
}

// position names a record of a journal for ever.
type position struct {
	node     clickday.NodeID
	journal  uint64
	sequence uint64
}

// proofsVerify is I10: every acknowledgement, journal, ledger and signature.
func (c *court) proofsVerify() Invariant {
	inv := Invariant{ID: "I10", Unit: clickday.Text{IT: "riscontri e firme", EN: "acknowledgements and signatures"}, Title: clickday.Text{
		IT: "Catene, firme e prove sono valide", EN: "Chains, signatures and proofs verify"}}
	if c.e.Keys == nil {
		inv.State = Unchecked
	} else {
		c.acknowledgements(&inv)
	}
	if c.e.Ledger != nil {
		inv.Checked += int64(c.e.Ledger.Heads)
		for _, w := range c.e.Ledger.Wrong {
			inv.fail("ledger: %s", w)
		}
	}
	for _, w := range c.e.JournalWrong {
		inv.fail("journal: %s", w)
	}
	return inv
}

func (c *court) acknowledgements(inv *Invariant) {
	believed := map[[32]byte]bool{} // chain hashes of statements whose signature is good
	at := map[position]clickday.SubmissionID{}
	roots := map[position][32]byte{} // by batch
	check := func(id clickday.SubmissionID, a *wire.Acknowledgement) {
		inv.Checked++
		statement, err := a.Statement()
		if err == nil && (a.Leaf.ID != id || !believed[statement.Chain()]) {
			err = c.signed(id, a)
		}
		if err != nil {
			inv.fail("acknowledgement of %s: %v", id, err)
			return
		}
		believed[statement.Chain()] = true
		p := position{a.Leaf.Stamp.Node, a.Leaf.Stamp.Journal, a.Leaf.Stamp.Sequence}
		if other, ok := at[p]; ok && other != id {
			inv.fail("%s and %s are both record %d of node %d", id, other, p.sequence, p.node)
		}
		at[p] = id
		p.sequence = a.Batch
		if root, ok := roots[p]; ok && root != statement.Root {
			inv.fail("node %d has signed two batches %d", p.node, a.Batch)
		}
		roots[p] = statement.Root
	}
	for i := range c.e.Attempts {
		if c.e.Attempts[i].Answer != Acknowledged {
			continue
		}
		a, ok := c.parsed[i]
		if !ok {
			inv.Checked++
			inv.fail("the acknowledgement of %s cannot be read", c.e.Attempts[i].Submission)
			continue
		}
		check(c.e.Attempts[i].Submission, &a)
	}
	for id, b := range c.e.Asked {
		if len(b) == 0 {
			continue
		}
		if a, err := wire.ParseAcknowledgement(b); err == nil { // I1 tells of the others
			check(id, &a)
		}
	}
}

// signed checks id, path and signature with the keys that the node has or had.
func (c *court) signed(id clickday.SubmissionID, a *wire.Acknowledgement) error {
	err := errNoKey
	for _, key := range c.e.Keys.NodeKeys(a.Leaf.Stamp.Node, a.KeyID) {
		if err = a.Check(id, key); err == nil {
			return nil
		}
	}
	return err
}

// oneReceiptEach is I11: one correct PDF for every number.
func (c *court) oneReceiptEach() Invariant {
	inv := Invariant{ID: "I11", Unit: clickday.Text{IT: "ricevute", EN: "receipts"}, Title: clickday.Text{
		IT: "Una ricevuta corretta per ogni numero", EN: "One correct receipt for every number"}}
	if c.e.Ledger == nil || c.e.Rows == nil && c.e.Receipts == nil {
		inv.State = Unchecked
		return inv
	}
	c.storedReceipts(&inv)
	seen := map[clickday.SubmissionID]bool{}
	for i := range c.e.Receipts {
		r := &c.e.Receipts[i]
		inv.Checked++
		_, l := c.leaf(r.Submission)
		switch {
		case r.Wrong != "":
			inv.fail("the receipt of %s: %s", r.Submission, r.Wrong)
		case l == nil || l.Outcome != ledger.Numbered:
			inv.fail("%s has a receipt and no number", r.Submission)
		case r.Claims != r.Submission:
			inv.fail("the receipt of %s speaks of %s", r.Submission, r.Claims)
		case r.Number != l.Number:
			inv.fail("the receipt of %s bears the number %d instead of %d", r.Submission, r.Number, l.Number)
		case seen[r.Submission]:
			inv.fail("%s has two receipts", r.Submission)
		}
		seen[r.Submission] = true
	}
	if c.e.Rows == nil && c.e.ReceiptsOf == 0 { // then they are all
		for i := range c.e.Ledger.Leaves {
			if l := &c.e.Ledger.Leaves[i]; l.Outcome == ledger.Numbered && !seen[l.Submission] {
				inv.fail("%s has the number %d and no receipt", l.Submission, l.Number)
			}
		}
	}
	if c.e.ReceiptsOf > len(c.e.Receipts) {
		inv.note("%d PDF su %d sono stati aperti e verificati, a caso.", "%d of %d PDFs were opened and verified, at random.", len(c.e.Receipts), c.e.ReceiptsOf)
	}
	return inv
}

// storedReceipts counts them in the record.
func (c *court) storedReceipts(inv *Invariant) {
	rows := c.rowsByID()
	for i := range c.e.Ledger.Leaves {
		l := &c.e.Ledger.Leaves[i]
		if l.Outcome != ledger.Numbered || c.e.Rows == nil {
			continue
		}
		inv.Checked++
		stored := 0
		for _, r := range rows[l.Submission] {
			stored += r.Receipts
		}
		if stored != 1 {
			inv.fail("%s has the number %d and %d receipts", l.Submission, l.Number, stored)
		}
	}
	for i := range c.e.Rows {
		if r := &c.e.Rows[i]; r.Receipts > 0 && r.Number == 0 {
			inv.fail("%s has a receipt and no number in the record", r.Submission)
		}
	}
}
