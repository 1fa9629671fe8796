package registration

import (
	"strconv"
	"strings"

	"puntuale/internal/accounts/membership"
	"puntuale/internal/portal/site"
)

type (
	field  = site.Field
	option = site.Option
)

// problem is a line of the list of errors.
type problem struct{ Anchor, Text string }

// shapes are the fields by name: control, autocomplete token, width.
var shapes = map[string]field{
	membership.FieldEmail:       {InputType: "email", Autocomplete: "email", MaxLength: 254},
	membership.FieldPassword:    {InputType: "password", Autocomplete: "new-password"},
	"again":                     {InputType: "password", Autocomplete: "new-password"},
	"current":                   {InputType: "password", Autocomplete: "current-password"},
	"code":                      {InputType: "text", InputMode: "text", Autocomplete: "one-time-code", Class: "w-medium", MaxLength: 30},
	membership.FieldSurname:     {InputType: "text", Autocomplete: "family-name", MaxLength: 60},
	membership.FieldName:        {InputType: "text", Autocomplete: "given-name", MaxLength: 60},
	membership.FieldSex:         {Control: "radio", Autocomplete: "sex"},
	membership.FieldBirth:       {InputType: "date", Autocomplete: "bday", Class: "w-medium"},
	membership.FieldBirthPlace:  {InputType: "text", Class: "place", Autocomplete: "off", MaxLength: 80},
	membership.FieldTaxCode:     {InputType: "text", Autocomplete: "off", Class: "w-medium", MaxLength: 24},
	membership.FieldHomePlace:   {InputType: "text", Class: "place", Autocomplete: "address-level2", MaxLength: 80},
	membership.FieldHomeAddress: {InputType: "text", Autocomplete: "street-address", MaxLength: 120},
	membership.FieldHomeCAP:     {InputType: "text", InputMode: "numeric", Autocomplete: "postal-code", Class: "w-short", MaxLength: 5},
	membership.FieldPhone:       {InputType: "tel", InputMode: "tel", Autocomplete: "tel", Class: "w-medium", MaxLength: 30},
	membership.FieldPEC:         {InputType: "email", Autocomplete: "off", MaxLength: 254, Optional: true},
}

// helped are the fields with a hint.
var helped = map[string]bool{
	membership.FieldEmail: true, membership.FieldPassword: true, membership.FieldBirthPlace: true, membership.FieldTaxCode: true,
	membership.FieldHomePlace: true, membership.FieldHomeCAP: true, membership.FieldPhone: true, membership.FieldPEC: true,
	membership.FieldSurname: true, membership.FieldName: true,
}

// field makes one question. Its texts are those of its name.
func (g *Registration) field(v *site.Visit, name, value string) field {
	f := shapes[name]
	f.Name, f.Value, f.Label = name, value, g.site.Say(v, "registration.field."+name)
	if helped[name] {
		f.Help = g.site.Say(v, "registration.help."+name)
	}
	if f.Control == "" {
		f.Control = "text"
	}
	if f.InputType == "password" {
		f.Value = "" // never sent back
	}
	if name == membership.FieldBirth && value != "" && !isDate(value) {
		f.InputType = "text" // a date field would show nothing to mend
	}
	if name == membership.FieldSex {
		for i, s := range []string{"F", "M"} {
			f.Options = append(f.Options, option{ID: name + "." + strconv.Itoa(i), Value: s, Label: g.site.Say(v, "registration.sex."+s), Selected: s == value})
		}
	}
	return f
}

func isDate(s string) bool { return len(s) == len("2006-01-02") && s[4] == '-' && s[7] == '-' }

// mark writes issues to their fields, and returns the list of them in the order
// of the fields.
func (g *Registration) mark(v *site.Visit, fields []field, issues []membership.Issue) []problem {
	for i := range fields {
		for _, issue := range issues {
			if issue.Field == fields[i].Name && fields[i].Error == "" {
				fields[i].Error = g.said(v, &issue)
			}
		}
	}
	var out []problem
	for i := range fields {
		if f := &fields[i]; f.Error != "" {
			out = append(out, problem{f.Anchor(), f.Label + ": " + f.Error})
		}
	}
	return out
}

// said is what there is to say about an issue.
func (g *Registration) said(v *site.Visit, i *membership.Issue) string {
	switch {
	case len(i.Parts) > 0:
		var parts []string
		for _, p := range i.Parts {
			parts = append(parts, g.site.Say(v, "registration.part."+string(p)))
		}
		return g.site.Say(v, "registration.error."+i.Key, strings.Join(parts, ", "))
	case len(i.Places) > 0:
		return g.site.Say(v, "registration.error."+i.Key, strings.Join(i.Places, ", "))
	}
	return g.site.Say(v, "registration.error."+i.Key)
}
