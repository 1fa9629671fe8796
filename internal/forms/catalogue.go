package forms

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"puntuale/internal/clickday"
)

//go:embed models/*.json models/parts/*.json
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

// LoadWith is Load with the *.json files of a directory of the administration's
// own beside the embedded ones. An empty name means none.
func LoadWith(dir string) (*Catalogue, error) {
	if dir == "" {
		return Load()
	}
	sub, err := fs.Sub(embedded, "models")
	if err != nil {
		return nil, fmt.Errorf("forms: %w", err)
	}
	return LoadFS(os.DirFS(dir), sub)
}

// LoadFS is Load for the *.json files of any directories; each file is one
// version of one model. Parts are looked for in the same order of directories.
func LoadFS(dirs ...fs.FS) (*Catalogue, error) {
	c := &Catalogue{}
	for _, dir := range dirs {
		names, err := fs.Glob(dir, "*.json")
		if err != nil {
			return nil, fmt.Errorf("forms: %w", err)
		}
		if len(names) == 0 {
			return nil, errors.New("forms: no model in the directory: want files named <code>-<version>.json")
		}
		for _, name := range names {
			if err := c.add(dir, name, dirs); err != nil {
				return nil, fmt.Errorf("forms: %s: %w", name, err)
			}
		}
	}
	slices.SortFunc(c.models, func(a, b *Model) int {
		if d := strings.Compare(string(a.Code), string(b.Code)); d != 0 {
			return d
		}
		return int(a.Version) - int(b.Version)
	})
	return c, nil
}

func (c *Catalogue) add(dir fs.FS, name string, dirs []fs.FS) error {
	raw, err := fs.ReadFile(dir, name)
	if err != nil {
		return err
	}
	m, err := assemble(raw, dirs)
	if err != nil {
		return err
	}
	if err := m.index(); err != nil {
		return err
	}
	if err := m.validate(); err != nil {
		return err
	}
	if _, twice := c.Model(m.Code, m.Version); twice {
		return fmt.Errorf("model %s version %d stands twice", m.Code, m.Version)
	}
	m.dictionary = m.buildDictionary()
	c.models = append(c.models, m)
	return nil
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
