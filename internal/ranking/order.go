package ranking

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/ledger"
)

// emptyRoot is the root of a tree without leaves (RFC 6962 section 2.1).
var emptyRoot = sha256.Sum256(nil)

// order recomputes the order of a list, what is late in it, and which neighbours
// are too close for their clocks. It shares no code with what made the order.
type order struct {
	header *Header
	width  int // of an arrival at the list's granularity
	any    bool
	last   ledger.Leaf // the last leaf in order, late ones apart
	tie    [32]byte    // of last, when the seed is known
	// open counts neighbours that only the seed can tell apart; close those
	// that are too close for their clocks.
	open, close int64
}

func newOrder(h *Header) order {
	return order{header: h, width: len(arrived((&ledger.Leaf{}).AppendLine(nil, h.Granularity)))}
}

// written reports whether a line that ParseLeaf has accepted, and so is written
// in the one way, has the granularity of the list.
func (o *order) written(line []byte) bool { return len(arrived(line)) == o.width }

// arrived returns the third field of a line.
func arrived(line []byte) []byte {
	for range 2 {
		line = line[bytes.IndexByte(line, ',')+1:]
	}
	return line[:bytes.IndexByte(line, ',')]
}

// next takes the next leaf and reports what is wrong with its place.
func (o *order) next(l *ledger.Leaf) (what clickday.Text, wrong bool) {
	var tie [32]byte
	seed := o.header.TieSeed
	if seed != nil {
		tie = ledger.Tie(seed, l.Submission)
	}
	if !o.any {
		o.any, o.last, o.tie = true, *l, tie
		return lateWrong, l.Late
	}
	order := cmp.Compare(l.Arrived, o.last.Arrived)
	if order == 0 && seed != nil {
		order = bytes.Compare(tie[:], o.tie[:])
	} else if order == 0 && !l.Late {
		o.open++
	}
	switch {
	case order < 0 && !l.Late:
		what, wrong = orderWrong(l.Arrived == o.last.Arrived), true
	case l.Late && (order > 0 || order == 0 && seed != nil):
		what, wrong = lateWrong, true
	}
	if !l.Late {
		o.near(l)
		o.last, o.tie = *l, tie
	}
	return what, wrong
}

// near counts neighbours of different nodes that are not further apart than
// both clocks together may have been wrong.
func (o *order) near(l *ledger.Leaf) {
	if apart := time.Duration(l.Arrived - o.last.Arrived); l.Node != o.last.Node && apart < l.Bound+o.last.Bound {
		o.close++
	}
}
