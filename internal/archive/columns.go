package archive

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"puntuale/internal/clickday"
	"puntuale/internal/places"
)

// Column is one column of a file of old applications.
type Column struct {
	Name     string
	Required bool
	About    string
}

// Columns are those with a meaning of their own. Every other column is kept as
// it is; one that bears the name of a field of a model (worker_passport,
// contract_task, …) is an answer of that field.
var Columns = []Column{
	{"reference", true, "what the application is called in the old system; unique there"},
	{"email", true, "the account, by its e-mail (or tax_code, with --account-column tax_code)"},
	{"tax_code", false, "codice fiscale of the account's holder"},
	{"year", false, "year of the click day; that of sent_at when empty"},
	{"day", false, "name of the click day, as it was"},
	{"model", true, "code of the model: A, B, C-STAG, …"},
	{"state", false, "submitted (when empty), accepted, waiting, rejected or withdrawn"},
	{"number", false, "protocol number, as it was written"},
	{"sent_at", true, "2011-01-31T08:00:01.5+01:00, or 31/01/2011 08:00:01,5 in Italian time"},
	{"employer", false, "name of the employer"},
	{"worker", false, "name of the worker; worker_surname and worker_name when empty"},
	{"nationality", false, "of the worker: name of the state, or its cadastral code (Z330)"},
}

// Bounds of a row.
const (
	maxValue   = 2000 // runes of a value
	maxAnswers = 300
)

// columns knows where the columns of one file are.
type columns struct {
	at      map[string]int // of Columns
	answers map[string]int // of the others
	account string
}

// decode recognises a byte order mark and the delimiter.
func decode(file io.Reader, comma rune) (io.Reader, rune, error) {
	in := bufio.NewReaderSize(file, 64<<10)
	if b, _ := in.Peek(3); bytes.Equal(b, []byte("\xef\xbb\xbf")) {
		in.Discard(3) // it has been read
	}
	head, err := in.Peek(16 << 10)
	if len(head) == 0 && err != nil {
		return nil, 0, fmt.Errorf("archive: the file is empty: %w", err)
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if comma == 0 {
		comma = ','
		if bytes.Count(line, []byte(";")) > bytes.Count(line, []byte(",")) {
			comma = ';'
		}
	}
	return in, comma, nil
}

var columnName = regexp.MustCompile(`^[a-z0-9_]{1,60}$`)

func readColumns(head []string, account AccountColumn) (*columns, error) {
	c := &columns{at: map[string]int{}, answers: map[string]int{}, account: string(account)}
	for i, name := range head {
		name = strings.ToLower(strings.TrimSpace(name))
		into := c.answers
		if slices.ContainsFunc(Columns, func(k Column) bool { return k.Name == name }) {
			into = c.at
		}
		if !columnName.MatchString(name) {
			return nil, fmt.Errorf("%w: the name of column %d is %q: want small letters, digits and _", ErrColumns, i+1, name)
		}
		if _, twice := into[name]; twice {
			return nil, fmt.Errorf("%w: %s stands twice", ErrColumns, name)
		}
		into[name] = i
	}
	for _, k := range Columns {
		need := k.Required && k.Name != "email" || k.Name == c.account
		if _, ok := c.at[k.Name]; need && !ok {
			return nil, fmt.Errorf("%w: %s is missing (%s)", ErrColumns, k.Name, k.About)
		}
	}
	if len(c.answers) > maxAnswers {
		return nil, fmt.Errorf("%w: %d columns without a meaning of their own, at most %d", ErrColumns, len(c.answers), maxAnswers)
	}
	return c, nil
}

// fault is what is wrong with a row.
type fault struct{ column, why string }

// record reads one row; key names its account.
func (c *columns) record(row []string, source string, rome *time.Location) (r Record, key string, bad *fault) {
	for i, v := range row {
		if !utf8.ValidString(v) || strings.ContainsRune(v, 0) || utf8.RuneCountInString(v) > maxValue {
			return r, "", &fault{strconv.Itoa(i + 1), fmt.Sprintf("not a text in UTF-8 of at most %d characters", maxValue)}
		}
	}
	get := func(name string) string {
		if i, ok := c.at[name]; ok && i < len(row) {
			return strings.TrimSpace(row[i])
		}
		return ""
	}
	r = Record{
		Source: source, Reference: get("reference"), Day: get("day"), Model: clickday.ModelCode(strings.ToUpper(get("model"))), State: State(get("state")),
		Number: get("number"), Employer: get("employer"), Worker: get("worker"), Answers: map[string]string{},
	}
	for name, i := range c.answers {
		if i < len(row) && strings.TrimSpace(row[i]) != "" {
			r.Answers[name] = strings.TrimSpace(row[i])
		}
	}
	if r.Worker == "" {
		r.Worker = strings.TrimSpace(r.Answers["worker_surname"] + " " + r.Answers["worker_name"])
	}
	r.ID = IDOf(source, r.Reference)
	key = get(c.account)
	return r, key, r.judge(key, c.account, get, rome)
}

// judge fills in what has to be understood, and says what cannot be.
func (r *Record) judge(key, account string, get func(string) string, rome *time.Location) *fault {
	if r.Reference == "" {
		return &fault{"reference", "is empty"}
	}
	if key == "" {
		return &fault{account, "is empty"}
	}
	if err := r.Model.Validate(); err != nil {
		return &fault{"model", err.Error()}
	}
	if r.State == "" {
		r.State = Submitted
	}
	if !slices.Contains(States, r.State) {
		return &fault{"state", fmt.Sprintf("%q: want one of %v, or nothing", r.State, States)}
	}
	var ok bool
	if r.SentAt, ok = instant(get("sent_at"), rome); !ok {
		return &fault{"sent_at", fmt.Sprintf("%q: want 2011-01-31T08:00:01.5+01:00 or 31/01/2011 08:00:01,5", get("sent_at"))}
	}
	r.Year = r.SentAt.In(rome).Year()
	if y := get("year"); y != "" {
		var err error
		if r.Year, err = strconv.Atoi(y); err != nil {
			return &fault{"year", fmt.Sprintf("%q is no year", y)}
		}
	}
	if r.Year < 1990 || r.Year > 2200 {
		return &fault{"year", fmt.Sprintf("%d: want a year from 1990", r.Year)}
	}
	if r.Nationality, ok = state(get("nationality"), r.Answers["worker_citizenship"]); !ok {
		return &fault{"nationality", fmt.Sprintf("%q: want the name of a state or its cadastral code", get("nationality"))}
	}
	return nil
}

// instant reads a time in one of the forms of Columns.
func instant(text string, rome *time.Location) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t.Round(time.Microsecond), true
	}
	for _, form := range []string{"02/01/2006 15:04:05", "02/01/2006 15:04", "02/01/2006", "2006-01-02 15:04:05", "2006-01-02"} {
		if t, err := time.ParseInLocation(form, strings.Replace(text, ",", ".", 1), rome); err == nil {
			return t.Round(time.Microsecond), true
		}
	}
	return time.Time{}, false
}

// state finds the code of a state by name or code; the second is asked when the
// first is empty.
func state(texts ...string) (string, bool) {
	for _, t := range texts {
		if t == "" {
			continue
		}
		if s, ok := places.State(strings.ToUpper(t)); ok {
			return s.Code, true
		}
		s, ok := places.StateNamed(t)
		return s.Code, ok
	}
	return "", true
}
