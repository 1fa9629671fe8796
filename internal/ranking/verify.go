package ranking

import (
	"errors"
	"io"

	"golang.org/x/mod/sumdb/tlog"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
	"puntuale/internal/trust"
	"puntuale/internal/verdict"
)

// Options are what a list is verified with.
type Options struct {
	// Keys are those that the verifier trusts.
	Keys *trust.Keys
	// Calendar is a signed calendar, checked, which the verifier saved before
	// the opening; nil for none. With it granularity, commitment and the times
	// of arrival are compared.
	Calendar *clickday.Calendar
}

// Verify recomputes a list and reports every disagreement. It reads r once, to
// the end, and keeps one submission id for every row, and where there are quotas
// what the allocation needs: about 400 bytes a row in all. The error is not nil
// only if r or the keys cannot be read; a file that is no list is a finding.
func Verify(r io.Reader, o *Options) (*verdict.Report, error) {
	verifiers, err := o.Keys.Verifiers()
	if err != nil {
		return nil, err
	}
	c := &checker{report: verdict.New("list"), options: o, verifiers: verifiers}
	err = c.read(r)
	if errors.Is(err, ErrFormat) {
		c.find("format", c.line(), formatWrong(err), formatMeans)
		return c.report.Close(), nil
	}
	if err != nil {
		return nil, err
	}
	return c.report.Close(), nil
}

// checker is a verification on its way.
type checker struct {
	report    *verdict.Report
	options   *Options
	verifiers []*ledger.Verifier
	reader    *Reader
	header    *Header
	day       *clickday.Day // of the calendar; nil without

	root   hashes
	order  order
	ids    ids
	places places
	// Numbers of rows.
	numbered, repeated, refused, late int64
}

func (c *checker) line() int64 {
	if c.reader == nil {
		return 0
	}
	return c.reader.LineNumber()
}

func (c *checker) find(check string, line int64, what, means clickday.Text) {
	c.report.Find(verdict.Finding{Check: check, Line: line, What: what, Means: means})
}

func (c *checker) read(r io.Reader) error {
	var err error
	if c.reader, err = NewReader(r); err != nil {
		return err
	}
	c.header = c.reader.Header()
	c.order = newOrder(c.header)
	c.places = places{header: c.header}
	c.day = c.calendarDay()
	for {
		row, err := c.reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		c.row(row)
	}
	c.facts()
	c.settle()
	return nil
}

// row checks what one row says by itself and after those before it.
func (c *checker) row(r *Row) {
	at := c.reader.LineNumber()
	if want := c.reader.rows - 1; r.Position != want {
		c.find("positions", at, positionWrong(r.Position, want), positionMeans)
	}
	c.root.add(tlog.RecordHash(r.Line))
	leaf, err := ledger.ParseLeaf(r.Line)
	if err != nil || !c.order.written(r.Line) {
		c.find("rows", at, leafWrong, leafMeans)
		return
	}
	c.count(&leaf, at)
	if what, wrong := c.order.next(&leaf); wrong {
		c.find("order", at, what, orderMeans)
	}
	if c.ids.seen(&leaf) {
		c.find("ids", at, twiceWrong(leaf.Submission), twiceMeans)
	}
	c.within(&leaf, at)
	c.places.add(c, &leaf, r, at)
}

// count holds the numbers against each other: 1 to N without a gap over the
// numbered rows, and repeats that point back.
func (c *checker) count(l *ledger.Leaf, at int64) {
	switch l.Outcome {
	case ledger.Numbered:
		c.numbered++
		if l.Number != c.numbered {
			c.find("numbers", at, numberWrong(l.Number, c.numbered), numberMeans)
		}
	case ledger.Repeated:
		c.repeated++
		if l.Number > c.numbered {
			c.find("numbers", at, repeatWrong(l.Number), repeatMeans)
		}
	case ledger.Refused:
		c.refused++
	}
	if l.Late {
		c.late++
	}
}

// within compares an arrival with the opening and the close of the day.
func (c *checker) within(l *ledger.Leaf, at int64) {
	d := c.day
	if d == nil {
		return
	}
	if l.Arrived < clickday.Bucket(d.Opens, d.Grain()) || l.Arrived >= d.Closes {
		c.find("calendar", at, outsideWrong, outsideMeans)
	}
}

// ids remembers which submissions are decided for good.
type ids map[clickday.SubmissionID]struct{}

// seen reports whether the submission had been numbered or found a repeat
// before. One that was refused may come again.
func (s *ids) seen(l *ledger.Leaf) bool {
	if *s == nil {
		*s = ids{}
	}
	if _, ok := (*s)[l.Submission]; ok {
		return true
	}
	if l.Outcome != ledger.Refused {
		(*s)[l.Submission] = struct{}{}
	}
	return false
}

// hashes computes the root of a tree from leaf hashes that come one by one: it
// keeps the roots of the full subtrees on the way, the widest first.
type hashes struct {
	full []tlog.Hash
	n    int64
}

func (h *hashes) add(leaf tlog.Hash) {
	for n := h.n; n&1 == 1; n >>= 1 {
		last := len(h.full) - 1
		leaf, h.full = tlog.NodeHash(h.full[last], leaf), h.full[:last]
	}
	h.full = append(h.full, leaf)
	h.n++
}

func (h *hashes) root() tlog.Hash {
	if h.n == 0 {
		return emptyRoot
	}
	last := len(h.full) - 1
	root := h.full[last]
	for i := last - 1; i >= 0; i-- {
		root = tlog.NodeHash(h.full[i], root)
	}
	return root
}
