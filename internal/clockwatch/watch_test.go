package clockwatch

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clickday"
)

func TestAgreementIsFoundAtOnce(t *testing.T) {
	run(t, "", honest(5), func(w *world) {
		if v := w.watch.View(); v.Level != Refuse && v.Level != OK {
			t.Fatal(v.Level)
		}
		v := w.pass(100 * ms)
		w.wants(OK, v)
		// 15 ppm for the two seconds that the view may be in force: 30 µs.
		if v.Agreeing != 5 || v.Bound < 5*ms+30*time.Microsecond || v.Bound > 6*ms || v.Offset.Abs() > ms {
			t.Fatalf("%+v", v)
		}
		if n := strings.Count(w.log.String(), "\n"); n != 1 || w.lines("clock ok") != 1 {
			t.Errorf("a good start takes %d lines:\n%s", n, w.log)
		}
		if state, bound := w.watch.State(); state != clickday.ClockOK || bound != v.Bound || w.watch.Ready() != nil {
			t.Fatal(state, bound)
		}
	})
}

func TestTheBoundHoldsAsTheClockDrifts(t *testing.T) {
	run(t, "", honest(3), func(w *world) {
		w.pass(10 * time.Second)
		w.change(func() { w.since, w.drift = w.clk.Now(), 10e-6 })
		for range 600 {
			w.wants(OK, w.pass(time.Second))
		}
	})
}

// What a daemon slews the clock by is no drift of the oscillator, and counts at once.
func TestTheBoundHoldsAsTheClockIsSlewed(t *testing.T) {
	run(t, "", honest(3), func(w *world) {
		w.pass(10 * time.Minute)
		for range 600 {
			w.set(400 * time.Microsecond)
			v := w.pass(time.Second)
			if w.wants(v.Level, v); v.Steps != 0 || v.Agreeing != 3 {
				t.Fatalf("%+v", v)
			}
		}
	})
}

// A machine that drifts at 500 ppm is found out by the second answer; from then on
// the bound grows as fast as the clock goes wrong.
func TestAMachineThatDriftsAt500ppm(t *testing.T) {
	run(t, "", honest(5), func(w *world) {
		w.change(func() { w.drift = 500e-6 })
		w.pass(90 * time.Second)
		for range 400 {
			v := w.pass(time.Second)
			if v.Agreeing != 5 {
				t.Fatalf("%+v", v)
			}
			w.wants(v.Level, v)
			if v.Level == Refuse {
				return // 250 ms are reached after 500 s
			}
		}
		t.Fatal("never refused")
	})
}

func TestOneAndTwoLiarsOfFiveAreNamed(t *testing.T) {
	for _, liars := range []int{1, 2} {
		peers := honest(5)
		for i := range liars {
			peers["server-"+string(rune('2'+i))].offset = 5 * time.Second
		}
		run(t, "", peers, func(w *world) {
			for range 300 {
				v := w.pass(time.Second)
				w.wants(OK, v)
				if v.Falsetickers() != liars || !v.Servers[1].False || v.Servers[0].False || v.Agreeing != 5-liars {
					t.Fatalf("%+v", v)
				}
			}
			if got := w.lines("is not believed"); got != liars {
				t.Errorf("%d lines about %d liars:\n%s", got, liars, w.log)
			}
		})
	}
}

func TestThreeLiarsOfFiveOpenNothing(t *testing.T) {
	peers := honest(5)
	peers["server-1"].offset, peers["server-3"].offset, peers["server-5"].offset = time.Second, -time.Second, 2*time.Second
	run(t, "", peers, func(w *world) {
		v := w.pass(time.Minute)
		w.wants(Refuse, v)
		if v.Bound != 0 || w.watch.Ready() == nil || w.lines("too few time servers agree") != 1 {
			t.Fatalf("%+v", v)
		}
	})
}

func TestAServerThatDriftsAwayIsNamed(t *testing.T) {
	peers := honest(5)
	peers["server-4"].drift = 500e-6
	run(t, "", peers, func(w *world) {
		named := false
		for range 600 {
			v := w.pass(time.Second)
			w.wants(OK, v)
			named = named || v.Servers[3].False
		}
		if v := w.watch.View(); !named || !v.Servers[3].False || v.Falsetickers() != 1 {
			t.Fatalf("%+v", v)
		}
	})
}

