package timing

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"
)

const (
	// driftPPM is how far two ordinary quartz clocks can drift apart while a
	// sample grows old: parts in a million, generously.
	driftPPM = 200
	// keep is how many samples are remembered.
	keep = 64
	// driftApart is how old a sample has to be to tell how fast the clocks drift.
	driftApart = time.Minute
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
	RoundTrip time.Duration // shortest of the samples that it rests on
	NodeBound time.Duration // distance of the node from UTC; 0 is not measured
	Samples   int
	// DriftPPM is how fast the node's clock gains on this computer's, in parts in
	// a million; 0 when it cannot be told yet. It is shown; the bound allows for 200.
	DriftPPM float64
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
//
// Each sample gives two bounds that hold however unequal the ways are: the node
// received after the request was sent, and sent before the answer was here. The
// estimate is the middle of what all samples allow, widened by what the clocks
// may have drifted since each. So it is never worse than the sample with the
// shortest round trip, and better when the ways vary: the quickest way out of
// one exchange meets the quickest way back of another. Samples that contradict
// newer ones are left out: one of the two clocks was set in between.
func (e *Estimator) At(local int64) (Estimate, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.samples) == 0 {
		return Estimate{}, false
	}
	low, high := int64(math.MinInt64), int64(math.MaxInt64)
	out := Estimate{}
	for i := len(e.samples) - 1; i >= 0; i-- { // the newest first
		s := e.samples[i]
		l, h := s.limits(local)
		if max(l, low) > min(h, high) {
			break
		}
		low, high = max(l, low), min(h, high)
		if out.Samples == 0 || s.RoundTrip() < out.RoundTrip {
			out.RoundTrip, out.NodeBound = s.RoundTrip(), s.NodeBound
		}
		out.Samples++
	}
	half := (high - low) / 2
	out.Offset = time.Duration(low + half)
	out.Bound = time.Duration(high-low-half) + 1
	out.DriftPPM = e.driftPPM()
	return out, true
}

// limits returns between which offsets the node's clock lies at a local instant.
func (s Sample) limits(local int64) (low, high int64) {
	d := int64(drift(local - s.Received))
	return s.NodeSent - s.Received - d, s.NodeReceived - s.Sent + d
}

// driftPPM compares the best sample of the older half with that of the newer
// one; 0 unless they are a minute apart and their errors allow to tell.
func (e *Estimator) driftPPM() float64 {
	half := len(e.samples) / 2
	if half == 0 {
		return 0
	}
	old, young := shortest(e.samples[:half]), shortest(e.samples[half:])
	apart := time.Duration(young.Received - old.Received)
	if apart < driftApart {
		return 0
	}
	ppm := 1e6 * float64(young.offset()-old.offset()) / float64(apart)
	if err := 1e6 * float64(young.RoundTrip()+old.RoundTrip()) / 2 / float64(apart); math.Abs(ppm) < err {
		return 0
	}
	return ppm
}

func shortest(samples []Sample) Sample {
	return slices.MinFunc(samples, func(a, b Sample) int { return cmp.Compare(a.RoundTrip(), b.RoundTrip()) })
}

func drift(age int64) time.Duration {
	return time.Duration(max(age, 0) / 1_000_000 * driftPPM)
}
