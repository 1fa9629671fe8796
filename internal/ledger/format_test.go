package ledger

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"puntuale/internal/clickday"
)

var sample = Leaf{
	Outcome: Numbered, Number: 42, Arrived: time.Date(2026, 11, 22, 9, 0, 0, 123456789, time.UTC).UnixNano(),
	Source: clickday.StampKernel, Clock: clickday.ClockOK, Bound: 811001 * time.Nanosecond, Node: 7,
	Submission: clickday.SubmissionID{0xab, 31: 0x01},
}

func sampleLeaf(change func(*Leaf)) *Leaf {
	l := sample
	change(&l)
	return &l
}

func TestLeafLine(t *testing.T) {
	const id = "ab00000000000000000000000000000000000000000000000000000000000001"
	for _, c := range []struct {
		leaf  *Leaf
		grain time.Duration
		want  string
	}{
		{&sample, time.Microsecond, "numbered,42,2026-11-22T09:00:00.123456Z,kernel,ok,812,7,0," + id + ","},
		{&sample, 10 * time.Microsecond, "numbered,42,2026-11-22T09:00:00.12345Z,kernel,ok,812,7,0," + id + ","},
		{&sample, time.Millisecond, "numbered,42,2026-11-22T09:00:00.123Z,kernel,ok,812,7,0," + id + ","},
		{&sample, 100 * time.Millisecond, "numbered,42,2026-11-22T09:00:00.1Z,kernel,ok,812,7,0," + id + ","},
		{&sample, time.Second, "numbered,42,2026-11-22T09:00:00Z,kernel,ok,812,7,0," + id + ","},
		{
			sampleLeaf(func(l *Leaf) {
				l.Outcome, l.Number, l.Reason, l.Late, l.Bound = Refused, 0, clickday.CodeDigest, true, 0
				l.Source, l.Clock = clickday.StampUserSpace, clickday.ClockUnknown
			}),
			time.Microsecond, "refused,,2026-11-22T09:00:00.123456Z,user-space,unknown,0,7,1," + id + ",document_altered",
		},
		{
			sampleLeaf(func(l *Leaf) { l.Outcome, l.Bound = Repeated, time.Microsecond }),
			time.Microsecond, "repeated,42,2026-11-22T09:00:00.123456Z,kernel,ok,1,7,0," + id + ",",
		},
	} {
		line := c.leaf.AppendLine(nil, c.grain)
		if string(line) != c.want {
			t.Errorf("%s\nwant %s", line, c.want)
		}
		got, err := ParseLeaf(line)
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		want := *c.leaf
		want.Arrived = clickday.Bucket(want.Arrived, c.grain)
		want.Bound = (want.Bound + time.Microsecond - 1).Truncate(time.Microsecond)
		if got != want {
			t.Errorf("%+v\nwant %+v", got, want)
		}
	}
}

func TestLinesThatAreNotLeaves(t *testing.T) {
	good := string(sample.AppendLine(nil, time.Microsecond))
	for what, l := range map[string]string{
		"empty": "", "a newline": good + "\n", "a field more": good + ",", "a field less": strings.TrimSuffix(good, ","),
		"upper-case id": strings.Replace(good, ",ab", ",AB", 1), "number 0": strings.Replace(good, ",42,", ",0,", 1),
		"number with a plus": strings.Replace(good, ",42,", ",+42,", 1), "no number": strings.Replace(good, ",42,", ",,", 1),
		"negative number": strings.Replace(good, ",42,", ",-42,", 1), "leading zero": strings.Replace(good, ",42,", ",042,", 1),
		"seven decimals": strings.Replace(good, "123456Z", "1234567Z", 1), "another zone": strings.Replace(good, "Z", "+00:00", 1),
		"comma for a point": strings.Replace(good, "00.12", "00,12", 1), "30 February": strings.Replace(good, "11-22", "02-30", 1),
		"node 0": strings.Replace(good, ",7,", ",0,", 1), "node 65536": strings.Replace(good, ",7,", ",65536,", 1),
		"late 2": strings.Replace(good, ",0,", ",2,", 1), "bound -1": strings.Replace(good, ",812,", ",-1,", 1),
		"a huge bound": strings.Replace(good, ",812,", ",9223372036854775807,", 1),
		"reason":       good + "document_altered", "unknown outcome": strings.Replace(good, "numbered", "counted", 1),
		"unknown source": strings.Replace(good, "kernel", "sundial", 1), "unknown clock": strings.Replace(good, "ok", "fine", 1),
		"year 1600": strings.Replace(good, "2026", "1600", 1), "short id": strings.Replace(good, ",ab00", ",ab", 1),
		"reason with a comma": strings.Replace(good, "numbered,42", "refused,", 1) + "a,b",
		"refused for nothing": strings.Replace(good, "numbered,42", "refused,", 1),
		"too long":            good + strings.Repeat("a", 600),
	} {
		if got, err := ParseLeaf([]byte(l)); !errors.Is(err, ErrLeaf) {
			t.Errorf("%s: %q gave %+v, %v", what, l, got, err)
		}
	}
}