// A server that sets its own clock right is believed from its next answer on.
func TestAServerThatMendsItsWays(t *testing.T) {
	peers := honest(3)
	peers["server-1"].offset, peers["server-2"].offset = 5*time.Second, -5*time.Second
	run(t, "", peers, func(w *world) {
		w.wants(Refuse, w.pass(time.Minute))
		w.change(func() { peers["server-1"].offset = 0 })
		for w.watch.View().Level != OK {
			if w.pass(time.Second); w.clk.Now().Sub(w.start) > 80*time.Second {
				t.Fatalf("%+v", w.watch.View())
			}
		}
		v := w.pass(time.Second)
		if w.wants(OK, v); v.Servers[0].False || !v.Servers[1].False || v.Bound > 10*ms {
			t.Fatalf("%+v", v)
		}
	})
}

func TestSilence(t *testing.T) {
	run(t, "", honest(3), func(w *world) {
		w.wants(OK, w.pass(3*time.Minute))
		w.change(func() {
			for _, p := range w.peers {
				p.silent = true
			}
		})
		v := w.pass(4 * time.Minute)
		w.wants(Degraded, v)
		before := v.Bound
		v = w.pass(2 * time.Minute)
		if w.wants(Degraded, v); v.Bound <= before {
			t.Fatal("the bound does not grow", before, v.Bound)
		}
		v = w.pass(6 * time.Minute)
		if w.wants(Refuse, v); v.Agreeing != 0 || v.Bound != 0 {
			t.Fatalf("%+v", v)
		}
		w.change(func() {
			for _, p := range w.peers {
				p.silent = false
			}
		})
		w.wants(OK, w.pass(20*time.Second))
	})
}

func TestTwoSilentOfThreeOpenNothing(t *testing.T) {
	peers := honest(3)
	peers["server-1"].silent, peers["server-2"].silent = true, true
	run(t, "", peers, func(w *world) { w.wants(Refuse, w.pass(time.Minute)) })
}

func TestAStepIsSeenWithinASecond(t *testing.T) {
	for _, by := range []time.Duration{1100 * time.Microsecond, -2 * ms, 40 * ms, 200 * ms, -time.Second, time.Hour, -time.Hour} {
		run(t, "", honest(3), func(w *world) {
			w.wants(OK, w.pass(3*time.Minute+300*ms))
			w.set(by)
			v := w.pass(time.Second)
			want := Degraded
			if by.Abs() >= 250*ms {
				want = Refuse
			}
			w.wants(want, v)
			if v.Steps != 1 || v.LastStep != by || w.lines("was set while") != 1 {
				t.Fatalf("%v: %+v", by, v)
			}
			if (v.Offset + by).Abs() > ms {
				t.Fatalf("offset %v after a step of %v", v.Offset, by)
			}
			w.set(-by)
			w.pass(time.Second)
			if v = w.watch.View(); v.Steps != 2 {
				t.Fatalf("%+v", v)
			}
			w.wants(Degraded, v)
			w.wants(OK, w.pass(20*time.Second))
		})
	}
}

func opening(w *world, in time.Duration) clickday.Day {
	now := w.clk.Now().UnixNano()
	return clickday.Day{ID: 1, Opens: now + int64(in), Closes: now + int64(time.Hour), State: clickday.DayScheduled}
}

func TestNothingOpensByAClockThatIsNotTrusted(t *testing.T) {
	peers := honest(3)
	run(t, "", peers, func(w *world) {
		w.change(func() {
			w.error = 300 * ms
			w.days = []clickday.Day{opening(w, time.Minute)}
		})
		w.wants(Refuse, w.pass(2*time.Minute))
		if w.watch.Accepts(1) {
			t.Fatal("it opened")
		}
		w.set(-300 * ms) // as an operator would
		w.wants(OK, w.pass(20*time.Second))
		if !w.watch.Accepts(1) {
			t.Fatal("it did not open")
		}
	})
}

