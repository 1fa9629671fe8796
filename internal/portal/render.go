package portal

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"

	"puntuale/internal/accounts"
	"puntuale/internal/portal/static"
	"puntuale/internal/portal/texts"
)

//go:embed templates/*.html
var templateFiles embed.FS

// shared are the templates that every page is built on.
var shared = []string{"templates/layout.html", "templates/parts.html"}

// pages holds every page parsed once per language.
type pages struct {
	byLang map[string]map[string]*template.Template
}

func parsePages(files *static.Files) (*pages, error) {
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("portal: templates: %w", err)
	}
	out := &pages{byLang: map[string]map[string]*template.Template{}}
	for _, lang := range texts.Languages {
		out.byLang[lang] = map[string]*template.Template{}
		for _, name := range names {
			if name == shared[0] || name == shared[1] {
				continue
			}
			t, err := template.New("layout.html").Funcs(functions(lang, files)).ParseFS(templateFiles, append(shared, name)...)
			if err != nil {
				return nil, fmt.Errorf("portal: templates: %w", err)
			}
			out.byLang[lang][strings.TrimSuffix(path.Base(name), ".html")] = t
		}
	}
	return out, nil
}

func functions(lang string, files *static.Files) template.FuncMap {
	return template.FuncMap{
		"t":     func(key string, args ...any) (string, error) { return texts.Say(lang, key, args...) },
		"asset": files.URL,
		"lang":  func() string { return lang },
	}
}

// crumb is one step of the breadcrumb; the last one has no address.
type crumb struct{ Label, URL string }

// base is what the layout shows around every page.
type base struct {
	Site    string
	Title   string // key of the texts, or TitleText
	Text    string // of the title, when it is not from the texts
	Nav     string // which entry of the navigation is current
	Account *accounts.Account
	Crumbs  []crumb
	Flash   string // key of the texts
	// Italian and English lead to this page in the other language.
	Italian, English string
}

// Heading returns the title as it is written.
func (b *base) Heading(lang string) (string, error) {
	if b.Text != "" {
		return b.Text, nil
	}
	return texts.Say(lang, b.Title)
}

func (b *base) frame() *base { return b }

// view is the data of a page: a struct that embeds base.
type view interface{ frame() *base }

// render executes a page into memory and sends it; it is the only way out for
// HTML. An error of the template is returned before anything was sent.
func (p *Portal) render(w http.ResponseWriter, r *http.Request, v *visit, status int, name string, data view) error {
	b := data.frame()
	b.Site, b.Account = p.cfg.Name, v.account
	b.Italian, b.English = inLanguage(r, "it"), inLanguage(r, "en")
	if v.account != nil && b.Flash == "" {
		b.Flash = p.sessions.PopString(r.Context(), flashKey)
	}
	out, err := p.pages.execute(v.lang, name, data)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.lang)
	w.WriteHeader(status)
	w.Write(out) // a browser that has gone away misses its page, nothing else
	return nil
}

func (p *pages) execute(lang, name string, data view) ([]byte, error) {
	t, ok := p.byLang[lang][name]
	if !ok {
		return nil, fmt.Errorf("portal: no page %q in %q", name, lang)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, data); err != nil {
		return nil, fmt.Errorf("portal: page %s: %w", name, err)
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
	base
	Status int
	Key    string // of title and text: Key + ".title", Key + ".text"
}

// renderError shows an error page. It needs no database and no session.
func (p *Portal) renderError(w http.ResponseWriter, r *http.Request, v *visit, status int, key string) {
	data := &errorView{base: base{Title: key + ".title", Flash: "", Site: p.cfg.Name, Account: v.account}, Status: status, Key: key}
	data.Italian, data.English = inLanguage(r, "it"), inLanguage(r, "en")
	out, err := p.pages.execute(v.lang, "error", data)
	if err != nil {
		p.log.ErrorContext(r.Context(), "error page", "err", err)
		http.Error(w, http.StatusText(status), status)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(out) // a browser that has gone away misses its page, nothing else
}
