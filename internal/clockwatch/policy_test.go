package clockwatch

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"puntuale/internal/clickday"
)

var policy = Policy{OK: 50 * ms, Refuse: 250 * ms}

func TestLevels(t *testing.T) {
	for _, c := range []struct {
		name string
		f    Finding
		want Level
	}{
		{"no servers", Finding{}, Unwatched},
		{"nobody agrees", Finding{Watched: true}, Refuse},
		{"nobody agrees, whatever the rest says", Finding{Watched: true, Fresh: true, Bound: ms}, Refuse},
		{"all well", Finding{Watched: true, Agreed: true, Fresh: true, Bound: ms}, OK},
		{"at the limit of ok", Finding{Watched: true, Agreed: true, Fresh: true, Bound: 50 * ms}, OK},
		{"above it", Finding{Watched: true, Agreed: true, Fresh: true, Bound: 50*ms + 1}, Degraded},
		{"at the limit of refusing", Finding{Watched: true, Agreed: true, Fresh: true, Bound: 250 * ms}, Degraded},
		{"above it", Finding{Watched: true, Agreed: true, Fresh: true, Bound: 250*ms + 1}, Refuse},
		{"silent for a while", Finding{Watched: true, Agreed: true, Bound: ms}, Degraded},
		{"set", Finding{Watched: true, Agreed: true, Fresh: true, Stepped: true, Bound: ms}, Degraded},
		{"set far away", Finding{Watched: true, Agreed: true, Fresh: true, Stepped: true, Bound: time.Second}, Refuse},
	} {
		if got, why := policy.Judge(c.f); got != c.want || why == "" {
			t.Errorf("%s: %v (%s), want %v", c.name, got, why, c.want)
		}
	}
}

func TestWhatStampsSay(t *testing.T) {
	for l, want := range map[Level]clickday.ClockState{
		Unwatched: clickday.ClockUnknown, OK: clickday.ClockOK, Degraded: clickday.ClockDegraded, Refuse: clickday.ClockRefused,
	} {
		if got := l.State(); got != want || l.String() == "invalid" {
			t.Errorf("%v: %v", l, got)
		}
	}
}

func day(id clickday.DayID, opens, closes int64, state clickday.DayState) clickday.Day {
	return clickday.Day{ID: id, Opens: opens, Closes: closes, State: state}
}

func TestGate(t *testing.T) {
	const opens, closes = 100, 200
	scheduled := day(1, opens, closes, clickday.DayScheduled)
	for _, c := range []struct {
		name    string
		was     bool
		day     clickday.Day
		at      int64
		trusted bool
		want    bool
	}{
		{"before the opening", false, scheduled, 99, true, false},
		{"opens", false, scheduled, 100, true, true},
		{"may not open", false, scheduled, 100, false, false},
		{"opens late, when the clock is trusted again", false, scheduled, 150, true, true},
		{"stays open", true, scheduled, 150, false, true},
		{"closed", true, scheduled, 200, true, false},
		{"closed by an operator", true, day(1, opens, closes, clickday.DayClosed), 150, true, false},
		{"suspended", true, day(1, opens, closes, clickday.DaySuspended), 150, false, true},
		{"suspended before it opened", false, day(1, opens, closes, clickday.DaySuspended), 150, true, false},
		{"moved to later", true, day(1, 160, closes, clickday.DayScheduled), 150, true, false},
	} {
		g := gate{}
		if c.was {
			g.opened = setOf([]clickday.DayID{1})
		}
		g = g.next([]clickday.Day{c.day}, c.at, c.trusted)
		if _, got := g.opened[1]; got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestTheGateSurvivesARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), openedFile)
	g, err := openGate(path)
	if err != nil || len(g.opened) != 0 {
		t.Fatal(err, g)
	}
	g.opened = setOf([]clickday.DayID{3, 1})
	if err := g.keep(); err != nil {
		t.Fatal(err)
	}
	again, err := openGate(path)
	if _, ok := again.opened[3]; err != nil || !ok || len(again.opened) != 2 {
		t.Fatal(err, again)
	}
	if err := os.WriteFile(path, []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if g, err = openGate(path); err == nil || g.path != path {
		t.Fatal("a damaged file was taken for none", err)
	}
	g.path = filepath.Join(path, "below a file")
	if err := g.keep(); err == nil {
		t.Fatal("kept where nothing can be kept")
	}
}
