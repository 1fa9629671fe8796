package sample

import (
	"maps"
	"testing"
	"time"

	"puntuale/internal/forms"
	"puntuale/internal/places"
)

func model(t testing.TB) *forms.Model {
	t.Helper()
	c, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	m, ok := c.Model("B", 1)
	if !ok {
		t.Fatal("no model B, version 1")
	}
	return m
}

func TestModelBIsValidAndCanonical(t *testing.T) {
	m := model(t)
	r := New(1)
	days := []time.Time{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2031, 12, 31, 0, 0, 0, 0, time.UTC)}
	for i := range 2000 {
		a := ModelB(r, []Kind{Any, Person, Company}[i%3])
		for _, today := range days {
			for _, issue := range m.Check(a, today) {
				t.Fatalf("application %d on %s: %s: %s (%q)", i, today.Format(time.DateOnly), issue.Field, issue.Text.IT, a[issue.Field])
			}
		}
		if clean := m.Clean(a); !maps.Equal(clean, a) {
			t.Fatalf("application %d: Clean changes it:\n%v\n%v", i, a, clean)
		}
	}
}

func TestModelBDependsOnTheSeedAlone(t *testing.T) {
	a, b, other := New(7), New(7), New(8)
	same := true
	for range 50 {
		x := ModelB(a, Any)
		if !maps.Equal(x, ModelB(b, Any)) {
			t.Fatal("the same seed gives other answers")
		}
		same = same && maps.Equal(x, ModelB(other, Any))
	}
	if same {
		t.Error("another seed gives the same answers")
	}
}

func TestModelBTakesTheKindOfEmployer(t *testing.T) {
	r := New(3)
	for _, kind := range []Kind{Person, Company} {
		for range 20 {
			if a := ModelB(r, kind); a["employer_kind"] != string(kind) {
				t.Fatalf("employer_kind %q, want %q", a["employer_kind"], kind)
			}
		}
	}
}

func TestTownsAndCountriesExist(t *testing.T) {
	born := time.Date(1955, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, w := range towns {
		p, ok := places.Comune(w.code)
		if !ok || p.Name != w.name || p.Province != w.province || !p.Current() || !places.ComuneOn(w.code, born) {
			t.Errorf("%+v: the data have %+v", w, p)
		}
	}
	for i := range countries {
		if s, ok := places.State(countries[i].code); !ok || !s.Current() {
			t.Errorf("%s is no state of today", countries[i].code)
		}
	}
}
