package loadrun

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Part is what one generator planned and got.
type Part struct{ Dir string }

// NewPart makes the directory of part number i of a run, empty.
func NewPart(runDir string, i int) (*Part, error) {
	p := &Part{filepath.Join(runDir, fmt.Sprintf("part-%03d", i))}
	if err := os.RemoveAll(p.Dir); err != nil {
		return nil, fmt.Errorf("loadrun: %w", err)
	}
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("loadrun: %w", err)
	}
	return p, nil
}

// Parts returns the parts of a run directory in order.
func Parts(runDir string) ([]*Part, error) {
	dirs, err := filepath.Glob(filepath.Join(runDir, "part-[0-9][0-9][0-9]"))
	if err != nil || len(dirs) == 0 {
		return nil, errors.Join(fmt.Errorf("loadrun: %s has no parts", runDir), err)
	}
	slices.Sort(dirs)
	parts := make([]*Part, len(dirs))
	for i, d := range dirs {
		parts[i] = &Part{d}
	}
	return parts, nil
}

func (p *Part) path(name string) string { return filepath.Join(p.Dir, name) }

// WritePlan stores the requests, which are sorted by At.
func (p *Part) WritePlan(plan []Request) error {
	f, err := os.Create(p.path("plan.bin"))
	if err != nil {
		return fmt.Errorf("loadrun: %w", err)
	}
	out := bufio.NewWriterSize(f, 1<<20)
	out.WriteString(planMagic) // the first error is kept for Flush
	var b [requestLen]byte
	for i := range plan {
		out.Write(plan[i].append(b[:0]))
	}
	if err := errors.Join(out.Flush(), f.Close()); err != nil {
		return fmt.Errorf("loadrun: plan: %w", err)
	}
	return nil
}

// Plan reads the requests.
func (p *Part) Plan() ([]Request, error) {
	f, err := os.Open(p.path("plan.bin"))
	if err != nil {
		return nil, fmt.Errorf("loadrun: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("loadrun: %w", err)
	}
	in := bufio.NewReaderSize(f, 1<<20)
	if err := readMagic(in, planMagic); err != nil {
		return nil, err
	}
	plan := make([]Request, 0, info.Size()/requestLen)
	var b [requestLen]byte
	for {
		_, err := io.ReadFull(in, b[:])
		if errors.Is(err, io.EOF) {
			return plan, nil
		}
		if err != nil {
			return nil, fmt.Errorf("loadrun: plan ends within a request: %w", err)
		}
		plan = append(plan, parseRequest(b[:]))
	}
}

// AnswersFile creates the file of answers, ready for what Answer.Append writes.
func (p *Part) AnswersFile() (*os.File, error) {
	f, err := os.Create(p.path("answers.bin"))
	if err == nil {
		_, err = f.WriteString(answerMagic)
	}
	if err != nil {
		return nil, fmt.Errorf("loadrun: %w", err)
	}
	return f, nil
}

const (
	envelopesMagic = "PLE1"
	indexMagic     = "PLI1"
	indexLen       = 8 + 4 + 32 + 16 + 8
)

func appendEntry(b []byte, e *Entry) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(e.Offset))
	b = binary.BigEndian.AppendUint32(b, uint32(e.Size))
	b = append(b, e.Submission[:]...)
	b = append(b, e.Application[:]...)
	return binary.BigEndian.AppendUint64(b, uint64(e.Account))
}

func parseEntry(b []byte) Entry {
	e := Entry{Offset: int64(binary.BigEndian.Uint64(b)), Size: int(binary.BigEndian.Uint32(b[8:]))}
	copy(e.Submission[:], b[12:])
	copy(e.Application[:], b[44:])
	e.Account = accountOf(b[60:])
	return e
}
