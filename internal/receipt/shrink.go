package receipt

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

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

// shrink compresses the plain streams of a PDF that fpdf wrote and renews its
// cross-reference table.
func shrink(pdf []byte) ([]byte, error) {
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
	var out bytes.Buffer
	out.Grow(len(pdf))
	writeHeader(&out, pdf[:parts[0].offset])
	for i, p := range parts {
		end := table
		if i+1 < len(parts) {
			end = parts[i+1].offset
		}
		if p.offset >= end {
			return nil, errShape
		}
		copy(entries[p.number*entrySize:], fmt.Sprintf("%010d", out.Len()))
		writePart(&out, pdf[p.offset:end])
	}
	at := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n%s%sstartxref\n%d\n%%%%EOF\n", len(entries)/entrySize, entries, pdf[trailer:start], at)
	return out.Bytes(), nil
}

// writeHeader writes the version and a comment of bytes above 127, by which
// programs that carry files know that this one is not text (ISO 32000-1, 7.5.2).
func writeHeader(out *bytes.Buffer, version []byte) {
	out.Write(version)
	out.WriteString("%\xe2\xe3\xcf\xd3\n")
}

// fpdf writes no name that older viewers can read, and one in its own spelling.
var attachmentNames = strings.NewReplacer(
	"/F () /UF", "/F ("+ledger.EvidenceName+") /AFRelationship /Supplement /UF",
	"(Attachement1)", "("+ledger.EvidenceName+")",
)

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
		if !found && bytes.Contains(object, []byte("/EmbeddedFiles")) || bytes.Contains(object[:min(64, len(object))], []byte("/Filespec")) {
			object = []byte(attachmentNames.Replace(string(object)))
		}
		out.Write(object)
		return
	}
	packed := compress(stream[:size])
	fmt.Fprintf(out, "%s<</Filter /FlateDecode /Length %d%s%s%s", name, len(packed), before, packed, after)
}
