package sample

import (
	"maps"
	"testing"
	"time"

	"puntuale/internal/forms"
	"puntuale/internal/places"
)

func catalogue(t testing.TB) *forms.Catalogue {
	t.Helper()
	c, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var days = []time.Time{
	time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
	time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC), time.Date(2031, 12, 31, 0, 0, 0, 0, time.UTC),
}

func TestSamplesOfEveryModelAreReadyAndCanonical(t *testing.T) {
	for _, m := range catalogue(t).All() {
		r := New(1)
		for i := range 800 {
			today := days[i%len(days)]
			a := Of(r, m, []Kind{Any, Person, Company}[i%3], today)
			for _, issue := range m.Check(a, today) {
				t.Fatalf("model %s, application %d on %s: %s: %s (%q)", m.Code, i, today.Format(time.DateOnly), issue.Field, issue.Text.IT, a[issue.Field])
			}
			if clean := m.Clean(a); !maps.Equal(clean, a) {
				t.Fatalf("model %s, application %d: Clean changes it:\n%v\n%v", m.Code, i, a, clean)
			}
		}
	}
}

func TestSamplesDependOnTheSeedAlone(t *testing.T) {
	for _, m := range catalogue(t).All() {
		a, b, other := New(7), New(7), New(8)
		for range 20 {
			x := Of(a, m, Any, days[1])
			if !maps.Equal(x, Of(b, m, Any, days[1])) {
				t.Fatalf("model %s: the same seed gives other answers", m.Code)
			}
			if maps.Equal(x, Of(other, m, Any, days[1])) {
				t.Fatalf("model %s: another seed gives the same answers", m.Code)
			}
		}
	}
}

// TestSamplesReachEveryField: what no sample answers, no test of samples sees.
func TestSamplesReachEveryField(t *testing.T) {
	for _, m := range catalogue(t).All() {
		seen := map[string]bool{}
		r := New(5)
		for range 2000 {
			for id := range Of(r, m, Any, days[1]) {
				seen[id] = true
			}
		}
		for i := range m.Pages {
			for j := range m.Pages[i].Fields {
				if id := m.Pages[i].Fields[j].ID; !seen[id] {
					t.Errorf("model %s: no sample answers %s", m.Code, id)
				}
			}
		}
	}
}

func TestUsualAnswersExist(t *testing.T) {
	for _, code := range usual["permit_state"] {
		if s, ok := places.State(code); !ok || !s.Current() {
			t.Errorf("%s is no state of today", code)
		}
	}
	for work, tasks := range seasonTasks {
		if len(tasks) == 0 {
			t.Errorf("no task for %s", work)
		}
	}
}
