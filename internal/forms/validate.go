package forms

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"puntuale/internal/clickday"
)

// maxFields keeps a model within what the dictionary and Thaw can hold.
const maxFields = 255

// validate reports the first thing that makes a model unusable. It expects
// index to have run.
func (m *Model) validate() error {
	if err := m.Code.Validate(); err != nil {
		return err
	}
	if m.Version == 0 || len(m.Pages) == 0 || len(m.byID) > maxFields {
		return fmt.Errorf("model %s: want a version from 1, a page and at most %d fields", m.Code, maxFields)
	}
	if err := both(m.Title, "title"); err != nil {
		return err
	}
	if err := both(m.About, "about"); err != nil {
		return err
	}
	if m.Flow != (clickday.Text{}) {
		if err := both(m.Flow, "flow"); err != nil {
			return err
		}
	}
	pages := make(map[string]bool)
	for i := range m.Pages {
		p := &m.Pages[i]
		if pages[p.ID] || !validID(p.ID) {
			return fmt.Errorf("page %q: stands twice, or its id is not lower case letters, digits and _", p.ID)
		}
		pages[p.ID] = true
		if err := m.validatePage(p); err != nil {
			return fmt.Errorf("page %s: %w", p.ID, err)
		}
	}
	for i := range m.TaxCodeChecks {
		if err := m.validateTaxCodeCheck(&m.TaxCodeChecks[i]); err != nil {
			return fmt.Errorf("tax code check %d: %w", i+1, err)
		}
	}
	for i := range m.Rules {
		if err := m.validateRule(&m.Rules[i]); err != nil {
			return fmt.Errorf("rule %d: %w", i+1, err)
		}
	}
	for _, check := range []func() error{m.validateQuota, m.validateGroups, m.validateAttachments} {
		if err := check(); err != nil {
			return err
		}
	}
	return m.validateSummary()
}

func (m *Model) validatePage(p *Page) error {
	if len(p.Fields) == 0 {
		return errors.New("no field")
	}
	if err := both(p.Title, "title"); err != nil {
		return err
	}
	if err := both(p.Intro, "intro"); err != nil {
		return err
	}
	for i := range p.Fields {
		if err := m.validateField(&p.Fields[i]); err != nil {
			return fmt.Errorf("field %q: %w", p.Fields[i].ID, err)
		}
	}
	return nil
}

func (m *Model) validateField(f *Field) error {
	if !validID(f.ID) {
		return errors.New("the id is not lower case letters, digits and _")
	}
	if _, known := checks[f.Type]; !known {
		return fmt.Errorf("unknown type %q", f.Type)
	}
	if err := both(f.Label, "label"); err != nil {
		return err
	}
	if err := both(f.Help, "help"); err != nil {
		return err
	}
	if f.Type == TypeText && (f.MaxLength < 1 || f.MaxLength > 1000) {
		return errors.New("max_length: want 1 to 1000")
	}
	if f.Min != nil && f.Max != nil && *f.Min > *f.Max {
		return errors.New("min is greater than max")
	}
	if err := f.validateOptions(); err != nil {
		return err
	}
	return m.validateCondition(f)
}

func (f *Field) validateOptions() error {
	if (f.Type == TypeChoice) != (len(f.Options) > 0) {
		return errors.New("options: a choice needs them, no other type may have them")
	}
	seen := make(map[string]bool)
	for _, o := range f.Options {
		if o.Value == "" || seen[o.Value] {
			return fmt.Errorf("option %q is empty or stands twice", o.Value)
		}
		seen[o.Value] = true
		if err := both(o.Label, "option "+o.Value); err != nil {
			return err
		}
	}
	return nil
}

// validateCondition wants a condition to look back, at a field with few values.
func (m *Model) validateCondition(f *Field) error {
	if f.When == nil {
		return nil
	}
	on, ok := m.byID[f.When.Field]
	if !ok || on.pos >= m.byID[f.ID].pos {
		return fmt.Errorf("condition on %q, which is not an earlier field", f.When.Field)
	}
	if len(f.When.In) == 0 {
		return errors.New("condition without values")
	}
	values := make(map[string]bool)
	for _, v := range on.field.values() {
		values[v] = true
	}
	for _, v := range f.When.In {
		if !values[v] {
			return fmt.Errorf("condition on %q = %q, which is none of its values", f.When.Field, v)
		}
	}
	return nil
}

