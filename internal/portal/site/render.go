package site

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"puntuale/internal/accounts"
	"puntuale/internal/portal/site/texts"
)

// frameFiles are the templates that every page is built on.
var frameFiles = []string{"templates/layout.html", "templates/parts.html"}

// pages holds every page parsed once per language.
type pages struct {
	byLang map[string]map[string]*template.Template
}

func newPages() *pages {
	out := &pages{byLang: map[string]map[string]*template.Template{}}
	for _, lang := range texts.Languages {
		out.byLang[lang] = map[string]*template.Template{}
	}
	return out
}

// parse takes one template in, for every language.
func (s *Site) parse(room fs.FS, name string) error {
	if name == frameFiles[0] || name == frameFiles[1] {
		return nil
	}
	short := strings.TrimSuffix(path.Base(name), ".html")
	for _, lang := range texts.Languages {
		if _, twice := s.pages.byLang[lang][short]; twice {
			return fmt.Errorf("site: two templates %q", short)
		}
		t, err := template.New("layout.html").Funcs(s.functions(lang)).ParseFS(frames, frameFiles...)
		if err != nil {
			return fmt.Errorf("site: templates: %w", err)
		}
		if t, err = t.ParseFS(room, name); err != nil {
			return fmt.Errorf("site: templates: %w", err)
		}
		s.pages.byLang[lang][short] = t
	}
	return nil
}

func (s *Site) functions(lang string) template.FuncMap {
	return template.FuncMap{
		"t":       func(key string, args ...any) (string, error) { return s.texts.Say(lang, key, args...) },
		"heading": func(v View) (string, error) { return s.heading(lang, v.Frame()) },
		"asset":   s.files.URL,
		"lang":    func() string { return lang },
	}
}

// heading is the title as it is written.
func (s *Site) heading(lang string, b *Base) (string, error) {
	if b.Text != "" {
		return b.Text, nil
	}
	return s.texts.Say(lang, b.Title)
}

// Base is what the layout shows around every page.
type Base struct {
	Site    string
	Title   string            // key of the texts, or TitleText
	Text    string            // of the title, when it is not from the texts
	Nav     string            // which entry of the navigation is current
	Person  *accounts.Account // who has logged in
	Account *accounts.Account // on whose behalf
	Roles   []accounts.Role
	Crumbs  []Crumb
	Flash   string // key of the texts
	Notice  string // that the portal rests soon
	// Italian and English lead to this page in the other language.
	Italian, English string
}

// Staff reports whether the visitor has a role as staff.
func (b *Base) Staff(role accounts.Role) bool { return slices.Contains(b.Roles, role) }

// Frame implements View.
func (b *Base) Frame() *Base { return b }

// View is the data of a page: a struct that embeds Base.
type View interface{ Frame() *Base }

// Render executes a page into memory and sends it; it is the only way out for
// HTML. An error of the template is returned before anything was sent.
func (s *Site) Render(w http.ResponseWriter, r *http.Request, v *Visit, status int, name string, data View) error {
	b := data.Frame()
	b.Site, b.Person, b.Account, b.Roles = s.cfg.Name, v.Person, v.Account, v.Roles
	b.Italian, b.English = inLanguage(r, "it"), inLanguage(r, "en")
	b.Notice = s.announcement(r, v)
	if v.Account != nil && b.Flash == "" {
		b.Flash = s.sessions.PopString(r.Context(), flashKey)
	}
	out, err := s.Execute(v.Lang, name, data)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.Lang)
	w.WriteHeader(status)
	w.Write(out) // a browser that has gone away misses its page, nothing else
	return nil
}

// Execute returns a page in a language.
func (s *Site) Execute(lang, name string, data View) ([]byte, error) {
	t, ok := s.pages.byLang[lang][name]
	if !ok {
		return nil, fmt.Errorf("site: no page %q in %q", name, lang)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, data); err != nil {
		return nil, fmt.Errorf("site: page %s: %w", name, err)
	}
	return out.Bytes(), nil
}

// inLanguage is the address of this page in a language. Pages that answered a
// form are asked for anew.
func inLanguage(r *http.Request, lang string) string {
	q := r.URL.Query()
	q.Set("lang", lang)
	return (&url.URL{Path: r.URL.Path, RawQuery: q.Encode()}).String()
}

type errorView struct {
	Base
	Status int
	Key    string // of title and text: Key + ".title", Key + ".text"
}

// RenderError shows an error page. It needs no database and no session.
func (s *Site) RenderError(w http.ResponseWriter, r *http.Request, v *Visit, status int, key string) {
	data := &errorView{Base: Base{Title: key + ".title", Flash: "", Site: s.cfg.Name, Person: v.Person, Account: v.Account, Roles: v.Roles}, Status: status, Key: key}
	data.Italian, data.English = inLanguage(r, "it"), inLanguage(r, "en")
	out, err := s.Execute(v.Lang, "error", data)
	if err != nil {
		s.log.ErrorContext(r.Context(), "error page", "err", err)
		http.Error(w, http.StatusText(status), status)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(out) // a browser that has gone away misses its page, nothing else
}

// Templates returns the names of all pages.
func (s *Site) Templates() []string {
	return slices.Sorted(maps.Keys(s.pages.byLang[texts.Languages[0]]))
}
