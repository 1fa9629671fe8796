package clickday

import (
	"math"
	"strings"
	"testing"
	"time"
)

func testDay() Day {
	return Day{
		ID: 1, Code: "FLUSSI-2026", TitleIT: "Subordinato", TitleEN: "Subordinate", Models: []ModelCode{"B", "B2020"},
		Prepare: 100, Sync: 200, Opens: 300, Closes: 400, State: DayScheduled,
	}
}

func TestPhaseToTheNanosecond(t *testing.T) {
	for _, c := range []struct {
		state DayState
		at    int64
		want  Phase
	}{
		{DayScheduled, math.MinInt64, PhaseBefore},
		{DayScheduled, 299, PhaseBefore},
		{DayScheduled, 300, PhaseOpen},
		{DayScheduled, 399, PhaseOpen},
		{DayScheduled, 400, PhaseAfter},
		{DayScheduled, math.MaxInt64, PhaseAfter},
		{DaySuspended, 299, PhaseSuspended},
		{DaySuspended, 300, PhaseSuspended},
		{DaySuspended, 400, PhaseSuspended},
		{DayClosed, 299, PhaseAfter},
		{DayClosed, 350, PhaseAfter},
		{DayClosed, 400, PhaseAfter},
	} {
		d := testDay()
		d.State = c.state
		if got := d.PhaseAt(c.at); got != c.want {
			t.Errorf("%s at %d: %s, want %s", c.state, c.at, got, c.want)
		}
	}
}

func TestOpeningIsTheSameInstantInEveryZone(t *testing.T) {
	d := testDay()
	// The night of 29 March 2026 clocks in Rome jump from 2 to 3 o'clock.
	d.Opens = time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC).UnixNano()
	d.Closes = d.Opens + int64(time.Hour)
	rome := time.FixedZone("CEST", 7200)
	if got := d.OpensAt().In(rome).Format("15:04"); got != "03:00" || d.OpensAt().Location() != time.UTC {
		t.Errorf("opens at %s", got)
	}
	if d.ClosesAt().Sub(d.OpensAt()) != time.Hour || d.PhaseAt(d.OpensAt().In(rome).UnixNano()) != PhaseOpen {
		t.Error("the zone moved the opening")
	}
}

func TestDayValidation(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Day)
		want   string // part of the error, "" for none
	}{
		"good":                {func(*Day) {}, ""},
		"all at once":         {func(d *Day) { d.Prepare, d.Sync, d.Opens, d.Closes = 5, 5, 5, 6 }, ""},
		"before 1970":         {func(d *Day) { d.Prepare, d.Sync, d.Opens, d.Closes = -9, -8, -7, -6 }, ""},
		"code of 24":          {func(d *Day) { d.Code = strings.Repeat("A", 24) }, ""},
		"suspended":           {func(d *Day) { d.State = DaySuspended }, ""},
		"closed":              {func(d *Day) { d.State = DayClosed }, ""},
		"id zero":             {func(d *Day) { d.ID = 0 }, "id must not be zero"},
		"no code":             {func(d *Day) { d.Code = "" }, "code"},
		"code of 25":          {func(d *Day) { d.Code = strings.Repeat("A", 25) }, "code"},
		"code in lower case":  {func(d *Day) { d.Code = "flussi" }, "code"},
		"code with a stroke":  {func(d *Day) { d.Code = "A/B" }, "code"},
		"code with an accent": {func(d *Day) { d.Code = "È" }, "code"},
		"rehearsal":           {func(d *Day) { d.Rehearsal, d.Code = true, "PROVA-2" }, ""},
		"rehearsal unnamed":   {func(d *Day) { d.Rehearsal = true }, "begin with PROVA"},
		"no rehearsal":        {func(d *Day) { d.Code = "PROVA" }, "begin with PROVA"},
		"no model":            {func(d *Day) { d.Models = nil }, "no model"},
		"bad model":           {func(d *Day) { d.Models = []ModelCode{"B", "TOO-LONG-X"} }, "model code"},
		"empty model":         {func(d *Day) { d.Models = []ModelCode{""} }, "model code"},
		"model with a space":  {func(d *Day) { d.Models = []ModelCode{"A B"} }, "model code"},
		"sync before prepare": {func(d *Day) { d.Sync = 99 }, "prepare <= sync"},
		"opens before sync":   {func(d *Day) { d.Opens = 199 }, "prepare <= sync"},
		"never open":          {func(d *Day) { d.Closes = d.Opens }, "opens < closes"},
		"no state":            {func(d *Day) { d.State = "" }, "unknown state"},
		"unknown state":       {func(d *Day) { d.State = "open" }, "unknown state"},
	} {
		d := testDay()
		c.change(&d)
		checkError(t, name, d.Validate(), c.want)
	}
}

