package quota

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestTheNarrowestRowCounts(t *testing.T) {
	tab := table(t, Row{"AL|food|MI", 1}, Row{"AL|food|any", 1}, Row{"AL|any|MI", 1}, Row{"any|food|MI", 1}, Row{"AL|any|any", 1},
		Row{"any|any|NA", 1})
	for want, n := range map[Group]Names{
		"AL|food|MI":  {"AL", "food", "MI"},
		"AL|food|any": {"AL", "food", "NA"},
		"AL|any|MI":   {"AL", "care", "MI"},
		"any|food|MI": {"MA", "food", "MI"},
		"AL|any|any":  {"AL", "care", "NA"}, // nationality before province
		"any|any|NA":  {"MA", "care", "NA"},
		Everybody:     {"MA", "care", "MI"}, // a row without places
	} {
		if got := tab.Find(n); got != want {
			t.Errorf("%v competes in %s, want %s", n, got, want)
		}
	}
	if got := (Table{}).Find(Names{"AL", "food", "MI"}); got != "" {
		t.Errorf("without quotas: %q", got)
	}
}

func TestReadTable(t *testing.T) {
	tab, err := ReadTable(strings.NewReader("\ufeffnationality,sector,province,places\nAL,food,MI,3\nMA,any,any,5\n, ,NA,2\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []Row{{"AL|food|MI", 3}, {"MA|any|any", 5}, {"any|any|NA", 2}, {Everybody, 0}}
	if !slices.Equal(tab.Rows(), want) || tab.Total() != 10 {
		t.Errorf("%+v", tab.Rows())
	}
	again, err := ReadTable(strings.NewReader(string(tab.CSV())), nil)
	if err != nil || !reflect.DeepEqual(again, tab) {
		t.Errorf("%s: %v", tab.CSV(), err)
	}
}

func TestEveryLineHasItsError(t *testing.T) {
	known := func(s string) bool { return s == "food" }
	_, err := ReadTable(strings.NewReader("nationality,sector,province,places\nAL,food,MI,3\nAL,food,MI,4\nAL,fod,MI,1\nAL,food,XX,1\n"+
		"AL,food,MI\nA L,food,MI,1\nAL,food,NA,-1\nAL,food,RM,many\n"), known)
	var bad *FileError
	if !errors.As(err, &bad) {
		t.Fatal(err)
	}
	lines := map[int]string{
		3: "stands on line 2", 4: `no sector "fod"`, 5: `no province "XX"`, 6: "3 cells", 7: `"A L"`, 8: `"-1"`, 9: `"many"`,
	}
	if len(bad.Problems) != len(lines) {
		t.Errorf("%v", err)
	}
	for _, p := range bad.Problems {
		if !strings.Contains(p.Text, lines[p.Line]) || lines[p.Line] == "" {
			t.Errorf("line %d: %s", p.Line, p.Text)
		}
	}
	for name, file := range map[string]string{
		"empty": "", "only a header": "nationality,sector,province,places\n", "other header": "a,b,c,d\nAL,food,MI,3\n",
		"quotes": "nationality,sector,province,places\n\"AL,food,MI,3\n",
	} {
		if _, err := ReadTable(strings.NewReader(file), nil); !errors.As(err, &bad) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var many strings.Builder
	many.WriteString("nationality,sector,province,places\n")
	many.WriteString(strings.Repeat("x\n", 1000))
	if _, err := ReadTable(strings.NewReader(many.String()), nil); !errors.As(err, &bad) || len(bad.Problems) != maxProblems {
		t.Errorf("%d problems", len(bad.Problems))
	}
}

func TestTables(t *testing.T) {
	for name, rows := range map[string][]Row{
		"twice":     {{almi, 1}, {almi, 2}},
		"negative":  {{almi, -1}},
		"overflow":  {{almi, MaxPlaces}, {alna, 1}},
		"no group":  {{"AL|MI", 1}},
		"odd group": {{"AL|a,b|MI", 1}},
	} {
		if _, err := NewTable(rows); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestNations(t *testing.T) {
	n, err := ReadNations(strings.NewReader("state,group\nAL,A\nMA,A\nBD,B-1\n"))
	if err != nil {
		t.Fatal(err)
	}
	for code, want := range map[string]string{"Z100": "A", "Z330": "A", "Z249": "B-1", "Z129": "RO", "Z999": "Z999"} {
		if got := n.GroupOf(code); got != want {
			t.Errorf("%s is in group %s, want %s", code, got, want)
		}
	}
	if again, err := ReadNations(strings.NewReader(string(n.CSV()))); err != nil || !reflect.DeepEqual(again, n) {
		t.Errorf("%v", err)
	}
	_, err = ReadNations(strings.NewReader("state,group\nAL,A\nAL,B\nXX,A\nMA,any\nBD,\n"))
	var bad *FileError
	if !errors.As(err, &bad) || len(bad.Problems) != 4 {
		t.Errorf("%v", err)
	}
}

func TestRules(t *testing.T) {
	for _, s := range append(slices.Clone(someRules), "draw-equals span=10us no-race", "draw-equals span=1m", "chronological reallocate=nationality no-race") {
		if r, err := ParseRule(s); err != nil || r.String() != s {
			t.Errorf("%q: %q, %v", s, r, err)
		}
	}
	for _, s := range []string{
		"", "random", "chronological ", "chronological reallocate=", "chronological reallocate=province+province", "chronological reallocate=town",
		"chronological no-race no-race", "chronological no-race reallocate=province", "draw-equals", "draw-equals span=0s", "draw-equals span=60s",
		"draw-equals span=1.5us", "draw-all span=1s", "draw-equals span=1s x=y", "chronological reallocate=province reallocate=sector",
	} {
		if r, err := ParseRule(s); !errors.Is(err, ErrRule) {
			t.Errorf("%q was read as %q: %v", s, r, err)
		}
	}
}

func FuzzParseRule(f *testing.F) {
	for _, s := range someRules {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := ParseRule(s); err == nil && r.String() != s {
			t.Errorf("%q is read as %q", s, r)
		}
	})
}

func FuzzReadTable(f *testing.F) {
	f.Add("nationality,sector,province,places\nAL,food,MI,3\n")
	f.Add("nationality,sector,province,places\n\"a\",,,1\n")
	f.Fuzz(func(t *testing.T, s string) {
		tab, err := ReadTable(strings.NewReader(s), nil)
		if err != nil {
			return
		}
		if again, err := ReadTable(strings.NewReader(string(tab.CSV())), nil); err != nil || !reflect.DeepEqual(again, tab) {
			t.Errorf("%q does not come back: %v", tab.CSV(), err)
		}
	})
}
