package parties

import (
	"strings"

	"puntuale/internal/portal/site"
)

// option is one choice of a field.
type option struct {
	ID, Value, Label string
	Selected         bool
}

// field is one question as the part "field" of the frame draws it.
type field struct {
	Name         string
	Label        string
	Help         string
	Control      string // text, radio or select
	InputType    string
	InputMode    string
	Class        string
	Autocomplete string
	MaxLength    int
	Value        string
	Options      []option
	Optional     bool
	Error        string
	Differs      bool   // never here: nobody merges what two people typed
	Theirs       string // likewise
}

// DescribedBy names hint and error for screen readers.
func (f *field) DescribedBy() string {
	var ids []string
	if f.Help != "" {
		ids = append(ids, f.Name+".hint")
	}
	if f.Error != "" {
		ids = append(ids, f.Name+".error")
	}
	return strings.Join(ids, " ")
}

// Anchor is the id of the first control.
func (f *field) Anchor() string {
	if f.Control == "radio" && len(f.Options) > 0 {
		return f.Options[0].ID
	}
	return f.Name
}

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
		f.Options = append(f.Options, option{name + "." + w, w, p.site.Say(v, prefix+w), w == value})
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
