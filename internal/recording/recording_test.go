package recording

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/journal"
	"puntuale/internal/loadrun"
	"puntuale/internal/profile"
	"puntuale/internal/wire"
)

const opens = int64(1_700_000_000_000_000_000)

// person is a workstation.
type person struct {
	public  ed25519.PublicKey
	private ed25519.PrivateKey
}

func newPerson(t *testing.T) person {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return person{public, private}
}

// envelope is one of this person; seal makes it another one of the same
// application.
func (p person) envelope(t *testing.T, day clickday.DayID, application byte, seal uint32) []byte {
	t.Helper()
	ticket := wire.Ticket{KeyID: 1, Day: day, Model: "B", ModelVersion: 1, Application: clickday.ApplicationID{application}, SealVersion: seal,
		Device: [32]byte(p.public), Account: 77, IssuedAt: 1, NotAfter: 2}
	b, err := wire.SealEnvelope(wire.SealTicket(&ticket, make([]byte, 32)), 0, []byte("document"), p.private)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sent is one arrival put into the journal of a test.
type sent struct {
	after    time.Duration
	envelope []byte
}

// record keeps arrivals in a real journal and records them.
func record(t *testing.T, grain time.Duration, arrivals ...sent) (*Recording, error) {
	t.Helper()
	node := newPerson(t)
	dir := t.TempDir()
	j, err := journal.Open(journal.Options{Dir: dir, Node: 1, Key: node.private, Clock: clock.System{}, Log: slog.New(slog.DiscardHandler), SegmentSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range arrivals {
		stamp := clickday.Stamp{UnixNano: opens + int64(a.after), Source: clickday.StampKernel, Clock: clickday.ClockOK}
		if _, err := j.Append(t.Context(), wire.IDOf(a.envelope), stamp, a.envelope); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := &Recorder{Day: 5, Opens: opens, Grain: grain}
	for range 2 { // as if through two nodes: the same arrivals count once
		if err := r.Add(dir, node.public); err != nil {
			return nil, err
		}
	}
	return r.Recording("try")
}

func TestARecordingHasWhatHappenedAndNobodysName(t *testing.T) {
	a, b := newPerson(t), newPerson(t)
	forged := a.envelope(t, 5, 4, 1)
	forged[len(forged)-1] ^= 1
	rec, err := record(t, time.Millisecond,
		sent{1_234_567, a.envelope(t, 5, 1, 1)}, sent{2_999_999, b.envelope(t, 5, 2, 1)}, sent{3_000_000, a.envelope(t, 5, 1, 2)},
		sent{3_500_000, forged}, sent{4_000_000, a.envelope(t, 6, 3, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []Kind
	var at []time.Duration
	for _, x := range rec.Arrivals {
		kinds, at = append(kinds, x.Kind), append(at, x.At)
	}
	if !slices.Equal(kinds, []Kind{Good, Good, Again, Bad}) || !slices.Equal(at, []time.Duration{1e6, 2e6, 3e6, 3e6}) {
		t.Errorf("kinds %v at %v", kinds, at)
	}
	x := rec.Arrivals
	if x[0].Sender == x[1].Sender || x[0].Sender != x[2].Sender || x[0].Application != x[2].Application || x[0].Application == x[1].Application {
		t.Errorf("%+v", x)
	}
	var file bytes.Buffer
	if err := rec.Write(&file); err != nil {
		t.Fatal(err)
	}
	back, err := Read(bytes.NewReader(file.Bytes()))
	if err != nil || !reflect.DeepEqual(back, rec) {
		t.Errorf("read back %+v, %v", back, err)
	}
	for _, secret := range []string{string(a.public), "77", "1700000000", wire.IDOf(forged).String()} {
		if strings.Contains(file.String(), secret) {
			t.Errorf("the file has %q in it:\n%s", secret, file.String())
		}
	}
}

func TestNumbersAreNotInOrderOfArrival(t *testing.T) {
	var arrivals []sent
	for i := range 40 {
		arrivals = append(arrivals, sent{time.Duration(i) * time.Millisecond, newPerson(t).envelope(t, 5, byte(i+1), 1)})
	}
	rec, err := record(t, time.Millisecond, arrivals...)
	if err != nil {
		t.Fatal(err)
	}
	if slices.IsSortedFunc(rec.Arrivals, func(a, b Arrival) int { return int(a.Sender) - int(b.Sender) }) {
		t.Error("senders are numbered as they arrived")
	}
	seen := map[uint32]bool{}
	for _, a := range rec.Arrivals {
		seen[a.Sender] = true
	}
	if len(seen) != 40 {
		t.Errorf("%d senders", len(seen))
	}
}

func TestWhatCannotBeRecorded(t *testing.T) {
	p := newPerson(t)
	if _, err := record(t, time.Millisecond, sent{1, p.envelope(t, 6, 1, 1)}); !errors.Is(err, ErrNothing) {
		t.Errorf("another day: %v", err)
	}
	if _, err := record(t, time.Microsecond, sent{1, p.envelope(t, 5, 1, 1)}); err == nil {
		t.Error("a grain as fine as the ledger's is taken")
	}
}

func TestWrongFilesAreRefused(t *testing.T) {
	good := firstLine + "\n# name: x\n# grain: 1ms\n" + columns + "\n1,0,0,good\n2,0,1,bad\n"
	if _, err := Read(strings.NewReader(good)); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{firstLine, "# Puntuale list 1"}, {"# name: x", "# name: "}, {"1ms", "0s"}, {"1ms", "soon"}, {columns, "at"},
		{"1,0,0,good", "3,0,0,good"}, {"1,0,0,good", "1,0,good"}, {"1,0,0,good", "1,-1,0,good"}, {",bad", ",late"},
		{"1,0,0,good\n2,0,1,bad\n", ""},
	} {
		if _, err := Read(strings.NewReader(strings.Replace(good, change[0], change[1], 1))); !errors.Is(err, ErrRecording) {
			t.Errorf("%q: %v", change[1], err)
		}
	}
}

// crowd is a recording of so many senders with two applications each, the first
// of them sent again, and one forgery.
func crowd(senders int) *Recording {
	r := &Recording{Name: "crowd", Grain: time.Millisecond}
	for i := range uint32(senders) {
		at := time.Duration(i) * time.Millisecond
		r.Arrivals = append(r.Arrivals, Arrival{at, i, 2 * i, Good}, Arrival{at, i, 2*i + 1, Good}, Arrival{at, i, 2 * i, Again})
	}
	r.Arrivals = append(r.Arrivals, Arrival{time.Duration(senders) * time.Millisecond, 0, 9999, Bad})
	return r
}

func TestAPlanRepeatsTheRecording(t *testing.T) {
	r := crowd(100)
	p := r.Plan(profile.Options{Scale: 1, Seed: 3})
	s := p.Summarise()
	if s.Kinds[loadrun.Good] != 200 || s.Kinds[loadrun.Repeat] != 100 || s.Kinds[loadrun.Bad] != 1 || len(p.Senders) != 100 {
		t.Errorf("summary %+v, %d senders", s.Kinds, len(p.Senders))
	}
	if len(p.Of) != 201 || len(p.Bad) != 201 || p.Bad[200] != loadrun.BadSignature || slices.Index(p.Bad, loadrun.BadSignature) != 200 {
		t.Errorf("bad envelopes do not stand at the end: %v", p.Bad)
	}
	first := map[uint32]bool{}
	for _, q := range p.Requests {
		if q.At < 0 || q.At > 101*time.Millisecond || q.Sender != p.Of[q.Envelope] {
			t.Errorf("request %+v", q)
		}
		if q.Kind == loadrun.Repeat && !first[q.Envelope] {
			t.Errorf("envelope %d is repeated before it was sent", q.Envelope)
		}
		first[q.Envelope] = true
	}
	if !reflect.DeepEqual(p, r.Plan(profile.Options{Scale: 1, Seed: 3})) {
		t.Error("the same seed gives another plan")
	}
	if prof := r.Profile(); prof.Applications != 200 || prof.Connected != 100 {
		t.Errorf("profile %+v", prof)
	}
}

func TestScalingKeepsSendersWhole(t *testing.T) {
	for scale, want := range map[float64]int{0.3: 300, 2.5: 2500} {
		p := crowd(1000).Plan(profile.Options{Scale: scale, Seed: 1})
		if n := len(p.Senders); n < want*8/10 || n > want*12/10 {
			t.Errorf("scale %g: %d senders of 1000", scale, n)
		}
		for i, s := range p.Senders {
			if s.Applications != 2 || !s.Private {
				t.Fatalf("scale %g: sender %d %+v", scale, i, s)
			}
		}
	}
	p := crowd(100).Plan(profile.Options{Scale: 1, Until: 50 * time.Millisecond, Seed: 1})
	if last := p.Requests[len(p.Requests)-1].At; last > 51*time.Millisecond {
		t.Errorf("cut at 50 ms, last at %s", last)
	}
}
