package forms_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
	"puntuale/internal/wire"
)

// small is a model of one page around some fields and rules.
func small(fields, rules string) string {
	return `{"code": "X", "version": 1, "title": {"it": "Prova", "en": "Trial"}, "about": {"it": "Prova.", "en": "Trial."},
 "pages": [{"id": "one", "title": {"it": "Uno", "en": "One"}, "intro": {"it": "Uno.", "en": "One."}, "fields": [` + fields + `]}],
 "rules": [` + rules + `], "quota": {}, "summary": {"employer": ["a"], "worker": ["a"]}}`
}

func question(id, rest string) string {
	return `{"id": "` + id + `", ` + rest + `, "label": {"it": "Domanda {of}", "en": "Question {of}"}, "help": {"it": "Aiuto.", "en": "Help."}}`
}

const text = `"type": "text", "max_length": 20`

func TestPartsAreFilledIn(t *testing.T) {
	dir := fstest.MapFS{
		"x-1.json": {Data: []byte(small(question("a", `"type": "boolean", "required": true`)+`,
  {"part": "outer", "prefix": "b", "of": {"it": "di B", "en": "of B"}, "when": {"field": "a", "in": ["yes"]}}`, ""))},
		"parts/outer.json": {Data: []byte(`{"fields": [` + question("{p}_sure", `"type": "boolean"`) + `,
  {"part": "inner", "prefix": "{p}_in", "of": {"it": "interna {of}", "en": "inner {of}"}, "when": {"field": "{p}_sure", "in": ["no"]}}]}`)},
		"parts/inner.json": {Data: []byte(`{"fields": [` + question("{p}_date", `"type": "date"`) + `],
  "rules": [{"kind": "age_at_least", "fields": ["{p}_date"], "value": 18, "text": {"it": "Età {of}", "en": "Age {of}"}}]}`)},
	}
	c, err := forms.LoadFS(dir)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := c.Newest("X")
	f, ok := m.Field("b_in_date")
	if !ok || f.Label.IT != "Domanda interna di B" || f.Label.EN != "Question inner of B" || f.When == nil || f.When.Field != "b_sure" {
		t.Fatalf("%+v", f)
	}
	if f, _ = m.Field("b_sure"); f.When == nil || f.When.Field != "a" {
		t.Errorf("the condition of the part is not that of its fields: %+v", f)
	}
	issues := m.Check(forms.Answers{"a": "yes", "b_sure": "no", "b_in_date": "2020-01-01"}, today)
	if len(issues) != 1 || issues[0].Text.IT != "Età interna di B" {
		t.Errorf("%+v", issues)
	}
}

