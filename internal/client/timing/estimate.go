package timing

import (
	"sync"
	"time"
)

const (
	// driftPPM is how far two ordinary quartz clocks can drift apart while a
	// sample grows old: parts in a million, generously.
	driftPPM = 200
	// keep is how many samples are remembered.
	keep = 64
)

// Sample is one exchange of time with a node. All instants are nanoseconds
// since 1970: Sent and Received on the local Base, NodeReceived and NodeSent on
// the node's clock.
type Sample struct {
	Sent, NodeReceived, NodeSent, Received int64
	// NodeBound is how far the node says its clock may be from UTC; 0 is not measured.
	NodeBound time.Duration
}

// RoundTrip is the time on the way, without the node's own.
func (s Sample) RoundTrip() time.Duration {
	return time.Duration(s.Received - s.Sent - (s.NodeSent - s.NodeReceived))
}

func (s Sample) offset() time.Duration {
	return time.Duration(s.NodeReceived-s.Sent)/2 + time.Duration(s.NodeSent-s.Received)/2
}

// Plausible reports whether the four instants can belong to one exchange.
func (s Sample) Plausible() bool {
	return s.Received >= s.Sent && s.NodeSent >= s.NodeReceived && s.RoundTrip() >= 0
}

// Estimate says what a node's clock shows: local time plus Offset, give or take
// Bound. The bound holds whatever the asymmetry of the way: the request cannot
// have arrived before it was sent.
type Estimate struct {
	Offset    time.Duration
	Bound     time.Duration
	RoundTrip time.Duration // of the sample that it rests on
	NodeBound time.Duration // distance of the node from UTC; 0 is not measured
	Samples   int
}

// Node returns the node's clock at a local instant.
func (e Estimate) Node(local int64) int64 { return local + int64(e.Offset) }

// Aim returns the earliest local instant at which the node's clock has certainly
// reached opens. Sending then cannot arrive early, even over a way without any delay.
func (e Estimate) Aim(opens int64) int64 { return opens - int64(e.Offset) + int64(e.Bound) }

// Later returns what the estimate is worth when it has grown older by age: the
// clocks may have drifted apart meanwhile.
func (e Estimate) Later(age time.Duration) Estimate {
	e.Bound += drift(int64(age))
	return e
}

// Estimator keeps the samples of one node. It is safe for concurrent use.
type Estimator struct {
	mu      sync.Mutex
	samples []Sample // guarded by mu; the newest last
}

// Add remembers a sample; an implausible one is dropped and reported as false.
func (e *Estimator) Add(s Sample) bool {
	if !s.Plausible() {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.samples = append(e.samples, s)
	if len(e.samples) > keep {
		e.samples = append(e.samples[:0], e.samples[len(e.samples)-keep:]...)
	}
	return true
}

// Reset forgets every sample, after a suspend or a change of network.
func (e *Estimator) Reset() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.samples = nil
}

// At returns the estimate for a local instant, and false without any sample.
// It rests on the sample with the smallest error: half its round trip plus what
// the clocks may have drifted since.
func (e *Estimator) At(local int64) (Estimate, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var best Estimate
	for i, s := range e.samples {
		// One more nanosecond for the halves that integer division drops.
		bound := s.RoundTrip()/2 + drift(local-s.Received) + 1
		if i == 0 || bound < best.Bound {
			best = Estimate{Offset: s.offset(), Bound: bound, RoundTrip: s.RoundTrip(), NodeBound: s.NodeBound}
		}
	}
	best.Samples = len(e.samples)
	return best, best.Samples > 0
}

func drift(age int64) time.Duration {
	return time.Duration(max(age, 0) / 1_000_000 * driftPPM)
}
