package clockwatch

import "time"

// stepLimit is how far the clock may move against the oscillator within a second.
// Disciplining daemons slew at up to 500 ppm, which is half of it.
const stepLimit = time.Millisecond

// Reading is the machine's two clocks at one moment, in nanoseconds: Real is
// CLOCK_REALTIME since 1970, which can be set; Raw is CLOCK_MONOTONIC_RAW since
// some moment, which nothing disciplines.
type Reading struct{ Real, Raw int64 }

// since is the undisciplined time that has passed from o to r.
func (r Reading) since(o Reading) time.Duration { return time.Duration(r.Raw - o.Raw) }

// moved is how far the real clock has moved against the raw one from o to r.
func (r Reading) moved(o Reading) time.Duration {
	return time.Duration((r.Real - o.Real) - (r.Raw - o.Raw))
}

// steps notices that the clock was set.
type steps struct {
	last  Reading
	begun bool
}

// see compares with the reading of the last tick and returns by how much the
// clock was set, 0 if it was not. A tick, or a step, becomes what later readings
// are compared with. The limit is 1 ms a second, so that neither a busy machine
// nor ordinary slewing looks like a step.
func (s *steps) see(r Reading, tick bool) time.Duration {
	if !s.begun {
		s.last, s.begun = r, true
		return 0
	}
	jump, limit := r.moved(s.last), max(stepLimit, r.since(s.last)/1000)
	stepped := jump.Abs() > limit
	if tick || stepped {
		s.last = r
	}
	if !stepped {
		return 0
	}
	return jump
}
