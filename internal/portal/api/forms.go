package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
)

func (a *API) modelRoutes() {
	register(a, public, huma.Operation{
		OperationID: "models", Method: http.MethodGet, Path: "/api/v1/models", Tags: []string{tagModels}, Summary: "The models and their versions",
	}, nil, a.models)
	register(a, public, huma.Operation{
		OperationID: "model", Method: http.MethodGet, Path: "/api/v1/models/{code}", Tags: []string{tagModels},
		Summary: "One model: pages, fields, rules, and a JSON Schema of its answers",
	}, []clickday.Code{clickday.CodeNotFound, codeInvalid}, a.model)
	register(a, readers, huma.Operation{
		OperationID: "validate-answers", Method: http.MethodPost, Path: "/api/v1/models/{code}/validate", Tags: []string{tagModels},
		MaxBodyBytes: maxAnswersBody,
		Summary:      "Check answers without storing anything",
	}, append(badBody, clickday.CodeNotFound), a.validateAnswers)
}

type modelSummaryJSON struct {
	Code     clickday.ModelCode `json:"code"`
	Title    clickday.Text      `json:"title"`
	About    clickday.Text      `json:"about"`
	Newest   uint16             `json:"newest" doc:"Version that new applications get."`
	Versions []uint16           `json:"versions" nullable:"false"`
}

type modelsJSON struct {
	Models []modelSummaryJSON `json:"models" nullable:"false"`
}

func (a *API) models(context.Context, *struct{}) (*body[modelsJSON], error) {
	out := modelsJSON{Models: []modelSummaryJSON{}}
	at := map[clickday.ModelCode]int{}
	for _, m := range a.Models.All() {
		i, seen := at[m.Code]
		if !seen {
			newest, _ := a.Models.Newest(m.Code)
			i = len(out.Models)
			at[m.Code] = i
			out.Models = append(out.Models, modelSummaryJSON{Code: m.Code, Title: newest.Title, About: newest.About, Newest: newest.Version})
		}
		out.Models[i].Versions = append(out.Models[i].Versions, m.Version)
	}
	return &body[modelsJSON]{"no-cache", out}, nil
}

// ModelPath is the address of one model.
type ModelPath struct {
	Code string `path:"code" doc:"Code of the model, such as B."`
}

type conditionJSON struct {
	Field string   `json:"field"`
	In    []string `json:"in" nullable:"false"`
}

func conditionOf(c *forms.Condition) *conditionJSON {
	if c == nil {
		return nil
	}
	return &conditionJSON{c.Field, c.In}
}

type optionJSON struct {
	Value string        `json:"value"`
	Label clickday.Text `json:"label"`
}

type fieldJSON struct {
	ID        string          `json:"id"`
	Label     clickday.Text   `json:"label"`
	Help      *clickday.Text  `json:"help,omitempty"`
	Type      forms.FieldType `json:"type" doc:"text, date (2006-01-02), integer, money (1234.50), choice, boolean (yes, no), tax_code, company_tax_code, email, place and state (Belfiore codes), province, postcode, passport."`
	Required  bool            `json:"required"`
	When      *conditionJSON  `json:"when,omitempty" doc:"Asked, and its answer kept, only when this holds."`
	Min       *int64          `json:"min,omitempty" doc:"integer: value; money: cents; date: days from today."`
	Max       *int64          `json:"max,omitempty" doc:"As min."`
	MaxLength int             `json:"max_length,omitempty" doc:"Characters."`
	Options   []optionJSON    `json:"options,omitempty"`
}

type modelPageJSON struct {
	ID     string        `json:"id"`
	Title  clickday.Text `json:"title"`
	Intro  clickday.Text `json:"intro"`
	Fields []fieldJSON   `json:"fields" nullable:"false"`
}

type ruleJSON struct {
	Kind   string           `json:"kind"`
	Fields []string         `json:"fields" nullable:"false"`
	Value  int64            `json:"value,omitempty"`
	When   *conditionJSON   `json:"when,omitempty"`
	Table  map[string]int64 `json:"table,omitempty" doc:"Limit for each answer to the first field."`
	Text   clickday.Text    `json:"text"`
}

type modelJSON struct {
	Code    clickday.ModelCode `json:"code"`
	Version uint16             `json:"version"`
	Title   clickday.Text      `json:"title"`
	About   clickday.Text      `json:"about"`
	Pages   []modelPageJSON    `json:"pages" nullable:"false"`
	Rules   []ruleJSON         `json:"rules" nullable:"false"`
	// Answers is a JSON Schema of single fields; rules over several and fields
	// that are asked only sometimes are checked by validation.
	Answers map[string]any `json:"answers_schema" doc:"JSON Schema (2020-12) of complete answers, field by field. Conditions, check digits and rules over several fields are checked by validation."`
}

func (a *API) model(_ context.Context, in *struct {
	ModelPath
	Version uint16 `query:"version" doc:"Version; the newest if not given."`
},
) (*body[modelJSON], error) {
	m, err := a.modelOf(in.Code, in.Version)
	if err != nil {
		return nil, err
	}
	return &body[modelJSON]{"no-cache", formOf(m)}, nil
}

