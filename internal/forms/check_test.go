package forms_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
)

// valid returns answers in which every field of want is asked and answered.
func valid(t *testing.T, want ...string) forms.Answers {
	t.Helper()
	r := sample.New(11)
	for range 5000 {
		a := sample.ModelB(r, sample.Any)
		if !slices.ContainsFunc(want, func(id string) bool { return a[id] == "" }) {
			return a
		}
	}
	t.Fatalf("no sample answers %v", want)
	return nil
}

// issuesWith changes one answer and returns what the page of the field says.
func issuesWith(t *testing.T, m *forms.Model, field, value string) []forms.Issue {
	t.Helper()
	a := valid(t, field)
	a[field] = value
	return m.CheckPage(m.PageOf(field), a, today)
}

func TestEveryFieldIsMissedWhereItIsRequired(t *testing.T) {
	m := modelB(t)
	for _, p := range m.Pages {
		for _, f := range p.Fields {
			a := valid(t, f.ID)
			delete(a, f.ID)
			a = m.Clean(a)
			var missed []forms.Issue
			for _, issue := range m.Check(a, today) {
				if issue.Field == f.ID {
					missed = append(missed, issue)
				}
			}
			switch {
			case !f.Required && len(missed) > 0:
				t.Errorf("%s is not required, but: %s", f.ID, missed[0].Text.IT)
			case f.Required && (len(missed) != 1 || !missed[0].Missing || missed[0].Page != p.ID || !strings.Contains(missed[0].Text.IT, f.Label.IT)):
				t.Errorf("%s is missing: %+v", f.ID, missed)
			case f.Required && m.State(a, today) != clickday.ToComplete:
				t.Errorf("%s is missing: state %s", f.ID, m.State(a, today))
			}
		}
	}
}

// wrong holds, for each type, answers that no field of the type may have.
var wrong = map[forms.FieldType][]string{
	forms.TypeText:      {"Иванов", "محمد", "阮", strings.Repeat("x", 1001)},
	forms.TypeDate:      {"31/12/1980", "2025-02-29", "2025-13-01", "1899-12-31", "2200-01-01", "20250101", "x"},
	forms.TypeInteger:   {"-1", "1.5", "01", "+20", "x", "99999999999999999999"},
	forms.TypeMoney:     {"1234", "1234.5", "1,234.50", "-1.00", "01.00", ".50", "1.000", "9999999999999.00", "x"},
	forms.TypeChoice:    {"X", "Person", " "},
	forms.TypeBoolean:   {"si", "true", "Yes"},
	forms.TypeTaxCode:   {"RSSMRA80A01H501A", "RSSMRA80A01H50", "RSSMRA80A01H5O1U", "00000000000", "12345678900", "RSSMRA80A32H501Y"},
	forms.TypeCompanyID: {"12345678900", "1234567890", "123456789012", "IT12345678903", "RSSMRA80A01H501U"},
	forms.TypeEmail:     {"nome", "nome@", "@pec.it", "nome@pec", "Nome <nome@pec.it>", "a b@pec.it", strings.Repeat("x", 250) + "@pec.it"},
	forms.TypePlace:     {"Roma", "X999", "Z100", "h501"},
	forms.TypeState:     {"Albania", "H501", "Z999", "AL"},
	forms.TypeProvince:  {"XX", "na", "Napoli", "PL"},
	forms.TypePostcode:  {"8010", "801000", "8010A", "80 00"},
	forms.TypePassport:  {"AB12", "ABCDEF", "AB 123456", "ab1234567", "AB-12345", strings.Repeat("1", 21)},
}

func TestEveryFieldRefusesWhatItsTypeRefuses(t *testing.T) {
	m := modelB(t)
	for _, p := range m.Pages {
		for _, f := range p.Fields {
			if len(wrong[f.Type]) == 0 {
				t.Fatalf("no wrong answers for type %s", f.Type)
			}
			values := wrong[f.Type]
			if f.Type == forms.TypeText {
				values = append(slices.Clone(values), strings.Repeat("à", f.MaxLength+1))
			}
			for _, v := range values {
				issues := issuesWith(t, m, f.ID, v)
				i := slices.IndexFunc(issues, func(x forms.Issue) bool { return x.Field == f.ID })
				if i < 0 || issues[i].Missing || issues[i].Text.IT == "" || issues[i].Text.EN == "" {
					t.Errorf("%s = %q: %+v", f.ID, v, issues)
				}
			}
		}
	}
}

func TestLongestTextIsTaken(t *testing.T) {
	m := modelB(t)
	for _, p := range m.Pages {
		for _, f := range p.Fields {
			if f.Type != forms.TypeText || strings.HasSuffix(f.ID, "name") {
				continue // names also belong to a tax code
			}
			for _, issue := range issuesWith(t, m, f.ID, strings.Repeat("à", f.MaxLength)) {
				if issue.Field == f.ID {
					t.Errorf("%s of %d characters: %s", f.ID, f.MaxLength, issue.Text.IT)
				}
			}
		}
	}
}

