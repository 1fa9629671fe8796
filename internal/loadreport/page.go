package loadreport

import (
	_ "embed" // the page
	"encoding/json"
	"html/template"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/loadrun"
)

//go:embed page.html
var pageText string

//go:embed style.html
var styleText string

//go:embed compare.html
var compareText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"both":    both,
	"span":    func(ms float64) template.HTML { return both(span(ms)) },
	"grouped": func(n int) string { return loadrun.Grouped(int64(n)) },
	"number":  func(v float64) template.HTML { return both(loadrun.Number(v, 4)) },
	"seconds": func(d time.Duration) template.HTML { return both(text("%s s", "%s s", loadrun.Number(d.Seconds(), 1))) },
	"next":    func(i int) int { return i + 1 },
}).Parse(styleText + pageText))

var comparePage = template.Must(template.Must(page.Clone()).Parse(compareText))

// profile reads what the manifest has kept of the profile.
func (v *view) profile() {
	var p struct {
		Name          string
		Title, Source clickday.Text
	}
	if json.Unmarshal(v.Manifest.Profile, &p) == nil {
		v.Profile.Name, v.Profile.Title, v.Profile.Source = p.Name, p.Title, p.Source
	}
}