func (m *Model) validateTaxCodeCheck(c *TaxCodeCheck) error {
	want := []struct {
		id       string
		kind     FieldType
		optional bool
	}{
		{c.TaxCode, TypeTaxCode, false}, {c.Surname, TypeText, false}, {c.Name, TypeText, false},
		{c.Sex, TypeChoice, false}, {c.BirthDate, TypeDate, false},
		{c.BirthPlace, TypePlace, true}, {c.BirthState, TypeState, true},
	}
	for _, w := range want {
		if w.id == "" && w.optional {
			continue
		}
		ref, ok := m.byID[w.id]
		if !ok || ref.field.Type != w.kind {
			return fmt.Errorf("%q is not a field of type %s", w.id, w.kind)
		}
	}
	if v := m.byID[c.Sex].field.values(); len(v) != 2 || !slices.Contains(v, "M") || !slices.Contains(v, "F") {
		return fmt.Errorf("%q: want the options M and F", c.Sex)
	}
	if c.BirthPlace == "" && c.BirthState == "" {
		return errors.New("neither birth_place nor birth_state")
	}
	return nil
}

func (m *Model) validateRule(r *Rule) error {
	kind, ok := ruleKinds[r.Kind]
	if !ok {
		return fmt.Errorf("unknown kind %q", r.Kind)
	}
	if len(r.Fields) != len(kind.types) {
		return fmt.Errorf("%s takes %d fields, got %d", r.Kind, len(kind.types), len(r.Fields))
	}
	for i, id := range r.Fields {
		ref, ok := m.byID[id]
		if !ok || !fits(kind.types[i], ref.field.Type) {
			return fmt.Errorf("%s: %q is not a field of type %s", r.Kind, id, kind.types[i])
		}
	}
	if kind.value && r.Value <= 0 {
		return fmt.Errorf("%s: want a value above zero", r.Kind)
	}
	if kind.table != (len(r.Table) > 0) {
		return fmt.Errorf("%s: a table is missing, or there is one too many", r.Kind)
	}
	return m.validateRuleWords(r, kind)
}

// validateRuleWords wants a condition and a table to speak of answers that exist.
func (m *Model) validateRuleWords(r *Rule, kind ruleKind) error {
	if r.When != nil {
		if err := m.validateWhen(r.When); err != nil {
			return fmt.Errorf("%s: %w", r.Kind, err)
		}
	}
	for v, limit := range r.Table {
		if limit <= 0 || !slices.Contains(m.byID[r.Fields[0]].field.values(), v) {
			return fmt.Errorf("%s: %q = %d in the table: want an answer to %s and a limit above zero", r.Kind, v, limit, r.Fields[0])
		}
	}
	if kind.limit == nil && (strings.Contains(r.Text.IT, "{limit}") || strings.Contains(r.Text.EN, "{limit}")) {
		return fmt.Errorf("%s: the text names a limit that this kind does not have", r.Kind)
	}
	return both(r.Text, "text")
}

// validateWhen wants a condition that is no field's to name any field and its
// answers.
func (m *Model) validateWhen(c *Condition) error {
	on, ok := m.byID[c.Field]
	if !ok || len(c.In) == 0 {
		return fmt.Errorf("condition on %q without values, or no such field", c.Field)
	}
	for _, v := range c.In {
		if !slices.Contains(on.field.values(), v) {
			return fmt.Errorf("condition on %q = %q, which is none of its values", c.Field, v)
		}
	}
	return nil
}

func (m *Model) validateSummary() error {
	if len(m.Summary.Worker) == 0 {
		return errors.New("summary: worker is empty")
	}
	for _, ids := range [][]string{m.Summary.Employer, m.Summary.Worker} {
		for _, id := range ids {
			if _, ok := m.byID[id]; !ok {
				return fmt.Errorf("summary: no field %q", id)
			}
		}
	}
	return nil
}

func both(t clickday.Text, what string) error {
	if t.IT == "" || t.EN == "" {
		return fmt.Errorf("%s: want a text in Italian and one in English", what)
	}
	return nil
}

func validID(s string) bool {
	if len(s) < 1 || len(s) > 40 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' {
			return false
		}
	}
	return true
}
