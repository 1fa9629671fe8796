package portal

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"maps"
	"strconv"
	"strings"

	"puntuale/internal/forms/sample"
	"puntuale/internal/portal/sitetest"
)

// The routes of the room of filling in. Those that throw away have a draft of
// their own.
func init() {
	maps.Copy(allowed, map[string]struct {
		path         string
		owner, other int
	}{
		"GET /days":                                   {"/days", 200, 200},
		"GET /days/{code}":                            {"/days/FLUSSI-2027", 200, 200},
		"GET /days/{code}/seal":                       {"/days/FLUSSI-2027/seal", 200, 200},
		"POST /days/{code}/seal":                      {"/days/FLUSSI-2027/seal", 422, 422},
		"GET /applications/{id}/copy":                 {"{id}/copy", 200, 404},
		"POST /applications/{id}/copy":                {"{id}/copy", 400, 404},
		"GET /archive/{id}/copy":                      {"/archive/{archived}/copy", 200, 404},
		"POST /archive/{id}/copy":                     {"/archive/{archived}/copy", 400, 404},
		"GET /applications/{id}/preview.pdf":          {"{id}/preview.pdf", 200, 404},
		"GET /applications/{id}/files":                {"{draft}/files", 200, 404},
		"POST /applications/{id}/files":               {"{draft}/files", 400, 404},
		"GET /applications/{id}/files/{file}":         {"{draft}/files/{file}", 200, 404},
		"POST /applications/{id}/files/{file}/delete": {"{draft}/files/{file}/delete", 303, 404},
		"GET /applications/import":                    {"/applications/import", 200, 200},
		"POST /applications/import":                   {"/applications/import", 400, 400},
		"GET /applications/template":                  {"/applications/template?choice=1/B", 200, 200},
		"GET /applications/export":                    {"/applications/export?choice=1/B", 200, 200},
		"GET /uploads/{id}":                           {"/uploads/{upload}", 200, 404},
		"POST /uploads/{id}":                          {"/uploads/{upload}", 303, 404},
		"GET /uploads/{id}/report":                    {"/uploads/{upload}/report", 200, 404},
		"GET /applications/{id}/delete":               {"{draft}/delete", 200, 404},
		"POST /applications/{id}/delete":              {"{draft}/delete", 303, 404},
	})
}

// filling makes what the routes above are about, for paths.
func (s *testSite) filling(email string) []string {
	s.T.Helper()
	b := s.loggedIn(email)
	draft := b.Begin()
	b.Fill(draft, sample.ModelB(sample.New(9), sample.Person))
	ctx, who, id := context.Background(), s.Account(email).ID, sitetest.AppID(s.T, draft)
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		s.T.Fatal(err)
	}
	if err := s.portal.drafts.Attach(ctx, who, id, "passport", "p.png", file.Bytes()); err != nil {
		s.T.Fatal(err)
	}
	files, err := s.DB.Files(ctx, who, id)
	if err != nil {
		s.T.Fatal(err)
	}
	cal, _, err := s.portal.calendar.Current(ctx)
	if err != nil {
		s.T.Fatal(err)
	}
	u, _, err := s.portal.drafts.Upload(ctx, who, cal.Day(1), "B", "x.csv", []byte("worker_name\nAnna\n"))
	if err != nil {
		s.T.Fatal(err)
	}
	return []string{"{draft}", draft, "{file}", strconv.FormatInt(files[0].ID, 10), "{upload}", strconv.FormatInt(u.ID, 10)}
}

// contained reports whether a policy keeps a page to itself: what is downloaded
// may do nothing at all.
func contained(policy string) bool {
	return (strings.Contains(policy, "default-src 'self'") || policy == "sandbox; default-src 'none'") && !strings.Contains(policy, "unsafe")
}
