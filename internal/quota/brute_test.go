package quota

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
)

// bruteForce is docs/allocation.md done by hand: again and again the best of
// those who may have a place gets it. It shares no code with Allocate.
func bruteForce(t Table, ru Rule, entries []Entry) []int64 {
	free := map[Group]int64{}
	for _, r := range t.rows {
		free[r.Group] = r.Places
	}
	in := map[int64]bool{}
	serve := func(holder Group, may func(Group) bool) {
		for free[holder] > 0 {
			best := -1
			for i := range entries {
				if !in[entries[i].Number] && may(entries[i].Group) && (best < 0 || before(ru.Policy, entries, i, best)) {
					best = i
				}
			}
			if best < 0 {
				return
			}
			in[entries[best].Number] = true
			free[holder]--
		}
	}
	for _, r := range t.rows {
		serve(r.Group, func(g Group) bool { return g == r.Group })
	}
	for _, d := range ru.Rounds {
		moved := map[Group]int64{}
		for g, n := range free {
			p := strings.Split(string(g), "|")
			p[d] = "any"
			moved[Group(strings.Join(p, "|"))] += n
		}
		free = moved
		for named := 3; named >= 0; named-- {
			for _, holder := range sortedGroups(free) {
				if 3-strings.Count(string(holder), "any") == named {
					serve(holder, func(g Group) bool { return covers(holder, g) })
				}
			}
		}
	}
	var out []int64
	for n := range in {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

func sortedGroups(m map[Group]int64) []Group {
	var out []Group
	for g := range m {
		out = append(out, g)
	}
	slices.Sort(out)
	return out
}

func covers(holder, g Group) bool {
	h, p := strings.Split(string(holder), "|"), strings.Split(string(g), "|")
	for i := range h {
		if h[i] != "any" && h[i] != p[i] {
			return false
		}
	}
	return true
}

// before says who of two entries is served first.
func before(p Policy, entries []Entry, i, j int) bool {
	a, b := entries[i], entries[j]
	lots := func() bool {
		x, y := Lot(seed, a.Submission), Lot(seed, b.Submission)
		return bytes.Compare(x[:], y[:]) < 0
	}
	switch p := p.(type) {
	case DrawAmongAll:
		return lots()
	case DrawAmongEquals:
		if x, y := spanOf(p.Span, entries, a), spanOf(p.Span, entries, b); x != y {
			return x < y
		}
		return lots()
	default:
		return a.Number < b.Number
	}
}

// spanOf is the latest span of all numbers up to this one.
func spanOf(span time.Duration, entries []Entry, e Entry) int64 {
	latest := int64(0)
	for _, o := range entries {
		if o.Number <= e.Number {
			latest = max(latest, o.Arrived/int64(span))
		}
	}
	return latest
}

func FuzzAllocate(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, uint8(0))
	f.Add([]byte{0xff, 0, 0xff, 0, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3}, uint8(5))
	f.Fuzz(func(t *testing.T, b []byte, which uint8) {
		parts := [3][]string{{"AL", "MA", "any"}, {"care", "food", "any"}, {"MI", "NA", "any"}}
		var rows []Row
		for len(b) > 1 && b[0]&0x80 != 0 && len(rows) < 8 {
			g := Names{parts[0][b[0]%3], parts[1][b[0]/3%3], parts[2][b[0]/9%3]}.join()
			if !slices.ContainsFunc(rows, func(o Row) bool { return o.Group == g }) {
				rows = append(rows, Row{g, int64(b[1] % 8)})
			}
			b = b[2:]
		}
		tab, err := NewTable(append(rows, []Row{{Everybody, 2}}[:b2i(!slices.ContainsFunc(rows, func(o Row) bool { return o.Group == Everybody }))]...))
		if err != nil {
			t.Fatal(err)
		}
		var entries []Entry
		at := int64(0)
		for i, c := range b[:min(len(b), 40)] {
			at += int64(c>>6) * int64(time.Second) / 2
			entries = append(entries, Entry{
				Number: int64(i + 1), Arrived: at, Submission: id(int64(c)<<8 | int64(i)),
				Group: tab.Find(Names{parts[0][c&1], parts[1][c>>1&1], parts[2][c>>2&1]}),
			})
		}
		ru := rule(t, someRules[int(which)%len(someRules)])
		got, err := Allocate(tab, ru, seed, entries)
		if err != nil {
			t.Fatal(err)
		}
		checkAccounts(t, tab, got, entries)
		checkNobodyIsOvertaken(t, ru, got, entries)
		if brute := bruteForce(tab, ru, entries); !slices.Equal(brute, admitted(entries, got)) {
			t.Errorf("admitted %v, by brute force %v", admitted(entries, got), brute)
		}
	})
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
