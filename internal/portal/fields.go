package portal

import (
	"strconv"

	"puntuale/internal/forms"
	"puntuale/internal/places"
	"puntuale/internal/portal/site"
)

// maxRadios is the longest list of options that is shown at once.
const maxRadios = 6

func newFieldView(m *forms.Model, f *forms.Field, value, lang string) site.Field {
	v := site.Field{
		ID: f.ID, Name: fieldPrefix + f.ID, Label: f.Label.In(lang), Help: f.Help.In(lang), Control: site.ControlText, InputType: "text",
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
func shape(v *site.Field, f *forms.Field, value, lang string) {
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
		v.Control, v.InputMode, v.Class = site.ControlMoney, "decimal", "w-short"
	case forms.TypeEmail:
		v.InputType, v.InputMode = "text", "email"
	case forms.TypeTaxCode, forms.TypeCompanyID, forms.TypePassport:
		v.Class = "w-medium"
	case forms.TypeBoolean:
		v.Control, v.Options = site.ControlRadio, yesNo(lang)
	case forms.TypeChoice:
		v.Control = site.ControlSelect
		if len(f.Options) <= maxRadios {
			v.Control = site.ControlRadio
		}
		for i := range f.Options {
			v.Options = append(v.Options, site.Option{Value: f.Options[i].Value, Label: f.Options[i].Label.In(lang)})
		}
	case forms.TypeState:
		v.Control, v.Options = site.ControlSelect, states(value, lang)
	case forms.TypeProvince:
		v.Control, v.Options = site.ControlSelect, provinces()
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

func yesNo(lang string) []site.Option {
	if lang == "en" {
		return []site.Option{{Value: "yes", Label: "Yes"}, {Value: "no", Label: "No"}}
	}
	return []site.Option{{Value: "yes", Label: "Sì"}, {Value: "no", Label: "No"}}
}

// states lists the states of today, and the chosen one if it is no more.
func states(value, lang string) []site.Option {
	var out []site.Option
	known := value == ""
	for _, s := range places.States() {
		out = append(out, site.Option{Value: s.Code, Label: s.NameIn(lang)})
		known = known || s.Code == value
	}
	if s, ok := places.State(value); ok && !known {
		out = append(out, site.Option{Value: s.Code, Label: s.NameIn(lang)})
	}
	return out
}

func provinces() []site.Option {
	var out []site.Option
	for _, p := range places.Provinces() {
		out = append(out, site.Option{Value: p.Code, Label: p.Name + " (" + p.Code + ")"})
	}
	return out
}
