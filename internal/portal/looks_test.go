package portal

import (
	"net/http"
	"strings"
	"testing"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/portal/pagetest"
)

// TestHowEveryPageLooks opens each page that there is in a real browser: nobody's
// pages, those of an applicant with applications in every state, and those of
// staff. Pages are found through the routes, so that a new one is looked at too.
func TestHowEveryPageLooks(t *testing.T) {
	s := newSite(t)
	b := s.loggedIn("mario.rossi@example.it")
	draft, sealed, sent, refused := b.Begin(), b.Sealed(1), b.Sealed(2), b.Sealed(3)
	s.Arrive(sent, clickday.Receipted, 42, nil)
	s.Arrive(refused, clickday.Refused, nil, "document_altered")
	s.registered(s.pair(b))
	archived := s.Archived("mario.rossi@example.it")
	s.withLedger(1234)
	places := append(s.filling("mario.rossi@example.it"), "{id}", sealed, "{device}", "1", "{ticket}", b.ticket(),
		"{archived}", s.Archived("mario.rossi@example.it").String())
	for _, role := range []accounts.Role{accounts.HelpDesk, accounts.Administrator, accounts.Auditor} {
		if err := s.DB.GrantRole(t.Context(), s.Account("anna.verdi@example.it").ID, role, "test", s.Clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	chrome := pagetest.Start(t, s.Server.URL)
	look := func(b *browser, paths []string) {
		chrome.Cookies(b.Cookies())
		for _, path := range paths {
			for _, screen := range pagetest.Screens {
				chrome.Look(path, screen)
			}
		}
	}
	look(s.browser(), s.pages(s.browser(), places, func(a int) bool { return a == 0 }))
	more := []string{
		draft, draft + "/pages/employer", draft + "/pages/employer?check=1", draft + "/pages/worker?check=1", draft + "/preview", sent, refused,
		"/archive/" + archived.String(), "/applications?q=nobody&year=2012", "/applications?lang=en", sent + "?lang=en", "/nothing?lang=it",
	}
	look(b, append(s.pages(b, places, func(a int) bool { return a == 1 }), more...))
	anna := s.loggedIn("anna.verdi@example.it")
	look(anna, append(s.pages(anna, places, func(a int) bool { return a > 1 }), "/desk/tickets/1", "/desk/questions?edit=1"))
}

// pages are the routes of some accesses that show this browser a page.
func (s *testSite) pages(b *browser, places []string, wanted func(access int) bool) (paths []string) {
	s.T.Helper()
	for _, rt := range s.portal.site.Routes() {
		a, ok := allowed[rt.Pattern]
		if !ok || !wanted(int(rt.Access)) || !strings.HasPrefix(rt.Pattern, http.MethodGet+" ") {
			continue
		}
		path := strings.NewReplacer(places...).Replace(a.path)
		if p := b.Get(path); p.Status == http.StatusOK && strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			paths = append(paths, path)
		}
	}
	return paths
}
