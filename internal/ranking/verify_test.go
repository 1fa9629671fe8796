package ranking_test

import (
	"bytes"
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"
	"time"

	"puntuale/internal/ledger"
	"puntuale/internal/ranking"
	"puntuale/internal/ranking/rankingtest"
	"puntuale/internal/verdict"
)

func make1(t testing.TB, rows int) *rankingtest.List {
	t.Helper()
	l, err := rankingtest.Make(rows, 1)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func signer(t testing.TB) *ledger.Signer {
	t.Helper()
	s, err := rankingtest.Signer()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func publish(t testing.TB, l *rankingtest.List, s *ledger.Signer) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := l.Publish(&out, s); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func verify(t testing.TB, file []byte) *verdict.Report {
	t.Helper()
	keys, err := rankingtest.Keys()
	if err != nil {
		t.Fatal(err)
	}
	calendar := rankingtest.Calendar()
	r, err := ranking.Verify(bytes.NewReader(file), &ranking.Options{Keys: keys, Calendar: &calendar})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func fact(r *verdict.Report, id string) string {
	for _, f := range r.Facts {
		if f.ID == id {
			return f.Value
		}
	}
	return ""
}

func TestAPublishedListIsProven(t *testing.T) {
	for _, rows := range []int{0, 1, 2, 3, 255, 256, 257, 3000} {
		l := make1(t, rows)
		r := verify(t, publish(t, l, signer(t)))
		if !r.OK() {
			t.Fatalf("%d rows: %+v", rows, r.Findings)
		}
		for _, c := range r.Checks {
			if c.State != verdict.Proven && c.ID != "timestamp" {
				t.Errorf("%d rows: %s is %s", rows, c.ID, c.State)
			}
		}
	}
}

// The list of the tests must be one in which there is something to find.
func TestTheListHasEverythingInIt(t *testing.T) {
	r := verify(t, publish(t, make1(t, 3000), signer(t)))
	for _, id := range []string{"numbered", "repeated", "refused", "late", "close_pairs"} {
		if v := fact(r, id); v == "0" || v == "" {
			t.Errorf("%s: %q", id, v)
		}
	}
}

func TestWithoutTheSeedTiesAreCountedAndLeft(t *testing.T) {
	l := make1(t, 3000)
	l.Header.TieSeed = nil
	r := verify(t, publish(t, l, signer(t)))
	if !r.OK() {
		t.Fatal(r.Findings)
	}
	i := slices.IndexFunc(r.Checks, func(c verdict.Check) bool { return c.ID == "ties" })
	if c := r.Checks[i]; c.State != verdict.Open || strings.Contains(c.Detail.EN, " 0 pairs") {
		t.Error(c)
	}
}

// Every byte of a small list, and every bit of some bytes of its signature: a change is found, whatever it is.
func TestOneChangedByteAnywhereIsFound(t *testing.T) {
	file := publish(t, make1(t, 8), signer(t))
	last := bytes.LastIndexByte(file[:len(file)-1], '\n')
	for i := range file {
		bits := []byte{0x01 << (5 * (i % 2))} // in letters the other case, or the next one
		if i > last && i%9 == 0 {
			bits = []byte{1, 2, 4, 8, 16, 32, 64, 128}
		}
		for _, bit := range bits {
			file[i] ^= bit
			if verify(t, file).OK() {
				t.Errorf("byte %d: %q became %q and nobody noticed", i, file[i]^bit, file[i])
			}
			file[i] ^= bit
		}
	}
	for _, other := range [][]byte{file[:len(file)-1], append(slices.Clone(file), '\n'), file[1:], nil} {
		if verify(t, other).OK() {
			t.Error("a longer or shorter file is accepted")
		}
	}
}

// A sample of the bytes of a large list.
func TestOneChangedByteInALargeListIsFound(t *testing.T) {
	file := publish(t, make1(t, 5_000), signer(t))
	for i := 13; i < len(file); i += len(file) / 12 {
		file[i] ^= 0x02
		if verify(t, file).OK() {
			t.Errorf("byte %d", i)
		}
		file[i] ^= 0x02
	}
}

// firstOf returns the index of a row after a few others.
func firstOf(l *rankingtest.List, from int, is func(i int) bool) int {
	for i := from; i < len(l.Leaves); i++ {
		if is(i) {
			return i
		}
	}
	panic("no such row in the list of the test")
}

// mutations are what somebody might do who wants another order, and what must
// be said about it besides the signature.
var mutations = map[string]struct {
	change func(l *rankingtest.List)
	checks []string // with the whole ledger signed again by a cheater who has the key
}{
	"two rows swapped": {func(l *rankingtest.List) {
		i := firstOf(l, 20, func(i int) bool { return plain(l, i) && plain(l, i+1) && l.Leaves[i].Arrived < l.Leaves[i+1].Arrived })
		l.Leaves[i], l.Leaves[i+1] = l.Leaves[i+1], l.Leaves[i]
	}, []string{"order", "numbers"}},
	"two rows swapped and renumbered": {func(l *rankingtest.List) {
		i := firstOf(l, 20, func(i int) bool { return plain(l, i) && plain(l, i+1) && l.Leaves[i].Arrived < l.Leaves[i+1].Arrived })
		a, b := &l.Leaves[i], &l.Leaves[i+1]
		*a, *b = *b, *a
		a.Number, b.Number = b.Number, a.Number
	}, []string{"order"}},
	"a tie decided otherwise": {func(l *rankingtest.List) {
		i := firstOf(l, 0, func(i int) bool { return plain(l, i) && plain(l, i+1) && l.Leaves[i].Arrived == l.Leaves[i+1].Arrived })
		a, b := &l.Leaves[i], &l.Leaves[i+1]
		*a, *b = *b, *a
		a.Number, b.Number = b.Number, a.Number
	}, []string{"order"}},
	"a row dropped": {func(l *rankingtest.List) {
		i := firstOf(l, 20, func(i int) bool { return plain(l, i) })
		l.Leaves = slices.Delete(l.Leaves, i, i+1)
		l.Groups, l.Places = slices.Delete(l.Groups, i, i+1), slices.Delete(l.Places, i, i+1)
	}, []string{"numbers"}},
	"a number given twice": {func(l *rankingtest.List) {
		i := firstOf(l, 20, func(i int) bool { return plain(l, i) && plain(l, i+1) })
		l.Leaves[i+1].Number = l.Leaves[i].Number
	}, []string{"numbers"}},
	"a submission numbered twice": {func(l *rankingtest.List) {
		i := firstOf(l, 20, func(i int) bool { return plain(l, i) && plain(l, i+1) })
		l.Leaves[i+1].Submission = l.Leaves[i].Submission
	}, []string{"ids"}},
	"a repeat that points nowhere": {func(l *rankingtest.List) {
		i := firstOf(l, 0, func(i int) bool { return l.Leaves[i].Outcome == ledger.Repeated })
		l.Leaves[i].Number = int64(len(l.Leaves))
	}, []string{"numbers"}},
	"an arrival made earlier": {func(l *rankingtest.List) {
		i := firstOf(l, 20, func(i int) bool { return plain(l, i) })
		l.Leaves[i].Arrived -= int64(time.Second)
	}, []string{"order"}},
	"late, without the flag": {func(l *rankingtest.List) {
		l.Leaves[firstOf(l, 0, func(i int) bool { return l.Leaves[i].Late })].Late = false
	}, []string{"order"}},
	"flagged late, in its place": {func(l *rankingtest.List) {
		l.Leaves[firstOf(l, 20, func(i int) bool { return plain(l, i) })].Late = true
	}, []string{"order"}},
	"before the opening": {func(l *rankingtest.List) {
		for i := range l.Leaves {
			l.Leaves[i].Arrived -= int64(time.Hour)
		}
	}, []string{"calendar"}},
	"another seed": {func(l *rankingtest.List) { l.Header.TieSeed = []byte("chosen afterwards") }, []string{"ties"}},
	"another seed with its commitment": {func(l *rankingtest.List) {
		l.Header.TieSeed = []byte("chosen afterwards")
		l.Header.TieCommitment = [32]byte{9}
	}, []string{"calendar"}},
	"close pairs hidden":  {func(l *rankingtest.List) { l.Header.ClosePairs = 0 }, []string{"close_pairs"}},
	"a quota raised":      {func(l *rankingtest.List) { l.Header.Quotas[0].Places += 5; l.Header.Quotas[1].Places -= 5 }, []string{"places"}},
	"another policy":      {func(l *rankingtest.List) { l.Header.Policy = "draw-all" }, []string{"places"}},
	"a policy of its own": {func(l *rankingtest.List) { l.Header.Policy = "friends-first" }, []string{"places"}},
	"quotas left out":     {func(l *rankingtest.List) { l.Header.Quotas = nil }, []string{"places"}},
	"a place given":       {func(l *rankingtest.List) { give(l, ranking.Waiting, ranking.Admitted) }, []string{"places"}},
	"a place taken away":  {func(l *rankingtest.List) { give(l, ranking.Admitted, ranking.Waiting) }, []string{"places"}},
	"another group": {func(l *rankingtest.List) {
		l.Groups[firstOf(l, 0, func(i int) bool { return plain(l, i) })] = "no|such|group"
	}, []string{"places"}},
	"coarser than it was":  {func(l *rankingtest.List) { l.Header.Granularity = time.Millisecond }, []string{"calendar", "order"}},
	"of another click day": {func(l *rankingtest.List) { l.Header.Day = "OTHER" }, []string{"calendar"}},
}

// plain reports whether a row is numbered and in order.
func plain(l *rankingtest.List, i int) bool {
	return l.Leaves[i].Outcome == ledger.Numbered && !l.Leaves[i].Late
}

func give(l *rankingtest.List, from, to ranking.Place) {
	l.Places[firstOf(l, 0, func(i int) bool { return l.Places[i] == from })] = to
}

// Somebody who has the keys signs another order: what is not right in itself is
// found all the same.
func TestTheKeysDoNotHelpACheater(t *testing.T) {
	for name, m := range mutations {
		t.Run(name, func(t *testing.T) {
			l := make1(t, 2000)
			m.change(l)
			r := verify(t, publish(t, l, signer(t)))
			for _, want := range m.checks {
				if !r.Found(want) {
					t.Errorf("no finding %q in %+v", want, r.Findings)
				}
			}
			for _, f := range r.Findings {
				if f.What.IT == "" || f.What.EN == "" || f.Means.IT == "" || f.Means.EN == "" || strings.Contains(f.What.IT+f.What.EN, "%!") {
					t.Errorf("words: %+v", f)
				}
			}
		})
	}
}

// Somebody who has not the keys computes everything anew, root, places, close
// pairs, and signs with a key of his own under the same name.
func TestWithoutTheKeysNothingCanBeChanged(t *testing.T) {
	other, err := ledger.SignerOf("ledger.example.it", ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	l, err := rankingtest.Make(2000, 2) // a list without fault, but not the one published
	if err != nil {
		t.Fatal(err)
	}
	r := verify(t, publish(t, l, other))
	if !r.Found("signature") || !r.Found("checkpoint") || len(r.Findings) != 2 {
		t.Errorf("%+v", r.Findings)
	}
	// With the genuine head on other rows, and the other way round.
	genuine := make1(t, 2000)
	publish(t, genuine, signer(t))
	l.Header.Checkpoint = genuine.Header.Checkpoint
	var out bytes.Buffer
	if err := l.Write(&out, signer(t)); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, out.Bytes()); !r.Found("root") || len(r.Findings) != 1 {
		t.Errorf("heads swapped: %+v", r.Findings)
	}
	genuine.Leaves = genuine.Leaves[:1999]
	out.Reset()
	if err := genuine.Write(&out, signer(t)); err != nil {
		t.Fatal(err)
	}
	if r := verify(t, out.Bytes()); !r.Found("root") {
		t.Errorf("last row cut: %+v", r.Findings)
	}
}
