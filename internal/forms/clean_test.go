package forms_test

import (
	"maps"
	"testing"

	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
)

// asking are answers on which the questions of a person depend, company those of
// a company.
var (
	asking = forms.Answers{
		"employer_kind": "person", "employer_born_in": "italy", "worker_has_tax_code": "yes", "contract_kind": "fixed",
		"housing_provider": "employer", "housing_cost": "paid",
	}
	company = forms.Answers{"employer_kind": "company"}
)

// typed is what people type and what becomes of it.
var typed = []struct {
	with              forms.Answers
	field, raw, clean string
}{
	{asking, "worker_surname", "  El   Sayed\t", "El Sayed"},
	{asking, "worker_surname", "Nicolo\u0300", "Nicolò"},
	{asking, "worker_surname", "Hoxha\x00\u200b", "Hoxha"},
	{asking, "worker_surname", "Ho\xffxha", "Hoxha"},
	{asking, "worker_birth_date", "31/12/1990", "1990-12-31"},
	{asking, "worker_birth_date", "1/2/1990", "1990-02-01"},
	{asking, "worker_birth_date", "1.2.1990", "1990-02-01"},
	{asking, "worker_birth_date", "01-02-1990", "1990-02-01"},
	{asking, "worker_birth_date", "1990-02-01", "1990-02-01"},
	{asking, "worker_birth_date", "31/02/1990", "31/02/1990"},
	{asking, "worker_birth_date", "ieri", "ieri"},
	{asking, "contract_hours", " 040 ", "40"},
	{asking, "contract_hours", "000", "0"},
	{asking, "contract_hours", "quaranta", "quaranta"},
	{asking, "contract_hours", "40,5", "40,5"},
	{company, "company_staff", "1.200", "1200"},
	{asking, "contract_pay", "1.234,50", "1234.50"},
	{asking, "contract_pay", "1234,5", "1234.50"},
	{asking, "contract_pay", "1234.5", "1234.50"},
	{asking, "contract_pay", "1234.50", "1234.50"},
	{asking, "contract_pay", "1.234", "1234.00"},
	{asking, "contract_pay", "1.234.567", "1234567.00"},
	{asking, "contract_pay", "€ 1 234", "1234.00"},
	{asking, "contract_pay", "1234 euro", "1234.00"},
	{asking, "contract_pay", "0012", "12.00"},
	{asking, "contract_pay", "12.34.56", "12.34.56"},
	{asking, "contract_pay", "1,2,3", "1,2,3"},
	{asking, "contract_pay", "1,234", "1,234"},
	{asking, "contract_pay", "-5", "-5"},
	{asking, "contract_pay", "12a", "12a"},
	{asking, "declares_truth", "on", "yes"},
	{asking, "declares_truth", "Sì", "yes"},
	{asking, "declares_truth", "FALSE", "no"},
	{asking, "declares_truth", "forse", "forse"},
	{asking, "employer_tax_code", " rss mra 80a01 h501u", "RSSMRA80A01H501U"},
	{asking, "employer_tax_code", "TINIT-RSSMRA80A01H501U", "RSSMRA80A01H501U"},
	{company, "company_vat", "IT 12345678903", "12345678903"},
	{asking, "worker_passport", "ba-123 4567", "BA1234567"},
	{asking, "workplace_postcode", "80 100", "80100"},
	{asking, "workplace_place", "h501", "H501"},
	{asking, "workplace_place", "roma", "H501"},
	{asking, "workplace_place", "Samone (TN)", "H754"},
	{asking, "workplace_place", "Samone", "Samone"},
	{asking, "workplace_place", "Atlantide", "Atlantide"},
	{asking, "worker_state", "z100", "Z100"},
	{asking, "worker_state", "egitto", "Z336"},
	{asking, "worker_state", "Egypt", "Z336"},
	{asking, "worker_state", "Atlantide", "Atlantide"},
	{company, "company_rea_province", "na", "NA"},
	{company, "company_rea_province", "napoli", "NA"},
	{asking, "employer_pec", " Nome@pec.it ", "Nome@pec.it"},
}

