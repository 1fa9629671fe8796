package places

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func on(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 15, 30, 0, 0, time.FixedZone("CET", 3600))
}

func TestDataAreWhole(t *testing.T) {
	d := data()
	now := 0
	for _, p := range d.comuni {
		if len(p.Code) != 4 || p.Name == "" || p.English != "" || p.ISO != "" || (!p.Current() && p.To.Before(p.From)) {
			t.Errorf("%+v", p)
		}
		if p.Current() {
			now++
			if _, ok := Province(p.Province); !ok {
				t.Errorf("%+v has no province of today", p)
			}
		}
	}
	if len(d.comuni) < 9800 || now < 7850 || now > 7950 {
		t.Errorf("%d comuni, %d of today", len(d.comuni), now)
	}
	if n := len(States()); n < 200 || n == len(d.states) {
		t.Errorf("%d states of today of %d", n, len(d.states))
	}
	for _, p := range d.states {
		if p.Name == "" || p.English == "" || p.Province != "" || p.Current() != (len(p.ISO) == 2) || strings.ContainsAny(p.Name+p.English, "Ã�") {
			t.Errorf("%+v", p)
		}
	}
}

func TestComune(t *testing.T) {
	for code, label := range map[string]string{
		"H501": "Roma (RM)", "F205": "Milano (MI)", "A074": "Agliè (TO)", "M403": "Corigliano-Rossano (CS)",
		"D005": "Corigliano Calabro (CS)", "A952": "Bolzano/Bozen (BZ)", "D643": "Foggia (FG)",
	} {
		if p, ok := Comune(code); !ok || p.Label() != label {
			t.Errorf("%s: %q, want %q", code, p.Label(), label)
		}
	}
	for _, code := range []string{"", "Z100", "h501", "H50", "H5011", "X999"} {
		if p, ok := Comune(code); ok {
			t.Errorf("%q: %+v", code, p)
		}
	}
}

func TestComuneOn(t *testing.T) {
	for _, row := range []struct {
		code string
		day  time.Time
		want bool
	}{
		{"H501", on(1980, 1, 1), true},
		{"H501", on(1860, 1, 1), true}, // before the data begin
		{"M403", on(2018, 3, 30), false},
		{"M403", on(2018, 3, 31), true},
		{"D005", on(2018, 3, 31), true},
		{"D005", on(2018, 4, 1), false},
		{"D005", on(1930, 1, 1), true},
		{"Z100", on(1980, 1, 1), false},
		{"X999", on(1980, 1, 1), false},
	} {
		if got := ComuneOn(row.code, row.day); got != row.want {
			t.Errorf("%s on %s: %v, want %v", row.code, row.day.Format(time.DateOnly), got, row.want)
		}
	}
}

func TestOnTakesTheDateThatIsShown(t *testing.T) {
	p, _ := Comune("D005")
	last := time.Date(2018, 3, 31, 23, 59, 0, 0, time.FixedZone("", -8*3600)) // already April in UTC
	if !p.On(last) {
		t.Error("the last day ends too early")
	}
}

func TestStates(t *testing.T) {
	for code, want := range map[string][3]string{
		"Z100": {"Albania", "Albania", "AL"}, "Z249": {"Bangladesh", "Bangladesh", "BD"}, "Z336": {"Egitto", "Egypt", "EG"},
		"Z114": {"Regno Unito", "United Kingdom", "GB"}, "Z160": {"Kosovo", "Kosovo", "XK"}, "Z106": {"Stato della Città del Vaticano", "Vatican City", "VA"},
		"Z135": {"Unione Sovietica", "Soviet Union", ""},
	} {
		p, ok := State(code)
		if !ok || p.Name != want[0] || p.English != want[1] || p.ISO != want[2] || p.Current() != (want[2] != "") {
			t.Errorf("%s: %+v", code, p)
		}
		if p.NameIn("it") != want[0] || p.NameIn("en") != want[1] || p.Label() != want[0] {
			t.Errorf("%s: its names", code)
		}
	}
	if p, ok := State("H501"); ok {
		t.Errorf("%+v", p)
	}
	for name, code := range map[string]string{"egitto": "Z336", "EGYPT": "Z336", "cote d’ivoire": "Z313", "atlantide": "", "Costa d’Avorio": "Z313", "soviet union": "Z135", "": ""} {
		if p, ok := StateNamed(name); p.Code != code || ok != (code != "") {
			t.Errorf("%q: %+v", name, p)
		}
	}
	list := States()
	if !slices.IsSortedFunc(list, byName) || slices.ContainsFunc(list, func(p Place) bool { return !p.Current() }) {
		t.Error("the list of states is out of order, or holds one that is no more")
	}
}

