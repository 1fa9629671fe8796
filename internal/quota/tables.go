package quota

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"puntuale/internal/places"
)

// Header lines of the two files that an operator publishes.
const (
	quotasHeader  = "nationality,sector,province,places"
	nationsHeader = "state,group"
)

// maxRows bounds a file, and maxProblems how many of its errors are listed.
const (
	maxRows     = 100_000
	maxProblems = 50
)

// Problem is what is wrong with one line of a file.
type Problem struct {
	Line int // from 1
	Text string
}

// FileError lists the problems of a file, one per line.
type FileError struct{ Problems []Problem }

func (e *FileError) Error() string {
	var b strings.Builder
	b.WriteString("quota: the file cannot be used:")
	for _, p := range e.Problems {
		fmt.Fprintf(&b, "\n  line %d: %s", p.Line, p.Text)
	}
	return b.String()
}

// add keeps a problem, up to a bound.
func (e *FileError) add(line int, text string) {
	if len(e.Problems) < maxProblems {
		e.Problems = append(e.Problems, Problem{line, text})
	}
}

func (e *FileError) orNil() error {
	if len(e.Problems) == 0 {
		return nil
	}
	return e
}

// ReadTable reads quotas from CSV with the columns nationality, sector, province
// and places. An empty cell means any. Errors of lines come together as a
// *FileError; other errors are those of r. known, when given, says whether a
// sector exists.
func ReadTable(r io.Reader, known func(sector string) bool) (Table, error) {
	var rows []Row
	bad := &FileError{}
	seen := map[Group]int{}
	err := readCSV(r, quotasHeader, bad, func(line int, cells []string) error {
		row, err := readRow(cells, known)
		if err != nil {
			return err
		}
		if first, twice := seen[row.Group]; twice {
			return fmt.Errorf("group %s stands on line %d already", row.Group, first)
		}
		seen[row.Group] = line
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		return Table{}, err
	}
	if len(rows) == 0 && len(bad.Problems) == 0 {
		bad.add(1, "no row below the header")
	}
	if err := bad.orNil(); err != nil {
		return Table{}, err
	}
	return NewTable(rows)
}

func readRow(cells []string, known func(string) bool) (Row, error) {
	var n Names
	for d := range n {
		if n[d] = cells[d]; n[d] == "" {
			n[d] = Any
		}
	}
	g, err := n.Group()
	if err != nil {
		return Row{}, errors.New(strings.TrimPrefix(err.Error(), "quota: "))
	}
	if _, ok := places.Province(n[Province]); !ok && n[Province] != Any {
		return Row{}, fmt.Errorf("no province %q: want two letters such as MI, or any", n[Province])
	}
	if known != nil && n[Sector] != Any && !known(n[Sector]) {
		return Row{}, fmt.Errorf("no sector %q in the models of this day", n[Sector])
	}
	count, err := strconv.ParseInt(cells[3], 10, 64)
	if err != nil || count < 0 || count > MaxPlaces {
		return Row{}, fmt.Errorf("places %q: want a whole number from 0", cells[3])
	}
	return Row{g, count}, nil
}

// Nations maps states, by two-letter ISO code, to nationality groups. A state
// that it does not name is a group of its own, called by that code. The zero
// value names none.
type Nations struct{ groups map[string]string }

// Nation is one line of Nations.
type Nation struct{ State, Group string }

// ReadNations reads CSV with the columns state (ISO code) and group; errors as
// those of ReadTable.
func ReadNations(r io.Reader) (Nations, error) {
	n := Nations{map[string]string{}}
	bad := &FileError{}
	err := readCSV(r, nationsHeader, bad, func(_ int, cells []string) error {
		state, group := cells[0], cells[1]
		if len(state) != 2 || !isState(state) {
			return fmt.Errorf("no state %q: want its two-letter ISO code", state)
		}
		if !validCode(group) || group == Any {
			return fmt.Errorf("group %q: want at most %d letters, digits, hyphens and underscores", group, maxCode)
		}
		if _, twice := n.groups[state]; twice {
			return fmt.Errorf("state %s stands twice", state)
		}
		n.groups[state] = group
		return nil
	})
	if err != nil {
		return Nations{}, err
	}
	return n, bad.orNil()
}

func isState(iso string) bool {
	return slices.ContainsFunc(places.States(), func(p places.Place) bool { return p.ISO == iso })
}

// GroupOf returns the nationality group of a state by its cadastral code
// ("Z100"); of states that are no more, or unknown, the code itself.
func (n Nations) GroupOf(code string) string {
	p, ok := places.State(code)
	if !ok || p.ISO == "" {
		return code
	}
	if g, ok := n.groups[p.ISO]; ok {
		return g
	}
	return p.ISO
}

// List returns the lines by state.
func (n Nations) List() []Nation {
	var out []Nation
	for s, g := range n.groups {
		out = append(out, Nation{s, g})
	}
	slices.SortFunc(out, func(a, b Nation) int { return strings.Compare(a.State, b.State) })
	return out
}

// CSV returns the canonical file of the lines.
func (n Nations) CSV() []byte {
	var b bytes.Buffer
	b.WriteString(nationsHeader + "\n")
	for _, l := range n.List() {
		b.WriteString(l.State + "," + l.Group + "\n")
	}
	return b.Bytes()
}

// CSV returns the canonical file of a table.
func (t Table) CSV() []byte {
	var b bytes.Buffer
	b.WriteString(quotasHeader + "\n")
	for _, r := range t.rows {
		b.WriteString(strings.ReplaceAll(string(r.Group), "|", ",") + "," + strconv.FormatInt(r.Places, 10) + "\n")
	}
	return b.Bytes()
}

// readCSV gives every record below the header to take and keeps the errors that
// it returns. Cells are trimmed.
func readCSV(r io.Reader, header string, bad *FileError, take func(line int, cells []string) error) error {
	in := csv.NewReader(r)
	in.FieldsPerRecord, in.ReuseRecord, in.TrimLeadingSpace = -1, true, true
	columns := strings.Count(header, ",") + 1
	for n := 0; ; n++ {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			bad.add(parse.Line, "not CSV: "+parse.Err.Error())
			return nil
		}
		if err != nil {
			return fmt.Errorf("quota: %w", err)
		}
		line, _ := in.FieldPos(0)
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case n == 0:
			if got := strings.TrimPrefix(strings.Join(cells, ","), "\ufeff"); got != header {
				bad.add(line, fmt.Sprintf("the first line is %q: want %q", got, header))
				return nil
			}
		case n > maxRows:
			bad.add(line, fmt.Sprintf("more than %d rows", maxRows))
			return nil
		case len(cells) != columns:
			bad.add(line, fmt.Sprintf("%d cells: want %d", len(cells), columns))
		default:
			if err := take(line, slices.Clone(cells)); err != nil {
				bad.add(line, err.Error())
			}
		}
	}
}
