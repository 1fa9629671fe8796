package clockwatch

import (
	"time"

	"puntuale/internal/clickday"
)

// Level is what may be done by the clock.
type Level uint8

const (
	// Unwatched: no servers are configured. Click days open, stamps say unknown.
	Unwatched Level = iota
	// OK: enough servers agree and the bound is within policy.
	OK
	// Degraded: click days open, stamps are flagged.
	Degraded
	// Refuse: no click day opens. One that is open stays open.
	Refuse
)

// levels are all levels, in order.
var levels = [...]Level{Unwatched, OK, Degraded, Refuse}

// String returns the word used in logs and metrics.
func (l Level) String() string {
	switch l {
	case Unwatched:
		return "unwatched"
	case OK:
		return "ok"
	case Degraded:
		return "degraded"
	case Refuse:
		return "refuse"
	default:
		return "invalid"
	}
}

// State is the level as stamps say it.
func (l Level) State() clickday.ClockState {
	switch l {
	case OK:
		return clickday.ClockOK
	case Unwatched:
		return clickday.ClockUnknown
	case Refuse:
		return clickday.ClockRefused
	default:
		return clickday.ClockDegraded
	}
}

// Finding is what is known of the clock at a moment.
type Finding struct {
	Watched bool          // servers are configured
	Agreed  bool          // k servers agree
	Fresh   bool          // and have answered lately
	Stepped bool          // the clock was set, and k servers have not answered since
	Bound   time.Duration // greatest distance from UTC, if Agreed
}

// Policy says how far the clock may be from UTC.
type Policy struct {
	OK     time.Duration // above it stamps are flagged
	Refuse time.Duration // above it no click day opens
}

// Judge returns the level of a finding and why, in words for the log. It knows
// nothing of days that are open: those are the gate's.
func (p Policy) Judge(f Finding) (Level, string) {
	switch {
	case !f.Watched:
		return Unwatched, "no time servers are configured"
	case !f.Agreed:
		return Refuse, "too few time servers agree"
	case f.Bound > p.Refuse:
		return Refuse, "the bound is wider than clock-bound-refuse"
	case f.Bound > p.OK:
		return Degraded, "the bound is wider than clock-bound-ok"
	case f.Stepped:
		return Degraded, "the clock was set"
	case !f.Fresh:
		return Degraded, "too few time servers have answered lately"
	default:
		return OK, "time servers agree"
	}
}
