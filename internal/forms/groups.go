package forms

import (
	"fmt"
	"slices"

	"puntuale/internal/clickday"
)

// Group says to what an answer belongs, and so how long it holds: a model marks
// its pages and fields with it, as data.
type Group string

// The groups. What a model does not mark is the worker's.
const (
	// GroupEmployer holds from one application of an employer to the next:
	// who hires, where the work and the housing are, what the means are.
	GroupEmployer Group = "employer"
	// GroupContract holds for every worker who is offered the same contract.
	GroupContract Group = "contract"
	// GroupWorker is about one person.
	GroupWorker Group = "worker"
	// GroupDeclaration is declared anew in every application.
	GroupDeclaration Group = "declaration"
)

func (g Group) valid() bool {
	switch g {
	case "", GroupEmployer, GroupContract, GroupWorker, GroupDeclaration:
		return true
	}
	return false
}

// GroupOf returns the group of a field: its own, else that of its page, else the
// worker's.
func (m *Model) GroupOf(f *Field) Group {
	if f.Group != "" {
		return f.Group
	}
	if p, ok := m.Page(m.PageOf(f.ID)); ok && p.Group != "" {
		return p.Group
	}
	return GroupWorker
}

// FlowName is the kind of work that the model is for.
func (m *Model) FlowName() clickday.Text {
	if m.Flow != (clickday.Text{}) {
		return m.Flow
	}
	return m.Title
}

// HasGroup reports whether any field belongs to the group.
func (m *Model) HasGroup(g Group) bool {
	for _, f := range m.fields {
		if m.GroupOf(f) == g {
			return true
		}
	}
	return false
}

// With returns the model with one more page, for answers that came with an
// application and that the model does not ask. It is no version that could be
// sealed.
func (m *Model) With(p Page) *Model {
	out := *m
	out.Pages = append(slices.Clone(m.Pages), p)
	if err := out.index(); err != nil {
		return m // a field of that id is there: nothing is added
	}
	return &out
}

// Carry says what a new application takes over from another one.
type Carry string

// What can be taken over.
const (
	CarryAll      Carry = "clone"    // everything but the declarations
	CarryEmployer Carry = "employer" // the next application of the same employer
	CarryContract Carry = "worker"   // the same contract for another worker
)

// Valid reports whether c is one of the three.
func (c Carry) Valid() bool { return c == CarryAll || c == CarryEmployer || c == CarryContract }

// Keeps reports whether answers of a group are taken over.
func (c Carry) Keeps(g Group) bool {
	switch g {
	case GroupDeclaration:
		return false
	case GroupEmployer:
		return true
	case GroupContract:
		return c == CarryAll || c == CarryContract
	default:
		return c == CarryAll
	}
}

// Why an answer was not taken over.
type Why string

// The reasons, in the order in which they are looked at.
const (
	WhyGone    Why = "gone"    // the new model does not ask it
	WhyChanged Why = "changed" // it asks it in another way
	WhyOption  Why = "option"  // the choice is not offered any more
	WhyUnasked Why = "unasked" // it is not asked with the answers that were taken over
	WhyAnew    Why = "anew"    // a declaration, which is given anew
)

// Left is an answer that was not taken over although it was to be.
type Left struct {
	Label clickday.Text
	Value clickday.Text // as a person reads it
	Why   Why
}

