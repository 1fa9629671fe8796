package ranking_test

import (
	"bytes"
	"testing"
	"time"

	"puntuale/internal/ranking"
	"puntuale/internal/ranking/rankingtest"
	"puntuale/internal/verdict"
)

// part returns the list as it was when it had so many rows.
func part(l *rankingtest.List, rows int) *rankingtest.List {
	out := *l
	out.Leaves, out.Groups, out.Places = out.Leaves[:rows], out.Groups[:rows], out.Places[:rows]
	return &out
}

func extends(t *testing.T, older, newer []byte) *verdict.Report {
	t.Helper()
	keys, err := rankingtest.Keys()
	if err != nil {
		t.Fatal(err)
	}
	r, err := ranking.Extends(bytes.NewReader(older), bytes.NewReader(newer), &ranking.Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestALaterListContainsTheEarlier(t *testing.T) {
	l, s := make1(t, 1000), signer(t)
	newer := publish(t, l, s)
	for _, rows := range []int{0, 1, 600, 1000} {
		older := part(l, rows)
		older.Header.TieSeed = nil // not revealed yet
		if r := extends(t, publish(t, older, s), newer); !r.OK() {
			t.Errorf("%d rows: %+v", rows, r.Findings)
		}
	}
	longer := publish(t, l, s)
	if r := extends(t, longer, publish(t, part(l, 999), s)); !r.Found("rows") {
		t.Error("a row that is gone is not missed")
	}
	for name, c := range map[string]struct {
		change func(l *rankingtest.List)
		want   string
	}{
		"a row rewritten":    {func(l *rankingtest.List) { l.Leaves[10].Arrived -= int64(time.Second) }, "rows"},
		"another day":        {func(l *rankingtest.List) { l.Header.Day = "OTHER" }, "rules"},
		"another commitment": {func(l *rankingtest.List) { l.Header.TieCommitment[0]++ }, "rules"},
		"another seed":       {func(l *rankingtest.List) { l.Header.TieSeed = []byte{1} }, "rules"},
	} {
		other := make1(t, 1000)
		c.change(other)
		if r := extends(t, longer, publish(t, other, s)); !r.Found(c.want) {
			t.Errorf("%s: %+v", name, r.Findings)
		}
	}
	for _, at := range []int{100, len(longer) / 2, len(longer) - 4} {
		bad := bytes.Clone(longer)
		bad[at] ^= 1
		if r := extends(t, bad, longer); r.OK() {
			t.Errorf("byte %d of the earlier list", at)
		}
		if r := extends(t, longer, bad); r.OK() {
			t.Errorf("byte %d of the later list", at)
		}
	}
}

func TestAListContainsTheHeadAndLineOfAReceipt(t *testing.T) {
	l, s := make1(t, 1000), signer(t)
	list := publish(t, l, s)
	keys, err := rankingtest.Keys()
	if err != nil {
		t.Fatal(err)
	}
	earlier := part(l, 700)
	publish(t, earlier, s)
	line := l.Leaves[650].AppendLine(nil, time.Microsecond)
	foreign := part(make1(t, 2000), 700)
	publish(t, foreign, s)
	for name, c := range map[string]struct {
		e  ranking.Earlier
		ok bool
	}{
		"head":             {ranking.Earlier{Checkpoint: earlier.Header.Checkpoint}, true},
		"its own head":     {ranking.Earlier{Checkpoint: l.Header.Checkpoint}, true},
		"receipt":          {ranking.Earlier{Checkpoint: earlier.Header.Checkpoint, Line: line, Index: 650}, true},
		"other position":   {ranking.Earlier{Checkpoint: earlier.Header.Checkpoint, Line: line, Index: 651}, false},
		"beyond the end":   {ranking.Earlier{Checkpoint: earlier.Header.Checkpoint, Line: line, Index: 1 << 40}, false},
		"head of others":   {ranking.Earlier{Checkpoint: foreign.Header.Checkpoint}, false},
		"head not signed":  {ranking.Earlier{Checkpoint: earlier.Header.Checkpoint[:40]}, false},
		"nothing at all":   {ranking.Earlier{}, false},
		"line of the list": {ranking.Earlier{Checkpoint: earlier.Header.Checkpoint, Line: l.Leaves[900].AppendLine(nil, time.Microsecond), Index: 900}, true},
	} {
		r, err := ranking.Contains(bytes.NewReader(list), &ranking.Options{Keys: keys}, &c.e)
		if err != nil || r.OK() != c.ok {
			t.Errorf("%s: %v %+v", name, err, r.Findings)
		}
	}
}
