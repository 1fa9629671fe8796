package places

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

//go:embed places.csv.gz
var compressed []byte

//go:embed provinces.csv
var provincesCSV string

// covered is the first day on which the data know all comuni.
var covered = time.Date(1884, 9, 11, 0, 0, 0, 0, time.UTC)

// columns is the first line of the file.
var columns = []string{"code", "name", "english", "province", "iso", "from", "to"}

// table is the file, read.
type table struct {
	comuni []Place // by code
	states []Place // by code
	names  []named // comuni by folded name
	today  []Place // states of today, by Italian name
	// stateNames leads from folded Italian and English names to states.
	stateNames map[string]int
	provinces  []ProvinceInfo // by name; nil for the embedded ones
}

// named leads from a folded name to a position in table.comuni.
type named struct {
	key string
	at  int
}

// embedded reads the file once. It panics if the file is broken, which the tests
// rule out.
var embedded = sync.OnceValue(func() *table {
	t, err := read(compressed)
	if err != nil {
		panic(err)
	}
	return t
})

// amended is the file with an administration's changes over it; nil for none.
var amended atomic.Pointer[table]

func data() *table {
	if t := amended.Load(); t != nil {
		return t
	}
	return embedded()
}

func read(gz []byte) (*table, error) {
	z, err := gzip.NewReader(bytes.NewReader(gz))
	if err != nil {
		return nil, fmt.Errorf("places: %w", err)
	}
	r := csv.NewReader(z)
	head, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("places: %w", err)
	}
	if !slices.Equal(head, columns) {
		return nil, fmt.Errorf("places: columns %q, want %q", head, columns)
	}
	t := &table{}
	for {
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("places: %w", err)
		}
		if err := t.add(record); err != nil {
			return nil, fmt.Errorf("places: %s: %w", record[0], err)
		}
	}
	t.index()
	return t, nil
}

// index makes the look-ups by name.
func (t *table) index() {
	for i, p := range t.comuni {
		t.names = append(t.names, named{fold(p.Name), i})
		// "Bolzano/Bozen" is found by each of its names.
		if first, second, both := strings.Cut(p.Name, "/"); both {
			t.names = append(t.names, named{fold(first), i}, named{fold(second), i})
		}
	}
	t.nameStates()
	for _, p := range t.states {
		if p.Current() {
			t.today = append(t.today, p)
		}
	}
	slices.SortFunc(t.today, byName)
	slices.SortStableFunc(t.names, func(a, b named) int { return strings.Compare(a.key, b.key) })
}

// add takes the records in the order of their codes, each once.
func (t *table) add(record []string) error {
	p := Place{Code: record[0], Name: record[1], English: record[2], Province: record[3], ISO: record[4]}
	var err error
	if p.From, err = time.Parse(time.DateOnly, record[5]); err != nil {
		return err
	}
	if record[6] != "" {
		if p.To, err = time.Parse(time.DateOnly, record[6]); err != nil {
			return err
		}
	}
	list := &t.comuni
	if strings.HasPrefix(p.Code, "Z") {
		list = &t.states
	}
	if n := len(*list); n > 0 && (*list)[n-1].Code >= p.Code {
		return fmt.Errorf("comes after %s", (*list)[n-1].Code)
	}
	*list = append(*list, p)
	return nil
}

func (t *table) nameStates() {
	t.stateNames = make(map[string]int)
	for i, p := range t.states {
		for _, key := range []string{fold(p.Name), fold(p.English)} {
			if old, taken := t.stateNames[key]; !taken || !t.states[old].Current() {
				t.stateNames[key] = i
			}
		}
	}
}

// fold makes names comparable: capital letters without accents, and one space
// for whatever stands between words.
func fold(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFD.String(strings.ToUpper(s)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if gap && b.Len() > 0 {
				b.WriteByte(' ')
			}
			gap = false
			b.WriteRune(r)
		default:
			gap = true
		}
	}
	return b.String()
}
