package ranking

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
)

// Reader reads a list in one pass.
type Reader struct {
	from   *bufio.Reader
	sum    hash.Hash
	header Header
	line   int64 // lines read
	rows   int64
	row    Row
	groups map[string]string // those seen so far, checked
	signed []byte            // the note of the last line, once it was read
}

// NewReader reads the header. Errors wrap ErrFormat when the bytes are not a
// list, else they are those of r.
func NewReader(r io.Reader) (*Reader, error) {
	in := &Reader{from: bufio.NewReaderSize(r, MaxLine), sum: sha256.New(), groups: map[string]string{}}
	var raw []byte
	for {
		line, err := in.readLine()
		if err != nil {
			return nil, err
		}
		if in.line == 1 && string(line) != firstLine+"\n" {
			return nil, fmt.Errorf("%w: the first line is not %q", ErrFormat, firstLine)
		}
		raw = append(raw, line...)
		in.sum.Write(line)
		if string(line) == columns+"\n" {
			break
		}
		if len(raw) > 16<<20 || !bytes.HasPrefix(line, []byte("# ")) {
			return nil, fmt.Errorf("%w: line %d: the line of columns does not follow the header", ErrFormat, in.line)
		}
	}
	var err error
	in.header, err = parseHeader(raw)
	return in, err
}

// readLine returns the next line with its newline.
func (r *Reader) readLine() ([]byte, error) {
	line, err := r.from.ReadSlice('\n')
	r.line++
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%w: line %d: the list ends before its signature", ErrFormat, r.line)
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("%w: line %d: longer than %d bytes", ErrFormat, r.line, MaxLine)
	}
	return line, err
}

// Header returns the header.
func (r *Reader) Header() *Header { return &r.header }

// LineNumber is the line that was read last, from 1.
func (r *Reader) LineNumber() int64 { return r.line }

// Next returns the next row; it is valid until the next call. io.EOF means that
// the list is complete in form, its signature line included; Statement tells then
// what was signed.
func (r *Reader) Next() (*Row, error) {
	if r.signed != nil {
		return nil, io.EOF
	}
	line, err := r.readLine()
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(line, []byte("#")) {
		return nil, r.end(line)
	}
	r.sum.Write(line)
	if err := r.row.parse(line[:len(line)-1], r.groups); err != nil {
		return nil, fmt.Errorf("%w: line %d: %w", ErrFormat, r.line, err)
	}
	r.rows++
	return &r.row, nil
}

// end takes the last line; behind it must be nothing.
func (r *Reader) end(line []byte) error {
	value, ok := bytes.CutPrefix(bytes.TrimSuffix(line, []byte("\n")), []byte(signaturePrefix))
	if !ok {
		return fmt.Errorf("%w: line %d: neither a row nor the signature", ErrFormat, r.line)
	}
	signed, err := base64.StdEncoding.Strict().DecodeString(string(value))
	if err != nil || len(signed) == 0 || base64.StdEncoding.EncodedLen(len(signed)) != len(value) {
		return fmt.Errorf("%w: line %d: the signature is not base64", ErrFormat, r.line)
	}
	if _, err := r.from.ReadByte(); !errors.Is(err, io.EOF) {
		if err != nil {
			return err
		}
		return fmt.Errorf("%w: something follows the signature in line %d", ErrFormat, r.line)
	}
	r.signed = signed
	return io.EOF
}

// Statement returns the signed note of the last line and the text that it must
// hold, computed from the bytes that were read. Only after Next gave io.EOF.
func (r *Reader) Statement() (signed []byte, text string) {
	return r.signed, statement(&r.header, r.rows, r.sum.Sum(nil))
}
