package quota

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"slices"
	"strconv"
	"time"

	"puntuale/internal/clickday"
)

// Entry is one numbered application in a list.
type Entry struct {
	Number     int64 // protocol number, unique in the list
	Arrived    int64 // nanoseconds since 1970, as published
	Submission clickday.SubmissionID
	Group      Group // in which it competes: Table.Find
}

// Policy puts applications in the order in which they are served. Order is a
// pure function of the set of entries and the seed: it does not depend on how
// they were sorted before.
type Policy interface {
	// String returns name and parameters as lists write them.
	String() string
	// NeedsSeed reports whether Order needs the seed of the day: the order is
	// then not known to anybody else before the seed is revealed.
	NeedsSeed() bool
	// Order sorts the entries in place, who is served first coming first.
	Order(entries []Entry, seed []byte)
}

// Chronological serves in the order of protocol numbers, which is the order of
// arrival.
type Chronological struct{}

func (Chronological) String() string  { return "chronological" }
func (Chronological) NeedsSeed() bool { return false }

// Order sorts by number.
func (Chronological) Order(entries []Entry, _ []byte) { byNumber(entries) }

func byNumber(entries []Entry) {
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Number, b.Number) })
}

// DrawAmongEquals serves in order of arrival, but treats arrivals within the
// same span of time as equal and draws among them. Spans begin at whole
// multiples of Span since 1970. Who was numbered late counts in the span of
// those numbered just before, since numbers are never overtaken by later ones
// across spans.
type DrawAmongEquals struct{ Span time.Duration }

func (p DrawAmongEquals) String() string { return "draw-equals span=" + spanText(p.Span) }

// spanText writes a span in the largest unit that divides it.
func spanText(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}, {time.Millisecond, "ms"}} {
		if d%u.unit == 0 {
			return strconv.FormatInt(int64(d/u.unit), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(d/time.Microsecond), 10) + "us"
}

// NeedsSeed is always true.
func (DrawAmongEquals) NeedsSeed() bool { return true }

// Order sorts by span, then by lot.
func (p DrawAmongEquals) Order(entries []Entry, seed []byte) {
	byNumber(entries)
	span := max(int64(p.Span), 1)
	latest := int64(0)
	order(entries, seed, func(e *Entry) int64 {
		latest = max(latest, e.Arrived/span)
		return latest
	})
}

// DrawAmongAll serves by lot alone; the time of arrival does not count.
type DrawAmongAll struct{}

func (DrawAmongAll) String() string { return "draw-all" }

// NeedsSeed is always true.
func (DrawAmongAll) NeedsSeed() bool { return true }

// Order sorts by lot.
func (DrawAmongAll) Order(entries []Entry, seed []byte) {
	order(entries, seed, func(*Entry) int64 { return 0 })
}

// lotPrefix keeps lots apart from the hashes that break ties of numbers, which
// use the same seed.
const lotPrefix = "puntuale lot 1\n"

// Lot returns the lot of a submission: SHA-256 of a fixed prefix, the seed of
// the day and the submission's id. Lower lots, compared as bytes, come first.
func Lot(seed []byte, id clickday.SubmissionID) [sha256.Size]byte {
	b := make([]byte, 0, len(lotPrefix)+len(seed)+len(id))
	b = append(b, lotPrefix...)
	b = append(b, seed...)
	return sha256.Sum256(append(b, id[:]...))
}

// drawn is an entry with what it is sorted by.
type drawn struct {
	span int64
	lot  [sha256.Size]byte
	Entry
}

// order sorts by span, which is asked for in the order given, then by lot, then
// by id, which settles what SHA-256 cannot be expected to do.
func order(entries []Entry, seed []byte, span func(*Entry) int64) {
	list := make([]drawn, len(entries))
	for i := range entries {
		e := &entries[i]
		list[i] = drawn{span(e), Lot(seed, e.Submission), *e}
	}
	slices.SortFunc(list, func(a, b drawn) int {
		return cmp.Or(cmp.Compare(a.span, b.span), bytes.Compare(a.lot[:], b.lot[:]), bytes.Compare(a.Submission[:], b.Submission[:]))
	})
	for i := range list {
		entries[i] = list[i].Entry
	}
}
