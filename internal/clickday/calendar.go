package clickday

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// DayState is what an operator has decided about a click day.
type DayState string

const (
	// DayScheduled: it opens and closes at its instants.
	DayScheduled DayState = "scheduled"
	// DaySuspended: nothing is accepted until a newer calendar says so.
	DaySuspended DayState = "suspended"
	// DayClosed: closed for good, whatever the instants say.
	DayClosed DayState = "closed"
)

// Day is one click day. Instants are nanoseconds since 1970 in UTC, so that
// daylight saving can never move an opening.
type Day struct {
	ID      DayID       `cbor:"1,keyasint"`
	Code    string      `cbor:"2,keyasint"` // in protocol numbers: letters, digits, hyphens, at most 24
	TitleIT string      `cbor:"3,keyasint"`
	TitleEN string      `cbor:"4,keyasint"`
	Models  []ModelCode `cbor:"5,keyasint"` // the only models the day accepts
	// The named moments, in this order; Opens is included, Closes is not.
	Prepare int64    `cbor:"6,keyasint"` // drafts can be addressed to the day
	Sync    int64    `cbor:"7,keyasint"` // tickets are issued
	Opens   int64    `cbor:"8,keyasint"`
	Closes  int64    `cbor:"9,keyasint"`
	State   DayState `cbor:"10,keyasint"`
	// TieCommitment is the SHA-256 of the seed that breaks ties; the seed is
	// revealed after the day.
	TieCommitment [32]byte `cbor:"11,keyasint"`
	// Granularity of the order, in nanoseconds: arrivals within the same unit
	// count as simultaneous. 0 means GranularityDefault; see Grain.
	Granularity int64 `cbor:"12,keyasint,omitempty"`
	// Rehearsal: the day is a rehearsal, at any time and without value. It takes
	// copies of applications under ids of their own, never applications.
	Rehearsal bool `cbor:"13,keyasint,omitempty"`
}

// RehearsalPrefix begins the codes of rehearsals, and of no other day, so that
// every number, ledger head and receipt says what it is.
const RehearsalPrefix = "PROVA"

// RehearsalCode reports whether a code of a click day is that of a rehearsal.
func RehearsalCode(code string) bool { return strings.HasPrefix(code, RehearsalPrefix) }

// GranularityDefault is the unit of the order of a day that names no other, and
// the finest; GranularityMax is the coarsest.
const (
	GranularityDefault = time.Microsecond
	GranularityMax     = time.Second
)

// ValidGranularity reports whether g is a power of ten from 1 µs to 1 s.
func ValidGranularity(g time.Duration) bool {
	for v := GranularityDefault; v <= GranularityMax; v *= 10 {
		if g == v {
			return true
		}
	}
	return false
}

// Bucket is the beginning of the unit that an arrival falls into, both in
// nanoseconds since 1970. A grain of 0 means GranularityDefault.
func Bucket(unixNano int64, grain time.Duration) int64 {
	if grain <= 0 {
		grain = GranularityDefault
	}
	rest := unixNano % int64(grain)
	if rest < 0 {
		rest += int64(grain)
	}
	return unixNano - rest
}

// Grain is the unit of the day's order.
func (d *Day) Grain() time.Duration {
	if d.Granularity == 0 {
		return GranularityDefault
	}
	return time.Duration(d.Granularity)
}

// Calendar is the whole timetable. A newer Version replaces an older one
// entirely; versions never go back.
type Calendar struct {
	Version  uint64 `cbor:"1,keyasint"`
	IssuedAt int64  `cbor:"2,keyasint"` // nanoseconds since 1970, UTC
	Days     []Day  `cbor:"3,keyasint"`
}

// Phase is where an instant falls in a click day.
type Phase string

const (
	PhaseBefore    Phase = "before"    // earlier than Opens
	PhaseOpen      Phase = "open"      // Opens <= t < Closes
	PhaseAfter     Phase = "after"     // from Closes on, or closed by an operator
	PhaseSuspended Phase = "suspended" // an operator has suspended it
)

// PhaseAt returns the phase of the day at an instant, in nanoseconds since 1970.
func (d *Day) PhaseAt(unixNano int64) Phase {
	switch {
	case d.State == DayClosed:
		return PhaseAfter
	case d.State == DaySuspended:
		return PhaseSuspended
	case unixNano < d.Opens:
		return PhaseBefore
	case unixNano >= d.Closes:
		return PhaseAfter
	default:
		return PhaseOpen
	}
}

