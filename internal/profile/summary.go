package profile

import (
	"time"

	"puntuale/internal/loadrun"
)

// Second is what a plan offers within one second.
type Second struct {
	From  int    // seconds from the opening; the second before it is -1
	Kinds [6]int // by loadrun.Kind
	Total int
}

// Summary is what a plan offers, before anything is sent.
type Summary struct {
	Requests, Applications, Senders int
	Kinds                           [6]int   // by loadrun.Kind
	Seconds                         []Second // without empty ones
	PeakSecond                      int      // most requests within one second of the grid
	Peak100                         int      // most requests within any 100 ms, times ten: a second
	Last                            time.Duration
}

// Summarise counts.
func (p *Plan) Summarise() *Summary {
	s := &Summary{Requests: len(p.Requests), Senders: len(p.Senders)}
	first := 0
	for i := range p.Requests {
		r := &p.Requests[i]
		s.Kinds[r.Kind]++
		at := floorSecond(r.At)
		if n := len(s.Seconds); n == 0 || s.Seconds[n-1].From != at {
			s.Seconds = append(s.Seconds, Second{From: at})
		}
		now := &s.Seconds[len(s.Seconds)-1]
		now.Kinds[r.Kind]++
		now.Total++
		s.PeakSecond = max(s.PeakSecond, now.Total)
		for p.Requests[first].At <= r.At-100*time.Millisecond {
			first++
		}
		s.Peak100 = max(s.Peak100, 10*(i-first+1))
		s.Last = r.At
	}
	s.Applications = s.Kinds[loadrun.Good] + s.Kinds[loadrun.Cut]
	return s
}

func floorSecond(d time.Duration) int {
	s := int(d / time.Second)
	if d < 0 && d%time.Second != 0 {
		s--
	}
	return s
}

// KindCounts names the counts.
func (s *Summary) KindCounts() map[string]int {
	out := make(map[string]int, len(loadrun.Kinds))
	for _, k := range loadrun.Kinds {
		out[k.String()] = s.Kinds[k]
	}
	return out
}
