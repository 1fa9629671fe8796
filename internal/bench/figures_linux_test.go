package bench

import (
	"strings"
	"testing"
	"time"
)

func TestDisorderCountsAPlantedMisplacement(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []int64
		want   Disorder
	}{
		{"in order", []int64{1, 2, 3, 4}, Disorder{}},
		{"none at all", nil, Disorder{}},
		{"two changed places", []int64{1, 3, 2, 4}, Disorder{Misplaced: 2, Farthest: 1, Inverted: 1}},
		{"the last should be first", []int64{2, 3, 4, 1}, Disorder{Misplaced: 4, Farthest: 3, Inverted: 1}},
		{"a tie keeps the places but is no order", []int64{5, 5, 6}, Disorder{Inverted: 1}},
	} {
		if got := disorder(c.values); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestFigureLines(t *testing.T) {
	for _, c := range []struct {
		figure Figure
		want   string
	}{
		{atLeast("a", 1.5, "ratio", 1.5), "FIGURE\ta\t1.500\tratio\t>=1.500\tok\n"},
		{atLeast("a", 1.49, "ratio", 1.5), "FIGURE\ta\t1.490\tratio\t>=1.500\tshort\n"},
		{atMost("b", 0, "arrivals", 0), "FIGURE\tb\t0\tarrivals\t<=0\tok\n"},
		{atMost("b", 1, "arrivals", 0), "FIGURE\tb\t1\tarrivals\t<=0\tshort\n"},
		{plain("c", 12345.6, "/s"), "FIGURE\tc\t12346\t/s\t-\tok\n"},
	} {
		var b strings.Builder
		if err := c.figure.Write(&b); err != nil || b.String() != c.want {
			t.Errorf("%q, %v; want %q", b.String(), err, c.want)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v: %g, want %g", c.values, got, c.want)
		}
	}
}

// A ratio is taken within a turn, so a turn in which everything was slow counts
// no more than the others.
func TestRatiosAreTakenWithinATurn(t *testing.T) {
	turn := func(intake, ok, webdis float64, cpu time.Duration) map[string]Sample {
		return map[string]Sample{
			NameIntake: {Rate: intake, PerAck: cpu}, NameOK: {Rate: ok}, NameWebdis: {Rate: webdis, PerAck: 20 * time.Microsecond}, NameNginx: {},
		}
	}
	got := map[string]float64{}
	for _, f := range compared(256, []map[string]Sample{turn(80, 100, 40, 10000), turn(8, 10, 4, 8000), turn(90, 100, 30, 9000)}) {
		got[f.Name] = f.Value
	}
	for name, want := range map[string]float64{
		"durable_over_ok_at_256_connections": 0.8, "durable_over_webdis_at_256_connections": 2, "processor_time_over_webdis_at_256_connections": 0.45,
	} {
		if got[name] != want {
			t.Errorf("%s is %g, want %g", name, got[name], want)
		}
	}
}

func TestProcessorTimeIsReadPastANameWithBrackets(t *testing.T) {
	got, err := parseStat([]byte("42 (a) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 8 0 1 2 3\n"))
	if err != nil || got != 3*time.Second {
		t.Fatalf("%s, %v", got, err)
	}
	if _, err := parseStat([]byte("42 (a) S 1")); err == nil {
		t.Fatal("a line cut short is accepted")
	}
}

func TestMetricsWithLabelsAreLeftOut(t *testing.T) {
	got := parseMetrics("# HELP a x\na 1.5\nb{c=\"d\"} 2\ne NaNsense\n")
	if len(got) != 1 || got["a"] != 1.5 {
		t.Fatal(got)
	}
}
