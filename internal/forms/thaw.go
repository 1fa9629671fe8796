package forms

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"puntuale/internal/clickday"
)

// The limits of what Thaw reads.
const (
	thawAnswersMax = 1024
	cborUint       = 0 << 5
	cborBytes      = 2 << 5
	cborText       = 3 << 5
	cborMap        = 5 << 5
)

// thawer reads the one encoding that a document can have: deterministic CBOR
// leaves no choice, so that whatever it accepts is what Freeze would write. The
// worker reads every submission with it; a general decoder, and encoding again
// for comparison, took ten times as long. A test holds it against both.
type thawer struct {
	b    []byte
	text string // the same bytes, which all texts of the document share
	at   int
	err  error
}

func (t *thawer) fail(format string, args ...any) {
	if t.err == nil {
		t.err = fmt.Errorf("%w: at byte %d: "+format, append([]any{ErrNotCanonical, t.at}, args...)...)
	}
}

// head reads the head of an item of a major type, in its shortest form.
func (t *thawer) head(major byte) uint64 {
	if t.at >= len(t.b) || t.b[t.at]&0xe0 != major {
		t.fail("not an item of major type %d", major>>5)
		return 0
	}
	info := t.b[t.at] & 0x1f
	t.at++
	if info < 24 {
		return uint64(info)
	}
	size := 1 << (info - 24)
	if info > 27 || len(t.b)-t.at < size {
		t.fail("length of an item")
		return 0
	}
	var wide [8]byte
	copy(wide[8-size:], t.b[t.at:t.at+size])
	v := binary.BigEndian.Uint64(wide[:])
	t.at += size
	if size == 1 && v < 24 || size > 1 && v>>(size*4) == 0 {
		t.fail("a number that is longer than needed")
	}
	return v
}

// span reads n bytes and returns where they begin.
func (t *thawer) span(n uint64) int {
	if n > uint64(len(t.b)-t.at) {
		t.fail("%d bytes wanted", n)
		return t.at
	}
	t.at += int(n)
	return t.at - int(n)
}

func (t *thawer) string() string {
	n := t.head(cborText)
	from := t.span(n)
	if t.err != nil {
		return ""
	}
	return t.text[from:t.at]
}

// key reads the key of a field, which must be this one.
func (t *thawer) key(want uint64) {
	if got := t.head(cborUint); got != want && t.err == nil {
		t.fail("field %d where %d belongs", got, want)
	}
}

func (t *thawer) uint(most uint64) uint64 {
	v := t.head(cborUint)
	if v > most {
		t.fail("number %d, at most %d", v, most)
	}
	return v
}

func (t *thawer) answers() Answers {
	n := t.head(cborMap)
	if n > thawAnswersMax {
		t.fail("%d answers, at most %d", n, thawAnswersMax)
	}
	if t.err != nil {
		return nil
	}
	out := make(Answers, n)
	previous := ""
	for range n {
		from := t.at
		id := t.string()
		key := t.text[from:t.at] // with its head: what the order of keys is about
		v := t.string()
		if t.err != nil {
			return nil
		}
		if key <= previous {
			t.fail("answer %q is out of order", id)
		}
		if id == "" || v == "" || !utf8.ValidString(id) || !utf8.ValidString(v) {
			t.fail("answer %q is empty or not UTF-8", id)
		}
		out[id], previous = v, key
	}
	return out
}

func (t *thawer) document() (Document, error) {
	var d Document
	if n := t.head(cborMap); n != 6 {
		t.fail("%d fields", n)
	}
	t.key(1)
	if n := t.head(cborBytes); n != uint64(len(d.Application)) {
		t.fail("application id of %d bytes", n)
	}
	copy(d.Application[:], t.b[t.span(uint64(len(d.Application))):])
	t.key(2)
	d.Day = clickday.DayID(t.uint(1<<32 - 1))
	t.key(3)
	d.Model = clickday.ModelCode(t.string())
	t.key(4)
	d.ModelVersion = uint16(t.uint(1<<16 - 1))
	t.key(5)
	d.SealVersion = uint32(t.uint(1<<32 - 1))
	t.key(6)
	d.Answers = t.answers()
	if t.err == nil && t.at != len(t.b) {
		t.fail("%d bytes behind the document", len(t.b)-t.at)
	}
	if t.err == nil {
		if err := d.checkFields(); err != nil {
			t.err = fmt.Errorf("%w: %w", ErrNotCanonical, err)
		}
	}
	if t.err != nil {
		return Document{}, t.err
	}
	return d, nil
}
