package timing

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/clockwatch"
)

// exchange simulates one time exchange over a way with the given delays, with a
// node whose clock is offset from the local one.
func exchange(sent int64, offset, there, work, back time.Duration) Sample {
	received := sent + int64(there+offset)
	return Sample{
		Sent: sent, NodeReceived: received, NodeSent: received + int64(work),
		Received: sent + int64(there+work+back),
	}
}

func TestAimIsNeverEarly(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 20_000 {
		offset := time.Duration(rng.Int64N(int64(10*time.Second))) - 5*time.Second
		var e Estimator
		at := int64(1_800_000_000_000_000_000)
		for range 1 + rng.IntN(16) {
			there := time.Duration(rng.Int64N(int64(80 * time.Millisecond)))
			back := time.Duration(rng.Int64N(int64(80 * time.Millisecond)))
			e.Add(exchange(at, offset, there, time.Millisecond, back))
			at += int64(time.Second)
		}
		est, ok := e.At(at)
		if !ok {
			t.Fatal("no estimate after samples")
		}
		opens := at + int64(3*time.Second)
		if early := opens - (est.Aim(opens) + int64(offset)); early > 0 {
			t.Fatalf("round %d: node's clock is %d ns before the opening at the aim", i, early)
		}
		if late := est.Aim(opens) + int64(offset) - opens; late > int64(2*est.Bound)+2 {
			t.Fatalf("round %d: %d ns late with a bound of %s", i, late, est.Bound)
		}
	}
}

func TestEstimatePrefersTheShortestRoundTrip(t *testing.T) {
	var e Estimator
	e.Add(exchange(1e18, time.Second, 40*time.Millisecond, 0, 0))
	e.Add(exchange(1e18+1e9, time.Second, time.Millisecond, 0, time.Millisecond))
	e.Add(exchange(1e18+2e9, time.Second, 0, 0, 60*time.Millisecond))
	est, _ := e.At(1e18 + 3e9)
	if est.RoundTrip != 2*time.Millisecond || (est.Offset-time.Second).Abs() > est.Bound {
		t.Fatalf("estimate %+v", est)
	}
	if est.Bound > 2*time.Millisecond {
		t.Fatalf("bound %s, want no more than half the round trip and a little drift", est.Bound)
	}
}

// TestEstimateMeetsTheQuickestWays: one exchange went out at once and came back
// slowly, the other the other way round: together they leave next to no error.
func TestEstimateMeetsTheQuickestWays(t *testing.T) {
	var e Estimator
	e.Add(exchange(1e18, time.Second, time.Microsecond, 0, 40*time.Millisecond))
	e.Add(exchange(1e18+1e8, time.Second, 40*time.Millisecond, 0, time.Microsecond))
	est, _ := e.At(1e18 + 2e8)
	if est.Bound > 50*time.Microsecond || (est.Offset-time.Second).Abs() > est.Bound || est.Samples != 2 {
		t.Fatalf("estimate %+v", est)
	}
}

// TestEstimateForgetsWhatANewerSampleContradicts: the node's clock was set.
func TestEstimateForgetsWhatANewerSampleContradicts(t *testing.T) {
	var e Estimator
	e.Add(exchange(1e18, time.Second, time.Millisecond, 0, time.Millisecond))
	e.Add(exchange(1e18+1e9, 3*time.Second, 2*time.Millisecond, 0, 2*time.Millisecond))
	est, _ := e.At(1e18 + 2e9)
	if est.Samples != 1 || (est.Offset-3*time.Second).Abs() > est.Bound {
		t.Fatalf("estimate %+v", est)
	}
}

func TestDriftIsWatched(t *testing.T) {
	var e Estimator
	const ppm = 60
	for i := range 10 {
		age := time.Duration(i) * 30 * time.Second
		e.Add(exchange(1e18+int64(age), time.Second+age/1_000_000*ppm, time.Millisecond, 0, time.Millisecond))
	}
	est, _ := e.At(1e18 + int64(5*time.Minute))
	if est.DriftPPM < ppm-20 || est.DriftPPM > ppm+20 || est.Samples != 10 {
		t.Fatalf("estimate %+v", est)
	}
}

func TestEstimatorForgetsAndRefuses(t *testing.T) {
	var e Estimator
	if e.Add(Sample{Sent: 10, NodeReceived: 5, NodeSent: 4, Received: 12}) {
		t.Fatal("a node that answers before it has received was believed")
	}
	e.Add(exchange(0, 0, 1, 0, 1))
	e.Reset()
	if _, ok := e.At(10); ok {
		t.Fatal("estimate after Reset")
	}
}

func TestBaseIgnoresTheWallClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBase(clock.System{})
		start := b.Now()
		time.Sleep(3 * time.Second)
		if got := b.Now() - start; got != int64(3*time.Second) {
			t.Fatalf("advanced by %d", got)
		}
		if b.At(b.Now()).Sub(clock.System{}.Now()) != 0 || b.Slept() != 0 {
			t.Fatal("At or Slept is off")
		}
	})
	// A Fake clock has no monotonic reading, so a step of it shows in neither.
	f := clock.NewFake(time.Unix(100, 0))
	b := NewBase(f)
	f.Advance(time.Minute)
	if b.Now() != 160e9 {
		t.Fatalf("now %d", b.Now())
	}
}

func TestWaitIsNeverEarlyAndObeysTheContext(t *testing.T) {
	clk := clock.System{}
	until := clk.Now().Add(5 * time.Millisecond)
	if err := Precise(clk)(context.Background(), until); err != nil || clk.Now().Before(until) {
		t.Fatalf("woke early, err %v", err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		for _, wait := range []Wait{Sleep(clk), Precise(clk)} {
			if err := wait(ctx, clk.Now().Add(time.Hour)); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("err %v", err)
			}
		}
	})
}

func TestBackoffHasFullJitterUnderItsCeilings(t *testing.T) {
	want := []time.Duration{50 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, time.Second,
		2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second, 15 * time.Second}
	for attempt, ceiling := range want {
		if got := backoffCeiling(attempt); got != ceiling {
			t.Errorf("attempt %d: ceiling %s, want %s", attempt, got, ceiling)
		}
		var sum time.Duration
		for range 400 {
			d := Backoff(attempt)
			if d < 0 || d >= ceiling {
				t.Fatalf("attempt %d: %s outside [0, %s)", attempt, d, ceiling)
			}
			sum += d
		}
		if mean := sum / 400; mean < ceiling/3 || mean > ceiling*2/3 {
			t.Errorf("attempt %d: mean %s of ceiling %s: not full jitter", attempt, mean, ceiling)
		}
	}
}

func TestTimeServersAgreeAndLiarsAreLeftOut(t *testing.T) {
	offsets := map[string]time.Duration{
		"a.example": time.Millisecond, "b.example": 2 * time.Millisecond, "liar.example": time.Hour, "ntp1.inrim.it": 1500 * time.Microsecond,
	}
	var mu sync.Mutex
	asked := map[string]int{}
	query := func(_ context.Context, server string) (clockwatch.Answer, error) {
		mu.Lock()
		defer mu.Unlock()
		o, ok := offsets[server]
		if !ok {
			return clockwatch.Answer{}, errors.New("unreachable")
		}
		asked[server]++
		rtt := time.Duration(asked[server]) * 4 * time.Millisecond
		if asked[server] > 1 { // later answers take longer, and are worse
			o += rtt / 2
		}
		return clockwatch.Answer{Offset: o, Distance: rtt/2 + time.Millisecond, RTT: rtt}, nil
	}
	now := func(context.Context, time.Duration) error { return nil }
	servers := []string{"ntp1.inrim.it", "a.example", "b.example", "liar.example", "dead.example"}
	r, err := CheckNTP(context.Background(), servers, query, now, 5)
	if err != nil || r.Agreed != 3 || r.Asked != 5 || r.At != 5 || r.Offset < 0 || r.Offset > 4*time.Millisecond || r.Bound > 5*time.Millisecond {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, s := range r.Servers {
		if s.False != (s.Name == "liar.example") || (s.Failure != "") != (s.Name == "dead.example") {
			t.Errorf("%+v", s)
		}
		if s.Samples > 0 && s.RTT != 4*time.Millisecond {
			t.Errorf("%s: not the shortest round trip: %s", s.Name, s.RTT)
		}
	}
	if asked["ntp1.inrim.it"] != 1 || asked["a.example"] != ntpSamples {
		t.Errorf("asked %v", asked)
	}
	if _, err := CheckNTP(context.Background(), []string{"dead.example"}, query, now, 5); !errors.Is(err, ErrNoTimeServer) {
		t.Fatalf("err %v", err)
	}
	if _, err := CheckNTP(context.Background(), []string{"a.example", "liar.example"}, query, now, 5); !errors.Is(err, ErrNoTimeServer) {
		t.Fatalf("one against one: err %v", err)
	}
}
