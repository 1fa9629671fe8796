package portal

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"puntuale/internal/accounts"
	"puntuale/internal/portal/site"
)

// TestPagesOfStaffNeedTheirRole goes to every page of staff as each role: with the
// right one it is there, with another one there is no such page. A role that is
// taken away is gone at the next request of the same session.
func TestPagesOfStaffNeedTheirRole(t *testing.T) {
	s := newSite(t)
	s.loggedIn("mario.rossi@example.it").ticket()
	needs := map[site.Access]accounts.Role{
		site.HelpDesk: accounts.HelpDesk, site.Administrator: accounts.Administrator, site.Auditor: accounts.Auditor,
	}
	browsers := map[accounts.Role]*browser{}
	for _, role := range needs {
		email := string(role) + "@example.it"
		if err := s.DB.GrantRole(t.Context(), s.Account(email).ID, role, "prova", s.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		browsers[role] = s.loggedIn(email)
	}
	visit := func(b *browser, pattern string) int {
		t.Helper()
		method, path, _ := strings.Cut(pattern, " ")
		var form url.Values
		if method == http.MethodPost {
			form = url.Values{}
		}
		return b.Request(method, strings.NewReplacer("{id}", "1", "{message}", "1").Replace(path), form).Status
	}
	seen := 0
	for _, rt := range s.portal.site.Routes() {
		want, staff := needs[rt.Access]
		if !staff {
			continue
		}
		for role, b := range browsers {
			status := visit(b, rt.Pattern)
			if role != want && status != http.StatusNotFound {
				t.Errorf("%s as %s: %d, want 404", rt.Pattern, role, status)
			}
			// What is about one thing may find none; lists and forms are there.
			if role == want && status == http.StatusNotFound && !strings.Contains(rt.Pattern, "{") {
				t.Errorf("%s as %s: there is no such page", rt.Pattern, role)
			}
		}
		seen++
	}
	if seen < 10 {
		t.Fatalf("only %d routes of staff", seen)
	}
	if err := s.DB.RevokeRole(t.Context(), s.Account("helpdesk@example.it").ID, accounts.HelpDesk); err != nil {
		t.Fatal(err)
	}
	if status := visit(browsers[accounts.HelpDesk], "GET /desk"); status != http.StatusNotFound {
		t.Errorf("the desk after the role was taken away: %d", status)
	}
}