func TestSearchComuni(t *testing.T) {
	got := SearchComuni("corigliano", 10)
	if len(got) != 3 || got[0].Code != "D006" || got[1].Code != "M403" || got[2].Code != "D005" {
		t.Errorf("corigliano: %+v", got)
	}
	if got := SearchComuni("AGLIÉ", 1); len(got) != 1 || got[0].Code != "A074" {
		t.Errorf("AGLIE: %+v", got)
	}
	if got := SearchComuni("bozen", 5); len(got) != 1 || got[0].Code != "A952" {
		t.Errorf("bozen: %+v", got)
	}
	if got := SearchComuni("bolzano", 9); len(got) != 3 {
		t.Errorf("bolzano: each once, got %+v", got)
	}
	if got := SearchComuni("san", 7); len(got) != 7 {
		t.Errorf("%d places for a limit of 7", len(got))
	}
	for _, prefix := range []string{"", "  ", "zzz", "'"} {
		if got := SearchComuni(prefix, 5); len(got) != 0 {
			t.Errorf("%q: %+v", prefix, got)
		}
	}
	if got := SearchComuni("roma", 0); got != nil {
		t.Errorf("limit 0: %+v", got)
	}
}

func TestNamed(t *testing.T) {
	for text, want := range map[string][]string{
		"Roma": {"H501"}, "roma (rm)": {"H501"}, "ROMA(RM)": {"H501"}, "Roma (MI)": nil, "Roma (": {"H501"}, "": nil,
		"Samone": {"H753", "H754"}, "Samone (TN)": {"H754"}, "samone (to)": {"H753"},
		"Corigliano Calabro": {"D005"}, "Bozen": {"A952"}, "Bolzano/Bozen (BZ)": {"A952"},
	} {
		var codes []string
		for _, p := range Named(text) {
			codes = append(codes, p.Code)
		}
		slices.Sort(codes)
		if !slices.Equal(codes, want) {
			t.Errorf("%q: %v, want %v", text, codes, want)
		}
	}
}

func TestEveryComuneOfTodayIsFoundByItsLabel(t *testing.T) {
	for _, p := range data().comuni {
		if !p.Current() {
			continue
		}
		if found := Named(p.Label()); len(found) != 1 || found[0].Code != p.Code {
			t.Errorf("%s: %+v", p.Label(), found)
		}
	}
}

func TestProvinces(t *testing.T) {
	list := Provinces()
	if len(list) != 107 {
		t.Errorf("%d provinces, want 107", len(list))
	}
	if p, ok := Province("NA"); !ok || p.Name != "Napoli" {
		t.Errorf("NA: %+v", p)
	}
	if p, ok := ProvinceNamed("forlì cesena"); !ok || p.Code != "FC" {
		t.Errorf("Forlì-Cesena: %+v", p)
	}
	for _, code := range []string{"", "na", "XX", "PL"} {
		if p, ok := Province(code); ok {
			t.Errorf("%q: %+v", code, p)
		}
	}
	list[0].Code = "??"
	if Provinces()[0].Code == "??" {
		t.Error("the list can be changed from outside")
	}
}

func TestReadRefuses(t *testing.T) {
	for name, content := range map[string][]byte{
		"no gzip": []byte("code,name"),
		"empty":   pack(t, ""),
		"columns": pack(t, "code,name\nH501,Roma\n"),
		"width":   pack(t, header+"H501,Roma\n"),
		"date":    pack(t, header+"H501,Roma,,RM,,1884,\n"),
		"end":     pack(t, header+"H501,Roma,,RM,,1884-09-11,never\n"),
		"order":   pack(t, header+"H501,Roma,,RM,,1884-09-11,\nF205,Milano,,MI,,1873-06-23,\n"),
		"twice":   pack(t, header+"H501,Roma,,RM,,1884-09-11,\nH501,Roma,,RM,,1884-09-11,\n"),
	} {
		if _, err := read(content); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	good, err := read(pack(t, header+"H501,Roma,,RM,,1884-09-11,\nZ100,Albania,Albania,,AL,1861-01-01,\n"))
	if err != nil || len(good.comuni) != 1 || len(good.states) != 1 {
		t.Errorf("a good file: %+v, %v", good, err)
	}
}