func TestTie(t *testing.T) {
	a, b := clickday.SubmissionID{1}, clickday.SubmissionID{2}
	if Tie([]byte("seed"), a) == Tie([]byte("seed"), b) || Tie([]byte("seed"), a) == Tie([]byte("other"), a) {
		t.Error("ties do not depend on seed and id")
	}
}

func TestTilePaths(t *testing.T) {
	for want, tile := range map[string]Tile{
		"tile/0/000":                      {Level: 0, Index: 0, Width: 256},
		"tile/0/999":                      {Level: 0, Index: 999, Width: 256},
		"tile/1/x001/000":                 {Level: 1, Index: 1000, Width: 256},
		"tile/entries/x123/456.p/7":       {Level: Entries, Index: 123456, Width: 7},
		"tile/entries/x001/x234/067":      {Level: Entries, Index: 1234067, Width: 256},
		"tile/7/x001/x002/x003/004.p/255": {Level: 7, Index: 1002003004, Width: 255},
	} {
		if got := tile.Path(); got != want {
			t.Errorf("%+v has path %q, want %q", tile, got, want)
		}
		got, err := ParsePath(want)
		if err != nil || got.Level != tile.Level || got.Index != tile.Index || got.Width != tile.Width {
			t.Errorf("%q: %+v, %v", want, got, err)
		}
	}
	for _, bad := range []string{
		"", "tile", "tile/", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/8/000", "tile/-1/000", "tile/00/000",
		"tile/0/x000/001", "tile/0/001/002", "tile/0/x001", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/",
		"tile/0/000.p/1/2", "tile/entries", "tile/data/000", "tile/0/x999/x999/x999/x999/x999/x999/x999/999", "/tile/0/000", "tile/0/../000",
	} {
		if got, err := ParsePath(bad); !errors.Is(err, ErrTile) {
			t.Errorf("%q: %+v, %v", bad, got, err)
		}
	}
}

