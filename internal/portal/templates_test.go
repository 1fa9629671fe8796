package portal

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/portal/oauth"
	"puntuale/internal/portal/static"
	"puntuale/internal/portal/texts"
)

// evil must never reach a page as it is.
const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`

// everyView is each page with every part of it switched on and hostile data.
func everyView() map[string][]view {
	b := func() base {
		return base{
			Site: "Puntuale", Text: evil, Nav: "home", Account: &accounts.Account{Name: evil, Email: evil},
			Crumbs: []crumb{{evil, "/x"}, {Label: evil}}, Flash: "flash.sealed", Italian: "/?lang=it", English: "/?lang=en",
		}
	}
	day := dayView{ID: 1, Code: evil, Title: evil, Opens: evil, Closes: evil, State: "day.open", Class: "done", Models: []modelView{{"B", evil, evil}}}
	sections := []forms.Section{{Title: evil, Rows: []forms.Row{{Label: evil, Value: evil}, {Label: "vuoto"}}}}
	options := []optionView{{"f.x.0", evil, evil, true}, {"f.x.1", "b", "B", false}}
	fields := []fieldView{}
	for _, control := range []string{controlText, controlMoney, controlSelect, controlRadio} {
		fields = append(fields, fieldView{
			ID: "x", Name: "f.x", Label: evil, Help: evil, Control: control, InputType: "text", InputMode: "numeric", Class: "w-short", Autocomplete: "off",
			MaxLength: 9, Value: evil, Options: options, Optional: true, Error: evil, Differs: true, Theirs: evil,
		}, fieldView{ID: "y", Name: "f.y", Label: "y", Control: control, InputType: "date", Differs: true})
	}
	seal := &sealView{1, evil, evil}
	out := func(protocol, receipt, reason string) *outcomeView {
		return &outcomeView{
			State: clickday.Receipted, Badge: sentBadges[clickday.Receipted], Protocol: protocol, Exact: evil, ExactUTC: evil, Bound: evil,
			Source: "outcome.source.kernel", Clock: "outcome.clock.ok", Node: 1, Submission: evil, Receipt: receipt, Segnatura: receipt, Reason: reason, ReasonText: evil,
		}
	}
	request := oauth.Request{RedirectURI: evil, Challenge: evil, State: evil}
	return map[string][]view{
		"home":         {&homeView{b(), []dayView{day}}, &homeView{base: base{Title: "home.title"}}},
		"devmail":      {&devMailView{b(), []mailView{{evil, evil, evil, evil}}, 3}, &devMailView{base: b()}},
		"login":        {&loginView{b(), evil, evil, "login.throttled", 3}, &loginView{base: b(), Error: "login.wrong"}},
		"applications": {&applicationsView{b(), []rowView{{evil, evil, evil, "B", evil, evil, draftBadges[clickday.Ready], evil, evil}, {}}[:1], 2, 2, 1, 3}, &applicationsView{base: b()}},
		"new":          {&newView{b(), []dayView{day}, "new.choose"}, &newView{base: b()}},
		"application": {
			&applicationView{b(), "/x", evil, &day, draftBadges[clickday.Ready], true, true, []stepView{{evil, "/x", badge{"step.done", "done"}}}, "/x", nil, nil, false, nil},
			&applicationView{base: b(), State: draftBadges[clickday.ToComplete], Draft: true, Continue: "/x"},
			&applicationView{base: b(), State: draftBadges[clickday.Sealed], Seal: seal},
			&applicationView{base: b(), State: sentBadges[clickday.Queued], Seal: seal, Outcome: out("", "", "")},
			&applicationView{base: b(), State: sentBadges[clickday.Sequenced], Seal: seal, Outcome: out(evil, "", "")},
			&applicationView{base: b(), State: sentBadges[clickday.Receipted], Seal: seal, Outcome: out(evil, "/x", ""), Standing: hostileStanding()},
			&applicationView{base: b(), State: sentBadges[clickday.Refused], Seal: seal, Outcome: out("", "", evil), Refused: true},
		},
		"step": {&stepPageView{
			base: b(), URL: "/x", Action: "/x", Intro: evil, Number: 1, Count: 2, Steps: []string{"here", ""}, Fields: fields,
			Issues: []issueView{{"x", "#f.x", evil}, {Text: evil}}, Revision: 1, Conflict: true, More: true, Previous: "/x", Next: "/x",
		}},
		"preview":       {&previewView{b(), "/x", draftBadges[clickday.Sealed], sections}, &previewView{base: b(), State: draftBadges[clickday.ToComplete]}},
		"seal":          {&sealPageView{b(), "/x", &day, 1, sections}, &sealPageView{base: b()}},
		"reopen":        {&reopenView{b(), "/x", true}, &reopenView{base: b()}},
		"devices":       {&devicesView{b(), []deviceView{{1, evil, evil, false}, {2, evil, evil, true}}}, &devicesView{base: b()}},
		"consent":       {&consentView{b(), request, oauth.ClientID}},
		"miniclient":    {&infoView{b(), evil, []string{evil}}},
		"accessibility": {&infoView{base: b()}},
		"privacy":       {&infoView{base: b()}},
		"verify":        {&verifyView{b(), true, evil, evil, "B", evil, evil, evil, evil}, &verifyView{base: b()}},
		"verifyfile":    verifyFileViews(b),
		"ledger":        ledgerViews(b),
		"lists":         listsViews(b),
		"list":          listPageViews(b),
		"quotas":        quotaPageViews(b),
		"error":         {&errorView{b(), 404, "error.notfound"}},
	}
}

func ledgerViews(b func() base) []view {
	day := dayView{ID: 1, Code: evil, Title: evil, Opens: evil, Closes: evil, State: "day.open", Class: "done"}
	full := ledgerDayView{day, "/x", evil, evil, evil, "3", evil, evil, evil, "2", evil, false, "1", true, evil, evil, evil, evil}
	empty := ledgerDayView{Day: day, URL: "/x", Granularity: evil, Commitment: evil}
	all := full
	all.StampedAll, all.Close, all.Seed, all.Key = true, false, "", ""
	return []view{
		&ledgerView{base: b(), Days: []ledgerDayView{full}}, &ledgerView{base: b(), Days: []ledgerDayView{empty}}, &ledgerView{base: b()},
		&ledgerView{b(), true, []ledgerDayView{full}}, &ledgerView{b(), true, []ledgerDayView{all}}, &ledgerView{b(), true, []ledgerDayView{empty}},
	}
}

func TestEveryTemplateExecutesInBothLanguages(t *testing.T) {
	files, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	all, err := parsePages(files)
	if err != nil {
		t.Fatal(err)
	}
	views := everyView()
	for _, lang := range texts.Languages {
		for name := range all.byLang[lang] {
			if len(views[name]) == 0 {
				t.Errorf("template %s is not executed by any test", name)
			}
			for i, v := range views[name] {
				out, err := all.execute(lang, name, v)
				if err != nil {
					t.Errorf("%s %d in %s: %v", name, i, lang, err)
					continue
				}
				checkPage(t, name, string(out), lang)
			}
		}
	}
}

// checkPage holds a page to what every page owes: no foreign markup, no inline
// script or style, one h1, labels for all controls, links that lead somewhere.
func checkPage(t *testing.T, name, html, lang string) {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(html))
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"script", "style", "[style]", "img[src=x]", "[onerror]", "[onclick]", "iframe"} {
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

// TestEveryTextExistsInBothLanguagesAndIsUsed compares the catalogue with every
// key that templates and code name.
func TestEveryTextExistsInBothLanguagesAndIsUsed(t *testing.T) {
	all, err := texts.All()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := fs.ReadFile(templateFiles, name)
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
	literals := stringsInCode(t)
	for key, text := range all {
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
	for s := range literals {
		if isKey := regexp.MustCompile(`^(state|day|step|flash|new|login|error|outcome|list|seal|reopen|time|application)\.[a-z_.]+[a-z]$`); !isKey.MatchString(s) {
			continue
		}
		_, whole := all[s]
		_, title := all[s+".title"]
		if !whole && !title {
			t.Errorf("code names the text %q, which is not in the catalogue", s)
		}
	}
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

func TestArrivalIsCutNotRounded(t *testing.T) {
	p := &Portal{rome: time.FixedZone("CET", 3600)}
	at := time.Date(2027, 1, 12, 8, 0, 0, 123456999, time.UTC)
	if got := p.exact(&visit{lang: "it"}, at); got != "12/01/2027, ore 09:00:00,123456 (ora italiana, CET)" {
		t.Errorf("Italian: %s", got)
	}
	if got := p.exactUTC(&visit{lang: "en"}, at); got != "2027-01-12 08:00:00.123456 UTC" {
		t.Errorf("English: %s", got)
	}
	for d, want := range map[time.Duration]string{0: "non misurato", 1_500_000: "± 1,500 ms"} {
		if got := p.bound(&visit{lang: "it"}, d); got != want {
			t.Errorf("bound(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestLoginLeadsOnlyWithinThePortal(t *testing.T) {
	for next, want := range map[string]string{
		"/devices": "/devices", "/oauth/authorize?a=b": "/oauth/authorize?a=b", "": "/applications", "//evil.example": "/applications",
		"https://evil.example/": "/applications", `/\evil.example`: "/applications", "javascript:alert(1)": "/applications", "devices": "/applications",
	} {
		if got := target(next); got != want {
			t.Errorf("target(%q) = %q, want %q", next, got, want)
		}
	}
}