func TestLoadRefusesParts(t *testing.T) {
	a := question("a", text)
	number, yes := question("n", `"type": "integer"`), question("y", `"type": "boolean"`)
	rule := func(rest string) string { return `{"kind": "at_most_by", ` + rest + `}` }
	words := `"text": {"it": "x", "en": "x"}`
	for name, row := range map[string]struct{ fields, rules, want string }{
		"unknown part":              {a + `, {"part": "nobody"}`, "", "nobody"},
		"part in itself":            {a + `, {"part": "loop"}`, "", "contains itself"},
		"part and field":            {a + `, {"part": "good", "id": "b"}`, "", "either a part"},
		"prefix of a field":         {`{"prefix": "b", ` + a[1:], "", "belong to a part"},
		"part twice":                {a + `, {"part": "good"}, {"part": "good"}`, "", "twice"},
		"unknown key in a part":     {a + `, {"part": "odd"}`, "", "colour"},
		"no table":                  {a + "," + yes + "," + number, rule(`"fields": ["y", "n"], ` + words), "table"},
		"table of another answer":   {a + "," + yes + "," + number, rule(`"fields": ["y", "n"], "table": {"maybe": 3}, ` + words), "maybe"},
		"table of nothing":          {a + "," + yes + "," + number, rule(`"fields": ["y", "n"], "table": {"yes": 0}, ` + words), "above zero"},
		"rule on another type":      {a + "," + yes + "," + number, rule(`"fields": ["a", "n"], "table": {"yes": 3}, ` + words), "not a field of type"},
		"rule when nothing":         {a + "," + yes + "," + number, rule(`"fields": ["y", "n"], "table": {"yes": 3}, "when": {"field": "b", "in": ["yes"]}, ` + words), "no such field"},
		"rule when never":           {a + "," + yes + "," + number, rule(`"fields": ["y", "n"], "table": {"yes": 3}, "when": {"field": "y", "in": ["si"]}, ` + words), "none of its values"},
		"table where none belongs":  {a + "," + yes, `{"kind": "must_be_yes", "fields": ["y"], "table": {"yes": 3}, ` + words + `}`, "table"},
		"a limit that is not there": {a + "," + yes, `{"kind": "must_be_yes", "fields": ["y"], "text": {"it": "{limit}", "en": "x"}}`, "limit"},
	} {
		dir := fstest.MapFS{
			"x-1.json":        {Data: []byte(small(row.fields, row.rules))},
			"parts/loop.json": {Data: []byte(`{"fields": [{"part": "loop"}]}`)},
			"parts/good.json": {Data: []byte(`{"fields": [` + question("g", text) + `]}`)},
			"parts/odd.json":  {Data: []byte(`{"colour": "red", "fields": []}`)},
		}
		if _, err := forms.LoadFS(dir); err == nil || !strings.Contains(err.Error(), row.want) || !strings.Contains(err.Error(), "x-1.json") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// ownModels are files that an administration might put beside the programs: a
// model nobody has heard of, made of known parts and questions of its own, and a
// second version of a known one with a changed field.
func ownModels(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	nurses := `{"code": "NURSE", "version": 1, "title": {"it": "Infermieri", "en": "Nurses"},
 "about": {"it": "Per le strutture sanitarie.", "en": "For hospitals."},
 "pages": [
  {"id": "employer", "title": {"it": "Struttura", "en": "Institution"}, "intro": {"it": "Chi assume.", "en": "Who hires."}, "fields": [{"part": "employer"}]},
  {"id": "worker", "title": {"it": "Infermiere", "en": "Nurse"}, "intro": {"it": "Chi viene assunto.", "en": "Who is hired."}, "fields": [{"part": "worker_abroad"},
   {"id": "nurse_register", "type": "passport", "required": true, "label": {"it": "Numero di iscrizione all’albo", "en": "Number in the register"}, "help": {"it": "Lettere e cifre.", "en": "Letters and digits."}},
   {"id": "nurse_years", "type": "integer", "required": true, "min": 2, "max": 50, "label": {"it": "Anni di esperienza", "en": "Years of experience"}, "help": {"it": "Almeno due.", "en": "At least two."}}]},
  {"id": "place", "title": {"it": "Luogo di lavoro", "en": "Place of work"}, "intro": {"it": "Dove lavorerà.", "en": "Where they will work."}, "fields": [{"part": "workplace"}, {"part": "truth"}]}],
 "quota": {"nationality": "worker_citizenship", "province": "workplace_place", "sector_is": "nurses"},
 "summary": {"employer": ["company_name", "employer_surname"], "worker": ["worker_surname", "worker_name"]}}`
	second, err := os.ReadFile("models/c-stag-a-1.json")
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer(`"version": 1`, `"version": 2`, `"min": 2015, "max": 2099`, `"min": 2020, "max": 2099`).Replace(string(second))
	for name, content := range map[string]string{"nurse-1.json": nurses, "c-stag-a-2.json": changed} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestANewModelIsAFile adds a model and a changed field at run time, from files,
// and takes applications all the way to sealed bytes and back.
func TestANewModelIsAFile(t *testing.T) {
	c, err := forms.LoadWith(ownModels(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.All()) != len(mustLoad(t).All())+2 {
		t.Errorf("%d versions", len(c.All()))
	}
	m, ok := c.Newest("NURSE")
	if !ok || m.Sectors()[0] != "nurses" {
		t.Fatalf("no model NURSE: %+v", m)
	}
	r := sample.New(3)
	for range 50 {
		a := sample.Of(r, m, sample.Any, today)
		if issues := m.Check(a, today); len(issues) > 0 {
			t.Fatalf("%+v", issues)
		}
		d := &forms.Document{Application: clickday.ApplicationID{1}, Day: 1, Model: "NURSE", ModelVersion: 1, SealVersion: 1, Answers: a}
		b, _, err := forms.Freeze(d)
		if err != nil {
			t.Fatal(err)
		}
		packed, err := wire.Compress(b, m.Dictionary())
		if err != nil || len(packed) > len(b)/2 {
			t.Fatalf("%d bytes of %d, %v", len(packed), len(b), err)
		}
		if _, err := forms.Thaw(b); err != nil {
			t.Fatal(err)
		}
		a["nurse_years"] = "1"
		if issues := m.Check(a, today); len(issues) != 1 || issues[0].Field != "nurse_years" {
			t.Fatalf("the new question is not checked: %+v", issues)
		}
	}
	first, _ := c.Model("C-STAG-A", 1)
	second, _ := c.Newest("C-STAG-A")
	a := forms.Answers{"season_many_years": "yes", "season_last_year": "2019"}
	if n, m := wrongYear(first, a), wrongYear(second, a); n != 0 || m != 1 {
		t.Errorf("year 2019: %d issues in version 1, %d in version 2", n, m)
	}
}

func wrongYear(m *forms.Model, a forms.Answers) int {
	n := 0
	for _, issue := range m.CheckPage("contract", a, today) {
		if issue.Field == "season_last_year" {
			n++
		}
	}
	return n
}

func TestLoadWithAWrongDirectory(t *testing.T) {
	if c, err := forms.LoadWith(""); err != nil || len(c.All()) == 0 {
		t.Errorf("without a directory: %v", err)
	}
	if _, err := forms.LoadWith(t.TempDir()); err == nil {
		t.Error("a directory without models is taken")
	}
}
