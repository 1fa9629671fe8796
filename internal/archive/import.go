package archive

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
)

// AccountColumn says by what a row names the account that it belongs to.
type AccountColumn string

// Columns that name accounts.
const (
	ByEmail   AccountColumn = "email"
	ByTaxCode AccountColumn = "tax_code"
)

// Stored is what became of rows.
type Stored struct{ Added, Changed, Same int }

// Importer keeps archived applications.
type Importer interface {
	// AccountsBy returns the accounts that each key means, by key in lower
	// case; keys that mean none are absent.
	AccountsBy(ctx context.Context, column AccountColumn, keys []string) (map[string][]clickday.AccountID, error)
	// StoreArchive adds records, and changes those that are there in another
	// form: all of them or, with an error, none. It may be repeated.
	StoreArchive(ctx context.Context, list []Record, now time.Time) (Stored, error)
}

// Import reads one file.
type Import struct {
	Store  Importer
	Clock  clock.Clock
	Source string // the system that the file comes from
	// AccountColumn names accounts; ByEmail by default.
	AccountColumn AccountColumn
	// Delimiter between columns; 0 takes ';' or ',', whichever the first line has more of.
	Delimiter rune
	// Errors gets a CSV with a line for each row that was left out, and why.
	Errors io.Writer
	// Check reads and judges everything and stores nothing.
	Check bool
	// Batch is how many rows are stored at a time; 2000 by default.
	Batch int
}

// Summary is what became of a file.
type Summary struct {
	Rows int // without the first line
	Stored
	Wrong int // left out, and reported
}

// ErrColumns: the first line lacks a column that must be there, or names one
// twice.
var ErrColumns = errors.New("archive: columns")

// importing is one run of an Import.
type importing struct {
	*Import
	columns *columns
	rome    *time.Location
	report  *csv.Writer
	batch   []Record
	keys    []string // of the accounts, beside batch
	lines   []int    // beside batch
	seen    map[clickday.ApplicationID]int
	sum     Summary
}

// Run takes the file row by row, so that its size does not matter. It may be run
// again after a failure, and on the same file: rows that are there already stay
// as they are. Rows that are wrong are reported and left out.
func (im *Import) Run(ctx context.Context, file io.Reader) (Summary, error) {
	r, err := im.open()
	if err != nil {
		return Summary{}, err
	}
	text, comma, err := decode(file, im.Delimiter)
	if err != nil {
		return Summary{}, err
	}
	in := csv.NewReader(text)
	in.Comma, in.FieldsPerRecord, in.ReuseRecord, in.LazyQuotes = comma, -1, true, true
	head, err := in.Read()
	if err != nil {
		return Summary{}, fmt.Errorf("archive: the first line with the names of the columns: %w", err)
	}
	if r.columns, err = readColumns(head, im.AccountColumn); err != nil {
		return Summary{}, err
	}
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		line, _ := in.FieldPos(0)
		r.sum.Rows++
		if err != nil {
			r.wrong(line, "", "", err.Error())
			continue
		}
		r.take(line, record)
		if len(r.batch) >= im.Batch {
			if err := r.flush(ctx); err != nil {
				return r.sum, fmt.Errorf("archive: around line %d; what was stored stays, the file may be imported again: %w", line, err)
			}
		}
	}
	if err := r.flush(ctx); err != nil {
		return r.sum, fmt.Errorf("archive: the last rows; the file may be imported again: %w", err)
	}
	r.report.Flush()
	return r.sum, r.report.Error()
}

func (im *Import) open() (*importing, error) {
	if strings.TrimSpace(im.Source) == "" {
		return nil, errors.New("archive: the name of the source is missing: it is part of what rows are known by")
	}
	if im.AccountColumn == "" {
		im.AccountColumn = ByEmail
	}
	if im.Batch <= 0 {
		im.Batch = 2000
	}
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return nil, fmt.Errorf("archive: time zone: %w", err)
	}
	r := &importing{Import: im, rome: rome, report: csv.NewWriter(im.Errors), seen: map[clickday.ApplicationID]int{}}
	r.report.Write([]string{"line", "reference", "column", "error"}) // kept by the writer until Flush
	return r, nil
}

func (r *importing) wrong(line int, reference, column, why string) {
	r.sum.Wrong++
	r.report.Write([]string{fmt.Sprint(line), reference, column, why}) // likewise
}

// take judges a row and keeps it for the next flush.
func (r *importing) take(line int, record []string) {
	rec, key, bad := r.columns.record(record, r.Source, r.rome)
	if bad != nil {
		r.wrong(line, rec.Reference, bad.column, bad.why)
		return
	}
	if first, twice := r.seen[rec.ID]; twice {
		r.wrong(line, rec.Reference, "reference", fmt.Sprintf("stands in line %d already", first))
		return
	}
	r.seen[rec.ID] = line
	r.batch, r.keys, r.lines = append(r.batch, rec), append(r.keys, key), append(r.lines, line)
}

// flush finds the accounts and stores the rows whose account is known.
func (r *importing) flush(ctx context.Context) error {
	if len(r.batch) == 0 {
		return nil
	}
	known, err := r.Store.AccountsBy(ctx, r.AccountColumn, r.keys)
	if err != nil {
		return err
	}
	good := r.batch[:0]
	for i := range r.batch {
		switch ids := known[strings.ToLower(r.keys[i])]; len(ids) {
		case 1:
			rec := r.batch[i]
			rec.Account = ids[0]
			good = append(good, rec)
		case 0:
			r.wrong(r.lines[i], r.batch[i].Reference, string(r.AccountColumn), "no account has "+r.keys[i])
		default:
			r.wrong(r.lines[i], r.batch[i].Reference, string(r.AccountColumn), fmt.Sprintf("%d accounts have %s: name them by e-mail", len(ids), r.keys[i]))
		}
	}
	if !r.Check && len(good) > 0 {
		n, err := r.Store.StoreArchive(ctx, good, r.Clock.Now())
		if err != nil {
			return err
		}
		r.sum.Added += n.Added
		r.sum.Changed += n.Changed
		r.sum.Same += n.Same
	}
	r.batch, r.keys, r.lines = r.batch[:0], r.keys[:0], r.lines[:0]
	return nil
}
