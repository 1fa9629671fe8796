package bulk

import (
	"testing"

	"puntuale/internal/forms"
)

// TestAnArchivedApplicationBeginsANewOne: what today's model asks is taken over,
// everything else is named.
func TestAnArchivedApplicationBeginsANewOne(t *testing.T) {
	m := model(t, "B2020")
	columns := map[string]string{
		"Cognome del lavoratore": "Hoxha", "worker_name": "Arben", "worker_birth_date": "08/03/1985", "worker_citizenship": "Albania", "worker_tax_code": "HXHRBN85C08Z100X",
		"Numero pratica 2011": "P-DOM/L/N/2011/100077", "vuota": "", "Errori": "x",
	}
	old := Archived(m, columns)
	got, left := m.CarryOver(old.Model, old.Answers, forms.CarryAll)
	for id, want := range map[string]string{"worker_surname": "Hoxha", "worker_name": "Arben", "worker_birth_date": "1985-03-08", "worker_citizenship": "Z100"} {
		if got[id] != want {
			t.Errorf("%s is %q, want %q", id, got[id], want)
		}
	}
	values := map[string]forms.Why{}
	for _, l := range left {
		values[l.Value.IT] = l.Why
	}
	// The tax code is asked only of those who say that they have one.
	if len(left) != 2 || values["P-DOM/L/N/2011/100077"] != forms.WhyGone || values["HXHRBN85C08Z100X"] != forms.WhyGone {
		t.Errorf("left %v", left)
	}
	if Fits(m, columns) != 5 || Fits(m, nil) != 0 {
		t.Errorf("%d columns fit", Fits(m, columns))
	}
	if again := Archived(m, nil); len(again.Answers) != 0 {
		t.Errorf("nothing becomes %v", again.Answers)
	}
}
