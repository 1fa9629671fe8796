package forms_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"puntuale/internal/forms"
	"puntuale/internal/forms/sample"
)

// TestWhatACopyTakesOver, for every model: a clone everything but declarations,
// the next application nothing of worker and contract, another worker no more
// than the worker's own answers less.
func TestWhatACopyTakesOver(t *testing.T) {
	for _, m := range mustLoad(t).All() {
		a := sample.Of(sample.New(7), m, sample.Person, today)
		for _, how := range []forms.Carry{forms.CarryAll, forms.CarryEmployer, forms.CarryContract} {
			got, left := m.CarryOver(m, a, how)
			for id := range got {
				f, _ := m.Field(id)
				if got[id] != a[id] || !how.Keeps(m.GroupOf(f)) {
					t.Errorf("%s: %s takes %s = %q of group %s", m.Code, how, id, got[id], m.GroupOf(f))
				}
			}
			for id, v := range a {
				f, _ := m.Field(id)
				if got[id] == "" && v != "" && how.Keeps(m.GroupOf(f)) && !lists(left, f.Label.IT) {
					t.Errorf("%s: %s loses %s without a word", m.Code, how, id)
				}
			}
			if how == forms.CarryAll && got["declares_truth"] != "" || how != forms.CarryAll && got["worker_surname"] != "" {
				t.Errorf("%s: %s keeps what is to be given anew", m.Code, how)
			}
		}
	}
}

func lists(left []forms.Left, label string) bool {
	for _, l := range left {
		if l.Label.IT == label {
			return true
		}
	}
	return false
}

func TestEmployerAndContractStay(t *testing.T) {
	m, _ := mustLoad(t).Newest("B2020")
	a := sample.Of(sample.New(3), m, sample.Person, today)
	next, _ := m.CarryOver(m, a, forms.CarryEmployer)
	if next["workplace_place"] != a["workplace_place"] || next["housing_address"] != a["housing_address"] || next["contract_pay"] != "" {
		t.Errorf("next application begins with %v", next)
	}
	other, _ := m.CarryOver(m, a, forms.CarryContract)
	if other["contract_pay"] != a["contract_pay"] || other["worker_passport"] != "" || other["job_centre_date"] != a["job_centre_date"] {
		t.Errorf("another worker begins with %v", other)
	}
}

const oldModel = `{"code": "OLD", "version": 1, "title": {"it": "t", "en": "t"}, "about": {"it": "t", "en": "t"},
"pages": [{"id": "one", "title": {"it": "t", "en": "t"}, "intro": {"it": "t", "en": "t"}, "fields": [%s]}],
"summary": {"employer": [], "worker": ["name"]}}`

func field(rest string) string {
	return `{` + rest + `, "label": {"it": "L", "en": "L"}, "help": {"it": "h", "en": "h"}}`
}

// TestFromAnEarlierYear: fields that are gone, asked in another way, without the
// option, or not asked any more, are listed with what was answered.
func TestFromAnEarlierYear(t *testing.T) {
	choice := `"options": [{"value": "%s", "label": {"it": "Lavoro", "en": "Work"}}, {"value": "same", "label": {"it": "Altro", "en": "Other"}}]`
	load := func(fields ...string) *forms.Model {
		t.Helper()
		c, err := forms.LoadFS(fstest.MapFS{"m.json": {Data: fmt.Appendf(nil, oldModel, strings.Join(fields, ","))}})
		if err != nil {
			t.Fatal(err)
		}
		return c.All()[0]
	}
	name := field(`"id": "name", "type": "text", "max_length": 50`)
	from := load(name, field(`"id": "work", "type": "choice", `+fmt.Sprintf(choice, "old")), field(`"id": "years", "type": "text", "max_length": 9`),
		field(`"id": "gone", "type": "date"`), field(`"id": "detail", "type": "text", "max_length": 9`), field(`"id": "months", "type": "text", "max_length": 9`))
	to := load(name, field(`"id": "work", "type": "choice", `+fmt.Sprintf(choice, "new")), field(`"id": "years", "type": "integer"`),
		field(`"id": "detail", "type": "text", "max_length": 9, "when": {"field": "work", "in": ["new"]}`), field(`"id": "months", "type": "integer"`))
	got, left := to.CarryOver(from, forms.Answers{"name": "Anna", "work": "old", "years": "tre", "gone": "2011-01-31", "detail": "x", "months": "12"}, forms.CarryAll)
	if want := (forms.Answers{"name": "Anna", "months": "12"}); !maps.Equal(got, want) {
		t.Errorf("took over %v, want %v", got, want)
	}
	var why []string
	for _, l := range left {
		why = append(why, string(l.Why)+" "+l.Value.IT)
	}
	if got, want := strings.Join(why, ", "), "option Lavoro, changed tre, gone 31/01/2011, unasked x"; got != want {
		t.Errorf("left %q, want %q", got, want)
	}
}

func TestAttachmentsOfTheModels(t *testing.T) {
	for _, m := range mustLoad(t).All() {
		a := sample.Of(sample.New(1), m, sample.Person, today)
		wanted := m.WantedAttachments(a)
		if len(wanted) == 0 || len(m.Attachments) > 10 {
			t.Errorf("%s asks for %d of %d kinds of files", m.Code, len(wanted), len(m.Attachments))
		}
		if _, ok := m.AttachmentKind("passport"); !ok {
			t.Errorf("%s does not ask for the passport", m.Code)
		}
	}
	m, _ := mustLoad(t).Newest("B2020")
	if has := len(m.WantedAttachments(forms.Answers{"employer_kind": "company"})) - len(m.WantedAttachments(forms.Answers{"employer_kind": "person"})); has != 1 {
		t.Errorf("a company is asked for %d files more than a person", has)
	}
}

func TestBadGroupsAndAttachmentsAreRefused(t *testing.T) {
	base := fmt.Sprintf(oldModel, field(`"id": "name", "type": "text", "max_length": 50`))
	for what, change := range map[string][2]string{
		"group of a field":       {`"id": "name"`, `"id": "name", "group": "x"`},
		"group of a page":        {`"id": "one"`, `"id": "one", "group": "x"`},
		"attachment without id":  {`"summary"`, `"attachments": [{"kind": "A B", "label": {"it": "l", "en": "l"}, "help": {"it": "h", "en": "h"}}], "summary"`},
		"attachment in one lang": {`"summary"`, `"attachments": [{"kind": "a", "label": {"it": "l"}, "help": {"it": "h", "en": "h"}}], "summary"`},
		"attachment on nothing":  {`"summary"`, `"attachments": [{"kind": "a", "when": {"field": "x", "in": ["y"]}, "label": {"it": "l", "en": "l"}, "help": {"it": "h", "en": "h"}}], "summary"`},
	} {
		raw := strings.Replace(base, change[0], change[1], 1)
		if _, err := forms.LoadFS(fstest.MapFS{"m.json": {Data: []byte(raw)}}); err == nil {
			t.Errorf("%s is accepted", what)
		}
	}
}
