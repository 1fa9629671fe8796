// Package archive is the room "my applications": one list of everything that an
// account has ever submitted, with search and filters; what was found as a file;
// what has happened with an application; applications of earlier years; the
// receipts of a year as one file.
package archive

import (
	"context"
	"embed"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"puntuale/internal/accounts"
	old "puntuale/internal/archive"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/places"
	"puntuale/internal/portal/site"
	"puntuale/internal/portal/timetable"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed texts.json
var textsFile []byte

// Store keeps what the room shows.
type Store interface {
	old.Store
	// CountReceipts returns how many receipts ReceiptsOf would give.
	CountReceipts(ctx context.Context, account clickday.AccountID, from, until time.Time) (int, error)
	// Application returns one application of the account, or ErrNotFound.
	Application(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) (accounts.Application, error)
}

// Archive is the room. It is safe for concurrent use.
type Archive struct {
	site     *site.Site
	store    Store
	calendar *timetable.Reader
	models   *forms.Catalogue
	nations  map[string]string // by language: the options, rendered once
	codes    []clickday.ModelCode
}

// New returns the room.
func New(s *site.Site, store Store, calendar *timetable.Reader, models *forms.Catalogue) *Archive {
	a := &Archive{site: s, store: store, calendar: calendar, models: models, nations: nations()}
	for _, m := range models.All() {
		if n := len(a.codes); n == 0 || a.codes[n-1] != m.Code {
			a.codes = append(a.codes, m.Code)
		}
	}
	return a
}

// Room returns its pages.
func (a *Archive) Room() site.Room {
	return site.Room{Name: "archive", Templates: templates, Texts: textsFile, Routes: []site.Route{
		{Pattern: "GET /applications", Access: site.Personal, Handle: a.list},
		{Pattern: "GET /applications/export.csv", Access: site.Personal, Handle: a.export},
		{Pattern: "GET /applications/receipts.zip", Access: site.Personal, Handle: a.receipts},
		{Pattern: "GET /applications/{id}/history", Access: site.Personal, Handle: a.history},
		{Pattern: "GET /archive/{id}", Access: site.Personal, Handle: a.record},
	}}
}

// state badges, by key of archive.Filters or state of a submission.
var stateClass = map[string]string{
	"to_complete": "todo", "to_validate": "wrong", "ready": "ready", "sealed": "ready", "queued": "wait", "numbered": "done", "receipted": "done",
	"repeated": "wait", "refused": "wrong", "submitted": "wait", "accepted": "done", "waiting": "wait", "rejected": "wrong", "withdrawn": "todo",
}

func badge(state string) site.Badge {
	return site.Badge{Key: "archive.state." + state, Class: stateClass[state]}
}

// stateOf is the one word for where an application stands. A refusal is past
// once the application was re-opened or sealed again.
func stateOf(a *accounts.Application) string {
	o := a.Outcome
	switch {
	case o == nil:
		return string(a.State)
	case o.State == clickday.Refused && (a.State != clickday.Sealed || o.SealVersion != a.SealVersion):
		return string(a.State)
	case o.State == clickday.Sequenced:
		return "numbered"
	default:
		return string(o.State)
	}
}

// choice is an option of a filter.
type choice struct {
	Value, Label string
	Chosen       bool
}

// nations renders the states as options: 200 of them on every page would cost
// more than all the rest of it.
func nations() map[string]string {
	out := map[string]string{}
	for _, lang := range []string{"it", "en"} {
		var list []choice
		for _, s := range places.States() {
			list = append(list, choice{Value: s.Code, Label: s.NameIn(lang)})
		}
		slices.SortFunc(list, func(a, b choice) int { return strings.Compare(a.Label, b.Label) })
		var html strings.Builder
		for _, c := range list {
			fmt.Fprintf(&html, "<option value=\"%s\">%s</option>", template.HTMLEscapeString(c.Value), template.HTMLEscapeString(c.Label))
		}
		out[lang] = html.String()
	}
	return out
}

// nationOptions are the states, with one of them chosen.
func (a *Archive) nationOptions(lang, chosen string) template.HTML {
	html := a.nations[lang]
	if _, ok := places.State(chosen); ok {
		html = strings.Replace(html, `value="`+chosen+`"`, `value="`+chosen+`" selected`, 1)
	}
	return template.HTML(html) // escaped above
}

// nation is the name of a state by its code.
func nation(code, lang string) string {
	if s, ok := places.State(code); ok {
		return s.NameIn(lang)
	}
	return code
}