func testSigner(t testing.TB) *Signer {
	t.Helper()
	s, err := SignerOf("test.example/ledger", ed25519.NewKeyFromSeed(bytes.Repeat([]byte{0x1e}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCheckpoint(t *testing.T) {
	s := testSigner(t)
	root := tlog.RecordHash([]byte("one leaf"))
	h, err := s.Sign("B-2026", 1, root)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Sign("B-2026", 1, root)
	if err != nil || !bytes.Equal(h.Note, again.Note) {
		t.Errorf("signed twice, two notes: %v", err)
	}
	v, err := NewVerifier(s.Verifier().String())
	if err != nil {
		t.Fatal(err)
	}
	got, err := v.Open("B-2026", h.Note)
	if err != nil || got.Size != 1 || got.Root != root || got.Origin != "test.example/ledger/B-2026" || got.Day() != "B-2026" {
		t.Fatalf("%+v, %v", got, err)
	}
	// The library opens it with the day's key as it is.
	day, err := note.NewVerifier(v.DayKey("B-2026"))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := note.Open(h.Note, note.VerifierList(day)); err != nil || n.Sigs[0].Name != h.Origin {
		t.Errorf("%+v, %v", n, err)
	}
	if _, err := v.Open("B-2027", h.Note); !errors.Is(err, ErrCheckpoint) {
		t.Error("taken for another day:", err)
	}
	for i := range h.Note {
		changed := bytes.Clone(h.Note)
		changed[i] ^= 1
		if _, err := v.Open("B-2026", changed); err == nil {
			t.Errorf("byte %d changed, and taken:\n%s", i, changed)
		}
	}
	for i := range h.Note {
		if _, err := v.Open("B-2026", h.Note[:i]); err == nil {
			t.Errorf("cut off at %d, and taken", i)
		}
	}
}

// TestDayKeysAreNotMixedUp: the head of one day signed with the name of another
// is not taken, and neither is another installation's.
func TestDayKeysAreNotMixedUp(t *testing.T) {
	s := testSigner(t)
	h, err := s.Sign("A", 1, emptyRoot)
	if err != nil {
		t.Fatal(err)
	}
	renamed := bytes.Replace(h.Note, []byte("— test.example/ledger/A "), []byte("— test.example/ledger/B "), 1)
	if _, err := s.Verifier().Open("A", renamed); !errors.Is(err, ErrSignature) {
		t.Error(err)
	}
	other, err := SignerOf("other.example/ledger", ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Verifier().Open("A", h.Note); !errors.Is(err, ErrCheckpoint) {
		t.Error(err)
	}
}

func TestKeysOfNotes(t *testing.T) {
	s := testSigner(t)
	again, err := NewSigner(s.PrivateString())
	if err != nil || again.Verifier().String() != s.Verifier().String() {
		t.Fatal(err)
	}
	theirs, err := note.NewSigner(s.PrivateString())
	if err != nil || theirs.Name() != s.Verifier().Origin() {
		t.Error("the library does not take our signer key:", err)
	}
	for _, bad := range []string{"", "x", s.Verifier().String(), s.PrivateString() + "A", strings.Replace(s.PrivateString(), "ledger", "lodger", 1)} {
		if _, err := NewSigner(bad); !errors.Is(err, ErrKey) {
			t.Errorf("signer %q: %v", bad, err)
		}
		if _, err := NewVerifier(strings.TrimSuffix(bad, s.Verifier().String())); !errors.Is(err, ErrKey) {
			t.Errorf("verifier %q: %v", bad, err)
		}
	}
	for _, origin := range []string{"", "a b", "a+b", "a\nb"} {
		if _, err := SignerOf(origin, ed25519.NewKeyFromSeed(make([]byte, 32))); !errors.Is(err, ErrKey) {
			t.Errorf("origin %q: %v", origin, err)
		}
	}
}

// sampleEvidence is the evidence of leaf 2 of a ledger of five.
func sampleEvidence(t testing.TB) Evidence {
	t.Helper()
	s := shelf{}
	var e Edge
	var lines [][]byte
	for i := range 5 {
		lines = append(lines, sampleLeaf(func(l *Leaf) { l.Number, l.Submission[0] = int64(i+1), byte(i) }).AppendLine(nil, time.Microsecond))
	}
	tiles, err := e.Grow(lines)
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, tiles)
	head, err := testSigner(t).Sign("B-2026", e.Size(), e.Root())
	if err != nil {
		t.Fatal(err)
	}
	proof, err := NewProver(5, s.read).Inclusion(2)
	if err != nil {
		t.Fatal(err)
	}
	return Evidence{
		Day: "B-2026", Leaf: string(lines[2]), Index: 2, Checkpoint: string(head.Note), Inclusion: proof.Hashes,
		Acknowledgement: []byte("acknowledgement"), LedgerKey: testSigner(t).Verifier().DayKey("B-2026"), NodeKey: "00ff",
	}
}

func TestEvidence(t *testing.T) {
	e := sampleEvidence(t)
	b, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseEvidence(b)
	if err != nil {
		t.Fatal(err)
	}
	leaf, head, err := got.Check(testSigner(t).Verifier())
	if err != nil || leaf.Number != 3 || head.Size != 5 {
		t.Fatalf("%+v, %+v, %v", leaf, head, err)
	}
	v := testSigner(t).Verifier()
	for i := range b {
		changed := bytes.Clone(b)
		changed[i] ^= 1
		g, err := ParseEvidence(changed)
		if err != nil {
			continue
		}
		l, _, err := g.Check(v)
		same := g.Index == e.Index && g.Day == e.Day && g.Leaf == e.Leaf && g.Checkpoint == e.Checkpoint
		if err == nil && (l != leaf || !same) {
			t.Errorf("byte %d changed, and taken:\n%s", i, changed)
		}
	}
}
