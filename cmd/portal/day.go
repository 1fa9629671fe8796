package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/keys"
	"puntuale/internal/portal/timetable"
	"puntuale/internal/postgres"
)

type daySetCommand struct {
	database
	Keys    string               `help:"Directory of calendar.key." required:"" type:"path"`
	ID      uint32               `help:"Number of the click day." required:""`
	Code    string               `help:"Code in protocol numbers; fixed once set."`
	TitleIT string               `name:"title-it" help:"Title in Italian."`
	TitleEN string               `name:"title-en" help:"Title in English."`
	Models  []clickday.ModelCode `help:"Models that the day takes."`
	Prepare *time.Time           `help:"From when drafts can be begun (RFC 3339); now for a new day." format:"2006-01-02T15:04:05.999999999Z07:00"`
	Sync    *time.Time           `help:"From when tickets are given out (RFC 3339); now for a new day." format:"2006-01-02T15:04:05.999999999Z07:00"`
	Opens   *time.Time           `help:"Opening (RFC 3339)." format:"2006-01-02T15:04:05.999999999Z07:00"`
	Closes  *time.Time           `help:"Close (RFC 3339)." format:"2006-01-02T15:04:05.999999999Z07:00"`
	State   clickday.DayState    `help:"scheduled, suspended or closed."`
	// Granularity is also what order the worker gives, from its next round on.
	Granularity time.Duration `help:"Unit within which arrivals count as simultaneous, a power of ten from 1us to 1s; 1us for a new day."`
	Rehearsal   bool          `help:"A new day is a rehearsal, that can be played at any time: its code begins with PROVA."`
	Push        []string      `help:"Admin listeners of intake nodes, http://host:port."`
}

// Run makes, signs, stores and pushes a new version. What is not given stays as
// it is. When a push fails the version stands all the same; the exit code is 1.
func (c *daySetCommand) Run(ctx context.Context, clk clock.Clock) error {
	key, err := keys.ReadPrivate(filepath.Join(c.Keys, keys.CalendarKeyFile))
	if err != nil {
		return fmt.Errorf("--keys: %w", err)
	}
	change := timetable.Change{
		ID: clickday.DayID(c.ID), Code: c.Code, TitleIT: c.TitleIT, TitleEN: c.TitleEN, Models: c.Models,
		Prepare: c.Prepare, Sync: c.Sync, Opens: c.Opens, Closes: c.Closes, State: c.State,
		Granularity: c.Granularity, Rehearsal: c.Rehearsal,
	}
	return c.with(ctx, func(db *postgres.DB) error {
		cal, signed, err := timetable.Set(ctx, db, key, clk, &change)
		if err != nil {
			return err
		}
		d := cal.Day(change.ID)
		fmt.Printf("calendar version %d: %s opens %s, closes %s, %s\n", cal.Version, d.Code,
			d.OpensAt().Format(time.RFC3339Nano), d.ClosesAt().Format(time.RFC3339Nano), d.State)
		return push(ctx, c.Push, signed)
	})
}

func push(ctx context.Context, urls []string, signed []byte) error {
	failed := 0
	for _, r := range timetable.Push(ctx, &http.Client{}, urls, signed) {
		if r.Err != nil {
			failed++
			fmt.Fprintf(os.Stderr, "WARNING: %s does not have the new calendar: %v\n", r.URL, r.Err)
			continue
		}
		fmt.Println("pushed to", r.URL)
	}
	if failed > 0 {
		return errors.New("the new calendar is stored, but not every node was reached; they fetch it from the portal by themselves")
	}
	return nil
}
