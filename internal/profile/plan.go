package profile

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/loadrun"
)

// Options say how much of a profile is run.
type Options struct {
	Scale float64       // of the full size; 1 is all of it
	Until time.Duration // the curve is cut off here, from the opening
	Seed  uint64
}

// Sender is one workstation with the applications that it sends.
type Sender struct {
	Private      bool
	Applications int
}

// Plan is every request of a run. Envelope i belongs to application i; bad ones
// come behind the others.
type Plan struct {
	Requests []loadrun.Request // sorted by At
	Senders  []Sender
	Of       []uint32          // the sender of each envelope
	Bad      []loadrun.Badness // of each envelope
	Models   []clickday.ModelCode
	Model    []uint8 // of each envelope, an index of Models
	Repeated int     // requests of kind repeat that fell behind the end and were left out
}

// earlyBy is how long before the opening the earliest fire.
const earlyBy = 2 * time.Second

// Plan makes the plan.
func (p *Profile) Plan(o Options) *Plan {
	m := &maker{p: p, o: o, r: rand.New(rand.NewPCG(o.Seed, 0x6c6f61647465)), plan: new(Plan)}
	nominal := m.curve()
	m.senders(len(nominal))
	m.skews = make(map[uint32]time.Duration)
	for i, at := range nominal {
		m.application(uint32(i), at)
	}
	m.bad(len(nominal))
	slices.SortFunc(m.plan.Requests, func(a, b loadrun.Request) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Envelope, b.Envelope), cmp.Compare(a.Kind, b.Kind))
	})
	m.plan.Draw(p.Mix.Models, o.Seed)
	return m.plan
}

type maker struct {
	p     *Profile
	o     Options
	r     *rand.Rand
	plan  *Plan
	skews map[uint32]time.Duration // of the senders' clocks
}

// Clipped returns the windows up to an end, with how many arrivals each has at
// full size.
func (p *Profile) clipped(until time.Duration) (out []Window, counts []float64) {
	for _, w := range p.Windows {
		whole := time.Duration(w.To - w.From)
		if until > 0 && time.Duration(w.To) > until {
			w.To = Span(until)
		}
		if w.To <= w.From {
			break
		}
		part := float64(w.To-w.From) / float64(whole)
		n := w.Rate * whole.Seconds() * part
		if w.Share > 0 {
			n = w.Share * float64(p.Applications) * part
		}
		out, counts = append(out, w), append(counts, n)
	}
	return out, counts
}

// curve draws the nominal instants of first submissions, in random order.
func (m *maker) curve() []time.Duration {
	windows, counts := m.p.clipped(m.o.Until)
	var out []time.Duration
	for i, w := range windows {
		n := counts[i] * m.o.Scale
		if m.p.DuplicatesInside {
			n /= 1 + m.p.Mix.Repeats
		}
		for range int(math.Round(n)) {
			out = append(out, time.Duration(w.From)+time.Duration(m.r.Int64N(int64(w.To-w.From))))
		}
	}
	m.r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// senders shares the applications among workstations.
func (m *maker) senders(applications int) {
	mix := &m.p.Mix
	private := int(math.Round(mix.Private * float64(applications)))
	for left := applications; left > 0; {
		s := Sender{Private: applications-left < private}
		if s.Private {
			s.Applications = min(1+m.r.IntN(mix.PrivateMax), private-(applications-left))
		} else {
			s.Applications = min(m.workstation(), left)
		}
		for range s.Applications {
			m.plan.Of = append(m.plan.Of, uint32(len(m.plan.Senders)))
		}
		m.plan.Senders = append(m.plan.Senders, s)
		left -= s.Applications
	}
	m.plan.Bad = make([]loadrun.Badness, applications)
}

// workstation is lognormal around the typical number.
func (m *maker) workstation() int {
	n := float64(m.p.Mix.Workstation) * math.Exp(0.8*m.r.NormFloat64())
	return min(max(1, int(n)), m.p.Mix.WorkstationX)
}

// skew is the error of a sender's clock, which stays the same.
func (m *maker) skew(sender uint32) time.Duration {
	if s, ok := m.skews[sender]; ok {
		return s
	}
	mix := &m.p.Mix
	s := time.Duration(m.r.NormFloat64() * float64(mix.ClockError))
	if m.r.Float64() < mix.ClockOff {
		s = time.Duration(mix.ClockOffMin) + time.Duration(m.r.Float64()*float64(mix.ClockOffMax-mix.ClockOffMin))
		if m.r.IntN(2) == 0 {
			s = -s
		}
	}
	m.skews[sender] = s
	return s
}

// delay is lognormal with the given median and 95th percentile.
func (m *maker) delay() time.Duration {
	mix := &m.p.Mix
	if mix.DelayMedian == 0 {
		return 0
	}
	sigma := math.Log(float64(mix.Delay95)/float64(mix.DelayMedian)) / 1.6449
	d := float64(mix.DelayMedian) * math.Exp(sigma*m.r.NormFloat64())
	return time.Duration(min(d, float64(4*time.Second)))
}

// application plans what is sent of one application: the first submission, an
// early shot before it, and repeats.
func (m *maker) application(envelope uint32, nominal time.Duration) {
	sender := m.plan.Of[envelope]
	r := loadrun.Request{Envelope: envelope, Sender: sender, Kind: loadrun.Good, Skew: m.skew(sender), Delay: m.delay()}
	r.At = nominal + r.Skew + r.Delay
	mix := &m.p.Mix
	switch {
	case m.r.Float64() < mix.Early:
		early := r
		early.Kind, early.At = loadrun.Early, -time.Duration(1+m.r.Int64N(int64(earlyBy)))
		m.add(early)
		r.At = max(r.At, r.Delay)
	case r.At < 0: // its clock is fast: refused, and sent again when the answer has told it so
		early := r
		early.Kind, early.At = loadrun.Early, max(r.At, -time.Duration(mix.ClockOffMax))
		m.add(early)
		r.At = r.Delay + time.Duration(m.r.Int64N(int64(time.Second)))
	}
	if m.r.Float64() < mix.Cut {
		r.Kind = loadrun.Cut
	}
	m.add(r)
	if m.r.Float64() < mix.Repeats {
		again := r
		again.Kind, again.Delay = loadrun.Repeat, m.delay()
		again.At = r.At + m.patience() + again.Delay
		if m.o.Until > 0 && again.At > m.o.Until+earlyBy {
			m.plan.Repeated++
			return
		}
		m.add(again)
	}
}

// patience is how long somebody waits before sending again: 0.2 to 20 seconds,
// short waits more often than long ones.
func (m *maker) patience() time.Duration {
	return time.Duration(float64(200*time.Millisecond) * math.Pow(100, m.r.Float64()))
}

// bad adds envelopes that must not be numbered, along the same curve.
func (m *maker) bad(applications int) {
	kinds := []loadrun.Badness{loadrun.BadTicket, loadrun.BadDay, loadrun.BadSignature, loadrun.BadSeal}
	n := int(math.Round(m.p.Mix.Bad * float64(applications)))
	goods := len(m.plan.Requests)
	for i := range n {
		r := m.plan.Requests[m.r.IntN(goods)]
		r.Kind, r.Bad, r.At = loadrun.Bad, kinds[i%len(kinds)], max(r.At, 0)+m.delay()
		r.Envelope = uint32(len(m.plan.Of))
		m.plan.Of = append(m.plan.Of, r.Sender)
		m.plan.Bad = append(m.plan.Bad, r.Bad)
		m.add(r)
	}
}

func (m *maker) add(r loadrun.Request) { m.plan.Requests = append(m.plan.Requests, r) }
