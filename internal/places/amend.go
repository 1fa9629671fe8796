package places

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Change is one comune or state as an administration knows it better than the
// embedded data. A code that they have is replaced, another one is added.
type Change struct {
	Place
	// ProvinceName makes a province that the embedded data do not have.
	ProvinceName string
}

var (
	codeForm     = regexp.MustCompile(`^[A-Z][0-9]{3}$`)
	provinceForm = regexp.MustCompile(`^[A-Z]{2}$`)
	isoForm      = regexp.MustCompile(`^([A-Z]{2})?$`)
)

// check says what is wrong with a change by itself.
func (c *Change) check() error {
	state := strings.HasPrefix(c.Code, "Z")
	switch {
	case !codeForm.MatchString(c.Code):
		return fmt.Errorf("code %q: want a letter and three digits", c.Code)
	case strings.TrimSpace(c.Name) == "":
		return fmt.Errorf("%s: the name is missing", c.Code)
	case !state && !provinceForm.MatchString(c.Province):
		return fmt.Errorf("%s: province %q: want two letters", c.Code, c.Province)
	case state && c.Province != "":
		return fmt.Errorf("%s: a state has no province", c.Code)
	case !isoForm.MatchString(c.ISO):
		return fmt.Errorf("%s: ISO code %q: want two letters or nothing", c.Code, c.ISO)
	case c.From.IsZero():
		return fmt.Errorf("%s: the first day is missing", c.Code)
	case !c.To.IsZero() && c.To.Before(c.From):
		return fmt.Errorf("%s: ends on %s, before it begins", c.Code, c.To.Format(time.DateOnly))
	}
	return nil
}

// Amend lays changes over the embedded data, for this process and from now on;
// those of an earlier call are forgotten. It changes nothing if one of them is
// wrong. It may be called while others ask.
func Amend(changes []Change) error {
	if len(changes) == 0 {
		amended.Store(nil)
		return nil
	}
	base := embedded()
	comuni, states := byCode(base.comuni), byCode(base.states)
	provinces := slices.Clone(embeddedProvinces())
	for i := range changes {
		c := &changes[i]
		if err := c.check(); err != nil {
			return fmt.Errorf("places: %w", err)
		}
		if strings.HasPrefix(c.Code, "Z") {
			states[c.Code] = c.Place
			continue
		}
		comuni[c.Code] = c.Place
		known := slices.ContainsFunc(provinces, func(p ProvinceInfo) bool { return p.Code == c.Province })
		switch {
		case !known && c.ProvinceName == "" && c.Current():
			return fmt.Errorf("places: %s: province %s is not known: give its name", c.Code, c.Province)
		case !known && c.ProvinceName != "":
			provinces = append(provinces, ProvinceInfo{Code: c.Province, Name: c.ProvinceName})
		}
	}
	sortProvinces(provinces)
	t := &table{comuni: inOrder(comuni), states: inOrder(states), provinces: provinces}
	t.index()
	amended.Store(t)
	return nil
}

func byCode(list []Place) map[string]Place {
	out := make(map[string]Place, len(list))
	for _, p := range list {
		out[p.Code] = p
	}
	return out
}

func inOrder(m map[string]Place) []Place {
	out := make([]Place, 0, len(m))
	for _, code := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[code])
	}
	return out
}

// RowError is what is wrong with a line of a file of changes.
type RowError struct {
	Line int
	Err  error
}

