package forms_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"puntuale/internal/forms"
)

func mustLoad(t testing.TB) *forms.Catalogue {
	t.Helper()
	c, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func modelB(t testing.TB) *forms.Model {
	t.Helper()
	m, ok := mustLoad(t).Newest("B")
	if !ok {
		t.Fatal("no model B")
	}
	return m
}

func TestLoad(t *testing.T) {
	m := modelB(t)
	want := []string{"employer", "worker", "contract", "workplace", "housing", "declarations"}
	if len(m.Pages) != len(want) {
		t.Fatalf("%d pages, want %d", len(m.Pages), len(want))
	}
	for i, id := range want {
		if m.Pages[i].ID != id {
			t.Errorf("page %d is %q, want %q", i+1, m.Pages[i].ID, id)
		}
	}
}

var today = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

const modelFile = "models/b-1.json"

// changed returns the file of model B, version 1, with some texts replaced.
func changed(t *testing.T, pairs ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(modelFile)
	if err != nil {
		t.Fatal(err)
	}
	s := string(b)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(s, pairs[i]) {
			t.Fatalf("%s has no %q", modelFile, pairs[i])
		}
		s = strings.Replace(s, pairs[i], pairs[i+1], 1)
	}
	return []byte(s)
}

func TestLoadRefuses(t *testing.T) {
	for name, row := range map[string][]string{
		"not JSON":                      {`"code": "B"`, `"code: "B"`},
		"unknown key":                   {`"version": 1`, `"version": 1, "colour": "red"`},
		"bad code":                      {`"code": "B"`, `"code": "b"`},
		"version zero":                  {`"version": 1`, `"version": 0`},
		"title in one language":         {`"en": "Non-seasonal subordinate work"`, `"en": ""`},
		"about in one language":         {`"en": "For those who hire a worker who lives abroad, in a sector that has a quota and is not seasonal."`, `"en": ""`},
		"page in one language":          {`"en": "Place of work"`, `"en": ""`},
		"intro in one language":         {`"en": "Where the worker will live."`, `"en": ""`},
		"label in one language":         {`"it": "Numero REA"`, `"it": ""`},
		"help in one language":          {`"en": "From 1 to 24."`, `"en": ""`},
		"option in one language":        {`"it": "Una persona"`, `"it": ""`},
		"rule in one language":          {`"en": "The passport expires before it is issued: check both dates."`, `"en": ""`},
		"page twice":                    {`{"id": "worker", "title"`, `{"id": "employer", "title"`},
		"bad page id":                   {`{"id": "worker", "title"`, `{"id": "Worker/1", "title"`},
		"field twice":                   {`"id": "worker_name"`, `"id": "worker_surname"`},
		"bad field id":                  {`"id": "company_inps"`, `"id": "company-inps"`},
		"unknown type":                  {`"type": "postcode"`, `"type": "zip"`},
		"text without length":           {`"max_length": 15`, `"max_length": 0`},
		"range the wrong way":           {`"min": 20, "max": 40`, `"min": 40, "max": 20`},
		"option twice":                  {`"value": "fixed"`, `"value": "permanent"`},
		"empty option":                  {`"value": "hotel"`, `"value": ""`},
		"condition on a later field":    {`"when": {"field": "employer_kind", "in": ["company"]}`, `"when": {"field": "worker_has_tax_code", "in": ["yes"]}`},
		"condition on itself":           {`"when": {"field": "contract_kind", "in": ["fixed"]}`, `"when": {"field": "contract_months", "in": ["1"]}`},
		"condition on an unknown field": {`"when": {"field": "contract_kind"`, `"when": {"field": "contract_sort"`},
		"condition on no value":         {`"field": "contract_kind", "in": ["fixed"]`, `"field": "contract_kind", "in": []`},
		"condition on an unknown value": {`"field": "contract_kind", "in": ["fixed"]`, `"field": "contract_kind", "in": ["short"]`},
		"tax code of an unknown field":  {`"tax_code": "legal_tax_code"`, `"tax_code": "legal_code"`},
		"tax code of another type":      {`"tax_code": "legal_tax_code"`, `"tax_code": "company_tax_code"`},
		"tax code without birth place":  {`"birth_date": "worker_birth_date", "birth_state": "worker_birth_state"`, `"birth_date": "worker_birth_date"`},
		"sex that is not M or F":        {`{"value": "M", "label"`, `{"value": "male", "label"`},
		"unknown rule":                  {`"kind": "part_at_most"`, `"kind": "roughly"`},
		"rule with a field too few":     {`["housing_deduction", "contract_pay"]`, `["housing_deduction"]`},
		"rule with a wrong field":       {`["housing_deduction", "contract_pay"]`, `["housing_deduction", "contract_hours"]`},
		"rule without its value":        {`"value": 3`, `"value": 0`},
		"summary of an unknown field":   {`"worker": ["worker_surname"`, `"worker": ["worker_nickname"`},
		"summary of nobody":             {`"worker": ["worker_surname", "worker_name"]`, `"worker": []`},
	} {
		dir := fstest.MapFS{"b-1.json": {Data: changed(t, row...)}}
		if _, err := forms.LoadFS(dir); err == nil || !strings.Contains(err.Error(), "b-1.json") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := forms.LoadFS(fstest.MapFS{}); err == nil {
		t.Error("an empty catalogue is taken")
	}
	twice := fstest.MapFS{"b-1.json": {Data: changed(t)}, "copy.json": {Data: changed(t)}}
	if _, err := forms.LoadFS(twice); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("one version in two files: %v", err)
	}
}

