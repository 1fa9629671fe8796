package loadrun

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"puntuale/internal/clickday"
)

// Entry says where an envelope lies and what it is of.
type Entry struct {
	Offset      int64 // in envelopes.bin
	Size        int
	Submission  clickday.SubmissionID // SHA-256 of the envelope
	Application clickday.ApplicationID
	Account     clickday.AccountID
}

func accountOf(b []byte) clickday.AccountID { return clickday.AccountID(binary.BigEndian.Uint64(b)) }

// EnvelopeWriter stores envelopes in the order of their indexes.
type EnvelopeWriter struct {
	data, index *os.File
	out, outIdx *bufio.Writer
	offset      int64
	line        []byte
}

// NewEnvelopeWriter creates both files.
func (p *Part) NewEnvelopeWriter() (*EnvelopeWriter, error) {
	w := new(EnvelopeWriter)
	var err error
	if w.data, err = os.Create(p.path("envelopes.bin")); err != nil {
		return nil, fmt.Errorf("loadrun: %w", err)
	}
	if w.index, err = os.Create(p.path("envelopes.idx")); err != nil {
		return nil, errors.Join(fmt.Errorf("loadrun: %w", err), w.data.Close())
	}
	w.out, w.outIdx = bufio.NewWriterSize(w.data, 1<<20), bufio.NewWriterSize(w.index, 1<<16)
	w.out.WriteString(envelopesMagic) // the first error is kept for Close
	w.outIdx.WriteString(indexMagic)
	w.offset = int64(len(envelopesMagic))
	return w, nil
}

// Add stores the next envelope. Errors are kept for Close.
func (w *EnvelopeWriter) Add(envelope []byte, e Entry) {
	e.Offset, e.Size = w.offset, len(envelope)
	w.offset += int64(len(envelope))
	w.out.Write(envelope)
	w.line = appendEntry(w.line[:0], &e)
	w.outIdx.Write(w.line)
}

// Close writes what is left and tells the first error.
func (w *EnvelopeWriter) Close() error {
	if err := errors.Join(w.out.Flush(), w.outIdx.Flush(), w.data.Close(), w.index.Close()); err != nil {
		return fmt.Errorf("loadrun: envelopes: %w", err)
	}
	return nil
}

// Entries reads the index of the envelopes.
func (p *Part) Entries() ([]Entry, error) {
	f, err := os.Open(p.path("envelopes.idx"))
	if err != nil {
		return nil, fmt.Errorf("loadrun: %w", err)
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<16)
	if err := readMagic(in, indexMagic); err != nil {
		return nil, err
	}
	var out []Entry
	var b [indexLen]byte
	for {
		_, err := io.ReadFull(in, b[:])
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("loadrun: index of envelopes ends within an entry: %w", err)
		}
		out = append(out, parseEntry(b[:]))
	}
}

// Envelopes opens envelopes.bin for reading at the offsets of the entries.
func (p *Part) Envelopes() (*os.File, error) {
	f, err := os.Open(p.path("envelopes.bin"))
	if err != nil {
		return nil, fmt.Errorf("loadrun: %w", err)
	}
	return f, nil
}
