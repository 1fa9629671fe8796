package clockwatch

import (
	"time"

	"puntuale/internal/clickday"
)

// View is what is known of the clock, as of the last second. It never changes;
// a newer one replaces it.
type View struct {
	Level  Level
	Reason string // why, for people
	// Offset is UTC minus the machine's clock, Bound the greatest distance from UTC
	// until the next view. Both are 0 while too few servers agree.
	Offset, Bound time.Duration
	Agreeing      int
	Servers       []ServerView
	Steps         uint64        // times the clock was set since the start
	LastStep      time.Duration // by how much it was set last, 0 for never
	Leap          bool          // servers that agree announce a leap second

	trusted bool // what is not open may open
	opened  map[clickday.DayID]struct{}
}

// ServerView is what is known of one server.
type ServerView struct {
	Name    string
	Heard   bool // there is a recent answer
	Offset  time.Duration
	Bound   time.Duration // half-width of its interval
	False   bool          // its interval misses the agreement
	Denied  bool          // it asked not to be asked any more
	Failure string        // why the last question failed, "" if it did not
}

// Accepts tells whether submissions of a click day that is open are to be taken:
// always, unless the clock may not open it and nobody opened it before.
func (v *View) Accepts(day clickday.DayID) bool {
	if v.trusted {
		return true
	}
	_, opened := v.opened[day]
	return opened
}

// State is what stamps and time answers say. In mid-event the level is never
// Refuse, because nothing is refused; that a day which is not open yet would not
// open here is said all the same, so that clients can go elsewhere in time.
func (v *View) State() clickday.ClockState {
	if !v.trusted {
		return clickday.ClockRefused
	}
	return v.Level.State()
}

// Falsetickers counts the servers whose interval misses the agreement.
func (v *View) Falsetickers() int {
	n := 0
	for i := range v.Servers {
		if v.Servers[i].False {
			n++
		}
	}
	return n
}
