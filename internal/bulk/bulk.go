// Package bulk reads and writes applications as tables: the CSV files with which
// intermediaries hand in many at a time. It is pure: a file and a model go in,
// rows with answers and with what is wrong with them come out.
//
//	bulk.go     what a file amounts to, and its limits
//	decode.go   bytes to records: alphabet, separator, quotes
//	header.go   which column is which question
//	cells.go    what people and spreadsheets write into cells
//	read.go     rows, checked one by one and against each other
//	write.go    export, template, and the report of what is wrong
//	texts.go    what is said about it, in both languages
package bulk

import (
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
)

// Limits of a file. They keep one upload to a few seconds and some megabytes.
const (
	MaxBytes   = 8 << 20
	MaxRows    = 5000
	maxColumns = 400
	maxCell    = 2000 // bytes; the longest answer of a model is shorter
)

// Problem is something wrong with a file, a row or a cell.
type Problem struct {
	Line   int    // of the file, from 1; 0 for the file as a whole
	Column string // as the file writes it; empty for the row as a whole
	Value  string // of the cell, as written
	Text   clickday.Text
	// Notice says that the row is taken all the same.
	Notice bool
}

// Row is one application of the file.
type Row struct {
	Line     int // where it begins in the file, from 1
	Cells    []string
	Answers  forms.Answers // canonical
	State    clickday.ApplicationState
	Problems []Problem
}

// Good reports whether the row becomes an application: nothing in it is wrong,
// though something may be missing.
func (r *Row) Good() bool {
	for i := range r.Problems {
		if !r.Problems[i].Notice {
			return false
		}
	}
	return true
}

// Table is a file that was read.
type Table struct {
	Model    *forms.Model
	Alphabet string // "UTF-8", "UTF-16", "Windows-1252"
	Comma    rune
	Header   []string
	Rows     []Row
	// Problems are about the file as a whole. Unless all are notices there are
	// no rows.
	Problems []Problem

	columns []*forms.Field // by position; nil for columns that are not read
}

// Fatal returns why no row could be read; nil if rows could.
func (t *Table) Fatal() *Problem {
	for i := range t.Problems {
		if !t.Problems[i].Notice {
			return &t.Problems[i]
		}
	}
	return nil
}

// Counts are the rows of a table by what becomes of them.
type Counts struct {
	Rows  int // all
	Good  int // become applications
	Ready int // of these, can be sealed as they are
	// Incomplete are the other good ones.
	Incomplete int
	Bad        int
}

// Counts counts the rows.
func (t *Table) Counts() Counts {
	c := Counts{Rows: len(t.Rows)}
	for i := range t.Rows {
		switch r := &t.Rows[i]; {
		case !r.Good():
			c.Bad++
		case r.State == clickday.Ready:
			c.Good++
			c.Ready++
		default:
			c.Good++
			c.Incomplete++
		}
	}
	return c
}

// AllProblems returns everything that is to be said, the file's first, then row
// by row.
func (t *Table) AllProblems() []Problem {
	out := append([]Problem(nil), t.Problems...)
	for i := range t.Rows {
		out = append(out, t.Rows[i].Problems...)
	}
	return out
}
