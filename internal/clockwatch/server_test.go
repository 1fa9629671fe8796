package clockwatch

import (
	"testing"
	"time"
)

// after is a reading that many seconds from the beginning, of a good clock.
func after(s int64) Reading {
	return Reading{Real: s * int64(time.Second), Raw: s * int64(time.Second)}
}

func TestTheNarrowestAnswerIsUsed(t *testing.T) {
	s := server{rate: drift}
	s.answered(after(0), Answer{Offset: 2 * ms, Distance: 2 * ms})
	s.answered(after(64), Answer{Offset: 9 * ms, Distance: 20 * ms}) // a long way back
	if p := s.best(after(65)); p.offset != 2*ms {
		t.Fatalf("%+v", p)
	}
	s.answered(after(128), Answer{Offset: 3 * ms, Distance: 2 * ms})
	if p := s.best(after(129)); p.offset != 3*ms {
		t.Fatalf("of two alike the older one: %+v", p)
	}
	for i := range int64(20) {
		s.answered(after(129+i), Answer{Offset: 3 * ms, Distance: 20 * ms})
	}
	if p := s.best(after(150)); len(s.samples) != kept || p.distance != 20*ms {
		t.Fatalf("%d kept, %+v", len(s.samples), p)
	}
	s.expire(after(148+8*64), 64*time.Second)
	if len(s.samples) != kept {
		t.Fatalf("%d after eight polls", len(s.samples))
	}
	s.expire(after(150+9*64), 64*time.Second)
	if len(s.samples) != 0 {
		t.Fatalf("%d after nine polls", len(s.samples))
	}
}

// A server that has set its clock is judged by what it says since, however good
// the way to it was before.
func TestAServerThatJumpsStartsAnew(t *testing.T) {
	s := server{rate: drift}
	s.answered(after(0), Answer{Offset: 5 * time.Second, Distance: ms})
	s.answered(after(16), Answer{Offset: 0, Distance: 20 * ms})
	if p := s.best(after(17)); len(s.samples) != 1 || p.offset != 0 || s.rate != drift {
		t.Fatalf("%+v, rate %v", s.samples, s.rate)
	}
}

func TestTheRateOfDrift(t *testing.T) {
	for _, c := range []struct {
		name   string
		offset time.Duration // after 100 s, each answer to 1 ms
		least  float64
		most   float64
		jumped bool
	}{
		{"none", 0, drift, drift, false},
		{"not proved", 3 * ms, drift, drift, false},
		{"500 ppm", 50 * ms, 500e-6, 521e-6, false},
		{"-500 ppm", -50 * ms, 500e-6, 521e-6, false},
		{"a jump", 103 * ms, drift, drift, true},
	} {
		r, jumped := rate(&sample{0, ms, after(0)}, &sample{c.offset, ms, after(100)})
		if r < c.least || r > c.most || jumped != c.jumped {
			t.Errorf("%s: %v %v", c.name, r, jumped)
		}
	}
}
