package pades

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"
)

// signature is what the signature dictionary says.
type signature struct {
	name string // of the signer
	at   time.Time
	room int // bytes kept free for the CMS
}

// hole is where the hexadecimal signature goes, its angle brackets included:
// the only bytes of the file that it does not cover.
type hole struct{ start, end int }

// rangeWidth keeps the place of /ByteRange, whose numbers are known last.
const rangeWidth = 10

// appendField returns the document with a signature field and an empty
// signature appended as an incremental update, /ByteRange filled in.
func (d *document) appendField(s signature) ([]byte, hole) {
	u := &update{doc: d}
	u.Grow(len(d.pdf) + 4096 + 2*s.room)
	u.Write(d.pdf)
	if last := d.pdf[len(d.pdf)-1]; last != '\n' {
		u.WriteByte('\n')
	}
	signatureNumber, fieldNumber := d.size, d.size+1
	u.object(d.root.number, catalogWith(d.root.dict, fieldNumber))
	u.object(d.page.number, pageWith(d.page.dict, fieldNumber))
	u.begin(signatureNumber)
	fmt.Fprintf(u, "<</Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached\n/Name %s\n/M (D:%s)\n/ByteRange ",
		textString(s.name), s.at.UTC().Format("20060102150405Z"))
	rangeAt := u.Len()
	u.WriteString(strings.Repeat(" ", len(byteRange(hole{}, 0))) + "\n/Contents ")
	h := hole{start: u.Len()}
	u.WriteString("<" + strings.Repeat("0", 2*s.room) + ">")
	h.end = u.Len()
	u.WriteString(">>\nendobj\n")
	u.object(fieldNumber, fmt.Appendf(nil, "/Type /Annot /Subtype /Widget /FT /Sig /T (Sigillo) /V %d 0 R /P %d 0 R /Rect [0 0 0 0] /F 132",
		signatureNumber, d.page.number))
	u.end(fieldNumber + 1)
	out := u.Bytes()
	copy(out[rangeAt:], byteRange(h, len(out)))
	return out, h
}

// byteRange names the two stretches around the hole.
func byteRange(h hole, size int) string {
	return fmt.Sprintf("[0 %*d %*d %*d]", rangeWidth, h.start, rangeWidth, h.end, rangeWidth, size-h.end)
}

// catalogWith adds the form with its one field, and the version of PDF that
// defines this kind of signature.
func catalogWith(dict []byte, field int) []byte {
	return fmt.Appendf(bytes.Clone(bytes.TrimSpace(dict)),
		"\n/Version /1.7 /Extensions <</ESIC <</BaseVersion /1.7 /ExtensionLevel 2>>>>\n/AcroForm <</Fields [%d 0 R] /SigFlags 3>>", field)
}

// pageWith adds the field to the annotations of a page, beside its links.
func pageWith(dict []byte, field int) []byte {
	const annots = "/Annots ["
	dict = bytes.TrimSpace(dict)
	if at := bytes.Index(dict, []byte(annots)); at >= 0 {
		at += len(annots)
		return bytes.Join([][]byte{dict[:at], fmt.Appendf(nil, "%d 0 R ", field), dict[at:]}, nil)
	}
	return fmt.Appendf(bytes.Clone(dict), "\n"+annots+"%d 0 R]", field)
}

// update is an incremental update being written.
type update struct {
	bytes.Buffer
	doc     *document
	written []place
}

// place is where an object begins.
type place struct{ number, offset int }

func (u *update) begin(number int) {
	u.written = append(u.written, place{number, u.Len()})
	fmt.Fprintf(u, "%d 0 obj\n", number)
}

func (u *update) object(number int, dict []byte) {
	u.begin(number)
	fmt.Fprintf(u, "<<%s>>\nendobj\n", dict)
}

// end writes the cross-reference table of the changed objects and the trailer.
func (u *update) end(size int) {
	at := u.Len()
	u.WriteString("xref\n0 1\n0000000000 65535 f \n")
	for _, p := range u.written {
		fmt.Fprintf(u, "%d 1\n%010d 00000 n \n", p.number, p.offset)
	}
	// The file identifier is required of signed files; it comes from the content.
	sum := sha256.Sum256(u.doc.pdf)
	id := hex.EncodeToString(sum[:16])
	fmt.Fprintf(u, "trailer\n<</Size %d /Root %d 0 R /Info %s /Prev %d /ID [<%s><%s>]>>\nstartxref\n%d\n%%%%EOF\n",
		size, u.doc.root.number, u.doc.info, u.doc.xref, id, id, at)
}

// textString writes s as a PDF text string in UTF-16, which needs no escapes.
func textString(s string) string {
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, unit := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", unit)
	}
	b.WriteByte('>')
	return b.String()
}