func (a *API) modelOf(code string, version uint16) (*forms.Model, error) {
	m, ok := a.Models.Newest(clickday.ModelCode(code))
	if version != 0 {
		m, ok = a.Models.Model(clickday.ModelCode(code), version)
	}
	if !ok {
		return nil, refuse(clickday.CodeNotFound)
	}
	return m, nil
}

func formOf(m *forms.Model) modelJSON {
	out := modelJSON{Code: m.Code, Version: m.Version, Title: m.Title, About: m.About, Rules: []ruleJSON{}, Answers: answersSchema(m)}
	for i := range m.Pages {
		p := &m.Pages[i]
		page := modelPageJSON{ID: p.ID, Title: p.Title, Intro: p.Intro}
		for j := range p.Fields {
			page.Fields = append(page.Fields, fieldOf(&p.Fields[j]))
		}
		out.Pages = append(out.Pages, page)
	}
	for i := range m.Rules {
		r := &m.Rules[i]
		out.Rules = append(out.Rules, ruleJSON{r.Kind, r.Fields, r.Value, conditionOf(r.When), r.Table, r.Text})
	}
	return out
}

func fieldOf(f *forms.Field) fieldJSON {
	out := fieldJSON{
		ID: f.ID, Label: f.Label, Type: f.Type, Required: f.Required, When: conditionOf(f.When), Min: f.Min, Max: f.Max, MaxLength: f.MaxLength,
	}
	if f.Help.IT != "" {
		out.Help = &f.Help
	}
	for _, o := range f.Options {
		out.Options = append(out.Options, optionJSON(o))
	}
	return out
}

// patterns are the canonical forms of answers whose type alone says them.
var patterns = map[forms.FieldType]string{
	forms.TypeDate: `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, forms.TypeInteger: `^-?[0-9]+$`, forms.TypeMoney: `^[0-9]+\.[0-9]{2}$`,
	forms.TypeTaxCode: `^[A-Z0-9]{16}$`, forms.TypePlace: `^[A-Z][0-9]{3}$`, forms.TypeState: `^Z[0-9]{3}$`,
	forms.TypeProvince: `^[A-Z]{2}$`, forms.TypePostcode: `^[0-9]{5}$`, forms.TypePassport: `^[A-Z0-9]+$`,
}

func answersSchema(m *forms.Model) map[string]any {
	properties, required := map[string]any{}, []string{}
	for i := range m.Pages {
		for j := range m.Pages[i].Fields {
			f := &m.Pages[i].Fields[j]
			properties[f.ID] = answerSchema(f)
			if f.Required && f.When == nil {
				required = append(required, f.ID)
			}
		}
	}
	return map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": properties, "required": required, "additionalProperties": false,
	}
}

func answerSchema(f *forms.Field) map[string]any {
	s := map[string]any{"type": "string", "title": f.Label.EN}
	switch {
	case f.Type == forms.TypeBoolean:
		s["enum"] = []string{"yes", "no"}
	case len(f.Options) > 0:
		values := make([]string, len(f.Options))
		for i, o := range f.Options {
			values[i] = o.Value
		}
		s["enum"] = values
	case patterns[f.Type] != "":
		s["pattern"] = patterns[f.Type]
	}
	if f.MaxLength > 0 {
		s["maxLength"] = f.MaxLength
	}
	return s
}

type answersJSON struct {
	Version uint16        `json:"version,omitempty" doc:"Version of the model; the newest if not given."`
	Answers forms.Answers `json:"answers"`
}

type checkedJSON struct {
	State   clickday.ApplicationState `json:"state" enum:"to_complete,to_validate,ready"`
	Answers forms.Answers             `json:"answers" doc:"In canonical form: what would be stored."`
	Dropped []string                  `json:"dropped" nullable:"false" doc:"Fields that were sent and are not asked, so that their answers are not kept."`
	Issues  []FieldError              `json:"issues" nullable:"false"`
}

func (a *API) validateAnswers(_ context.Context, in *struct {
	ModelPath
	Body answersJSON
},
) (*body[checkedJSON], error) {
	m, err := a.modelOf(in.Code, in.Body.Version)
	if err != nil {
		return nil, err
	}
	if err := known(m, in.Body.Answers); err != nil {
		return nil, err
	}
	clean := m.Clean(in.Body.Answers)
	today := a.Drafts.Today()
	return answer(checkedJSON{m.State(clean, today), clean, dropped(in.Body.Answers, clean), issuesOf(m.Check(clean, today))}), nil
}

// known refuses answers to fields that the model does not have: a program that
// sends them has another model in mind.
func known(m *forms.Model, a forms.Answers) error {
	var wrong []FieldError
	for id := range a {
		if _, ok := m.Field(id); !ok {
			wrong = append(wrong, FieldError{Location: "body.answers." + id, Field: id, Text: clickday.Text{
				IT: "Il modello " + string(m.Code) + " non ha questo campo.", EN: "Model " + string(m.Code) + " does not have this field.",
			}})
		}
	}
	if wrong != nil {
		return refuse(codeInvalid, sorted(wrong)...)
	}
	return nil
}

func issuesOf(list []forms.Issue) []FieldError {
	out := make([]FieldError, len(list))
	for i, x := range list {
		out[i] = FieldError{"body.answers." + x.Field, x.Page, x.Field, x.Missing, x.Text}
	}
	return out
}

// printable drops NUL, which the database cannot hold.
func printable(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\x00", "")) }