func TestADayThatIsOpenStaysOpen(t *testing.T) {
	dir := t.TempDir()
	lost := func(w *world) {
		w.set(time.Second)
		w.change(func() {
			for _, p := range w.peers {
				p.silent = true
			}
		})
	}
	var days []clickday.Day
	run(t, dir, honest(3), func(w *world) {
		other := opening(w, 30*time.Minute)
		other.ID = 2
		days = []clickday.Day{opening(w, 10*time.Second), other}
		w.change(func() { w.days = days })
		// The clock is set half a second after the opening, before the next tick.
		w.wants(OK, w.pass(10*time.Second+500*ms))
		lost(w)
		for range 20 * 60 {
			v := w.pass(time.Second)
			if v.Level != Degraded || !w.watch.Accepts(1) || w.watch.Ready() != nil || v.State() != clickday.ClockRefused {
				t.Fatalf("%+v", v)
			}
			if w.watch.Accepts(2) {
				t.Fatal("another day would open")
			}
		}
		if v := w.watch.View(); v.Agreeing != 0 || !strings.Contains(v.Reason, "stays so") {
			t.Fatalf("%+v", v)
		}
	})
	// A restart in the middle of the day, with nobody to ask, changes nothing.
	peers := honest(3)
	for _, p := range peers {
		p.silent = true
	}
	run(t, dir, peers, func(w *world) {
		if !w.watch.Accepts(1) {
			t.Fatal("refused before the first tick")
		}
		w.change(func() {
			days[0].Opens, days[0].Closes = w.clk.Now().Add(-time.Minute).UnixNano(), w.clk.Now().Add(time.Hour).UnixNano()
			w.days = days[:1]
		})
		v := w.pass(10 * time.Minute)
		if v.Level != Degraded || !w.watch.Accepts(1) {
			t.Fatalf("%+v", v)
		}
		v = w.pass(time.Hour)
		if v.Level != Refuse || w.watch.Accepts(1) {
			t.Fatalf("closed, and yet %+v", v)
		}
	})
}

// A clock that is set forward over the opening opens nothing early, and one that is
// set back in the middle of a click day closes nothing.
func TestAStepNeitherOpensNorCloses(t *testing.T) {
	run(t, "", honest(3), func(w *world) {
		w.change(func() { w.days = []clickday.Day{opening(w, 30*time.Minute)} })
		w.wants(OK, w.pass(time.Minute+200*ms))
		w.set(time.Hour)
		for range 25 * 60 {
			if w.wants(Refuse, w.pass(time.Second)); w.watch.Accepts(1) {
				t.Fatal("open before its time")
			}
		}
		w.set(-time.Hour)
		w.wants(OK, w.pass(20*time.Second))
		w.pass(5 * time.Minute)
		if !w.watch.Accepts(1) {
			t.Fatal("not open")
		}
		w.set(-time.Hour)
		for range 5 * 60 {
			if w.wants(Degraded, w.pass(time.Second)); !w.watch.Accepts(1) {
				t.Fatal("no longer open")
			}
		}
	})
}

