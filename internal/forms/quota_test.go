package forms_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"puntuale/internal/forms"
)

func TestQuotaOfModelB(t *testing.T) {
	c, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	m, _ := c.Newest("B")
	got := m.QuotaOf(forms.Answers{"worker_citizenship": "Z100", "contract_sector": "food", "workplace_place": "F205"})
	if want := (forms.QuotaAnswers{State: "Z100", Sector: "food", Province: "MI"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := m.QuotaOf(forms.Answers{"workplace_place": "Z999"}); got != (forms.QuotaAnswers{}) {
		t.Errorf("nothing is known, got %+v", got)
	}
	if len(m.Sectors()) != 12 {
		t.Errorf("sectors %v", m.Sectors())
	}
}

func TestQuotaFieldsOfAnotherType(t *testing.T) {
	for _, field := range []string{"worker_surname", "nothing"} {
		raw := changed(t, `"sector": "contract_sector"`, `"sector": "`+field+`"`)
		if _, err := forms.LoadFS(fstest.MapFS{"b-1.json": {Data: raw}}); err == nil || !strings.Contains(err.Error(), "quota") {
			t.Errorf("%s: %v", field, err)
		}
	}
}
