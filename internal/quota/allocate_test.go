package quota

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"puntuale/internal/clickday"
)

// id is a submission id that depends on n alone.
func id(n int64) clickday.SubmissionID {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	return sha256.Sum256(b[:])
}

func table(t testing.TB, rows ...Row) Table {
	t.Helper()
	out, err := NewTable(rows)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// arrivals numbers one application for each group, a millisecond apart.
func arrivals(groups ...Group) []Entry {
	out := make([]Entry, len(groups))
	for i, g := range groups {
		out[i] = Entry{Number: int64(i + 1), Arrived: int64(i) * int64(time.Millisecond), Submission: id(int64(i)), Group: g}
	}
	return out
}

func rule(t testing.TB, s string) Rule {
	t.Helper()
	r, err := ParseRule(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// admitted returns the numbers that were admitted.
func admitted(entries []Entry, r *Result) []int64 {
	var out []int64
	for i, p := range r.Placements {
		if p.Admitted {
			out = append(out, entries[i].Number)
		}
	}
	slices.Sort(out)
	return out
}

const (
	almi Group = "AL|any|MI"
	alna Group = "AL|any|NA"
	al   Group = "AL|any|any"
	mami Group = "MA|any|MI"
)

func TestReallocationByHand(t *testing.T) {
	tab := table(t, Row{almi, 3}, Row{alna, 1}, Row{al, 0}, Row{mami, 1}, Row{Everybody, 1})
	// Milan leaves one of its three Albanian places; Naples lacks two.
	entries := arrivals(mami, alna, almi, alna, almi, mami, alna, Everybody, Everybody)
	for _, c := range []struct {
		rule string
		want []int64
	}{
		{"chronological", []int64{1, 2, 3, 5, 8}},
		{"chronological reallocate=province", []int64{1, 2, 3, 4, 5, 8}},
		{"chronological reallocate=sector", []int64{1, 2, 3, 5, 8}},
		{"chronological reallocate=nationality", []int64{1, 2, 3, 5, 6, 8}}, // any|any|MI covers MA|any|MI
		{"chronological reallocate=nationality+province", []int64{1, 2, 3, 5, 6, 8}},
	} {
		got, err := Allocate(tab, rule(t, c.rule), nil, entries)
		if err != nil {
			t.Fatal(err)
		}
		if a := admitted(entries, got); !slices.Equal(a, c.want) {
			t.Errorf("%s: admitted %v, want %v", c.rule, a, c.want)
		}
	}
	got, err := Allocate(tab, rule(t, "chronological reallocate=province"), nil, entries)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Placement{Admitted: true, Rank: 2, Round: 1, Source: al}); got.Placements[3] != want {
		t.Errorf("number 4: %+v, want %+v", got.Placements[3], want)
	}
	if want := (Placement{Rank: 3}); got.Placements[6] != want {
		t.Errorf("number 7: %+v, want %+v", got.Placements[6], want)
	}
	if want := []Move{{1, almi, al, 1}}; !slices.Equal(got.Moves, want) {
		t.Errorf("moves %+v", got.Moves)
	}
	want := Count{Group: alna, Places: 1, Used: 1, Demand: 3, Own: 1, Reallocated: 1, Waiting: 1}
	if i := slices.IndexFunc(got.Counts, func(c Count) bool { return c.Group == alna }); got.Counts[i] != want {
		t.Errorf("%+v, want %+v", got.Counts[i], want)
	}
}

func TestNoRaceIsAStatementThatIsChecked(t *testing.T) {
	tab := table(t, Row{almi, 2}, Row{Everybody, 1})
	entries := arrivals(almi, almi, Everybody)
	got, err := Allocate(tab, rule(t, "draw-all no-race"), []byte("s"), entries)
	if err != nil || !got.NoRace || len(admitted(entries, got)) != 3 {
		t.Errorf("%+v, %v", got, err)
	}
	more := arrivals(almi, almi, almi)
	if _, err := Allocate(tab, rule(t, "chronological no-race"), nil, more); !errors.Is(err, ErrRace) {
		t.Errorf("three for two places: %v", err)
	}
	if got, err := Allocate(tab, rule(t, "chronological"), nil, more); err != nil || got.NoRace {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWhatCannotBeAllocated(t *testing.T) {
	tab := table(t, Row{almi, 2})
	for name, c := range map[string]struct {
		table   Table
		rule    string
		entries []Entry
		want    error
	}{
		"no quotas":   {Table{}, "chronological", nil, ErrNoTable},
		"draw unripe": {tab, "draw-all", nil, ErrSeed},
		"equals too":  {tab, "draw-equals span=1s", nil, ErrSeed},
	} {
		if _, err := Allocate(c.table, rule(t, c.rule), nil, c.entries); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Allocate(tab, rule(t, "chronological"), nil, arrivals(mami)); err == nil {
		t.Error("a group that is no row was accepted")
	}
	twice := append(arrivals(almi), arrivals(almi)...)
	if _, err := Allocate(tab, rule(t, "chronological"), nil, twice); err == nil {
		t.Error("a number that stands twice was accepted")
	}
}

// someDay makes a small click day at random.
func someDay(r *rand.Rand) (Table, []Entry) {
	codes := Names{}
	parts := [3][]string{{"AL", "MA", Any}, {"care", "food", Any}, {"MI", "NA", Any}}
	var rows []Row
	for range 1 + r.IntN(8) {
		for d := range codes {
			codes[d] = parts[d][r.IntN(3)]
		}
		g := codes.join()
		if !slices.ContainsFunc(rows, func(o Row) bool { return o.Group == g }) {
			rows = append(rows, Row{g, int64(r.IntN(5))})
		}
	}
	t, err := NewTable(rows)
	if err != nil {
		panic(err)
	}
	entries := make([]Entry, r.IntN(25))
	at := int64(0)
	for i := range entries {
		for d := range codes {
			codes[d] = parts[d][r.IntN(2)]
		}
		at += int64(r.IntN(4)) * int64(time.Second) / 2
		entries[i] = Entry{Number: int64(i + 1), Arrived: at, Submission: id(r.Int64()), Group: t.Find(codes)}
		if r.IntN(10) == 0 {
			entries[i].Arrived /= 2 // came in late
		}
	}
	return t, entries
}

var someRules = []string{
	"chronological", "chronological reallocate=province", "chronological reallocate=province+sector+nationality",
	"draw-all reallocate=nationality+province", "draw-equals span=1s", "draw-equals span=1s reallocate=sector+province+nationality",
}

func TestInvariants(t *testing.T) {
	for n := range uint64(3000) {
		r := rand.New(rand.NewPCG(n, 7))
		tab, entries := someDay(r)
		ru := rule(t, someRules[n%uint64(len(someRules))])
		checkInvariants(t, tab, ru, entries, r)
		if t.Failed() {
			t.Fatalf("seed %d, rule %s, table %+v", n, ru, tab.rows)
		}
	}
}

var seed = []byte("revealed after the day")

func checkInvariants(t *testing.T, tab Table, ru Rule, entries []Entry, r *rand.Rand) {
	t.Helper()
	got, err := Allocate(tab, ru, seed, entries)
	if err != nil {
		t.Error(err)
		return
	}
	checkAccounts(t, tab, got, entries)
	checkNobodyIsOvertaken(t, ru, got, entries)
	if brute := bruteForce(tab, ru, entries); !slices.Equal(brute, admitted(entries, got)) {
		t.Errorf("admitted %v, by brute force %v", admitted(entries, got), brute)
	}
	mixed := slices.Clone(entries)
	r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	again, err := Allocate(tab, ru, seed, mixed)
	if err != nil || !slices.Equal(admitted(mixed, again), admitted(entries, got)) || !reflect.DeepEqual(again.Counts, got.Counts) ||
		!reflect.DeepEqual(again.Moves, got.Moves) {
		t.Errorf("the order of the input changes the result: %v", err)
	}
	for i := range mixed {
		if again.Placements[i] != got.Placements[mixed[i].Number-1] {
			t.Errorf("number %d: %+v and %+v", mixed[i].Number, again.Placements[i], got.Placements[mixed[i].Number-1])
		}
	}
	plain := ru
	plain.Rounds = nil
	before, err := Allocate(tab, plain, seed, entries)
	if err != nil {
		t.Error(err)
		return
	}
	for i, p := range before.Placements {
		if p.Admitted && got.Placements[i] != p {
			t.Errorf("reallocation changed number %d from %+v to %+v", entries[i].Number, p, got.Placements[i])
		}
	}
}

// checkAccounts holds every sum against every other.
func checkAccounts(t *testing.T, tab Table, got *Result, entries []Entry) {
	t.Helper()
	var places, used, unused, taken, demand int64
	bySource := map[Group]int64{}
	for _, p := range got.Placements {
		if p.Admitted {
			bySource[p.Source]++
			taken++
		}
	}
	for _, c := range got.Counts {
		if c.Places+c.Received != c.Used+c.Given+c.Unused || c.Demand != c.Own+c.Reallocated+c.Waiting ||
			c.Unused < 0 || c.Waiting < 0 || bySource[c.Group] != c.Used || c.Places != tab.places[c.Group] {
			t.Errorf("account does not close: %+v", c)
		}
		places, used, unused, demand = places+c.Places, used+c.Used, unused+c.Unused, demand+c.Demand
	}
	if places != tab.Total() || used+unused != places || used != taken || demand != int64(len(entries)) {
		t.Errorf("%d places of %d, %d used by %d, %d unused, demand %d of %d", places, tab.Total(), used, taken, unused, demand, len(entries))
	}
}

// checkNobodyIsOvertaken: within a group the admitted are those of the lowest
// ranks, and ranks follow the policy; under the chronological one, numbers.
func checkNobodyIsOvertaken(t *testing.T, ru Rule, got *Result, entries []Entry) {
	t.Helper()
	for i := range entries {
		for j := range entries {
			a, b := got.Placements[i], got.Placements[j]
			if entries[i].Group != entries[j].Group || a.Rank >= b.Rank {
				continue
			}
			if !a.Admitted && b.Admitted || a.Admitted && b.Admitted && a.Round > b.Round {
				t.Errorf("rank %d of %s: %+v, rank %d: %+v", a.Rank, entries[i].Group, a, b.Rank, b)
			}
			if _, ok := ru.Policy.(Chronological); ok && entries[i].Number > entries[j].Number {
				t.Errorf("number %d stands before %d", entries[i].Number, entries[j].Number)
			}
		}
	}
}
