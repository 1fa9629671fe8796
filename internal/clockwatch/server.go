package clockwatch

import (
	"math/rand/v2"
	"slices"
	"time"
)

const (
	burst      = 4                  // questions at the start
	burstEvery = 2 * time.Second    // between them
	fastPoll   = 16 * time.Second   // while the clock is not OK; never faster than this after the start
	slowest    = 1024 * time.Second // to a server that asks for fewer questions
	kept       = 8                  // samples, and polls that a sample lives: the reach register of RFC 5905
	drift      = 15e-6              // PHI of RFC 5905: how fast two good clocks drift apart
	// maxRate is how fast two clocks may drift apart; a server that is faster has
	// set its clock, and what it said before is forgotten.
	maxRate = 1000e-6
	// minDistance is the least half-width of an interval, as in the reference
	// implementation (mindist): what servers claim below it is not worth a quarrel.
	minDistance = time.Millisecond
)

// sample is one usable answer.
type sample struct {
	offset, distance time.Duration
	at               Reading // when it was taken
}

// width is the half-width of the sample's interval now. It grows with the
// drift of both clocks, and with what the machine's clock was moved since.
func (s *sample) width(now Reading, rate float64) time.Duration {
	age := max(0, now.since(s.at))
	return max(minDistance, s.distance) + time.Duration(rate*float64(age)) + now.moved(s.at).Abs()
}

// server is one time server and its recent answers.
type server struct {
	name    string
	asked   int           // questions so far
	asking  bool          // one is under way
	last    Reading       // when the last question was asked
	late    float64       // jitter of the next one: part of the pause by which it is later
	every   time.Duration // least pause; grows with kiss codes
	denied  bool          // it asked us to stop
	leap    bool
	failure string   // why the last question failed, "" if it did not
	samples []sample // newest last
	rate    float64  // drift against the machine's clock, at least drift
}

// due tells whether the server must be asked now.
func (s *server) due(now Reading, poll time.Duration) bool {
	switch {
	case s.denied || s.asking:
		return false
	case s.asked == 0:
		return true
	case s.asked < burst:
		return now.since(s.last) >= burstEvery
	default:
		pause := max(poll, s.every)
		return now.since(s.last) >= pause+time.Duration(s.late*float64(pause))
	}
}

// begin takes note of a question. The next one is later by up to a tenth, so that
// nodes do not ask in step and no server is asked sooner than promised.
func (s *server) begin(now Reading) {
	s.asking, s.last, s.late = true, now, rand.Float64()/10
	s.asked++
}

// failed takes note of a question without a usable answer. Kiss codes are
// obeyed: RATE doubles the pause and ends the burst, DENY and RSTR end it all.
func (s *server) failed(poll time.Duration, kiss string, err error) {
	s.asking, s.failure = false, err.Error()
	switch kiss {
	case "RATE":
		s.asked = max(s.asked, burst)
		s.every = min(slowest, 2*max(s.every, poll))
	case "DENY", "RSTR":
		s.denied, s.samples = true, nil
	}
}

// answered keeps an answer.
func (s *server) answered(now Reading, a Answer) {
	s.asking, s.failure, s.leap = false, "", a.Leap
	fresh := sample{a.Offset, a.Distance, now}
	s.rate = drift
	for i := range s.samples {
		r, jumped := rate(&s.samples[i], &fresh)
		if jumped {
			s.samples, s.rate = nil, drift
			break
		}
		s.rate = max(s.rate, r)
	}
	s.samples = append(s.samples, fresh)
	if len(s.samples) > kept {
		s.samples = slices.Delete(s.samples, 0, len(s.samples)-kept)
	}
}

// rate is how fast the two clocks drift apart: drift, unless two samples prove
// more, and then the most that they allow. If they prove more than can be drift,
// the server has jumped: the machine's own steps are corrected.
func rate(from, to *sample) (r float64, jumped bool) {
	age := float64(to.at.since(from.at))
	apart := (to.offset - from.offset).Abs()
	fuzzy := max(minDistance, from.distance) + max(minDistance, to.distance) + to.at.moved(from.at).Abs()
	sure := float64(apart - fuzzy)
	switch {
	case age <= 0 || sure <= drift*age:
		return drift, false
	case sure > maxRate*age:
		return drift, true
	default:
		return float64(apart+fuzzy) / age, false
	}
}

// shift corrects the samples for a step of the machine's clock: UTC minus the
// clock became smaller by as much as the clock was set forward.
func (s *server) shift(jump time.Duration) {
	for i := range s.samples {
		s.samples[i].offset -= jump
		s.samples[i].at.Real += int64(jump)
	}
}

// expire forgets samples that are older than eight polls.
func (s *server) expire(now Reading, poll time.Duration) {
	life := kept * max(poll, s.every) * 11 / 10
	s.samples = slices.DeleteFunc(s.samples, func(p sample) bool { return now.since(p.at) > life })
}

// best returns the sample with the narrowest interval now, nil if there is none:
// mostly that with the shortest round trip.
func (s *server) best(now Reading) *sample {
	var best *sample
	for i := range s.samples {
		if p := &s.samples[i]; best == nil || p.width(now, s.rate) <= best.width(now, s.rate) {
			best = p
		}
	}
	return best
}

// heardSince tells whether the newest sample is younger than a raw time.
func (s *server) heardSince(raw int64) bool {
	return len(s.samples) > 0 && s.samples[len(s.samples)-1].at.Raw >= raw
}
