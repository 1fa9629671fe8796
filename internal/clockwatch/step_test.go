package clockwatch

import (
	"testing"
	"time"
)

func TestSteps(t *testing.T) {
	const s = int64(time.Second)
	for _, c := range []struct {
		name string
		real []int64 // how far the real clock goes, second by second
		raw  int64   // how far the raw clock goes each time
		want time.Duration
	}{
		{"steady", []int64{s, s, s}, s, 0},
		{"slewed at 500 ppm", []int64{s + 500_000, s + 500_000, s + 500_000}, s, 0},
		{"500 ppm behind", []int64{s - 500_000, s - 500_000}, s, 0},
		{"1 ms is no step", []int64{s + int64(ms)}, s, 0},
		{"more is one", []int64{s, s + int64(ms) + 1}, s, ms + 1},
		{"backwards", []int64{s, s - 2*int64(ms), s}, s, -2 * ms},
		{"an hour", []int64{s + 3600*s}, s, time.Hour},
		{"an hour back", []int64{s - 3600*s}, s, -time.Hour},
		{"leap second", []int64{s, 0, s}, s, -time.Second},
		{"paused for 30 s while slewed at 500 ppm", []int64{30*s + 15*int64(ms)}, 30 * s, 0},
		{"woken up: raw stood still", []int64{3600 * s}, s / 100, 3600*time.Second - 10*ms},
	} {
		var d steps
		now := Reading{Real: 1_800_000_000 * s, Raw: 5 * s}
		if got := d.see(now, true); got != 0 {
			t.Errorf("%s: the first reading is a step of %v", c.name, got)
		}
		var got time.Duration
		for _, real := range c.real {
			now.Real, now.Raw = now.Real+real, now.Raw+c.raw
			if jump := d.see(now, true); jump != 0 {
				got = jump
			}
		}
		if got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// A clock that is set in small portions between two ticks is seen at the tick,
// however many readings are taken in between.
func TestPortionsOfAStepAddUp(t *testing.T) {
	var d steps
	d.see(Reading{0, 0}, true)
	var now Reading
	for range 3 {
		now.Raw += int64(100 * ms)
		now.Real += int64(100*ms + 300*time.Microsecond)
		if jump := d.see(now, false); jump != 0 {
			t.Fatal(jump)
		}
	}
	now.Raw, now.Real = now.Raw+int64(ms), now.Real+int64(2*ms)
	if jump := d.see(now, false); jump != 1900*time.Microsecond {
		t.Fatal(jump)
	}
	if jump := d.see(now, true); jump != 0 {
		t.Fatal("one step, seen twice", jump)
	}
}

func TestTheMachinesClocks(t *testing.T) {
	last, err := ReadClocks()
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		r, err := ReadClocks()
		if err != nil {
			t.Fatal(err)
		}
		if r.Raw < last.Raw || r.moved(last).Abs() > ms {
			t.Fatalf("%+v after %+v", r, last)
		}
		last = r
	}
}
