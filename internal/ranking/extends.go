package ranking

import (
	"bytes"
	"errors"
	"io"

	"golang.org/x/mod/sumdb/tlog"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/verdict"
)

// Extends holds two lists of a click day against each other: whether the newer
// one has every row of the ledger that the older one has, unchanged and at the
// same position, and goes on behind them; and whether both are signed. Groups
// and places may differ: they are not part of the ledger. Errors as of Verify.
func Extends(older, newer io.Reader, o *Options) (*verdict.Report, error) {
	a, err := open(older, o)
	if err != nil {
		return nil, err
	}
	b, err := open(newer, o)
	if err != nil {
		return nil, err
	}
	r := verdict.New("extension")
	if a.reader != nil && b.reader != nil {
		if err := compare(a, b, r); err != nil {
			return nil, err
		}
	}
	conclude(r, "older", olderTitle, a)
	conclude(r, "newer", newerTitle, b)
	return r.Close(), nil
}

// Earlier is a head that somebody holds, and what it is known to cover: from a
// receipt the line too, from a checkpoint alone nothing more.
type Earlier struct {
	Checkpoint []byte // the signed note
	Line       []byte // nil for none
	Index      int64  // of the line
}

// Contains reports whether a list begins with the tree of an earlier head and
// has its line at the same position, and whether both are signed.
func Contains(list io.Reader, o *Options, e *Earlier) (*verdict.Report, error) {
	c, err := open(list, o)
	if err != nil {
		return nil, err
	}
	r := verdict.New("extension")
	if c.reader != nil {
		if err := c.hold(e, r); err != nil {
			return nil, err
		}
	}
	conclude(r, "newer", newerTitle, c)
	return r.Close(), nil
}

// open begins to read a list; with a file that is none, reader is nil and the
// finding is made.
func open(r io.Reader, o *Options) (*checker, error) {
	verifiers, err := o.Keys.Verifiers()
	if err != nil {
		return nil, err
	}
	c := &checker{report: verdict.New("list"), options: o, verifiers: verifiers}
	c.reader, err = NewReader(r)
	if err != nil {
		c.reader = nil
		return c, c.formatOr(err)
	}
	c.header = c.reader.Header()
	return c, nil
}

// formatOr makes a finding of a file that is no list and returns other errors.
func (c *checker) formatOr(err error) error {
	if errors.Is(err, ErrFormat) {
		c.find("format", c.line(), formatWrong(err), formatMeans)
		return nil
	}
	return err
}

// take reads the next row into the tree; nil is the end.
func (c *checker) take() (*Row, error) {
	row, err := c.reader.Next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, c.formatOr(err)
	}
	c.root.add(tlog.RecordHash(row.Line))
	return row, nil
}

func compare(a, b *checker, r *verdict.Report) error {
	if a.header.Day != b.header.Day || a.header.Granularity != b.header.Granularity || a.header.TieCommitment != b.header.TieCommitment ||
		a.header.TieSeed != nil && !bytes.Equal(a.header.TieSeed, b.header.TieSeed) {
		r.Find(verdict.Finding{Check: "rules", What: rulesWrong, Means: rulesMeans})
	}
	r.Settle("rules", rulesTitle, rulesDetail)
	for {
		x, err := a.take()
		if err != nil {
			return err
		}
		y, err := b.take()
		if err != nil {
			return err
		}
		if x == nil {
			break
		}
		if y == nil {
			r.Find(verdict.Finding{Check: "rows", Line: a.line(), What: rowGone(x.Position), Means: extendMeans})
			break
		}
		if x.Position != y.Position || !bytes.Equal(x.Line, y.Line) {
			r.Find(verdict.Finding{Check: "rows", Line: b.line(), What: rowChanged(y.Position), Means: extendMeans})
		}
	}
	r.Settle("rows", extendTitle, extendDetail(a.reader.rows))
	return errors.Join(a.rest(), b.rest())
}

// rest reads to the end, so that signature and root can be checked.
func (c *checker) rest() error {
	for {
		if row, err := c.take(); row == nil || err != nil {
			return err
		}
	}
}

// hold compares the rows with a head and a line that somebody held before.
func (c *checker) hold(e *Earlier, r *verdict.Report) error {
	head, ok := c.opens(e.Checkpoint)
	if !ok {
		r.Find(verdict.Finding{Check: "older", What: earlierWrong, Means: checkpointMeans})
	}
	r.Settle("older", olderTitle, checkpointDetail(head.Size))
	at := tlog.Hash(emptyRoot)
	found := false
	for c.root.n < head.Size || e.Line != nil && c.root.n <= e.Index {
		row, err := c.take()
		if err != nil {
			return err
		}
		if row == nil {
			break
		}
		found = found || row.Position == e.Index && bytes.Equal(row.Line, e.Line)
		if c.root.n == head.Size {
			at = c.root.root()
		}
	}
	if ok && (c.root.n < head.Size || at != head.Root) {
		r.Find(verdict.Finding{Check: "rows", What: prefixWrong(head.Size), Means: extendMeans})
	}
	if e.Line != nil && !found {
		r.Find(verdict.Finding{Check: "rows", What: lineGone(e.Index), Means: extendMeans})
	}
	r.Settle("rows", extendTitle, extendDetail(head.Size))
	return c.rest()
}

// opens checks a checkpoint of the list's day.
func (c *checker) opens(signed []byte) (ledger.Head, bool) {
	for _, v := range c.verifiers {
		if head, err := v.Open(c.header.Day, signed); err == nil {
			return head, true
		}
	}
	return ledger.Head{}, false
}

// conclude adds what the signatures of one of the lists came to.
func conclude(r *verdict.Report, id string, title clickday.Text, c *checker) {
	var rows int64
	if c.reader != nil && c.reader.signed != nil {
		rows = c.reader.rows
		c.signature()
		if head, ok := c.checkpoint(); ok {
			c.tree(&head)
		}
	}
	for _, f := range c.report.Findings {
		f.Check = id
		r.Find(f)
	}
	r.Settle(id, title, rootDetail(rows))
}
