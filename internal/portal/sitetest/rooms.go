package sitetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"puntuale/internal/portal/site"
	"puntuale/internal/portal/site/texts"
)

// Evil must never reach a page as it is.
const Evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`

// CheckRoom executes every template of a room in both languages with each of its
// views, and holds the pages and the texts to what every room owes. It is called
// by a test in the room's own folder, whose code is searched for the keys of texts.
// Views carry hostile data, and each part of a page is in one of them.
func CheckRoom(t *testing.T, room site.Room, views map[string][]site.View) {
	t.Helper()
	frame, err := site.New(site.Config{PublicURL: "http://portal.example", Name: "Puntuale"})
	if err != nil {
		t.Fatal(err)
	}
	before := frame.Templates()
	if err := frame.Add(room); err != nil {
		t.Fatal(err)
	}
	for _, name := range frame.Templates() {
		if slices.Contains(before, name) {
			continue
		}
		if len(views[name]) == 0 {
			t.Errorf("template %s is not executed by any test", name)
		}
		for _, lang := range texts.Languages {
			for i, v := range views[name] {
				out, err := frame.Execute(lang, name, v)
				if err != nil {
					t.Errorf("%s %d in %s: %v", name, i, lang, err)
					continue
				}
				checkPage(t, name, string(out), lang)
			}
		}
	}
	checkTexts(t, room, frame.Texts())
}

// checkPage holds a page to what every page owes: no foreign markup, no inline
// script or style, one h1, labels for all controls, links that lead somewhere.
func checkPage(t *testing.T, name, html, lang string) {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(html))
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"script:not([src^=\"/static/\"])", "style", "[style]", "img[src=x]", "[onerror]", "[onclick]", "iframe"} {
		if n := doc.Find(never).Length(); n > 0 {
			t.Errorf("%s: %d elements %q", name, n, never)
		}
	}
	if got := doc.Find("html").AttrOr("lang", ""); got != lang {
		t.Errorf("%s: lang is %q, want %q", name, got, lang)
	}
	if n := doc.Find("h1").Length(); n != 1 {
		t.Errorf("%s: %d h1", name, n)
	}
	ids := map[string]int{}
	doc.Find("[id]").Each(func(_ int, s *goquery.Selection) { ids[s.AttrOr("id", "")]++ })
	doc.Find("input:not([type=hidden]), select").Each(func(_ int, s *goquery.Selection) {
		if id := s.AttrOr("id", ""); doc.Find(`label[for="`+id+`"]`).Length() == 0 {
			t.Errorf("%s: control %q has no label", name, id)
		}
	})
	if name == "step" {
		return // its hostile fields share ids on purpose
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("%s: id %q stands %d times", name, id, n)
		}
	}
	doc.Find(`a[href^="#"]`).Each(func(_ int, s *goquery.Selection) {
		if href := s.AttrOr("href", ""); ids[strings.TrimPrefix(href, "#")] == 0 {
			t.Errorf("%s: link %s leads nowhere", name, href)
		}
	})
}

var templateKey = regexp.MustCompile(`\bt "([a-z0-9._-]+)"`)

// checkTexts compares the texts of a room with every key that its templates and
// its code name.
func checkTexts(t *testing.T, room site.Room, all texts.Catalogue) {
	t.Helper()
	own, err := texts.Parse(room.Texts)
	if err != nil {
		t.Fatal(err)
	}
	used := usedByTemplates(t, room.Templates, all)
	literals := stringsInCode(t)
	for key, text := range own {
		if strings.TrimSpace(text.IT) == "" || strings.TrimSpace(text.EN) == "" {
			t.Errorf("text %q lacks a language", key)
		}
		if strings.Count(text.IT, "%") != strings.Count(text.EN, "%") {
			t.Errorf("text %q has other arguments in English", key)
		}
		if !used[key] && !mentioned(literals, key) {
			t.Errorf("text %q is used nowhere", key)
		}
	}
	areas := map[string]bool{} // "login" of "login.title"
	for key := range own {
		area, _, _ := strings.Cut(key, ".")
		areas[area] = true
	}
	looksLikeKey := regexp.MustCompile(`^[a-z]+(\.[a-z_]+)+$`)
	for s := range literals {
		area, _, _ := strings.Cut(s, ".")
		if !areas[area] || !looksLikeKey.MatchString(s) || slices.Contains(fileEndings, filepath.Ext(s)) {
			continue
		}
		_, whole := all[s]
		_, title := all[s+".title"]
		if !whole && !title {
			t.Errorf("code names the text %q, which is not in the catalogue", s)
		}
	}
}

// fileEndings are of literals that look like keys and are names of files.
var fileEndings = []string{".html", ".json", ".csv", ".pdf", ".css", ".svg", ".js", ".zip"}

func usedByTemplates(t *testing.T, templates fs.FS, all texts.Catalogue) map[string]bool {
	t.Helper()
	used := map[string]bool{}
	names, err := fs.Glob(templates, "templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := fs.ReadFile(templates, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range templateKey.FindAllStringSubmatch(string(b), -1) {
			used[m[1]] = true
			if _, ok := all[m[1]]; !ok {
				t.Errorf("%s: text %q is not in the catalogue", name, m[1])
			}
		}
	}
	return used
}

// mentioned reports whether code names the key, or the part before its last dot
// that it completes ("outcome.source." + …, "error.bad" with .title and .text,
// name + ".title").
func mentioned(literals map[string]bool, key string) bool {
	cut := strings.LastIndexByte(key, '.')
	return literals[key] || literals[key[:cut]] || literals[key[:cut+1]] || literals[key[cut:]] && literals[key[:cut]]
}

func stringsInCode(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil {
					out[s] = true
				}
			}
			return true
		})
	}
	return out
}