func TestCleanWritesEachTypeInItsOneForm(t *testing.T) {
	m := modelB(t)
	for _, row := range typed {
		raw := maps.Clone(row.with)
		raw[row.field] = row.raw
		clean := m.Clean(raw)
		if clean[row.field] != row.clean {
			t.Errorf("%s: %q becomes %q, want %q", row.field, row.raw, clean[row.field], row.clean)
		}
		if !maps.Equal(m.Clean(clean), clean) {
			t.Errorf("%s: %q changes when cleaned again", row.field, row.raw)
		}
		if raw[row.field] != row.raw {
			t.Errorf("%s: Clean has changed what it was given", row.field)
		}
	}
}

func TestCleanDropsWhatIsNotAsked(t *testing.T) {
	m := modelB(t)
	a := sample.ModelB(sample.New(4), sample.Company)
	for _, id := range []string{"employer_surname", "employer_born_in", "employer_birth_place", "employer_income", "no_such_field", ""} {
		a[id] = "H501"
	}
	a["worker_name"] = "   "
	clean := m.Clean(a)
	for _, id := range []string{"employer_surname", "employer_born_in", "employer_birth_place", "employer_income", "no_such_field", "", "worker_name"} {
		if v, kept := clean[id]; kept {
			t.Errorf("%q is kept: %q", id, v)
		}
	}
	if clean["company_name"] != a["company_name"] {
		t.Error("company_name is lost")
	}
}

// TestChangingACondition walks the way a person does: from employee housing to
// none, whose dependent answers go, over two steps.
func TestChangingACondition(t *testing.T) {
	m := modelB(t)
	a := forms.Answers{"housing_provider": "employer", "housing_cost": "paid", "housing_deduction": "100.00"}
	if got := m.Clean(a); !maps.Equal(got, a) {
		t.Fatalf("%v", got)
	}
	a["housing_provider"] = "worker"
	if got := m.Clean(a); len(got) != 1 {
		t.Errorf("answers to questions that are no longer asked stay: %v", got)
	}
	deduction, _ := m.Field("housing_deduction")
	if m.Asked(a, deduction) {
		t.Error("a field is asked whose condition's own condition does not hold")
	}
}

func FuzzClean(f *testing.F) {
	m := modelB(f)
	f.Add("company", "italy", "12,5", "rossi")
	f.Add("person", "abroad", "1.000.000", "TINIT-IT:ITIT\u0345\u0301")
	f.Add("\xff", "italy ", "€€", "Samone (TN")
	f.Fuzz(func(t *testing.T, kind, born, number, text string) {
		raw := forms.Answers{"employer_kind": kind, "legal_born_in": born, "employer_born_in": born}
		for _, p := range m.Pages {
			for _, field := range p.Fields {
				if _, set := raw[field.ID]; !set {
					raw[field.ID] = []string{number, text}[len(raw)%2]
				}
			}
		}
		clean := m.Clean(raw)
		if again := m.Clean(clean); !maps.Equal(again, clean) {
			for id := range clean {
				if clean[id] != again[id] {
					t.Errorf("%s: %q → %q → %q", id, raw[id], clean[id], again[id])
				}
			}
			t.Fatal("Clean of its own result changes it")
		}
		for id, v := range clean {
			if field, ok := m.Field(id); !ok || v == "" || !m.Asked(clean, field) {
				t.Fatalf("%s: %q is unknown, empty or not asked", id, v)
			}
		}
		if len(clean) > 0 && len(number)+len(text) < 300 {
			if _, _, err := forms.Freeze(document(clean)); err != nil {
				t.Fatalf("what Clean returns cannot be frozen: %v", err)
			}
		}
		m.Check(clean, today)
	})
}
