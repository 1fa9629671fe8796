package profile

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/loadrun"
)

func TestPlansFollowTheCurve(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to time.Duration
		want     float64 // nominal arrivals at full size
	}{
		{"P1", 0, time.Minute, 10200},
		{"P2", 0, time.Second, 2925},
		{"P3", time.Second, 5 * time.Second, 61750},
		{"P3", 0, time.Minute, 172250},
	} {
		p, err := Load(c.name)
		if err != nil {
			t.Fatal(err)
		}
		p.Mix = Mix{PrivateMax: 1, Workstation: 1, WorkstationX: 1, Repeats: p.Mix.Repeats, Models: p.Mix.Models}
		got := 0
		for _, r := range p.Plan(Options{Scale: 1, Until: 5 * time.Minute, Seed: 1}).Requests {
			if r.At >= c.from && r.At < c.to && (r.Kind == loadrun.Good || p.DuplicatesInside) {
				got++
			}
		}
		// Repeats inside the curve fall behind the submission that they repeat.
		tolerance := 0.01
		if p.DuplicatesInside {
			tolerance = 0.30
		}
		if math.Abs(float64(got)-c.want) > tolerance*c.want {
			t.Errorf("%s: %d from %s to %s, want about %g", c.name, got, c.from, c.to, c.want)
		}
	}
}

func TestMixIsWhatTheProfileSays(t *testing.T) {
	p, err := Load("P3")
	if err != nil {
		t.Fatal(err)
	}
	plan := p.Plan(Options{Scale: 0.1, Until: 5 * time.Minute, Seed: 7})
	s := plan.Summarise()
	n := float64(s.Applications)
	for _, c := range []struct {
		what        string
		got         int
		least, most float64
	}{
		{"applications", s.Applications, 22750, 22750},
		{"repeats", s.Kinds[loadrun.Repeat], 0.22 * n, 0.26 * n},
		{"bad", s.Kinds[loadrun.Bad], 0.019 * n, 0.021 * n},
		{"early", s.Kinds[loadrun.Early], 0.01 * n, 0.04 * n},
		{"cut", s.Kinds[loadrun.Cut], 0.003 * n, 0.007 * n},
	} {
		if v := float64(c.got); v < c.least || v > c.most {
			t.Errorf("%s: %d, want %g to %g", c.what, c.got, c.least, c.most)
		}
	}
	for code, n := range plan.ModelCounts() {
		if want := p.Mix.Models[code] * float64(len(plan.Of)); math.Abs(float64(n)-want) > 0.1*want+30 {
			t.Errorf("%d envelopes of model %s, want about %g", n, code, want)
		}
	}
	private := 0
	for _, s := range plan.Senders {
		if s.Private {
			private += s.Applications
		}
	}
	if share := float64(private) / n; math.Abs(share-0.47) > 0.01 {
		t.Errorf("private accounts send %.3f of the applications, want 0.47", share)
	}
}

func TestPlanIsSortedAndConsistent(t *testing.T) {
	p, err := Load("P3")
	if err != nil {
		t.Fatal(err)
	}
	plan := p.Plan(Options{Scale: 0.02, Until: time.Minute, Seed: 3})
	if !slices.IsSortedFunc(plan.Requests, func(a, b loadrun.Request) int { return int(a.At - b.At) }) {
		t.Error("not sorted")
	}
	first := map[uint32]loadrun.Kind{}
	for i, r := range plan.Requests {
		if (r.Kind == loadrun.Early) != (r.At < 0) {
			t.Fatalf("request %d is %s at %s", i, r.Kind, r.At)
		}
		if (r.Kind == loadrun.Bad) != (plan.Bad[r.Envelope] != loadrun.NotBad) || r.Bad != plan.Bad[r.Envelope] {
			t.Fatalf("request %d is %s and %s, its envelope %s", i, r.Kind, r.Bad, plan.Bad[r.Envelope])
		}
		if r.Sender != plan.Of[r.Envelope] {
			t.Fatalf("request %d is of sender %d, its envelope of %d", i, r.Sender, plan.Of[r.Envelope])
		}
		if r.Kind == loadrun.Repeat && first[r.Envelope] != loadrun.Good && first[r.Envelope] != loadrun.Cut {
			t.Fatalf("request %d repeats what was never sent", i)
		}
		first[r.Envelope] = r.Kind
	}
	again := p.Plan(Options{Scale: 0.02, Until: time.Minute, Seed: 3})
	if !reflect.DeepEqual(plan, again) {
		t.Error("the same seed gives another plan")
	}
	other := p.Plan(Options{Scale: 0.02, Until: time.Minute, Seed: 4})
	if reflect.DeepEqual(plan.Requests, other.Requests) {
		t.Error("another seed gives the same plan")
	}
}

func TestBrokenProfilesAreNamed(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown field": {`{"name":"x","colour":1}`, "colour"},
		"overlap":       {`{"name":"x","connected":1,"windows":[{"from":"0s","to":"2s","rate":1},{"from":"1s","to":"3s","rate":1}]}`, "window 2"},
		"both":          {`{"name":"x","connected":1,"applications":9,"windows":[{"from":"0s","to":"2s","rate":1,"share":0.1}]}`, "either"},
		"too much":      {`{"name":"x","connected":1,"applications":9,"windows":[{"from":"0s","to":"2s","share":1.2}]}`, "above 1"},
		"model":         {`{"name":"x","connected":1,"windows":[{"from":"0s","to":"2s","rate":1}],"mix":{"models":{"B":0}}}`, "model \"B\""},
		"mix":           {`{"name":"x","connected":1,"windows":[{"from":"0s","to":"2s","rate":1}],"mix":{"cut":2}}`, "cut"},
	} {
		if _, err := Parse([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want something about %q", name, err, c.want)
		}
	}
	if _, err := Load("P9"); err == nil || !strings.Contains(err.Error(), "P1, P2, P3") {
		t.Errorf("unknown profile: %v", err)
	}
}

func TestTheMixIsCutToWhatADayTakes(t *testing.T) {
	mix := map[clickday.ModelCode]float64{"A": 0.5, "B": 0.3, "Z": 0.2}
	if got := Within(mix, []clickday.ModelCode{"B", "Z", "LS"}); !reflect.DeepEqual(got, map[clickday.ModelCode]float64{"B": 0.3, "Z": 0.2}) {
		t.Errorf("within: %v", got)
	}
	if got := Within(mix, []clickday.ModelCode{"LS", "VA"}); !reflect.DeepEqual(got, map[clickday.ModelCode]float64{"LS": 1, "VA": 1}) {
		t.Errorf("none in common: %v", got)
	}
}