// A day that opens while trust is being lost is open: submissions may have been
// taken by the view before.
func TestADayThatOpensWhileTrustIsLost(t *testing.T) {
	now := Reading{Real: 1_000, Raw: 1_000}
	late := now
	late.Real += int64(ms)
	days := []clickday.Day{day(1, now.Real+1, now.Real+int64(time.Hour), clickday.DayScheduled), day(2, late.Real+1, late.Real+2, clickday.DayScheduled)}
	w, err := New(Config{
		Servers: []string{"a"}, Poll: fastPoll, Policy: policy, Log: slog.New(slog.DiscardHandler),
		Days: func() []clickday.Day { return days }, Read: func() (Reading, error) { return late, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.view.Store(&View{trusted: true, Servers: make([]ServerView, 1)})
	w.engine.view = w.view.Load()
	w.tick(now)
	if v := w.View(); !v.Accepts(1) || v.Accepts(2) || v.Level != Degraded {
		t.Fatalf("%+v", v)
	}
}

func TestPace(t *testing.T) {
	run(t, "", honest(3), func(w *world) {
		w.pass(30 * time.Minute)
		asked := w.peers["server-1"].asked
		for i := 1; i < len(asked); i++ {
			low, high := 64*time.Second, 72*time.Second
			if i < burst {
				low, high = 2*time.Second, 3*time.Second
			} else if i < kept {
				low, high = 16*time.Second, 19*time.Second
			}
			if gap := asked[i].Sub(asked[i-1]); gap < low || gap > high {
				t.Errorf("question %d after %v", i+1, gap)
			}
		}
		if len(asked) < 27 || len(asked) > 36 {
			t.Errorf("%d questions in half an hour", len(asked))
		}
	})
	peers := honest(3)
	peers["server-1"].silent, peers["server-2"].silent = true, true
	run(t, "", peers, func(w *world) {
		w.pass(10 * time.Minute)
		asked := w.peers["server-3"].asked
		for i := burst; i < len(asked); i++ {
			if gap := asked[i].Sub(asked[i-1]); gap < fastPoll || gap > 19*time.Second {
				t.Errorf("not OK, question %d after %v", i+1, gap)
			}
		}
	})
}

func TestKissCodesAreObeyed(t *testing.T) {
	peers := honest(5)
	peers["server-1"].kiss, peers["server-2"].kiss = "RATE", "DENY"
	run(t, "", peers, func(w *world) {
		v := w.pass(2 * time.Hour)
		w.wants(OK, v)
		if n := len(peers["server-2"].asked); n != 1 || !v.Servers[1].Denied {
			t.Errorf("denied, and asked %d times", n)
		}
		asked := peers["server-1"].asked
		for i := 1; i < len(asked); i++ {
			least := min(slowest, 32*time.Second<<(i-1))
			if gap := asked[i].Sub(asked[i-1]); gap < least {
				t.Errorf("question %d after %v, want %v", i+1, gap, least)
			}
		}
		if len(asked) < 8 || len(asked) > 14 {
			t.Errorf("asked %d times", len(asked))
		}
	})
}

func TestWithoutServersTheClockIsUnknown(t *testing.T) {
	run(t, "", nil, func(w *world) {
		v := w.pass(time.Minute)
		state, bound := w.watch.State()
		if v.Level != Unwatched || state != clickday.ClockUnknown || bound != 0 || !w.watch.Accepts(1) || w.watch.Ready() != nil {
			t.Fatalf("%+v", v)
		}
		w.set(time.Second)
		if v = w.pass(time.Second); v.Level != Unwatched || v.Steps != 1 || !w.watch.Accepts(1) {
			t.Fatalf("%+v", v)
		}
	})
}

func TestAClockThatCannotBeReadEndsTheWatch(t *testing.T) {
	broken := errors.New("broken")
	w, err := New(Config{
		Poll: fastPoll, Policy: policy, Log: slog.New(slog.DiscardHandler), Read: func() (Reading, error) { return Reading{}, broken },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Run(t.Context()); !errors.Is(err, broken) {
		t.Fatal(err)
	}
}

func TestSettings(t *testing.T) {
	good := func() Config { return Config{Servers: []string{"a", "b", "c"}, Poll: fastPoll, Policy: policy} }
	for setting, spoil := range map[string]func(*Config){
		"":                   func(*Config) {},
		"clock-servers":      func(c *Config) { c.Servers = []string{"a", ""} },
		"clock-servers: a":   func(c *Config) { c.Servers = []string{"inrim", "time.inrim.it"} },
		"clock-servers: w":   func(c *Config) { c.Servers = strings.Fields(strings.Repeat("x ", 33)) },
		"clock-agree":        func(c *Config) { c.Agree = 1 },
		"clock-agree: 4":     func(c *Config) { c.Agree = 4 },
		"clock-poll":         func(c *Config) { c.Poll = fastPoll - 1 },
		"clock-poll: ":       func(c *Config) { c.Poll = slowest + 1 },
		"clock-bound-ok":     func(c *Config) { c.Policy.OK = 0 },
		"clock-bound-refuse": func(c *Config) { c.Policy.Refuse = c.Policy.OK - 1 },
	} {
		c := good()
		spoil(&c)
		err := c.Check()
		if setting == "" && err != nil || setting != "" && (err == nil || !strings.HasPrefix(err.Error(), setting)) {
			t.Errorf("%q: %v", setting, err)
		}
	}
	c := Config{Servers: []string{"inrim", "ntp.example.it"}, Poll: fastPoll, Policy: policy}
	if err := c.Check(); err != nil || len(c.Servers) != 4 || c.Servers[2] != "time.inrim.it" || c.Agree != 3 {
		t.Fatal(err, c.Servers, c.Agree)
	}
}