// TestSecondVersion does what docs/models.md says: a new file, the old one
// unchanged, and drafts of both versions live side by side.
func TestSecondVersion(t *testing.T) {
	second := changed(t, `"version": 1`, `"version": 2`, `"min": 20, "max": 40`, `"min": 25, "max": 40`,
		`{"id": "contract_level"`, `{"id": "contract_trial_days", "type": "integer", "required": true, "min": 0, "max": 180,
   "label": {"it": "Giorni di prova", "en": "Days of trial"}, "help": {"it": "Da 0 a 180.", "en": "From 0 to 180."}},
  {"id": "contract_level"`)
	c, err := forms.LoadFS(fstest.MapFS{"b-2.json": {Data: second}, "b-1.json": {Data: changed(t)}})
	if err != nil {
		t.Fatal(err)
	}
	v1, ok1 := c.Model("B", 1)
	v2, ok2 := c.Model("B", 2)
	newest, _ := c.Newest("B")
	if !ok1 || !ok2 || newest != v2 || len(c.All()) != 2 || c.All()[0] != v1 {
		t.Fatalf("versions: %v %v, newest %d, all %d", ok1, ok2, newest.Version, len(c.All()))
	}
	a := valid(t, "contract_hours")
	a["contract_hours"] = "20"
	if issues := v1.Check(a, today); len(issues) > 0 {
		t.Errorf("version 1 has changed: %+v", issues)
	}
	if issues := v2.Check(a, today); len(issues) != 2 || !issues[1].Missing && !issues[0].Missing {
		t.Errorf("version 2: %+v", issues)
	}
	a["contract_hours"], a["contract_trial_days"] = "30", "15"
	if issues := v2.Check(v2.Clean(a), today); len(issues) > 0 {
		t.Errorf("version 2: %+v", issues)
	}
	if _, kept := v1.Clean(a)["contract_trial_days"]; kept {
		t.Error("version 1 keeps a field of version 2")
	}
	if v1.Dictionary().ID != modelB(t).Dictionary().ID || v1.Dictionary().ID == v2.Dictionary().ID {
		t.Error("the dictionary of version 1 has changed, or is that of version 2")
	}
	if _, ok := c.Newest("A"); ok {
		t.Error("there is a model A")
	}
}

// TestDictionaryIsPinned: the dictionary of model B is older than the list of
// published versions, and the same from one load to the next.
func TestDictionaryIsPinned(t *testing.T) {
	const pinned = 0xdf76934e
	d := modelB(t).Dictionary()
	if d.ID != pinned {
		t.Errorf("model B, version 1 has dictionary %08x, want %08x", d.ID, pinned)
	}
	if again := modelB(t).Dictionary(); !bytes.Equal(again.Content, d.Content) {
		t.Error("the dictionary changes from one load to the next")
	}
}
