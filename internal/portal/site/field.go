package site

import "strings"

// Controls that the template "field" draws.
const (
	ControlText   = "text"
	ControlRadio  = "radio"
	ControlSelect = "select"
	ControlMoney  = "money"
)

// Field is one question as the template "field" draws it.
type Field struct {
	ID           string // of the question, for who makes the page
	Name         string // of the control
	Label        string
	Help         string
	Control      string
	InputType    string
	InputMode    string
	Class        string // width; "place" asks for offers while one is typed
	Autocomplete string
	MaxLength    int
	Value        string
	Options      []Option
	Optional     bool
	Error        string
	Differs      bool   // from what somebody else saved meanwhile
	Theirs       string // that value
}

// Option is one answer to choose.
type Option struct {
	ID, Value, Label string
	Selected         bool
}

// Anchor is the id of the first control, where links of the list of errors lead.
func (f *Field) Anchor() string {
	if f.Control == ControlRadio && len(f.Options) > 0 {
		return f.Options[0].ID
	}
	return f.Name
}

// DescribedBy names hint and error for screen readers.
func (f *Field) DescribedBy() string {
	var ids []string
	if f.Help != "" {
		ids = append(ids, f.Name+".hint")
	}
	if f.Error != "" {
		ids = append(ids, f.Name+".error")
	}
	return strings.Join(ids, " ")
}
