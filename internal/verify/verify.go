// Package verify is what the verify commands and the portal's page share: it
// tells by a file's first bytes what it is, a list, a receipt, the proof of a
// receipt, or an acknowledgement, and has it checked; and it reads or fetches the
// keys to check with.
//
//	verify.go   any file, and two against each other
//	ack.go      acknowledgements
//	grown.go    two heads of one ledger, by its tiles
//	keys.go     keys.json and signed calendars, from a file or a portal
//	command.go  what the subcommands do: report, JSON, exit codes
package verify

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"puntuale/internal/evidence"
	"puntuale/internal/ledger"
	"puntuale/internal/ranking"
	"puntuale/internal/verdict"
)

// ErrUnreadable says that a file is of no kind that can be verified, or too long.
var ErrUnreadable = errors.New("neither a list, nor a receipt, nor its prova.json, nor an acknowledgement")

// Options are what is trusted and known.
type Options = ranking.Options

// Kind is what a file is by its first bytes.
type Kind string

// The kinds.
const (
	List            Kind = "list"
	Receipt         Kind = "receipt" // a PDF or a prova.json
	Acknowledgement Kind = "acknowledgement"
	Unknown         Kind = ""
)

var starts = []struct {
	prefix string
	kind   Kind
}{
	{"# Puntuale list", List}, {"%PDF-", Receipt}, {"{", Receipt}, {"PAK1", Acknowledgement},
}

// KindOf tells what a file is; b is its beginning.
func KindOf(b []byte) Kind {
	for _, s := range starts {
		if bytes.HasPrefix(b, []byte(s.prefix)) {
			return s.kind
		}
	}
	return Unknown
}

// Any verifies a file of any kind. A list is streamed, anything else is read up
// to evidence.MaxFile bytes. Errors wrap ErrUnreadable when the file cannot be
// verified at all, else they are those of r or of unusable keys.
func Any(r io.Reader, o *Options) (*verdict.Report, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := in.Peek(16)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	kind := KindOf(head)
	switch kind {
	case List:
		return ranking.Verify(in, o)
	case Unknown:
		return nil, ErrUnreadable
	}
	b, err := readSmall(in)
	if err != nil {
		return nil, err
	}
	if kind == Acknowledgement {
		return acknowledgement(b, o.Keys), nil
	}
	report, err := evidence.Verify(b, o.Keys)
	if errors.Is(err, evidence.ErrKind) {
		err = fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return report, err
}

func readSmall(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, evidence.MaxFile+1))
	if err != nil {
		return nil, err
	}
	if len(b) > evidence.MaxFile {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrUnreadable, evidence.MaxFile)
	}
	return b, nil
}

// Extends verifies that a list contains something earlier: another list, a
// receipt with its line and head, or a checkpoint alone. Errors as of Any.
func Extends(older, newer io.Reader, o *Options) (*verdict.Report, error) {
	in := bufio.NewReaderSize(older, 64<<10)
	head, err := in.Peek(16)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if KindOf(head) == List {
		return ranking.Extends(in, newer, o)
	}
	b, err := readSmall(in)
	if err != nil {
		return nil, err
	}
	e, err := earlier(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return ranking.Contains(newer, o, e)
}

// earlier reads what a receipt or a checkpoint says, unchecked.
func earlier(b []byte) (*ranking.Earlier, error) {
	if KindOf(b) != Receipt {
		if _, err := ledger.ReadHead(b); err != nil {
			return nil, err
		}
		return &ranking.Earlier{Checkpoint: b}, nil
	}
	proof, err := evidence.Proof(b)
	if err != nil {
		return nil, err
	}
	return &ranking.Earlier{Checkpoint: []byte(proof.Checkpoint), Line: []byte(proof.Leaf), Index: proof.Index}, nil
}
