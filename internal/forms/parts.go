package forms

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"puntuale/internal/clickday"
)

// partsDir holds, below the directory of the models, questions that several
// models share.
const partsDir = "parts"

// modelFile is a model as it stands in its file: the fields of its pages may
// name parts.
type modelFile struct {
	Model
	Pages []pageFile `json:"pages"`
}

type pageFile struct {
	ID     string        `json:"id"`
	Title  clickday.Text `json:"title"`
	Intro  clickday.Text `json:"intro"`
	Group  Group         `json:"group"`
	Fields []entry       `json:"fields"`
}

// entry is a field or, if Part is set, the fields of a part. In these, {p} in an
// id stands for Prefix and {of} in a text for Of; When is added to the fields that
// have no condition of their own.
type entry struct {
	Field
	Part   string        `json:"part"`
	Prefix string        `json:"prefix"`
	Of     clickday.Text `json:"of"`
}

// partFile is a part: fields with the checks that belong to them.
type partFile struct {
	Fields        []entry        `json:"fields"`
	TaxCodeChecks []TaxCodeCheck `json:"tax_code_checks"`
	Rules         []Rule         `json:"rules"`
	Attachments   []Attachment   `json:"attachments"`
}

// assembler puts a model together from its file and its parts.
type assembler struct {
	dirs  []fs.FS // looked through in this order for a part
	model *Model
	stack []string // parts that are being opened
}

func decodeStrictly(raw []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

// assemble reads a model. Rules of parts come before those of the model itself.
func assemble(raw []byte, dirs []fs.FS) (*Model, error) {
	var f modelFile
	if err := decodeStrictly(raw, &f); err != nil {
		return nil, err
	}
	m := f.Model
	own, ownChecks, ownFiles := m.Rules, m.TaxCodeChecks, m.Attachments
	m.Pages, m.Rules, m.TaxCodeChecks, m.Attachments = nil, nil, nil, nil
	a := &assembler{dirs: dirs, model: &m}
	for i := range f.Pages {
		p := &f.Pages[i]
		fields, err := a.expand(p.Fields)
		if err != nil {
			return nil, fmt.Errorf("page %s: %w", p.ID, err)
		}
		m.Pages = append(m.Pages, Page{ID: p.ID, Title: p.Title, Intro: p.Intro, Group: p.Group, Fields: fields})
	}
	m.Rules = append(m.Rules, own...)
	m.TaxCodeChecks = append(m.TaxCodeChecks, ownChecks...)
	m.Attachments = append(m.Attachments, ownFiles...)
	return &m, nil
}

func (a *assembler) expand(entries []entry) ([]Field, error) {
	var out []Field
	for i := range entries {
		e := &entries[i]
		if e.Part == "" {
			if e.Prefix != "" || e.Of != (clickday.Text{}) {
				return nil, fmt.Errorf("field %q: prefix and of belong to a part", e.ID)
			}
			out = append(out, e.Field)
			continue
		}
		fields, err := a.part(e)
		if err != nil {
			return nil, fmt.Errorf("part %s: %w", e.Part, err)
		}
		out = append(out, fields...)
	}
	return out, nil
}

// part opens a part and adds its checks to the model.
func (a *assembler) part(e *entry) ([]Field, error) {
	if e.ID != "" || e.Type != "" {
		return nil, fmt.Errorf("an entry is either a part or the field %q", e.ID)
	}
	if slices.Contains(a.stack, e.Part) {
		return nil, fmt.Errorf("contains itself: %s", strings.Join(a.stack, ", "))
	}
	a.stack = append(a.stack, e.Part)
	defer func() { a.stack = a.stack[:len(a.stack)-1] }()
	raw, err := a.read(e.Part)
	if err != nil {
		return nil, err
	}
	var p partFile
	if err := decodeStrictly(raw, &p); err != nil {
		return nil, err
	}
	e.fill(&p)
	fields, err := a.expand(p.Fields)
	if err != nil {
		return nil, err
	}
	for i := range fields {
		if fields[i].When == nil {
			fields[i].When = e.When
		}
		if fields[i].Group == "" {
			fields[i].Group = e.Group
		}
	}
	a.model.Rules = append(a.model.Rules, p.Rules...)
	a.model.TaxCodeChecks = append(a.model.TaxCodeChecks, p.TaxCodeChecks...)
	a.model.Attachments = append(a.model.Attachments, p.Attachments...)
	return fields, nil
}

// fill puts prefix and words of the entry into a part.
func (e *entry) fill(p *partFile) {
	id := func(s *string) { *s = strings.ReplaceAll(*s, "{p}", e.Prefix) }
	text := func(t *clickday.Text) {
		t.IT, t.EN = strings.ReplaceAll(t.IT, "{of}", e.Of.IT), strings.ReplaceAll(t.EN, "{of}", e.Of.EN)
	}
	for i := range p.Fields {
		f := &p.Fields[i]
		id(&f.ID)
		id(&f.Prefix)
		text(&f.Label)
		text(&f.Help)
		text(&f.Of)
		if f.When != nil {
			id(&f.When.Field)
		}
	}
	for i := range p.TaxCodeChecks {
		c := &p.TaxCodeChecks[i]
		for _, s := range []*string{&c.TaxCode, &c.Surname, &c.Name, &c.Sex, &c.BirthDate, &c.BirthPlace, &c.BirthState} {
			id(s)
		}
	}
	for i := range p.Attachments {
		t := &p.Attachments[i]
		id(&t.Kind)
		text(&t.Label)
		text(&t.Help)
		if t.When != nil {
			id(&t.When.Field)
		}
	}
	for i := range p.Rules {
		r := &p.Rules[i]
		text(&r.Text)
		for j := range r.Fields {
			id(&r.Fields[j])
		}
		if r.When != nil {
			id(&r.When.Field)
		}
	}
}

func (a *assembler) read(name string) ([]byte, error) {
	for _, dir := range a.dirs {
		raw, err := fs.ReadFile(dir, partsDir+"/"+name+".json")
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return raw, err
		}
	}
	return nil, fmt.Errorf("there is no file %s/%s.json", partsDir, name)
}
