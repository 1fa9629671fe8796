package forms_test

import (
	"slices"
	"strings"
	"testing"

	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
)

func TestShowAndInput(t *testing.T) {
	m := modelB(t)
	for _, row := range []struct{ field, value, it, en, input string }{
		{"worker_birth_date", "1990-12-31", "31/12/1990", "31/12/1990", "31/12/1990"},
		{"contract_pay", "1234.50", "1.234,50 €", "1.234,50 €", "1.234,50"},
		{"contract_pay", "900.00", "900,00 €", "900,00 €", "900,00"},
		{"company_turnover", "1234567.00", "1.234.567,00 €", "1.234.567,00 €", "1.234.567,00"},
		{"contract_kind", "fixed", "A tempo determinato", "Fixed-term", "fixed"},
		{"worker_has_tax_code", "yes", "Sì", "Yes", "yes"},
		{"workplace_place", "H501", "Roma (RM)", "Roma (RM)", "Roma (RM)"},
		{"worker_state", "Z336", "Egitto", "Egypt", "Z336"},
		{"worker_surname", "Nguyễn", "Nguyễn", "Nguyễn", "Nguyễn"},
		// What is not canonical is shown as it was typed.
		{"worker_birth_date", "ieri", "ieri", "ieri", "ieri"},
		{"contract_pay", "tanto", "tanto", "tanto", "tanto"},
		{"contract_kind", "x", "x", "x", "x"},
		{"worker_has_tax_code", "x", "x", "x", "x"},
		{"workplace_place", "Samone", "Samone", "Samone", "Samone"},
		{"worker_state", "x", "x", "x", "x"},
	} {
		f, ok := m.Field(row.field)
		if !ok {
			t.Fatalf("no field %s", row.field)
		}
		it, en, input := m.Show(f, row.value, "it"), m.Show(f, row.value, "en"), m.Input(f, row.value)
		if it != row.it || en != row.en || input != row.input {
			t.Errorf("%s = %q: %q, %q, %q", row.field, row.value, it, en, input)
		}
	}
}

// TestInputIsReadBack: what a page shows in its inputs is what Clean reads.
func TestInputIsReadBack(t *testing.T) {
	m := modelB(t)
	r := sample.New(6)
	for range 200 {
		a := sample.ModelB(r, sample.Any)
		typed := make(forms.Answers, len(a))
		for id, v := range a {
			f, _ := m.Field(id)
			typed[id] = m.Input(f, v)
		}
		for id, v := range m.Clean(typed) {
			if v != a[id] {
				t.Fatalf("%s: %q is shown as %q and read as %q", id, a[id], typed[id], v)
			}
		}
	}
}

func TestPreview(t *testing.T) {
	m := modelB(t)
	a := sample.ModelB(sample.New(2), sample.Company)
	a["employer_surname"] = "not asked"
	for lang, want := range map[string][2]string{"it": {"Lavoratore", "Cognome del lavoratore"}, "en": {"Worker", "Surname of the worker"}} {
		sections := m.Preview(a, lang)
		if len(sections) != 6 {
			t.Fatalf("%s: %d sections", lang, len(sections))
		}
		rows := 0
		for _, s := range sections {
			rows += len(s.Rows)
		}
		if rows != len(a)-1 {
			t.Errorf("%s: %d rows for %d answers", lang, rows, len(a)-1)
		}
		if sections[1].Title != want[0] || sections[1].Rows[0] != (forms.Row{Label: want[1], Value: a["worker_surname"]}) {
			t.Errorf("%s: %+v", lang, sections[1].Rows[0])
		}
	}
	if got := m.Preview(forms.Answers{"workplace_postcode": "80100"}, "it"); len(got) != 1 || len(got[0].Rows) != 1 {
		t.Errorf("pages without an answer are shown: %+v", got)
	}
}

func TestSummaryOf(t *testing.T) {
	m := modelB(t)
	a := forms.Answers{
		"employer_kind": "person", "company_name": "Edil Rossi S.r.l.", "employer_surname": "De Luca", "employer_name": "Ada",
		"worker_surname": "Hoxha",
	}
	if employer, worker := m.SummaryOf(a); employer != "De Luca Ada" || worker != "Hoxha" {
		t.Errorf("%q, %q", employer, worker)
	}
	a["employer_kind"] = "company"
	if employer, _ := m.SummaryOf(a); employer != "Edil Rossi S.r.l." {
		t.Errorf("%q", employer)
	}
	if employer, worker := m.SummaryOf(forms.Answers{}); employer != "" || worker != "" {
		t.Errorf("of nothing: %q, %q", employer, worker)
	}
}

func TestDictionaryHoldsWhatDocumentsShare(t *testing.T) {
	m := modelB(t)
	content := string(m.Dictionary().Content)
	ids := []string{}
	for _, p := range m.Pages {
		for _, f := range p.Fields {
			ids = append(ids, f.ID)
			for _, o := range f.Options {
				if !strings.Contains(content, f.ID+string(rune(0x60+len(o.Value)))+o.Value) {
					t.Errorf("%s = %s is not in the dictionary", f.ID, o.Value)
				}
			}
		}
	}
	// The last copy of each id stands in the order of canonical CBOR.
	slices.SortFunc(ids, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	at := -1
	for _, id := range ids {
		header := string(rune(0x60 + len(id)))
		if len(id) > 23 {
			header = "\x78" + string(rune(len(id)))
		}
		i := strings.LastIndex(content, header+id)
		if i <= at {
			t.Fatalf("%s stands at %d, after %d", id, i, at)
		}
		at = i
	}
}