func TestRanges(t *testing.T) {
	m := modelB(t)
	for _, row := range []struct {
		field string
		good  []string
		bad   []string
		says  string
	}{
		{"contract_hours", []string{"20", "40"}, []string{"19", "41", "0"}, "da 20 a 40"},
		{"contract_months", []string{"1", "24"}, []string{"0", "25"}, "da 1 a 24"},
		{"contract_pay", []string{"900.00", "100000.00"}, []string{"546.23", "100000.01", "0.00"}, "546,24 €"},
		{"company_turnover", []string{"30000.00"}, []string{"29999.99"}, "30.000,00 €"},
		{"employer_income", []string{"30000.00"}, []string{"29999.99"}, "30.000,00 €"},
		{"worker_passport_expires", []string{"2026-11-23"}, []string{"2026-11-22", "2026-01-01"}, "23/11/2026 o dopo"},
		{"worker_passport_issued", []string{"2026-11-22"}, []string{"2026-11-23"}, "22/11/2026 o prima"},
		{"employer_permit_expires", []string{"2026-11-22"}, []string{"2026-11-21"}, "22/11/2026 o dopo"},
		{"company_rea_date", []string{"1950-01-01"}, []string{"2026-11-23"}, "o prima"},
	} {
		for _, v := range row.good {
			if issues := issuesWith(t, m, row.field, v); len(issues) > 0 {
				t.Errorf("%s = %s: %s", row.field, v, issues[0].Text.IT)
			}
		}
		for _, v := range row.bad {
			issues := issuesWith(t, m, row.field, v)
			if len(issues) != 1 || issues[0].Field != row.field || !strings.Contains(issues[0].Text.IT, row.says) {
				t.Errorf("%s = %s: %+v, want %q", row.field, v, issues, row.says)
			}
		}
	}
}

func TestRules(t *testing.T) {
	m := modelB(t)
	for name, row := range map[string]struct {
		change forms.Answers
		field  string // "" for no issue
	}{
		"deduction of a third":           {forms.Answers{"contract_pay": "900.00", "housing_deduction": "300.00"}, ""},
		"deduction over a third":         {forms.Answers{"contract_pay": "900.00", "housing_deduction": "300.01"}, "housing_deduction"},
		"passport expires before issue":  {forms.Answers{"worker_passport_issued": "2026-11-22", "worker_passport_expires": "2026-11-21"}, "worker_passport_expires"},
		"passport older than its holder": {forms.Answers{"worker_passport_issued": "1950-01-01"}, "worker_passport_issued"},
		"worker of 15 years":             {forms.Answers{"worker_birth_date": "2010-11-23", "worker_has_tax_code": "no", "worker_tax_code": ""}, "worker_birth_date"},
		"worker of 16 years today":       {forms.Answers{"worker_birth_date": "2010-11-22", "worker_has_tax_code": "no", "worker_tax_code": ""}, ""},
		"contract not promised":          {forms.Answers{"declares_contract": "no"}, "declares_contract"},
		"return not promised":            {forms.Answers{"declares_return": "no"}, "declares_return"},
		"changes not promised":           {forms.Answers{"declares_changes": "no"}, "declares_changes"},
		"truth not declared":             {forms.Answers{"declares_truth": "no"}, "declares_truth"},
	} {
		a := valid(t, "housing_deduction", "company_name", "worker_tax_code")
		maps.Copy(a, row.change)
		issues := m.Check(m.Clean(a), today)
		if row.field == "" && len(issues) > 0 || row.field != "" && (len(issues) != 1 || issues[0].Field != row.field || issues[0].Page != m.PageOf(row.field)) {
			t.Errorf("%s: %+v, want %q", name, issues, row.field)
		}
		want := clickday.Ready
		if row.field != "" {
			want = clickday.ToValidate
		}
		if got := m.State(m.Clean(a), today); got != want {
			t.Errorf("%s: state %s, want %s", name, got, want)
		}
	}
}

func TestRulesOverTwoPages(t *testing.T) {
	m := modelB(t)
	a := valid(t, "housing_deduction")
	a["housing_deduction"], a["contract_pay"] = "2000.00", "1000.00"
	if issues := m.CheckPage("contract", a, today); len(issues) > 0 {
		t.Errorf("the first page complains already: %+v", issues)
	}
	if issues := m.CheckPage("housing", a, today); len(issues) != 1 {
		t.Errorf("the last page says: %+v", issues)
	}
	delete(a, "contract_pay")
	if issues := m.CheckPage("housing", a, today); len(issues) > 0 {
		t.Errorf("a rule is checked without all of its answers: %+v", issues)
	}
	if issues := m.CheckPage("no such page", a, today); issues != nil {
		t.Errorf("an unknown page has issues: %+v", issues)
	}
}

func TestOneDayOlderEmployer(t *testing.T) {
	m := modelB(t)
	for born, want := range map[string]int{"2008-11-22": 0, "2008-11-23": 1} {
		a := valid(t, "employer_surname")
		a["employer_birth_date"] = born
		delete(a, "employer_tax_code")
		n := 0
		for _, issue := range m.CheckPage("employer", a, today) {
			if issue.Field == "employer_birth_date" {
				n++
			}
		}
		if n != want {
			t.Errorf("born on %s: %d issues, want %d", born, n, want)
		}
	}
}

func TestStateOfAnEmptyDraft(t *testing.T) {
	m := modelB(t)
	if got := m.State(forms.Answers{}, today); got != clickday.ToComplete {
		t.Errorf("%s", got)
	}
	if issues := m.CheckPage("workplace", forms.Answers{}, today); len(issues) != 3 {
		t.Errorf("%d issues on an empty page of three questions", len(issues))
	}
}
