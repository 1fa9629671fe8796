package rehearsal_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/forms"
	"puntuale/internal/postgres/admissiontest"
	"puntuale/internal/postgres/pgtest"
	"puntuale/internal/rehearsal"
)

// scene is an account with two sealed applications and a day of rehearsals.
type scene struct {
	*admissiontest.Office
	*rehearsal.Service
	clock   *clock.Fake
	cal     clickday.Calendar
	account accounts.Account
}

func newScene(t *testing.T) *scene {
	t.Helper()
	o := admissiontest.New(t, pgtest.New(t))
	o.Exec("INSERT INTO click_days (id, code, tie_seed) VALUES (900, 'PROVA', '')")
	id, device := o.Account("anna@example.it")
	for range 2 {
		o.Seal(id, device)
	}
	now := admissiontest.SealedAt.Add(time.Hour)
	s := &scene{Office: o, clock: clock.NewFake(now), account: accounts.Account{ID: id, Kind: accounts.Company}}
	s.Service = &rehearsal.Service{Store: o.DB, Models: o.Models, Clock: s.clock}
	s.cal = clickday.Calendar{Version: 1, Days: []clickday.Day{
		{ID: 1, Code: "B-2026", Models: []clickday.ModelCode{"B"}, Opens: admissiontest.Opens.UnixNano(), Closes: admissiontest.Closes.UnixNano(), State: clickday.DayScheduled},
		{
			ID: 900, Code: "PROVA", Rehearsal: true, Models: []clickday.ModelCode{"B"}, State: clickday.DayScheduled,
			Opens: now.Add(-time.Hour).UnixNano(), Closes: now.AddDate(1, 0, 0).UnixNano(),
		},
	}}
	return s
}

func (s *scene) begin(t *testing.T, n int) rehearsal.Run {
	t.Helper()
	run, err := s.Begin(t.Context(), &s.cal, &s.account, n)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// TestCopiesAreOfTheirOwn: each run has new ids, the same answers under the day
// of rehearsals, and is known to the worker as sealed when the original was.
func TestCopiesAreOfTheirOwn(t *testing.T) {
	s := newScene(t)
	first, second := s.begin(t, 0), s.begin(t, 1)
	if len(first.Applications) != 2 || len(second.Applications) != 1 {
		t.Fatalf("%d and %d applications", len(first.Applications), len(second.Applications))
	}
	originals, err := s.DB.SealedOf(t.Context(), s.account.ID, 10)
	if err != nil {
		t.Fatal(err)
	}
	var refs []clickday.SealRef
	for _, run := range []rehearsal.Run{first, second} {
		for i := range run.Applications {
			a := &run.Applications[i]
			refs = append(refs, clickday.SealRef{Application: a.ID, Version: 1})
			checkCopy(t, a, originals)
		}
	}
	slices.SortFunc(refs, func(a, b clickday.SealRef) int { return slices.Compare(a.Application[:], b.Application[:]) })
	if len(slices.Compact(refs)) != 3 {
		t.Error("two runs share an id")
	}
	facts, err := s.DB.SealFacts(t.Context(), refs)
	if err != nil || len(facts) != 3 {
		t.Fatalf("%d facts: %v", len(facts), err)
	}
	for ref, f := range facts {
		if f.Account != s.account.ID || !f.SealedAt.Equal(admissiontest.SealedAt) || !f.SupersededAt.IsZero() {
			t.Errorf("%v: %+v", ref, f)
		}
	}
}

func checkCopy(t *testing.T, a *rehearsal.Application, originals []accounts.SealedApplication) {
	t.Helper()
	doc, err := forms.Thaw(a.Document)
	if err != nil || a.Source == nil || doc.Application != a.ID || doc.Day != 900 || doc.SealVersion != 1 {
		t.Fatalf("%+v: %v", doc, err)
	}
	i := slices.IndexFunc(originals, func(o accounts.SealedApplication) bool { return o.ID == *a.Source })
	was, err := forms.Thaw(originals[i].Seal.Document)
	if err != nil || len(was.Answers) != len(doc.Answers) || was.Answers["worker_passport"] != doc.Answers["worker_passport"] || was.Application == a.ID {
		t.Errorf("%v: %v", was.Answers, err)
	}
}

// TestNobodyElse reads or fetches a rehearsal.
func TestNobodyElse(t *testing.T) {
	s := newScene(t)
	run := s.begin(t, 0)
	if list, err := s.DB.RehearsalOutcomes(t.Context(), s.account.ID, run.ID); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
	if _, err := s.DB.RehearsalOutcomes(t.Context(), s.account.ID+1, run.ID); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("another account: %v", err)
	}
	if _, err := s.DB.RehearsalReceipt(t.Context(), s.account.ID, run.ID, run.Applications[0].ID); !errors.Is(err, accounts.ErrNotFound) {
		t.Errorf("no receipt yet: %v", err)
	}
}

// TestWhenThereIsNone: without a day, near an opening, and too often.
func TestWhenThereIsNone(t *testing.T) {
	s := newScene(t)
	for range rehearsal.PerDay {
		s.begin(t, 1)
	}
	if _, err := s.Begin(t.Context(), &s.cal, &s.account, 1); !errors.Is(err, rehearsal.ErrTooOften) {
		t.Errorf("one more: %v", err)
	}
	var frozen *rehearsal.FrozenError
	s.clock.Set(admissiontest.Opens.Add(-30 * time.Minute))
	if _, err := s.Begin(t.Context(), &s.cal, &s.account, 1); !errors.As(err, &frozen) || !frozen.Until.Equal(admissiontest.Opens.Add(clickday.RehearsalFrozenAfter)) {
		t.Errorf("near an opening: %v", err)
	}
	s.clock.Set(admissiontest.Opens.Add(24 * time.Hour))
	s.begin(t, 1)
	s.cal.Days = s.cal.Days[:1]
	if _, err := s.Begin(t.Context(), &s.cal, &s.account, 1); !errors.Is(err, rehearsal.ErrNone) {
		t.Errorf("without a day: %v", err)
	}
}

// TestSamplesForWhoHasNothing: they pass the checks of their model.
func TestSamplesForWhoHasNothing(t *testing.T) {
	s := newScene(t)
	id, _ := s.Account("nobody@example.it")
	s.account = accounts.Account{ID: id, Kind: accounts.Person}
	run := s.begin(t, 0)
	if len(run.Applications) != rehearsal.Samples {
		t.Fatalf("%d samples", len(run.Applications))
	}
	for i := range run.Applications {
		a := &run.Applications[i]
		if issues := a.Model.Check(a.Answers, s.clock.Now()); a.Source != nil || len(issues) != 0 {
			t.Errorf("%v %v", a.Source, issues)
		}
	}
}

// TestOldRehearsalsGo, and nothing else.
func TestOldRehearsalsGo(t *testing.T) {
	s := newScene(t)
	s.begin(t, 0)
	old := s.clock.Now()
	s.clock.Set(old.Add(rehearsal.Keep))
	kept := s.begin(t, 0)
	for _, want := range []int{1, 0} {
		if n, err := s.DB.CleanRehearsals(context.Background(), old.Add(time.Hour)); err != nil || n != want {
			t.Fatalf("%d removed: %v", n, err)
		}
	}
	if _, err := s.DB.RehearsalOutcomes(t.Context(), s.account.ID, kept.ID); err != nil {
		t.Errorf("a young one is gone: %v", err)
	}
	if list, err := s.DB.SealedOf(t.Context(), s.account.ID, 10); err != nil || len(list) != 2 {
		t.Errorf("the applications: %d %v", len(list), err)
	}
}
