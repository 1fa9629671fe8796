package forms_test

import (
	"testing"

	"puntuale/internal/forms"
)

func mustLoad(t testing.TB) *forms.Catalogue {
	t.Helper()
	c, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func modelB(t testing.TB) *forms.Model {
	t.Helper()
	m, ok := mustLoad(t).Newest("B")
	if !ok {
		t.Fatal("no model B")
	}
	return m
}

func TestLoad(t *testing.T) {
	m := modelB(t)
	want := []string{"employer", "worker", "contract", "workplace", "housing", "declarations"}
	if len(m.Pages) != len(want) {
		t.Fatalf("%d pages, want %d", len(m.Pages), len(want))
	}
	for i, id := range want {
		if m.Pages[i].ID != id {
			t.Errorf("page %d is %q, want %q", i+1, m.Pages[i].ID, id)
		}
	}
}
