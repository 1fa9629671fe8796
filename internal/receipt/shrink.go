package receipt

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"puntuale/internal/ledger"
)

// fpdf would compress each page with a compressor of its own, close to a
// megabyte of garbage every time and half of the cost of a receipt. So it writes
// the pages plain, and shrink compresses them with ours.

// errShape says that fpdf wrote something other than what shrink expects.
var errShape = errors.New("receipt: the PDF library wrote a file of another shape")

// entrySize is the length of one line of a cross-reference table.
const entrySize = 20

// part is one object of the file.
type part struct{ number, offset int }

// shrink compresses the plain streams of a PDF that fpdf wrote, gives it an
// attachment if there is one, and renews its cross-reference table.
func shrink(pdf, attachment []byte) ([]byte, error) {
	table := bytes.LastIndex(pdf, []byte("\nxref\n")) + 1
	trailer := bytes.LastIndex(pdf, []byte("trailer\n"))
	start := bytes.LastIndex(pdf, []byte("startxref\n"))
	if table < 1 || trailer < table || start < trailer {
		return nil, errShape
	}
	parts, entries, err := partsOf(pdf[table:trailer])
	if err != nil {
		return nil, err
	}
	size := len(entries) / entrySize
	w := &shrinker{entries: entries}
	w.out.Grow(len(pdf)/2 + len(attachment))
	w.header(pdf[:parts[0].offset])
	for i, p := range parts {
		end := table
		if i+1 < len(parts) {
			end = parts[i+1].offset
		}
		if p.offset >= end {
			return nil, errShape
		}
		w.place(p.number)
		w.object(pdf[p.offset:end], size, attachment != nil)
	}
	tail := pdf[trailer:start]
	if attachment != nil {
		w.attach(size, attachment)
		tail = bytes.Replace(tail, fmt.Appendf(nil, "/Size %d\n", size), fmt.Appendf(nil, "/Size %d\n", size+2), 1)
	}
	if w.attached != (attachment != nil) {
		return nil, errShape
	}
	at := w.out.Len()
	fmt.Fprintf(&w.out, "xref\n0 %d\n%s%sstartxref\n%d\n%%%%EOF\n", len(w.entries)/entrySize, w.entries, tail, at)
	return w.out.Bytes(), nil
}

// shrinker writes the new file.
type shrinker struct {
	out      bytes.Buffer
	entries  []byte // lines of the cross-reference table
	attached bool   // the catalog names the attachment
}

// place notes that an object begins here.
func (w *shrinker) place(number int) {
	for len(w.entries) <= number*entrySize {
		w.entries = append(w.entries, "0000000000 00000 n \n"...)
	}
	copy(w.entries[number*entrySize:], fmt.Sprintf("%010d", w.out.Len()))
}

// header writes the version and a comment of bytes above 127, by which programs
// that carry files know that this one is not text (ISO 32000-1, 7.5.2).
func (w *shrinker) header(version []byte) {
	w.out.Write(version)
	w.out.WriteString("%\xe2\xe3\xcf\xd3\n")
}

// noAttachments is what fpdf writes into the catalog when it has none. It could
// add them, but with a compressor of its own each time, and without a name that
// older viewers can read.
var noAttachments = []byte("/EmbeddedFiles << /Names [\n  \n] >>")

// object copies one object, compressed if it is a plain stream; the catalog names
// the attachment, whose two objects come after all others.
func (w *shrinker) object(object []byte, size int, attach bool) {
	if attach && bytes.Contains(object, noAttachments) {
		object = bytes.Replace(object, noAttachments,
			fmt.Appendf(nil, "/EmbeddedFiles <</Names [(%s) %d 0 R]>>", ledger.EvidenceName, size+1), 1)
		object = bytes.Replace(object, []byte("/Type /Catalog\n"), fmt.Appendf(nil, "/Type /Catalog\n/AF [%d 0 R]\n", size+1), 1)
		w.attached = true
	}
	writePart(&w.out, object)
}

// attach writes the attachment as objects number and number + 1.
func (w *shrinker) attach(number int, content []byte) {
	packed := compress(content)
	w.place(number)
	fmt.Fprintf(&w.out, "%d 0 obj\n<</Type /EmbeddedFile /Subtype /application#2Fjson /Filter /FlateDecode /Length %d /Params <</Size %d>>>>\nstream\n%s\nendstream\nendobj\n",
		number, len(packed), len(content), packed)
	w.place(number + 1)
	fmt.Fprintf(&w.out, "%d 0 obj\n<</Type /Filespec /F (%s) /UF (%s) /AFRelationship /Data /Desc (%s) /EF <</F %d 0 R /UF %d 0 R>>>>\nendobj\n",
		number+1, ledger.EvidenceName, ledger.EvidenceName, evidenceDescription, number, number)
}

// partsOf reads a cross-reference table and returns its objects by offset and a
// copy of its lines.
func partsOf(table []byte) ([]part, []byte, error) {
	var count int
	if _, err := fmt.Sscanf(string(table[:min(len(table), 30)]), "xref\n0 %d\n", &count); err != nil || count < 2 || len(table) < count*entrySize {
		return nil, nil, errShape
	}
	lines := bytes.Clone(table[len(table)-count*entrySize:])
	var parts []part
	for n := 1; n < count; n++ {
		offset, err := strconv.Atoi(string(lines[n*entrySize : n*entrySize+10]))
		if err != nil {
			return nil, nil, errShape
		}
		parts = append(parts, part{n, offset})
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.offset, b.offset) })
	return parts, lines, nil
}

// writePart copies one object, compressed if it is a plain stream.
func writePart(out *bytes.Buffer, object []byte) {
	const before, after = ">>\nstream\n", "\nendstream\nendobj\n"
	head, stream, found := bytes.Cut(object, []byte(before))
	name, length, plain := bytes.Cut(head, []byte("<</Length "))
	size, err := strconv.Atoi(string(length))
	if !found || !plain || err != nil || len(stream) != size+len(after) {
		out.Write(object)
		return
	}
	packed := compress(stream[:size])
	fmt.Fprintf(out, "%s<</Filter /FlateDecode /Length %d%s%s%s", name, len(packed), before, packed, after)
}