// Error implements error.
func (e RowError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns what is wrong.
func (e RowError) Unwrap() error { return e.Err }

// layout tells in which column of a file something stands.
type layout struct{ code, name, english, province, provinceName, iso, from, to string }

// layouts are the files that ReadChanges knows: our own, and the archive of
// comuni of the national register (ANPR).
var layouts = []layout{
	{"code", "name", "english", "province", "province_name", "iso", "from", "to"},
	{"CODCATASTALE", "DENOMINAZIONE_IT", "", "SIGLAPROVINCIA", "", "", "DATAISTITUZIONE", "DATACESSAZIONE"},
}

// never is how the national register writes that a comune goes on.
const never = "9999-12-31"

// ReadChanges reads a file of changes: CSV with a first line of names, either
// code, name, english, province, province_name, iso, from, to (the first, second
// and seventh are needed) or those of the ANPR archive of comuni. Of a code that
// stands in several rows the newest counts. Rows that are wrong are reported,
// all of them, and nothing is returned then.
func ReadChanges(r io.Reader) ([]Change, []RowError, error) {
	file := csv.NewReader(r)
	file.FieldsPerRecord = -1
	head, err := file.Read()
	if err != nil {
		return nil, nil, fmt.Errorf("places: first line: %w", err)
	}
	head[0] = strings.TrimPrefix(head[0], "\ufeff")
	l, at := recognise(head)
	if l == nil {
		return nil, nil, fmt.Errorf("places: columns %q: want code, name, from and, as known, english, province, province_name, iso, to; or those of the ANPR archive", head)
	}
	newest := map[string]Change{}
	var wrong []RowError
	for {
		row, err := file.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("places: %w", err)
		}
		line, _ := file.FieldPos(0)
		c, err := l.change(row, at)
		if err == nil {
			err = c.check()
		}
		if err != nil {
			wrong = append(wrong, RowError{line, err})
			continue
		}
		if old, twice := newest[c.Code]; !twice || c.From.After(old.From) {
			newest[c.Code] = c
		}
	}
	if len(wrong) > 0 {
		return nil, wrong, nil
	}
	out := make([]Change, 0, len(newest))
	for _, code := range slices.Sorted(maps.Keys(newest)) {
		out = append(out, newest[code])
	}
	return out, nil, nil
}

func recognise(head []string) (*layout, map[string]int) {
	at := map[string]int{}
	for i, name := range head {
		at[strings.TrimSpace(name)] = i
	}
	for i := range layouts {
		l := &layouts[i]
		_, code := at[l.code]
		_, name := at[l.name]
		_, from := at[l.from]
		if code && name && from {
			return l, at
		}
	}
	return nil, nil
}

func (l *layout) change(row []string, at map[string]int) (c Change, err error) {
	field := func(name string) string {
		if i, ok := at[name]; ok && name != "" && i < len(row) {
			return strings.TrimSpace(row[i])
		}
		return ""
	}
	c.Code, c.Name, c.English = strings.ToUpper(field(l.code)), field(l.name), field(l.english)
	c.Province, c.ProvinceName, c.ISO = strings.ToUpper(field(l.province)), field(l.provinceName), strings.ToUpper(field(l.iso))
	if c.Name == strings.ToUpper(c.Name) {
		c.Name = capitals(c.Name)
	}
	if c.From, err = day(field(l.from)); err != nil {
		return c, fmt.Errorf("%s: first day: %w", c.Code, err)
	}
	if last := field(l.to); last != never {
		if c.To, err = day(last); err != nil {
			return c, fmt.Errorf("%s: last day: %w", c.Code, err)
		}
	}
	return c, nil
}

func day(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, fmt.Errorf("%q: want a day as 2024-01-31", s)
	}
	return t, nil
}

// capitals writes "SAN GIOVANNI IN PERSICETO" as people do.
func capitals(s string) string {
	small := []string{"in", "di", "del", "della", "dei", "degli", "delle", "al", "alla", "con", "e", "sul", "sulla", "da", "nel"}
	words := strings.Fields(strings.ToLower(s))
	for i, w := range words {
		if i > 0 && slices.Contains(small, w) {
			continue
		}
		words[i] = capital(w)
	}
	return strings.Join(words, " ")
}

// capital makes the first letter of a word large, and those after marks.
func capital(word string) string {
	out := []rune(word)
	for i := range out {
		if i == 0 || strings.ContainsRune("'’-/", out[i-1]) {
			out[i] = []rune(strings.ToUpper(string(out[i])))[0]
		}
	}
	return string(out)
}
