// Package timetable keeps the calendar of click days: it reads the newest
// signed version for the pages and the API, and makes, signs and pushes a new
// version when an operator changes a day. Versions only grow; nodes also fetch
// the calendar by themselves, so a push that fails delays them and loses nothing.
package timetable

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/wire"
)

// Source is where the newest calendar is read.
type Source interface {
	// SignedCalendar returns the newest calendar as it was signed, or
	// accounts.ErrNotFound before the first.
	SignedCalendar(ctx context.Context) ([]byte, error)
}

// Store is where new versions are made.
type Store interface {
	Source
	// NextCalendar calls next with the newest signed calendar (nil before the
	// first) and the day's tie seed, and stores what it returns, all in one
	// transaction that excludes every other change. A day keeps its first code
	// and seed, and its granularity once something has been ordered; anything
	// else is accounts.ErrState.
	NextCalendar(ctx context.Context, day clickday.DayID, code string, freshSeed [32]byte, now time.Time,
		next func(newest []byte, seed [32]byte) (version uint64, signed []byte, grain time.Duration, err error)) error
}

// Reader reads the newest calendar. It is safe for concurrent use.
type Reader struct {
	source Source
	key    ed25519.PublicKey
	last   atomic.Pointer[opened] // nil before the first
}

// opened is a calendar whose signature was checked.
type opened struct {
	signed   []byte
	calendar clickday.Calendar
}

// NewReader returns a Reader that trusts calendars signed with key.
func NewReader(source Source, key ed25519.PublicKey) *Reader {
	return &Reader{source: source, key: key}
}

// Current returns the newest calendar and its signed bytes. Before the first
// version it returns an empty calendar and no bytes.
func (r *Reader) Current(ctx context.Context) (clickday.Calendar, []byte, error) {
	signed, err := r.source.SignedCalendar(ctx)
	if errors.Is(err, accounts.ErrNotFound) {
		return clickday.Calendar{}, nil, nil
	}
	if err != nil {
		return clickday.Calendar{}, nil, err
	}
	if last := r.last.Load(); last != nil && bytes.Equal(last.signed, signed) { // checking costs more than all the rest
		c := last.calendar
		c.Days = slices.Clone(c.Days)
		return c, signed, nil
	}
	c, err := wire.OpenCalendar(signed, r.key)
	if err != nil {
		return clickday.Calendar{}, nil, fmt.Errorf("stored calendar: %w (does calendar.pub belong to the key that signed it?)", err)
	}
	kept := c
	kept.Days = slices.Clone(c.Days)
	r.last.Store(&opened{signed, kept})
	return c, signed, nil
}

// Change is what an operator sets of one click day. Nil and empty parts stay as
// they are; a day that is new needs code, titles, models, Opens and Closes.
type Change struct {
	ID                     clickday.DayID
	Code, TitleIT, TitleEN string
	Models                 []clickday.ModelCode
	// Prepare and Sync of a new day are now, or Opens if that is earlier.
	Prepare, Sync, Opens, Closes *time.Time
	State                        clickday.DayState
	// Granularity of the order; 0 leaves it.
	Granularity time.Duration
	// Rehearsal makes a new day a rehearsal; what a day is never changes.
	Rehearsal bool
}

// ErrRehearsal says that a day cannot become a rehearsal, or cease to be one.
var ErrRehearsal = errors.New("a click day that is there cannot become a rehearsal: choose another id and code")

// Set makes the next version of the calendar with the change in it, signs and
// stores it. It returns the calendar and its signed bytes.
func Set(ctx context.Context, store Store, key ed25519.PrivateKey, c clock.Clock, change *Change) (clickday.Calendar, []byte, error) {
	var fresh [32]byte
	rand.Read(fresh[:])
	var cal clickday.Calendar
	var out []byte
	now := c.Now()
	err := store.NextCalendar(ctx, change.ID, change.Code, fresh, now, func(newest []byte, seed [32]byte) (uint64, []byte, time.Duration, error) {
		var err error
		if cal, err = open(newest, key.Public().(ed25519.PublicKey)); err != nil {
			return 0, nil, 0, err
		}
		cal.Version++
		cal.IssuedAt = now.UnixNano()
		if d := cal.Day(change.ID); d != nil && change.Rehearsal && !d.Rehearsal {
			return 0, nil, 0, ErrRehearsal
		}
		change.apply(&cal, now, sha256.Sum256(seed[:]))
		out, err = wire.SealCalendar(&cal, key)
		if err != nil {
			return 0, nil, 0, err
		}
		return cal.Version, out, cal.Day(change.ID).Grain(), nil
	})
	if err != nil {
		return clickday.Calendar{}, nil, fmt.Errorf("calendar not changed: %w", err)
	}
	return cal, out, nil
}

func open(newest []byte, key ed25519.PublicKey) (clickday.Calendar, error) {
	if newest == nil {
		return clickday.Calendar{}, nil
	}
	c, err := wire.OpenCalendar(newest, key)
	if err != nil {
		return c, fmt.Errorf("stored calendar: %w (is this the calendar.key that signed it?)", err)
	}
	return c, nil
}

func (c *Change) apply(cal *clickday.Calendar, now time.Time, commitment [32]byte) {
	d := cal.Day(c.ID)
	if d == nil {
		cal.Days = append(cal.Days, c.newDay(now))
		d = &cal.Days[len(cal.Days)-1]
	}
	d.TieCommitment = commitment
	set(&d.Code, c.Code)
	set(&d.TitleIT, c.TitleIT)
	set(&d.TitleEN, c.TitleEN)
	set(&d.State, c.State)
	if len(c.Models) > 0 {
		d.Models = c.Models
	}
	if c.Granularity != 0 {
		d.Granularity = int64(c.Granularity)
	}
	setInstant(&d.Prepare, c.Prepare)
	setInstant(&d.Sync, c.Sync)
	setInstant(&d.Opens, c.Opens)
	setInstant(&d.Closes, c.Closes)
}

func (c *Change) newDay(now time.Time) clickday.Day {
	d := clickday.Day{ID: c.ID, State: clickday.DayScheduled, Rehearsal: c.Rehearsal, Prepare: now.UnixNano(), Sync: now.UnixNano()}
	if c.Opens != nil && c.Opens.Before(now) {
		d.Prepare, d.Sync = c.Opens.UnixNano(), c.Opens.UnixNano()
	}
	return d
}

func set[T ~string](target *T, v T) {
	if v != "" {
		*target = v
	}
}

func setInstant(target *int64, v *time.Time) {
	if v != nil {
		*target = v.UnixNano()
	}
}
