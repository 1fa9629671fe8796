package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"puntuale/internal/clickday"
	"puntuale/internal/wire"
)

func record(t *testing.T, content string) Record {
	t.Helper()
	e := []byte(content)
	return Record{
		Application: clickday.NewApplicationID().String(), Day: 1, Model: "B", Worker: content,
		Envelope: e, Submission: wire.IDOf(e).String(), State: Prepared,
	}
}

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t *testing.T, s *Store, r ...Record) {
	t.Helper()
	if err := s.Put(r...); err != nil {
		t.Fatal(err)
	}
}

func TestRecordsSurviveReopening(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	a, b := record(t, "a"), record(t, "b")
	put(t, s, a, b)
	a.State = Armed
	put(t, s, a)
	before := s.All()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	defer s.Close()
	if !reflect.DeepEqual(s.All(), before) {
		t.Fatalf("got %v, want %v", s.All(), before)
	}
}

func TestOnlyOneProcessHoldsTheStore(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if _, err := Open(dir); !errors.Is(err, ErrLocked) {
		t.Fatalf("err %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir).Close()
}

func TestAnEnvelopeThatMayBeSentNeverChanges(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	for _, state := range []State{Sending, Acknowledged, Sequenced, Receipted} {
		r := record(t, "first "+string(state))
		put(t, s, r)
		for _, step := range []State{Armed, Sending, Acknowledged, Sequenced, Receipted} {
			r.State = step
			put(t, s, r)
			if step == state {
				break
			}
		}
		changed := r
		changed.Envelope = []byte("second")
		changed.Submission = wire.IDOf(changed.Envelope).String()
		if err := s.Put(changed); !errors.Is(err, ErrMayBeSent) {
			t.Errorf("%s: changed: %v", state, err)
		}
		if err := s.DropUnsent(r.Application); !errors.Is(err, ErrMayBeSent) {
			t.Errorf("%s: dropped: %v", state, err)
		}
		if got, _ := s.Get(r.Application); !bytes.Equal(got.Envelope, r.Envelope) {
			t.Errorf("%s: the envelope is another", state)
		}
	}
}

func TestARefusedEnvelopeIsReplacedOnlyWithItsPast(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	r := record(t, "old")
	put(t, s, r)
	r.State = Armed
	put(t, s, r)
	r.State, r.Code = Refused, clickday.CodeTooLate
	put(t, s, r)
	next := record(t, "new")
	next.Application = r.Application
	if err := s.Put(next); !errors.Is(err, ErrMayBeSent) {
		t.Fatalf("replaced without a trace: %v", err)
	}
	next.Past = []Attempt{{Submission: r.Submission, Envelope: r.Envelope, Code: r.Code}}
	put(t, s, next)
}

func TestNoOtherTransition(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	r := record(t, "x")
	r.State = Acknowledged
	if err := s.Put(r); !errors.Is(err, ErrTransition) {
		t.Fatalf("err %v", err)
	}
	r.State = Prepared
	put(t, s, r)
	r.State = Receipted
	if err := s.Put(r); !errors.Is(err, ErrTransition) {
		t.Fatalf("err %v", err)
	}
}

func TestADamagedRecordIsNamed(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	r := record(t, "x")
	put(t, s, r)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, applicationsDir, r.Application+recordSuffix)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.Replace(b, []byte(r.Submission[:8]), []byte("00000000"), 1)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !bytes.Contains([]byte(err.Error()), []byte(r.Application)) {
		t.Fatalf("err %v", err)
	}
}

var errPower = errors.New("the power went")

// TestPowerCutAtEveryStep runs the life of three applications again and again,
// and cuts the power one step later each time. After every cut the store opens
// again, and each record is one that was put, no older than the last durable
// one, with its envelope unchanged once it may have been sent.
func TestPowerCutAtEveryStep(t *testing.T) {
	for cut := 1; ; cut++ {
		dir := t.TempDir()
		steps := 0
		d := disk{fault: func(string) error {
			if steps++; steps >= cut {
				return errPower
			}
			return nil
		}}
		s, err := openWith(dir, d)
		if err != nil {
			t.Fatal(err)
		}
		puts := life(t)
		done, err := live(s, puts)
		if cerr := s.Close(); cerr != nil {
			t.Fatal(cerr)
		}
		s = open(t, dir)
		checkAfterCut(t, s, puts, done, fmt.Sprintf("cut at step %d", cut))
		goOn(t, s, puts)
		if cerr := s.Close(); cerr != nil {
			t.Fatal(cerr)
		}
		if err == nil {
			if cut < 40 {
				t.Fatalf("only %d steps: the test does not reach the disk", cut)
			}
			return
		}
	}
}

// life returns the puts of three applications from prepared to receipted.
func life(t *testing.T) [][]Record {
	t.Helper()
	all := []Record{record(t, "a"), record(t, "b"), record(t, "c")}
	puts := [][]Record{append([]Record(nil), all...)}
	for _, state := range []State{Armed, Sending} {
		for i := range all {
			all[i].State = state
		}
		puts = append(puts, append([]Record(nil), all...))
	}
	for i := range all {
		for _, state := range []State{Acknowledged, Sequenced, Receipted} {
			all[i].State = state
			all[i].Acknowledgement = []byte("ack " + all[i].Worker)
			puts = append(puts, []Record{all[i]})
		}
	}
	return puts
}

// live puts until the power goes and returns how many puts came back.
func live(s *Store, puts [][]Record) (int, error) {
	for i, p := range puts {
		if err := s.Put(p...); err != nil {
			return i, err
		}
	}
	return len(puts), nil
}

func checkAfterCut(t *testing.T, s *Store, puts [][]Record, done int, where string) {
	t.Helper()
	for _, want := range puts[0] {
		var allowed []Record // the last durable one, and the one whose put was cut
		for i, p := range puts[:min(done+1, len(puts))] {
			for _, r := range p {
				if r.Application != want.Application {
					continue
				}
				if i < done {
					allowed = allowed[:0]
				}
				allowed = append(allowed, r)
			}
		}
		got, there := s.Get(want.Application)
		ok := !there && done == 0
		for _, a := range allowed {
			ok = ok || there && reflect.DeepEqual(got, a)
		}
		if !ok {
			t.Fatalf("%s: application %s is %q after %d puts", where, want.Worker, got.State, done)
		}
	}
	leftovers, err := filepath.Glob(filepath.Join(s.Dir(), applicationsDir, tmpPrefix+"*"))
	if err != nil || len(leftovers) > 0 {
		t.Fatalf("%s: left over: %v %v", where, leftovers, err)
	}
}

// goOn finishes the life from wherever it stands: whatever was cut, the rest works.
func goOn(t *testing.T, s *Store, puts [][]Record) {
	t.Helper()
	for _, p := range puts {
		for _, r := range p {
			if err := s.Put(r); err != nil && !errors.Is(err, ErrTransition) {
				t.Fatal(err)
			}
		}
	}
	for _, r := range s.All() {
		if r.State != Receipted {
			t.Fatalf("application %s is stuck in %s", r.Worker, r.State)
		}
	}
}

func TestAfterAFailedWriteNothingMoreIsWritten(t *testing.T) {
	dir := t.TempDir()
	failing := false
	s, err := openWith(dir, disk{fault: func(step string) error {
		if failing && step == "sync" {
			return errPower
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := record(t, "x")
	put(t, s, r)
	failing = true
	r.State = Armed
	if err := s.Put(r); !errors.Is(err, errPower) {
		t.Fatalf("err %v", err)
	}
	if got, _ := s.Get(r.Application); got.State != Prepared {
		t.Fatal("memory went ahead of the disk")
	}
	failing = false
	if err := s.Put(r); err == nil {
		t.Fatal("went on after a failed write")
	}
}
