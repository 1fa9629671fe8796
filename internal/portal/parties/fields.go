package parties

import (
	"puntuale/internal/portal/site"
)

type (
	field  = site.Field
	option = site.Option
)

// text makes a line to type into. Its label is the text parties.field.name, its
// help parties.help.name where help says so.
func (p *Parties) text(v *site.Visit, name, value string, help bool) field {
	f := field{
		Name: name, Label: p.site.Say(v, "parties.field."+name), Control: "text", InputType: "text", Autocomplete: "off", MaxLength: 300, Value: value,
	}
	if help {
		f.Help = p.site.Say(v, "parties.help."+name)
	}
	return f
}

// choice makes a choice between words of a kind: their labels are the texts
// prefix + word.
func (p *Parties) choice(v *site.Visit, name, value, control, prefix string, words []string) field {
	f := p.text(v, name, "", false)
	f.Control = control
	for _, w := range words {
		f.Options = append(f.Options, option{ID: name + "." + w, Value: w, Label: p.site.Say(v, prefix+w), Selected: w == value})
	}
	return f
}

// issue is one line of the list of what is wrong.
type issue struct{ Href, Text string }

// mark puts an error at a field and returns its line.
func (p *Parties) mark(v *site.Visit, fields []field, name, key string) issue {
	said := p.site.Say(v, "parties.wrong."+key)
	for i := range fields {
		if fields[i].Name == name {
			fields[i].Error = said
			return issue{"#" + fields[i].Anchor(), said}
		}
	}
	return issue{"", said}
}
