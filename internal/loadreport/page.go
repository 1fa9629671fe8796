package loadreport

import (
	_ "embed" // the page
	"encoding/json"
	"html/template"

	"puntuale/internal/clickday"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"both": both, "span": span,
	"grouped": func(n int) string { return grouped(int64(n)) },
	"share": func(part, whole int) float64 {
		return 100 * float64(part) / float64(max(1, whole))
	},
}).Parse(pageText))

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
