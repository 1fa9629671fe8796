package forms_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"puntuale/internal/codicefiscale"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
)

// rossi is a person as employer; the rest of the answers is a sample.
func rossi(t *testing.T) forms.Answers {
	t.Helper()
	a := sample.ModelB(sample.New(21), sample.Person)
	for id := range a {
		if strings.HasPrefix(id, "employer_permit") || id == "employer_citizenship" || id == "employer_birth_state" {
			delete(a, id)
		}
	}
	maps.Copy(a, forms.Answers{
		"employer_surname": "Rossi", "employer_name": "Mario", "employer_sex": "M", "employer_birth_date": "1980-01-01",
		"employer_born_in": "italy", "employer_birth_place": "H501", "employer_tax_code": "RSSMRA80A01H501U", "employer_citizen": "italian",
	})
	return a
}

func TestTaxCodeAgainstPersonalData(t *testing.T) {
	m := modelB(t)
	abroad := forms.Answers{"employer_born_in": "abroad", "employer_birth_state": "Z100", "employer_birth_place": ""}
	for name, row := range map[string]struct {
		change forms.Answers
		it, en string // "" for no issue
	}{
		"it matches":   {nil, "", ""},
		"omocodia":     {forms.Answers{"employer_tax_code": omocode(t, "RSSMRA80A01H501U", 5)}, "", ""},
		"provisional":  {forms.Answers{"employer_tax_code": "12345678903", "employer_surname": "Bianchi"}, "", ""},
		"surname":      {forms.Answers{"employer_surname": "Bianchi"}, "a: cognome.", "match: surname."},
		"first name":   {forms.Answers{"employer_name": "Luigi"}, "a: nome.", "match: first name."},
		"birth date":   {forms.Answers{"employer_birth_date": "1980-01-02"}, "a: data di nascita.", "match: date of birth."},
		"sex":          {forms.Answers{"employer_sex": "F"}, "a: sesso.", "match: sex."},
		"birth place":  {forms.Answers{"employer_birth_place": "F205"}, "a: luogo di nascita.", "match: place of birth."},
		"born abroad":  {abroad, "a: luogo di nascita.", "match: place of birth."},
		"two parts":    {forms.Answers{"employer_surname": "Mario", "employer_name": "Rossi"}, "a: cognome, nome.", "match: surname, first name."},
		"another code": {forms.Answers{"employer_tax_code": "CCCFBA85D03L219P"}, "a: cognome, nome, data di nascita, luogo di nascita.", "match: surname, first name, date of birth, place of birth."},
	} {
		a := rossi(t)
		maps.Copy(a, row.change)
		issues := m.CheckPage("employer", m.Clean(a), today)
		if row.it == "" {
			if len(issues) > 0 {
				t.Errorf("%s: %s", name, issues[0].Text.IT)
			}
			continue
		}
		if len(issues) != 1 || issues[0].Field != "employer_tax_code" || !strings.Contains(issues[0].Text.IT, row.it) || !strings.Contains(issues[0].Text.EN, row.en) {
			t.Errorf("%s: %+v, want %q", name, issues, row.it)
		}
	}
}

func omocode(t *testing.T, code string, n int) string {
	t.Helper()
	other, err := codicefiscale.Omocode(code, n)
	if err != nil {
		t.Fatal(err)
	}
	return other
}

func TestTaxCodeOfTheRepresentativeAndTheWorker(t *testing.T) {
	m := modelB(t)
	a := valid(t, "legal_tax_code", "worker_tax_code")
	a["legal_surname"], a["worker_surname"] = "Zzyzx", "Zzyzx"
	for page, field := range map[string]string{"employer": "legal_tax_code", "worker": "worker_tax_code"} {
		issues := m.CheckPage(page, a, today)
		if len(issues) != 1 || issues[0].Field != field || !strings.Contains(issues[0].Text.IT, "cognome") {
			t.Errorf("%s: %+v", page, issues)
		}
	}
}

func TestEmployerIsNotTheWorker(t *testing.T) {
	m := modelB(t)
	a := valid(t, "employer_tax_code", "worker_tax_code")
	for _, part := range []string{"surname", "name", "sex", "birth_date"} {
		a["worker_"+part] = a["employer_"+part]
	}
	a["worker_tax_code"] = a["employer_tax_code"]
	a["worker_birth_state"] = "Z100"
	issues := m.CheckPage("worker", a, today)
	if !slices.ContainsFunc(issues, func(i forms.Issue) bool { return i.Field == "worker_tax_code" }) {
		t.Errorf("%+v", issues)
	}
}

func TestKindsOfWrongTaxCodes(t *testing.T) {
	m := modelB(t)
	for code, says := range map[string]string{
		"RSSMRA80A01H501":  "16 caratteri (o 11 cifre, se provvisorio): qui sono 15",
		"RSSMRA80A01H501A": "ultima lettera",
		"RSSMRA80A01H5O1U": "posto sbagliato",
		"RSSMRA80A32H501C": "data di nascita che non esiste",
	} {
		a := rossi(t)
		a["employer_tax_code"] = code
		issues := m.CheckPage("employer", a, today)
		if len(issues) != 1 || issues[0].Field != "employer_tax_code" || !strings.Contains(issues[0].Text.IT, says) {
			t.Errorf("%s: %+v", code, issues)
		}
	}
}

// TestBirthPlaceOnTheBirthDate: Corigliano-Rossano was made of two comuni in
// 2018; whoever is older was born in one of those.
func TestBirthPlaceOnTheBirthDate(t *testing.T) {
	m := modelB(t)
	for place, fine := range map[string]bool{"D005": true, "H579": true, "M403": false, "X999": false} {
		a := rossi(t)
		a["employer_birth_place"] = place
		delete(a, "employer_tax_code")
		issues := m.CheckPage("employer", a, today)
		wrongPlace := slices.ContainsFunc(issues, func(i forms.Issue) bool { return i.Field == "employer_birth_place" })
		if wrongPlace == fine {
			t.Errorf("born in %s in 1980: %+v", place, issues)
		}
	}
	a := rossi(t)
	a["employer_place"] = "D005"
	issues := m.CheckPage("employer", a, today)
	if len(issues) != 1 || issues[0].Field != "employer_place" || !strings.Contains(issues[0].Text.IT, "31/03/2018") {
		t.Errorf("living today in a comune that is no more: %+v", issues)
	}
}

func TestBirthInAStateThatIsNoMore(t *testing.T) {
	m := modelB(t)
	a := valid(t, "worker_birth_state")
	delete(a, "worker_tax_code")
	a["worker_has_tax_code"], a["worker_birth_state"] = "no", "Z135"
	if issues := m.CheckPage("worker", a, today); len(issues) > 0 {
		t.Errorf("born in the Soviet Union: %+v", issues)
	}
	a["worker_citizenship"] = "Z135"
	if issues := m.CheckPage("worker", a, today); len(issues) != 1 || issues[0].Field != "worker_citizenship" {
		t.Errorf("citizen of the Soviet Union: %+v", issues)
	}
}

func TestAmbiguousPlaceNamesTheChoices(t *testing.T) {
	m := modelB(t)
	a := m.Clean(forms.Answers{"workplace_place": "Samone"})
	for _, issue := range m.CheckPage("workplace", a, today) {
		if issue.Field == "workplace_place" {
			if !strings.Contains(issue.Text.IT, "«Samone (TN)»") || !strings.Contains(issue.Text.EN, "Samone (TO)") {
				t.Errorf("%+v", issue.Text)
			}
			return
		}
	}
	t.Error("two comuni are called Samone, and Check does not ask which")
}
