package portal

import (
	"strconv"
	"strings"

	"puntuale/internal/forms"
	"puntuale/internal/places"
)

// Controls that the template knows.
const (
	controlText   = "text"
	controlRadio  = "radio"
	controlSelect = "select"
	controlMoney  = "money"
)

// maxRadios is the longest list of options that is shown at once.
const maxRadios = 6

type optionView struct {
	ID, Value, Label string
	Selected         bool
}

// fieldView is one question as the template draws it.
type fieldView struct {
	ID           string
	Name         string
	Label        string
	Help         string
	Control      string
	InputType    string
	InputMode    string
	Class        string // width
	Autocomplete string
	MaxLength    int
	Value        string
	Options      []optionView
	Optional     bool
	Error        string
	Differs      bool   // from what somebody else saved meanwhile
	Theirs       string // that value
}

// Anchor is the id of the first control, where links of the error list lead.
func (f *fieldView) Anchor() string {
	if f.Control == controlRadio && len(f.Options) > 0 {
		return f.Options[0].ID
	}
	return f.Name
}

// DescribedBy names hint and error for screen readers.
func (f *fieldView) DescribedBy() string {
	var ids []string
	if f.Help != "" {
		ids = append(ids, f.Name+".hint")
	}
	if f.Error != "" {
		ids = append(ids, f.Name+".error")
	}
	return strings.Join(ids, " ")
}

func newFieldView(m *forms.Model, f *forms.Field, value, lang string) fieldView {
	v := fieldView{
		ID: f.ID, Name: fieldPrefix + f.ID, Label: f.Label.In(lang), Help: f.Help.In(lang), Control: controlText, InputType: "text",
		Autocomplete: f.Autocomplete, MaxLength: f.MaxLength, Value: m.Input(f, value), Optional: !f.Required,
	}
	if v.Autocomplete == "" {
		v.Autocomplete = "off"
	}
	shape(&v, f, value, lang)
	for i := range v.Options {
		o := &v.Options[i]
		o.ID, o.Selected = v.Name+"."+strconv.Itoa(i), o.Value == value
	}
	return v
}

// shape chooses the control that suits the type.
func shape(v *fieldView, f *forms.Field, value, lang string) {
	switch f.Type {
	case forms.TypePlace:
		v.Class = "place" // which asks for offers while one is typed
	case forms.TypeDate:
		v.InputType, v.Value, v.Class = dateInput(value), value, "w-medium"
	case forms.TypeInteger:
		v.InputMode, v.Class = "numeric", "w-short"
	case forms.TypePostcode:
		v.InputMode, v.Class, v.MaxLength = "numeric", "w-short", 5
	case forms.TypeMoney:
		v.Control, v.InputMode, v.Class = controlMoney, "decimal", "w-short"
	case forms.TypeEmail:
		v.InputType, v.InputMode = "text", "email"
	case forms.TypeTaxCode, forms.TypeCompanyID, forms.TypePassport:
		v.Class = "w-medium"
	case forms.TypeBoolean:
		v.Control, v.Options = controlRadio, yesNo(lang)
	case forms.TypeChoice:
		v.Control = controlSelect
		if len(f.Options) <= maxRadios {
			v.Control = controlRadio
		}
		for i := range f.Options {
			v.Options = append(v.Options, optionView{Value: f.Options[i].Value, Label: f.Options[i].Label.In(lang)})
		}
	case forms.TypeState:
		v.Control, v.Options = controlSelect, states(value, lang)
	case forms.TypeProvince:
		v.Control, v.Options = controlSelect, provinces()
	}
}

// dateInput is a native date field unless what was saved is no date: that one
// would show nothing, and the person could not see what to mend.
func dateInput(value string) string {
	if value == "" || isDate(value) {
		return "date"
	}
	return "text"
}

func isDate(s string) bool {
	return len(s) == len("2006-01-02") && s[4] == '-' && s[7] == '-'
}

func yesNo(lang string) []optionView {
	if lang == "en" {
		return []optionView{{Value: "yes", Label: "Yes"}, {Value: "no", Label: "No"}}
	}
	return []optionView{{Value: "yes", Label: "Sì"}, {Value: "no", Label: "No"}}
}

// states lists the states of today, and the chosen one if it is no more.
func states(value, lang string) []optionView {
	var out []optionView
	known := value == ""
	for _, s := range places.States() {
		out = append(out, optionView{Value: s.Code, Label: s.NameIn(lang)})
		known = known || s.Code == value
	}
	if s, ok := places.State(value); ok && !known {
		out = append(out, optionView{Value: s.Code, Label: s.NameIn(lang)})
	}
	return out
}

func provinces() []optionView {
	var out []optionView
	for _, p := range places.Provinces() {
		out = append(out, optionView{Value: p.Code, Label: p.Name + " (" + p.Code + ")"})
	}
	return out
}
