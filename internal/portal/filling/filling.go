// Package filling is the room of the portal around filling in: the click days
// with their flows and places, copies of applications, their files, printed
// previews, many at a time from a table, sealing all that is ready, throwing
// away. One page is one file here and one template.
package filling

import (
	"context"
	"embed"
	"errors"
	"net/http"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/drafts"
	"puntuale/internal/attachment"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/lists"
	"puntuale/internal/portal/site"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed texts.json
var textsFile []byte

// Store is what these pages read beyond package drafts. Other people's things are
// accounts.ErrNotFound.
type Store interface {
	drafts.FileStore
	// Upload returns a CSV file with its content, Uploads the newest without.
	Upload(ctx context.Context, account clickday.AccountID, id int64) (drafts.Upload, error)
	Uploads(ctx context.Context, account clickday.AccountID, limit int) ([]drafts.Upload, error)
	// ReadyApplications returns what can be sealed for a day, the oldest first.
	ReadyApplications(ctx context.Context, account clickday.AccountID, day clickday.DayID, limit int) ([]accounts.Application, error)
	// ApplicationsTo returns the applications of a model to a day with their
	// outcomes, the oldest first.
	ApplicationsTo(ctx context.Context, account clickday.AccountID, day clickday.DayID, model clickday.ModelCode, limit int) ([]accounts.Application, error)
	// DayCounts counts the applications of an account by day and state.
	DayCounts(ctx context.Context, account clickday.AccountID) (map[clickday.DayID]map[clickday.ApplicationState]int, error)
	// DayLimit returns how many applications of an account may have a number
	// on one day, and whether there is such a limit.
	DayLimit(ctx context.Context, account clickday.AccountID) (int, bool, error)
	// ArchivedAnswers returns an application of an earlier year by the columns
	// of its file.
	ArchivedAnswers(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) (clickday.ModelCode, map[string]string, error)
	// CurrentSeal returns the seal that counts.
	CurrentSeal(ctx context.Context, account clickday.AccountID, id clickday.ApplicationID) (accounts.Seal, error)
	// NewestQuotas returns the newest version of the places of a day, or nil.
	NewestQuotas(ctx context.Context, day clickday.DayID) (*lists.Quotas, error)
}

// Calendar is the timetable that is in force.
type Calendar interface {
	Current(ctx context.Context) (clickday.Calendar, []byte, error)
}

// Filling answers for the room. It is safe for concurrent use.
type Filling struct {
	site     *site.Site
	store    Store
	drafts   *drafts.Service
	calendar Calendar
	models   *forms.Catalogue
	words    *lists.Words
}

// New returns the room.
func New(s *site.Site, store Store, d *drafts.Service, c Calendar, models *forms.Catalogue, words *lists.Words) *Filling {
	return &Filling{s, store, d, c, models, words}
}

// Room lists the pages.
func (f *Filling) Room() site.Room {
	personal := func(pattern string, handle func(http.ResponseWriter, *http.Request, *site.Visit) error) site.Route {
		return site.Route{Pattern: pattern, Access: site.Personal, Handle: handle}
	}
	upload := func(pattern string, handle func(http.ResponseWriter, *http.Request, *site.Visit) error) site.Route {
		return site.Route{Pattern: pattern, Access: site.Personal, Handle: handle, Upload: true}
	}
	return site.Room{Name: "filling", Templates: templateFiles, Texts: textsFile, Routes: []site.Route{
		{Pattern: "GET /days", Handle: f.days},
		{Pattern: "GET /days/{code}", Handle: f.day},
		personal("GET /days/{code}/seal", f.sealManyForm),
		personal("POST /days/{code}/seal", f.sealManySubmit),
		personal("GET /applications/{id}/copy", f.copyForm),
		personal("POST /applications/{id}/copy", f.copySubmit),
		personal("GET /archive/{id}/copy", f.archivedForm),
		personal("POST /archive/{id}/copy", f.archivedSubmit),
		personal("GET /applications/{id}/preview.pdf", f.printed),
		personal("GET /applications/{id}/files", f.files),
		upload("POST /applications/{id}/files", f.attach),
		personal("GET /applications/{id}/files/{file}", f.file),
		personal("POST /applications/{id}/files/{file}/delete", f.removeFile),
		personal("GET /applications/import", f.importForm),
		upload("POST /applications/import", f.importSubmit),
		personal("GET /applications/template", f.template),
		personal("GET /applications/export", f.export),
		personal("GET /uploads/{id}", f.upload),
		personal("POST /uploads/{id}", f.apply),
		personal("GET /uploads/{id}/report", f.report),
		personal("GET /applications/{id}/delete", f.deleteForm),
		personal("POST /applications/{id}/delete", f.deleteSubmit),
	}, Errors: []site.ErrorPage{
		{Err: drafts.ErrDay, Status: http.StatusConflict, Key: "filling.noday"},
		{Err: drafts.ErrModel, Status: http.StatusConflict, Key: "filling.nomodel"},
		{Err: drafts.ErrExpired, Status: http.StatusGone, Key: "filling.expired"},
	}}
}

// subject is an application with everything its pages need.
type subject struct {
	accounts.Application
	model *forms.Model
	day   *clickday.Day // nil if the calendar no longer has it
	cal   clickday.Calendar
}

func (f *Filling) subject(r *http.Request, v *site.Visit) (*subject, error) {
	id, err := clickday.ParseApplicationID(r.PathValue("id"))
	if err != nil {
		return nil, accounts.ErrNotFound
	}
	a, m, err := f.drafts.Read(r.Context(), v.Account.ID, id)
	if err != nil {
		return nil, err
	}
	cal, _, err := f.calendar.Current(r.Context())
	if err != nil {
		return nil, err
	}
	return &subject{a, m, cal.Day(a.Day), cal}, nil
}

func (s *subject) url(rest string) string { return "/applications/" + s.ID.String() + rest }

// name is how an application is called: its worker, if there is one.
func (f *Filling) name(v *site.Visit, m *forms.Model, a forms.Answers) string {
	if _, worker := m.SummaryOf(a); worker != "" {
		return worker
	}
	return f.site.Say(v, "filling.unnamed")
}

// crumbs lead from the list to a page about an application.
func (f *Filling) crumbs(v *site.Visit, s *subject, last string) []site.Crumb {
	return []site.Crumb{
		{Label: f.site.Say(v, "list.title"), URL: "/applications"},
		{Label: f.name(v, s.model, s.Answers), URL: s.url("")}, {Label: f.site.Say(v, last)},
	}
}

var states = map[clickday.ApplicationState]site.Badge{
	clickday.ToComplete: {Key: "filling.state.to_complete", Class: "todo"},
	clickday.ToValidate: {Key: "filling.state.to_validate", Class: "wrong"},
	clickday.Ready:      {Key: "filling.state.ready", Class: "ready"},
	clickday.Sealed:     {Key: "filling.state.sealed", Class: "ready"},
}

// fileProblems say in words why a file was not taken.
var fileProblems = []struct {
	err    error
	status int
	key    string
}{
	{errNoFile, http.StatusBadRequest, "filling.file.none"},
	{attachment.ErrEmpty, http.StatusUnprocessableEntity, "filling.file.empty"},
	{attachment.ErrLarge, http.StatusRequestEntityTooLarge, "filling.file.large"},
	{attachment.ErrType, http.StatusUnprocessableEntity, "filling.file.type"},
	{attachment.ErrBroken, http.StatusUnprocessableEntity, "filling.file.broken"},
	{attachment.ErrActive, http.StatusUnprocessableEntity, "filling.file.active"},
	{attachment.ErrLocked, http.StatusUnprocessableEntity, "filling.file.locked"},
	{drafts.ErrKind, http.StatusUnprocessableEntity, "filling.file.kind"},
	{drafts.ErrTooMany, http.StatusConflict, "filling.file.many"},
	{drafts.ErrTwice, http.StatusConflict, "filling.file.twice"},
}

func fileProblem(err error) (status int, key string) {
	for _, p := range fileProblems {
		if errors.Is(err, p.err) {
			return p.status, p.key
		}
	}
	return 0, ""
}

// private keeps a download out of caches, and harmless if it is opened.
func private(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}
