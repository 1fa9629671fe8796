package clockwatch

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const ms = time.Millisecond

func around(server int, offset, width time.Duration) Interval {
	return Interval{server, offset - width, offset + width}
}

func TestWhatServersAgreeOn(t *testing.T) {
	for _, c := range []struct {
		name      string
		in        []Interval
		k         int
		ok        bool
		offset    time.Duration
		low, high time.Duration
		falses    []int
	}{
		{name: "none", k: 1},
		{name: "one of one", in: []Interval{around(0, 3*ms, ms)}, k: 1, ok: true, offset: 3 * ms, low: 2 * ms, high: 4 * ms},
		{name: "one, two needed", in: []Interval{around(0, 0, ms)}, k: 2},
		{name: "two touch", in: []Interval{{0, 0, ms}, {1, ms, 2 * ms}}, k: 2, ok: true, offset: ms, low: ms, high: ms},
		{name: "two miss each other", in: []Interval{{0, 0, ms}, {1, ms + 1, 2 * ms}}, k: 2},
		{
			name: "two of five lie by 5 s", k: 3, ok: true, offset: 0, low: -ms, high: ms, falses: []int{1, 3},
			in: []Interval{around(0, 0, ms), around(1, 5*time.Second, ms), around(2, 0, 2*ms), around(3, 5*time.Second, ms), around(4, 0, 3*ms)},
		},
		{
			name: "three of five lie differently", k: 3,
			in: []Interval{around(0, 0, ms), around(1, time.Second, ms), around(2, 0, ms), around(3, 2*time.Second, ms), around(4, -time.Second, ms)},
		},
		{
			name: "a wide one agrees with a narrow one", k: 2, ok: true, offset: 10 * ms, low: 8 * ms, high: 12 * ms,
			in: []Interval{around(0, 10*ms, 2*ms), around(1, 0, 30*ms)},
		},
		{
			// Two that lie only a little narrow the middle to where the truth is not;
			// the bound still contains all that three allow.
			name: "small lies do not narrow the bound", k: 3, ok: true, offset: 7500 * time.Microsecond, low: -10 * ms, high: 10 * ms,
			in: []Interval{around(0, 0, 10*ms), around(1, 0, 10*ms), around(2, 0, 10*ms), {3, 5 * ms, 20 * ms}, {4, 5 * ms, 20 * ms}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, ok := agree(c.in, c.k)
			if ok != c.ok {
				t.Fatal("agreed:", ok)
			}
			if !ok {
				return
			}
			if a.Offset != c.offset || a.Low != c.low || a.High != c.high || !slices.Equal(a.False, c.falses) {
				t.Errorf("%+v", a)
			}
			if len(a.Agreeing)+len(a.False) != len(c.in) {
				t.Errorf("%d agree, %d do not, of %d", len(a.Agreeing), len(a.False), len(c.in))
			}
		})
	}
}

// TestTruthLiesWithinTheBound draws servers of which fewer than half lie, by any
// amount: the truth never lies outside, and gross liars are always named.
func TestTruthLiesWithinTheBound(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	draw := func(d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(2*d)+1)) - d }
	for range 20_000 {
		n := 3 + r.IntN(6)
		liars := r.IntN((n + 1) / 2)
		truth := draw(100 * ms)
		var in []Interval
		var gross []int
		for i := range n {
			width := ms + time.Duration(r.Int64N(int64(30*ms)))
			at := truth + draw(width)
			if i < liars && r.IntN(2) == 0 {
				at = truth + draw(60*ms)
			} else if i < liars {
				at = truth + 5*time.Second
				gross = append(gross, i)
			}
			in = append(in, around(i, at, width))
		}
		a, ok := agree(in, n/2+1)
		if !ok || truth < a.Low || truth > a.High || truth.Abs() > a.Bound() {
			t.Fatalf("truth %v, %d of %d lie: %+v %v", truth, liars, n, a, in)
		}
		for _, g := range gross {
			if !slices.Contains(a.False, g) {
				t.Fatalf("liar %d was believed: %+v", g, a)
			}
		}
	}
}
