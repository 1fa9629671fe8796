package places

import (
	"strings"
	"testing"
	"time"
)

func TestChangesLieOverTheData(t *testing.T) {
	t.Cleanup(func() { amended.Store(nil) })
	const file = "\ufeffcode,name,province,province_name,from,to\n" +
		"M999,Borgo Nuovo,OG,Ogliastra,2025-01-01,\n" + // a new comune in a new province
		"H501,Roma,RM,,1884-09-17,2026-06-30\n" // one that has ended
	changes, wrong, err := ReadChanges(strings.NewReader(file))
	if err != nil || len(wrong) > 0 || len(changes) != 2 {
		t.Fatal(changes, wrong, err)
	}
	before := len(data().comuni)
	if err := Amend(changes); err != nil {
		t.Fatal(err)
	}
	if p, ok := Comune("M999"); !ok || p.Label() != "Borgo Nuovo (OG)" || len(data().comuni) != before+1 {
		t.Errorf("%+v %v", p, ok)
	}
	if found := SearchComuni("borgo nuo", 5); len(found) != 1 || found[0].Code != "M999" {
		t.Errorf("search: %+v", found)
	}
	if p, ok := ProvinceNamed("ogliastra"); !ok || p.Code != "OG" {
		t.Errorf("province: %+v", p)
	}
	if ComuneOn("H501", time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)) || !ComuneOn("H501", time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Error("a comune that has ended is taken for one of today, or was never there")
	}
	if s, ok := StateNamed("albania"); !ok || s.Code != "Z100" {
		t.Errorf("states are gone: %+v", s)
	}
	if err := Amend(nil); err != nil || len(data().comuni) != before {
		t.Error("without changes the embedded data are not back")
	}
}

func TestTheArchiveOfTheNationalRegister(t *testing.T) {
	const file = "ID,DATAISTITUZIONE,DATACESSAZIONE,CODISTAT,CODCATASTALE,DENOMINAZIONE_IT,SIGLAPROVINCIA\n" +
		"1,1884-09-17,2023-12-31,001,A001,ABANO BAGNI,PD\n2,2024-01-01,9999-12-31,001,A001,SANT'ANNA D'ALFAEDO IN VALLE,PD\n"
	changes, wrong, err := ReadChanges(strings.NewReader(file))
	if err != nil || len(wrong) > 0 || len(changes) != 1 || changes[0].Name != "Sant'Anna D'Alfaedo in Valle" || !changes[0].Current() {
		t.Fatal(changes, wrong, err)
	}
}

func TestEveryWrongLineIsReported(t *testing.T) {
	const file = "code,name,province,from,to\nX1,Nome,RM,2020-01-01,\nM001,,RM,2020-01-01,\nM002,Nome,Roma,2020-01-01,\nM003,Nome,RM,1.1.2020,\n" +
		"M004,Nome,RM,2020-01-02,2020-01-01\nZ998,Nome,RM,2020-01-01,\nM005,Nome,RM,,\nM006,Nome\nM007,Nome,RM,2020-01-01,\n"
	changes, wrong, err := ReadChanges(strings.NewReader(file))
	if err != nil || changes != nil || len(wrong) != 8 || wrong[0].Line != 2 || wrong[7].Line != 9 {
		t.Fatal(changes, wrong, err)
	}
	if _, _, err := ReadChanges(strings.NewReader("a,b,c\n")); err == nil {
		t.Error("columns of something else are taken")
	}
	if err := Amend([]Change{{Place: Place{Code: "M001", Name: "N", Province: "QQ", From: covered}}}); err == nil {
		t.Error("a province that nobody knows is taken")
	}
}
