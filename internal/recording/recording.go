package recording

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	firstLine = "# Puntuale recording 1"
	columns   = "at,sender,application,kind"
	// Suffix is how the name of a file with a recording ends.
	Suffix  = ".recording"
	lineMax = 4096
)

// Kind is what a recorded arrival was.
type Kind string

const (
	// Good is the first arrival of an application that its sender has signed.
	Good Kind = "good"
	// Again is another envelope of an application that had arrived before.
	Again Kind = "again"
	// Bad is one that its sender has not signed; the worker refuses it.
	Bad Kind = "bad"
)

// Arrival is one durable submission.
type Arrival struct {
	At          time.Duration // from the opening, cut to the grain
	Sender      uint32        // workstation; from 0, in no meaningful order
	Application uint32        // likewise
	Kind        Kind
}

// Recording is a whole click day, in order of time.
type Recording struct {
	Name     string
	Grain    time.Duration
	Arrivals []Arrival
}

// ErrRecording is wrapped by everything that is wrong with a file.
var ErrRecording = errors.New("recording: not a recording")

// Write writes the file: comment lines, a line of columns, one line for each
// arrival.
func (r *Recording) Write(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "%s\n# name: %s\n# grain: %s\n%s\n", firstLine, r.Name, r.Grain, columns) // the first error is kept for Flush
	var line []byte
	for _, a := range r.Arrivals {
		line = strconv.AppendInt(line[:0], int64(a.At/r.Grain), 10)
		line = append(line, ',')
		line = strconv.AppendUint(line, uint64(a.Sender), 10)
		line = append(line, ',')
		line = strconv.AppendUint(line, uint64(a.Application), 10)
		line = append(line, ',')
		line = append(line, a.Kind...)
		out.Write(append(line, '\n'))
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	return nil
}

// Open reads a file.
func Open(path string) (*Recording, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	defer f.Close()
	r, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// Read reads what Write writes.
func Read(from io.Reader) (*Recording, error) {
	in := bufio.NewScanner(from)
	in.Buffer(nil, lineMax)
	r := new(Recording)
	for n := 1; in.Scan(); n++ {
		if err := r.line(n, in.Text()); err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrRecording, n, err)
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	if r.Grain == 0 || len(r.Arrivals) == 0 {
		return nil, fmt.Errorf("%w: no arrivals", ErrRecording)
	}
	if !slices.IsSortedFunc(r.Arrivals, func(a, b Arrival) int { return int(a.At - b.At) }) {
		return nil, fmt.Errorf("%w: not in order of time", ErrRecording)
	}
	return r, nil
}

// line takes line n, from 1.
func (r *Recording) line(n int, text string) (err error) {
	switch n {
	case 1:
		if text != firstLine {
			err = fmt.Errorf("want %q", firstLine)
		}
	case 2:
		r.Name, err = header(text, "name")
	case 3:
		var grain string
		if grain, err = header(text, "grain"); err == nil {
			r.Grain, err = time.ParseDuration(grain)
		}
		if err == nil && r.Grain <= 0 {
			err = errors.New("want a grain above 0")
		}
	case 4:
		if text != columns {
			err = fmt.Errorf("want %q", columns)
		}
	default:
		err = r.arrival(text)
	}
	return err
}

func header(text, name string) (string, error) {
	value, ok := strings.CutPrefix(text, "# "+name+": ")
	if !ok || value == "" || strings.ContainsAny(value, `/\`) {
		return "", fmt.Errorf("want # %s: …", name)
	}
	return value, nil
}

func (r *Recording) arrival(text string) error {
	f := strings.Split(text, ",")
	if len(f) != 4 {
		return fmt.Errorf("%d fields, want 4", len(f))
	}
	at, err1 := strconv.ParseInt(f[0], 10, 40)
	sender, err2 := strconv.ParseUint(f[1], 10, 31)
	application, err3 := strconv.ParseUint(f[2], 10, 31)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	a := Arrival{time.Duration(at) * r.Grain, uint32(sender), uint32(application), Kind(f[3])}
	if a.Kind != Good && a.Kind != Again && a.Kind != Bad {
		return fmt.Errorf("kind %q", f[3])
	}
	r.Arrivals = append(r.Arrivals, a)
	return nil
}