// Accepts reports whether the day takes applications of that model.
func (d *Day) Accepts(m ModelCode) bool { return slices.Contains(d.Models, m) }

// OpensAt returns the opening in UTC.
func (d *Day) OpensAt() time.Time { return time.Unix(0, d.Opens).UTC() }

// ClosesAt returns the close in UTC.
func (d *Day) ClosesAt() time.Time { return time.Unix(0, d.Closes).UTC() }

// Validate reports the first thing that makes the day unusable.
func (d *Day) Validate() error {
	if d.ID == 0 {
		return errors.New("click day: id must not be zero")
	}
	if !validDayCode(d.Code) {
		return fmt.Errorf("click day %d: code %q: want 1 to 24 letters A-Z, digits or hyphens", d.ID, d.Code)
	}
	if len(d.Models) == 0 {
		return fmt.Errorf("click day %s: no model", d.Code)
	}
	for _, m := range d.Models {
		if err := m.Validate(); err != nil {
			return fmt.Errorf("click day %s: %w", d.Code, err)
		}
	}
	if d.Prepare > d.Sync || d.Sync > d.Opens || d.Opens >= d.Closes {
		return fmt.Errorf("click day %s: want prepare <= sync <= opens < closes", d.Code)
	}
	if d.Granularity != 0 && !ValidGranularity(d.Grain()) {
		return fmt.Errorf("click day %s: granularity of %s: want a power of ten from 1us to 1s", d.Code, d.Grain())
	}
	if d.Rehearsal != RehearsalCode(d.Code) {
		return fmt.Errorf("click day %s: codes of rehearsals begin with %s, and no others do", d.Code, RehearsalPrefix)
	}
	switch d.State {
	case DayScheduled, DaySuspended, DayClosed:
		return nil
	default:
		return fmt.Errorf("click day %s: unknown state %q", d.Code, string(d.State))
	}
}

// Validate reports the first thing that makes the calendar unusable.
func (c *Calendar) Validate() error {
	if c.Version == 0 {
		return errors.New("calendar: version must not be zero")
	}
	seen := make(map[DayID]bool, len(c.Days))
	for i := range c.Days {
		d := &c.Days[i]
		if err := d.Validate(); err != nil {
			return err
		}
		if seen[d.ID] {
			return fmt.Errorf("calendar: click day %d stands twice", d.ID)
		}
		seen[d.ID] = true
	}
	return nil
}

// Day returns the day with that id, or nil.
func (c *Calendar) Day(id DayID) *Day {
	for i := range c.Days {
		if c.Days[i].ID == id {
			return &c.Days[i]
		}
	}
	return nil
}

// Real returns the days that are no rehearsals.
func (c *Calendar) Real() []Day {
	return slices.DeleteFunc(slices.Clone(c.Days), func(d Day) bool { return d.Rehearsal })
}

// Rehearsal returns the day that rehearsals belong to at an instant, in
// nanoseconds since 1970, or nil.
func (c *Calendar) Rehearsal(unixNano int64) *Day {
	for i := range c.Days {
		if d := &c.Days[i]; d.Rehearsal && d.PhaseAt(unixNano) == PhaseOpen {
			return d
		}
	}
	return nil
}

// Rehearsals are not played so near to an opening, nor so soon after it.
const (
	RehearsalFrozenBefore = time.Hour
	RehearsalFrozenAfter  = 15 * time.Minute
)

// RehearsalFrozen returns until when no rehearsal may begin that would last from
// one instant to another, both in nanoseconds since 1970, because a click day
// opens about then; 0 when it may.
func (c *Calendar) RehearsalFrozen(from, to int64) int64 {
	until := int64(0)
	for i := range c.Days {
		d := &c.Days[i]
		if d.Rehearsal || d.State == DayClosed {
			continue
		}
		end := d.Opens + int64(RehearsalFrozenAfter)
		if to >= d.Opens-int64(RehearsalFrozenBefore) && from < end {
			until = max(until, end)
		}
	}
	return until
}

func validDayCode(s string) bool {
	if len(s) < 1 || len(s) > 24 {
		return false
	}
	for _, r := range s {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' {
			return false
		}
	}
	return true
}

// ProtocolNumber writes a number the way people read it: code of the day,
// stroke, at least seven digits.
func ProtocolNumber(dayCode string, number int64) string {
	return fmt.Sprintf("%s/%07d", dayCode, number)
}
