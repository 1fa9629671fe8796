package ranking

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"io"

	"golang.org/x/mod/sumdb/note"
)

// Writer writes a list: NewWriter the header, Write the rows from position 0
// without gap, Close the signature over all of it. Not for concurrent use.
type Writer struct {
	to     *bufio.Writer
	sum    hash.Hash
	header Header
	next   int64
	line   []byte
}

// NewWriter writes the header. The list is buffered: nothing is sure to be in
// w before Close.
func NewWriter(w io.Writer, h *Header) (*Writer, error) {
	if err := h.Validate(); err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	out := &Writer{sum: sha256.New(), header: *h}
	out.to = bufio.NewWriterSize(w, 64<<10)
	return out, out.emit(h.appendTo(nil))
}

func (w *Writer) emit(b []byte) error {
	w.sum.Write(b) // a hash never fails
	_, err := w.to.Write(b)
	return err
}

// Write writes the next row; r.Line is not kept.
func (w *Writer) Write(r *Row) error {
	if r.Position != w.next {
		return fmt.Errorf("list: position %d where %d is next", r.Position, w.next)
	}
	if err := r.validate(); err != nil {
		return fmt.Errorf("list: %w", err)
	}
	w.next++
	w.line = r.appendTo(w.line[:0])
	return w.emit(w.line)
}

// Close signs the list, header and rows, with the key of whoever publishes it
// (a verifier must trust it for lists), writes the last line and flushes. It
// does not close the underlying writer.
func (w *Writer) Close(signer note.Signer) error {
	text := statement(&w.header, w.next, w.sum.Sum(nil))
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return fmt.Errorf("list: sign: %w", err)
	}
	if _, err := fmt.Fprintf(w.to, "%s%s\n", signaturePrefix, base64.StdEncoding.EncodeToString(signed)); err != nil {
		return err
	}
	return w.to.Flush()
}

const signaturePrefix = "# signature: "

// statement is what the signature of a list is made over: day and kind, number
// of rows, SHA-256 of all bytes above the last line. Its first line can never
// be the origin of a checkpoint, so neither can be taken for the other.
func statement(h *Header, rows int64, sum []byte) string {
	return fmt.Sprintf("puntuale list of a click day\n%s %s\n%d\n%s\n", h.Day, h.Kind, rows, base64.StdEncoding.EncodeToString(sum))
}
