package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/keys"
	"puntuale/internal/lists"
	"puntuale/internal/portal/timetable"
	"puntuale/internal/postgres"
	"puntuale/internal/quota"
)

type quotaSetCommand struct {
	database
	modelFiles
	Keys     string `help:"Directory of calendar.pub." required:"" type:"path"`
	Day      string `help:"Code of the click day." required:""`
	File     string `help:"CSV with the columns nationality,sector,province,places; an empty cell or any: whatever it is." required:"" type:"existingfile"`
	Nations  string `help:"CSV with the columns state,group (ISO codes); as before when not given." type:"existingfile"`
	Rule     string `help:"Policy and reallocation, for example 'chronological reallocate=province+sector'; as before when not given."`
	Document string `help:"The document that is the basis of the allocation, which is published with it; as before when not given." type:"existingfile"`
	Operator string `help:"Who publishes, as it is published: the name of an office or a person." required:""`
	Reason   string `help:"Why the quotas change after the opening; published."`
	Check    bool   `help:"Only read the files and say what is in them."`
}

// Run publishes a version of the quotas of a click day. Errors of the files name
// every line that is wrong.
func (c *quotaSetCommand) Run(ctx context.Context, clk clock.Clock) error {
	return c.with(ctx, func(db *postgres.DB) error {
		day, err := dayOf(ctx, db, c.Keys, c.Day)
		if err != nil {
			return err
		}
		q, err := c.read(ctx, db, day)
		if err != nil {
			return err
		}
		fmt.Printf("%d places in %d groups; rule: %s\n", q.Table.Total(), len(q.Table.Rows()), q.Rule)
		if c.Check {
			return nil
		}
		set, err := lists.SetQuotas(ctx, db, day, q, clk.Now())
		if errors.Is(err, lists.ErrReason) {
			return fmt.Errorf("%w: give --reason", err)
		}
		if err != nil {
			return err
		}
		fmt.Printf("quotas of %s, version %d, published on %s; document SHA-256 %x\n", set.DayCode, set.Version,
			set.At.UTC().Format(time.RFC3339), sha256.Sum256(set.Document))
		return nil
	})
}

// read puts together what the flags give and what stays as it was.
func (c *quotaSetCommand) read(ctx context.Context, db *postgres.DB, day *clickday.Day) (*lists.Quotas, error) {
	q := &lists.Quotas{Reason: c.Reason, Operator: c.Operator, Rule: quota.Rule{Policy: quota.Chronological{}}}
	newest, err := db.NewestQuotas(ctx, day.ID)
	if err != nil {
		return nil, err
	}
	if newest != nil {
		q.Rule, q.Nations, q.Document = newest.Rule, newest.Nations, newest.Document
	}
	if c.Rule != "" {
		if q.Rule, err = quota.ParseRule(c.Rule); err != nil {
			return nil, fmt.Errorf("--rule: %w", err)
		}
	}
	known, err := c.sectorsOf(day)
	if err != nil {
		return nil, err
	}
	err = readFile("--file", c.File, func(r io.Reader) (err error) { q.Table, err = quota.ReadTable(r, known); return err })
	if err == nil && c.Nations != "" {
		err = readFile("--nations", c.Nations, func(r io.Reader) (err error) { q.Nations, err = quota.ReadNations(r); return err })
	}
	if err == nil && c.Document != "" {
		err = readFile("--document", c.Document, func(r io.Reader) (err error) { q.Document, err = io.ReadAll(r); return err })
	}
	return q, err
}

func readFile(flag, path string, read func(io.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	defer f.Close()
	if err := read(f); err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	return nil
}

// sectorsOf says which sectors the models of a day have.
func (f *modelFiles) sectorsOf(day *clickday.Day) (func(string) bool, error) {
	models, err := f.load()
	if err != nil {
		return nil, err
	}
	var all []string
	for _, code := range day.Models {
		if m, ok := models.Newest(code); ok {
			all = append(all, m.Sectors()...)
		}
	}
	return func(s string) bool { return slices.Contains(all, s) }, nil
}

// dayOf finds a click day in the signed calendar.
func dayOf(ctx context.Context, db *postgres.DB, keyDir, code string) (*clickday.Day, error) {
	key, err := keys.ReadPublic(filepath.Join(keyDir, keys.CalendarPubFile))
	if err != nil {
		return nil, fmt.Errorf("--keys: %w", err)
	}
	cal, _, err := timetable.NewReader(db, key).Current(ctx)
	if err != nil {
		return nil, err
	}
	for i := range cal.Days {
		if cal.Days[i].Code == code {
			return &cal.Days[i], nil
		}
	}
	return nil, fmt.Errorf("--day: no click day %s in the calendar", code)
}

type quotaShowCommand struct {
	database
	Day     string `help:"Code of the click day." required:""`
	Version int    `help:"Version; the newest when 0."`
}

// Run prints a published version as CSV, as it can be given to set again.
func (c *quotaShowCommand) Run(ctx context.Context) error {
	return c.with(ctx, func(db *postgres.DB) error {
		all, err := db.QuotaVersions(ctx)
		if err != nil {
			return err
		}
		for i := range all {
			q := &all[i]
			if q.DayCode == c.Day && (c.Version == 0 || c.Version == q.Version) {
				fmt.Fprintf(os.Stderr, "version %d of %s, by %s; rule: %s\n", q.Version, q.At.UTC().Format(time.RFC3339), q.Operator, q.Rule)
				_, err := os.Stdout.Write(q.Table.CSV())
				return err
			}
		}
		return fmt.Errorf("--day: %w", lists.ErrNotFound)
	})
}
