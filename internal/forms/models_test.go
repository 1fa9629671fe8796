package forms_test

import (
	"maps"
	"strings"
	"testing"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
)

// everyModel runs a test for each version of each model.
func everyModel(t *testing.T, f func(t *testing.T, m *forms.Model)) {
	t.Helper()
	for _, m := range mustLoad(t).All() {
		t.Run(string(m.Code), func(t *testing.T) { f(t, m) })
	}
}

// samples returns n ready applications.
func samples(m *forms.Model, seed uint64, n int) []forms.Answers {
	r := sample.New(seed)
	out := make([]forms.Answers, n)
	for i := range out {
		out[i] = sample.Of(r, m, sample.Any, today)
	}
	return out
}

func TestTheCatalogueIsComplete(t *testing.T) {
	c := mustLoad(t)
	for _, code := range []clickday.ModelCode{"A", "A-BIS", "B", "B2020", "C-STAG-A", "C-STAG-T", "VA", "VB", "Z", "LS", "LS1", "LS2"} {
		if _, ok := c.Newest(code); !ok {
			t.Errorf("there is no model %s", code)
		}
	}
}

// TestWithoutARequiredAnswerNothingIsReady takes every required answer out of
// samples that hold it: the application is to complete, and the one issue of the
// field names it in both languages.
func TestWithoutARequiredAnswerNothingIsReady(t *testing.T) {
	everyModel(t, func(t *testing.T, m *forms.Model) {
		missed := map[string]bool{}
		for _, a := range samples(m, 31, 120) {
			if got := m.State(a, today); got != clickday.Ready {
				t.Fatalf("a sample is %s: %+v", got, m.Check(a, today))
			}
			for id := range a {
				f, _ := m.Field(id)
				if !f.Required || missed[id] {
					continue
				}
				missed[id] = true
				without := maps.Clone(a)
				delete(without, id)
				if got := m.State(m.Clean(without), today); got != clickday.ToComplete {
					t.Errorf("without %s it is %s", id, got)
				}
				if !names(m.Check(m.Clean(without), today), f) {
					t.Errorf("without %s, no issue names «%s» and “%s”", id, f.Label.IT, f.Label.EN)
				}
			}
		}
		for i := range m.Pages {
			for j := range m.Pages[i].Fields {
				if f := &m.Pages[i].Fields[j]; f.Required && !missed[f.ID] {
					t.Errorf("no sample answers %s", f.ID)
				}
			}
		}
	})
}

// names reports whether one issue says in both languages that a field is missing.
func names(issues []forms.Issue, f *forms.Field) bool {
	for _, issue := range issues {
		if issue.Field == f.ID {
			return issue.Missing && strings.Contains(issue.Text.IT, f.Label.IT) && strings.Contains(issue.Text.EN, f.Label.EN)
		}
	}
	return false
}

func TestEveryModelFreezesAndThaws(t *testing.T) {
	everyModel(t, func(t *testing.T, m *forms.Model) {
		for _, a := range samples(m, 32, 20) {
			d := document(a)
			d.Model, d.ModelVersion = m.Code, m.Version
			b, _, err := forms.Freeze(d)
			if err != nil {
				t.Fatal(err)
			}
			back, err := forms.Thaw(b)
			if err != nil || back.Model != m.Code || !maps.Equal(back.Answers, a) {
				t.Fatalf("%v: %+v", err, back)
			}
		}
	})
}

// TestEveryPreviewIsForPeople: each answer stands in it, with its question, and
// codes have become words in both languages.
func TestEveryPreviewIsForPeople(t *testing.T) {
	everyModel(t, func(t *testing.T, m *forms.Model) {
		for _, a := range samples(m, 33, 20) {
			for _, lang := range []string{"it", "en"} {
				rows := 0
				for _, s := range m.Preview(a, lang) {
					for _, row := range s.Rows {
						rows++
						if row.Label == "" || row.Value == "" || strings.ContainsAny(row.Label, "{}") {
							t.Errorf("%s: %+v", s.Title, row)
						}
					}
				}
				if rows != len(a) {
					t.Errorf("%s: %d rows for %d answers", lang, rows, len(a))
				}
			}
			_, self := m.Field("activity_kind") // who works for themselves has no employer
			if employer, worker := m.SummaryOf(a); worker == "" || (employer == "") != self {
				t.Errorf("summary %q, %q", employer, worker)
			}
		}
	})
}

func TestEveryApplicationCompetesForSomething(t *testing.T) {
	everyModel(t, func(t *testing.T, m *forms.Model) {
		sectors := map[string]bool{}
		for _, o := range m.SectorNames() {
			sectors[o.Value] = o.Label.IT != "" && o.Label.EN != ""
		}
		for _, a := range samples(m, 34, 30) {
			if q := m.QuotaOf(a); q.State == "" || q.Province == "" || !sectors[q.Sector] {
				t.Fatalf("%+v of the sectors %v", q, sectors)
			}
		}
	})
}

// TestNoTextIsLeftHalf looks for what a part should have filled in, and for
// questions that stand twice on a page.
func TestNoTextIsLeftHalf(t *testing.T) {
	everyModel(t, func(t *testing.T, m *forms.Model) {
		for i := range m.Pages {
			seen := map[string]string{}
			for j := range m.Pages[i].Fields {
				f := &m.Pages[i].Fields[j]
				for _, s := range []string{f.ID, f.Label.IT, f.Label.EN, f.Help.IT, f.Help.EN} {
					if strings.ContainsAny(s, "{}") || strings.HasSuffix(s, " ") || strings.Contains(s, "  ") {
						t.Errorf("%s: %q", f.ID, s)
					}
				}
				if other := seen[f.Label.IT]; other != "" && !apart(m, other, f.ID) {
					t.Errorf("%s and %s are both called %q", other, f.ID, f.Label.IT)
				}
				seen[f.Label.IT] = f.ID
			}
		}
	})
}

// apart reports whether two fields are never asked together.
func apart(m *forms.Model, one, two string) bool {
	for _, a := range samples(m, 35, 60) {
		if a[one] != "" && a[two] != "" {
			return false
		}
	}
	return true
}