func TestCalendarValidation(t *testing.T) {
	second := testDay()
	second.ID = 2
	bad := testDay()
	bad.Code = ""
	for name, c := range map[string]struct {
		calendar Calendar
		want     string
	}{
		"empty":     {Calendar{Version: 1}, ""},
		"two days":  {Calendar{Version: 1, Days: []Day{testDay(), second}}, ""},
		"version 0": {Calendar{Days: []Day{testDay()}}, "version"},
		"day twice": {Calendar{Version: 1, Days: []Day{testDay(), second, testDay()}}, "stands twice"},
		"bad day":   {Calendar{Version: 1, Days: []Day{second, bad}}, "code"},
	} {
		checkError(t, name, c.calendar.Validate(), c.want)
	}
}

func checkError(t *testing.T, name string, err error, want string) {
	t.Helper()
	if want == "" && err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("%s: %v, want %q", name, err, want)
	}
}

func TestDayOfACalendar(t *testing.T) {
	second := testDay()
	second.ID = 2
	c := Calendar{Version: 1, Days: []Day{testDay(), second}}
	if d := c.Day(2); d != &c.Days[1] {
		t.Errorf("day 2: %+v", d)
	}
	if d := c.Day(3); d != nil {
		t.Errorf("day 3: %+v", d)
	}
	if !second.Accepts("B2020") || second.Accepts("B202") || second.Accepts("") {
		t.Error("Accepts")
	}
}

func TestProtocolNumber(t *testing.T) {
	for number, want := range map[int64]string{
		1: "FLUSSI-2026/0000001", 1234567: "FLUSSI-2026/1234567", 9999999: "FLUSSI-2026/9999999", 12345678: "FLUSSI-2026/12345678",
	} {
		if got := ProtocolNumber("FLUSSI-2026", number); got != want {
			t.Errorf("%d: %s, want %s", number, got, want)
		}
	}
}

func TestStamps(t *testing.T) {
	a, b := Stamp{UnixNano: 1}, Stamp{UnixNano: 2}
	if !a.Earlier(b) || b.Earlier(a) || a.Earlier(a) {
		t.Error("Earlier")
	}
	if got := (Stamp{UnixNano: 1_770_883_200_000_000_001}).Time(); got.Format(time.RFC3339Nano) != "2026-02-12T08:00:00.000000001Z" {
		t.Errorf("%s", got.Format(time.RFC3339Nano))
	}
	for s, want := range map[StampSource]string{0: "unknown", StampKernel: "kernel", StampUserSpace: "user-space", 3: "unknown"} {
		if s.String() != want {
			t.Errorf("source %d: %s", s, s)
		}
	}
	for s, want := range map[ClockState]string{0: "invalid", ClockOK: "ok", ClockDegraded: "degraded", ClockUnknown: "unknown", ClockRefused: "refused", 5: "invalid"} {
		if s.String() != want {
			t.Errorf("clock %d: %s", s, s)
		}
	}
}

// TestRehearsalsKeepAwayFromOpenings: before and after, and from nothing
// else; a calendar tells rehearsals and real days apart.
func TestRehearsalsKeepAwayFromOpenings(t *testing.T) {
	hour := int64(time.Hour)
	real, played := testDay(), testDay()
	real.Opens, real.Closes = 100*hour, 200*hour
	played.ID, played.Code, played.Rehearsal, played.Prepare, played.Sync, played.Opens, played.Closes = 9, "PROVA", true, 0, 0, 0, 1000*hour
	c := Calendar{Version: 1, Days: []Day{played, real}}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	after := 100*hour + int64(RehearsalFrozenAfter)
	for _, x := range []struct{ from, to, want int64 }{
		{98 * hour, 99*hour - 1, 0}, {98 * hour, 99 * hour, after}, {100 * hour, 101 * hour, after},
		{after - 1, 102 * hour, after}, {after, 102 * hour, 0}, {1, 2, 0},
	} {
		if got := c.RehearsalFrozen(x.from, x.to); got != x.want {
			t.Errorf("from %d to %d: until %d, want %d", x.from/hour, x.to/hour, got/hour, x.want/hour)
		}
	}
	if r := c.Rehearsal(50 * hour); r == nil || r.ID != 9 || c.Rehearsal(-1) != nil || c.Rehearsal(1000*hour) != nil {
		t.Errorf("the day of rehearsals: %v", r)
	}
	if days := c.Real(); len(days) != 1 || days[0].ID != 1 || len(c.Days) != 2 {
		t.Errorf("real days: %v", days)
	}
	c.Days[1].State = DayClosed
	if c.RehearsalFrozen(100*hour, 100*hour) != 0 {
		t.Error("a day that is closed for good keeps rehearsals away")
	}
}