// CarryOver returns the answers of an application of the model from that a new
// one of m begins with, in canonical form, and what could not be taken over, in
// the order in which from asks it.
func (m *Model) CarryOver(from *Model, a Answers, c Carry) (Answers, []Left) {
	out := Answers{}
	var lost []Left
	lose := func(f *Field, why Why) {
		v := a[f.ID]
		lost = append(lost, Left{f.Label, clickday.Text{IT: from.Show(f, v, "it"), EN: from.Show(f, v, "en")}, why})
	}
	for _, f := range from.fields {
		if a[f.ID] == "" || !from.Asked(a, f) {
			continue
		}
		group := from.GroupOf(f)
		if to, ok := m.Field(f.ID); ok {
			group = m.GroupOf(to) // the new model's word counts
		}
		switch {
		case c == CarryAll && group == GroupDeclaration:
			lose(f, WhyAnew)
		case !c.Keeps(group):
		default:
			if why := m.fitsAs(f, a[f.ID]); why != "" {
				lose(f, why)
				continue
			}
			out[f.ID] = a[f.ID]
		}
	}
	clean := m.Clean(out)
	for _, f := range from.fields {
		if out[f.ID] != "" && clean[f.ID] == "" {
			lose(f, WhyUnasked)
		}
	}
	return clean, lost
}

// fitsAs says why the model cannot hold the answer to a field of another version
// or model; "" if it can. Whether it is still right (dates pass) is for Check.
func (m *Model) fitsAs(f *Field, v string) Why {
	to, ok := m.Field(f.ID)
	switch {
	case !ok:
		return WhyGone
	case to.Type != f.Type && !to.reads(v):
		return WhyChanged
	case to.Type == TypeChoice:
		if _, offered := checkChoice(nil, to, v); !offered {
			return WhyOption
		}
	}
	return ""
}

// reads reports whether a field holds a text that was the answer to a field of
// another type.
func (f *Field) reads(v string) bool {
	switch f.Type {
	case TypeText:
		return true
	case TypeChoice:
		return true // fitsAs looks at the options
	case TypePlace, TypeState:
		return false // codes of one are none of the other
	}
	c := &checker{m: &Model{}}
	_, ok := checks[f.Type](c, &Field{ID: f.ID, Type: f.Type, MaxLength: f.MaxLength}, f.clean(v))
	return ok
}

// PassportField is how every model names the passport of the worker.
const PassportField = "worker_passport"

// Attachment is a kind of file that goes with an application: what is asked for,
// as data. Files are not part of the sealed document.
type Attachment struct {
	Kind  string        `json:"kind"` // "passport"; unique in the model
	Label clickday.Text `json:"label"`
	Help  clickday.Text `json:"help"`
	When  *Condition    `json:"when"` // asked for only then
}

// WantedAttachments returns the kinds of files that go with these answers.
func (m *Model) WantedAttachments(a Answers) []Attachment {
	var out []Attachment
	for _, t := range m.Attachments {
		if t.When == nil || m.holds(a, t.When) {
			out = append(out, t)
		}
	}
	return out
}

// AttachmentKind returns the kind with that name.
func (m *Model) AttachmentKind(kind string) (Attachment, bool) {
	for _, t := range m.Attachments {
		if t.Kind == kind {
			return t, true
		}
	}
	return Attachment{}, false
}

// holds is Asked for a condition that is no field's.
func (m *Model) holds(a Answers, c *Condition) bool {
	return m.Asked(a, &Field{When: c})
}

func (m *Model) validateGroups() error {
	for p, f := range m.fields {
		if !p.Group.valid() || !f.Group.valid() {
			return fmt.Errorf("field %q: group %q of the field, %q of the page: want employer, contract, worker or declaration", f.ID, f.Group, p.Group)
		}
	}
	return nil
}

func (m *Model) validateAttachments() error {
	seen := make(map[string]bool)
	for i := range m.Attachments {
		t := &m.Attachments[i]
		if !validID(t.Kind) || seen[t.Kind] {
			return fmt.Errorf("attachment %q: stands twice, or its kind is not lower case letters, digits and _", t.Kind)
		}
		seen[t.Kind] = true
		if err := both(t.Label, "label of attachment "+t.Kind); err != nil {
			return err
		}
		if err := both(t.Help, "help of attachment "+t.Kind); err != nil {
			return err
		}
		if t.When == nil {
			continue
		}
		if err := m.validateWhen(t.When); err != nil {
			return fmt.Errorf("attachment %s: %w", t.Kind, err)
		}
	}
	return nil
}
