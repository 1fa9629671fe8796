package forms

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"puntuale/internal/clickday"
)

//go:embed models/*.json
var embedded embed.FS

// Catalogue holds every version of every model. It does not change after Load
// and is safe for concurrent use.
type Catalogue struct {
	models []*Model // by code, then version
}

// Load reads and checks the embedded models. An error names the file and the
// first thing that is wrong with it; a program should stop on it.
func Load() (*Catalogue, error) {
	sub, err := fs.Sub(embedded, "models")
	if err != nil {
		return nil, fmt.Errorf("forms: %w", err)
	}
	return LoadFS(sub)
}

// LoadFS is Load for the *.json files of any directory; each file is one
// version of one model.
func LoadFS(dir fs.FS) (*Catalogue, error) {
	names, err := fs.Glob(dir, "*.json")
	if err != nil {
		return nil, fmt.Errorf("forms: %w", err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("forms: no model in the catalogue")
	}
	c := &Catalogue{}
	for _, name := range names {
		m, err := readModel(dir, name)
		if err != nil {
			return nil, fmt.Errorf("forms: %s: %w", name, err)
		}
		if _, twice := c.Model(m.Code, m.Version); twice {
			return nil, fmt.Errorf("forms: %s: model %s version %d stands twice", name, m.Code, m.Version)
		}
		c.models = append(c.models, m)
	}
	slices.SortFunc(c.models, func(a, b *Model) int {
		if d := strings.Compare(string(a.Code), string(b.Code)); d != 0 {
			return d
		}
		return int(a.Version) - int(b.Version)
	})
	return c, nil
}

func readModel(dir fs.FS, name string) (*Model, error) {
	raw, err := fs.ReadFile(dir, name)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	m := &Model{}
	if err := dec.Decode(m); err != nil {
		return nil, err
	}
	if err := m.index(); err != nil {
		return nil, err
	}
	if err := m.validate(); err != nil {
		return nil, err
	}
	m.dictionary = m.buildDictionary()
	return m, nil
}

// Model returns one version of a model.
func (c *Catalogue) Model(code clickday.ModelCode, version uint16) (*Model, bool) {
	for _, m := range c.models {
		if m.Code == code && m.Version == version {
			return m, true
		}
	}
	return nil, false
}

// Newest returns the highest version of a model: the one that new drafts use.
func (c *Catalogue) Newest(code clickday.ModelCode) (*Model, bool) {
	var newest *Model
	for _, m := range c.models {
		if m.Code == code {
			newest = m
		}
	}
	return newest, newest != nil
}

// All returns every version of every model, by code and version.
func (c *Catalogue) All() []*Model { return slices.Clone(c.models) }

// fieldRef is where a field stands in its model.
type fieldRef struct {
	field *Field
	page  string
	pos   int // over all pages, in the order in which they are asked
}

// index fills the tables that look fields up by id.
func (m *Model) index() error {
	m.byID = make(map[string]fieldRef)
	m.birthPlaces = make(map[string]bool)
	for i := range m.Pages {
		p := &m.Pages[i]
		for j := range p.Fields {
			f := &p.Fields[j]
			if _, twice := m.byID[f.ID]; twice {
				return fmt.Errorf("field %q stands twice", f.ID)
			}
			m.byID[f.ID] = fieldRef{field: f, page: p.ID, pos: len(m.byID)}
		}
	}
	for _, c := range m.TaxCodeChecks {
		m.birthPlaces[c.BirthPlace] = true
		m.birthPlaces[c.BirthState] = true
	}
	return nil
}

// Page returns the page with that id.
func (m *Model) Page(id string) (*Page, bool) {
	for i := range m.Pages {
		if m.Pages[i].ID == id {
			return &m.Pages[i], true
		}
	}
	return nil, false
}

// Field returns the field with that id.
func (m *Model) Field(id string) (*Field, bool) {
	ref, ok := m.byID[id]
	return ref.field, ok
}

// PageOf returns the id of the page a field stands on, or "".
func (m *Model) PageOf(field string) string { return m.byID[field].page }

// fields calls yield for every field in the order in which they are asked.
func (m *Model) fields(yield func(*Page, *Field) bool) {
	for i := range m.Pages {
		p := &m.Pages[i]
		for j := range p.Fields {
			if !yield(p, &p.Fields[j]) {
				return
			}
		}
	}
}

// Asked reports whether a field belongs to these answers: its condition holds
// and the field it depends on is asked itself.
func (m *Model) Asked(a Answers, f *Field) bool {
	for f.When != nil {
		if !slices.Contains(f.When.In, a[f.When.Field]) {
			return false
		}
		f = m.byID[f.When.Field].field
	}
	return true
}
