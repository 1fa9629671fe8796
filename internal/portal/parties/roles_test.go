package parties_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"puntuale/internal/accounts"
	"puntuale/internal/portal/parties"
	"puntuale/internal/portal/sitetest"
)

// rights are, for every route of the room, what people get who act for a company
// in each role, what somebody gets who has nothing to do with it, and what staff
// gets. They come in this order from the right, so that whatever one did would
// show at the next.
var rights = map[string]struct {
	path                                        string
	form                                        url.Values
	owner, manager, operator, stranger, officer int
}{
	"GET /acting":                  {"/acting", nil, 200, 200, 200, 200, 200},
	"POST /acting":                 {"/acting", url.Values{"account": {"{firm}"}}, 303, 303, 303, 404, 404},
	"GET /parties":                 {"/parties", nil, 200, 200, 200, 200, 200},
	"GET /parties/new":             {"/parties/new", nil, 200, 200, 200, 200, 200},
	"POST /parties/new":            {"/parties/new", nil, 422, 422, 422, 422, 422},
	"GET /parties/{party}":         {"/parties/{firm}", nil, 200, 200, 200, 404, 404},
	"GET /parties/{party}/edit":    {"/parties/{firm}/edit", nil, 200, 200, 403, 404, 404},
	"POST /parties/{party}/edit":   {"/parties/{firm}/edit", nil, 400, 400, 403, 404, 404},
	"GET /parties/{party}/close":   {"/parties/{firm}/close", nil, 200, 403, 403, 404, 404},
	"POST /parties/{party}/close":  {"/parties/{firm}/close", nil, 409, 403, 403, 404, 404}, // something is sealed
	"GET /parties/{party}/invite":  {"/parties/{firm}/invite", nil, 200, 403, 403, 404, 404},
	"POST /parties/{party}/invite": {"/parties/{firm}/invite", url.Values{"address": {"x@example.it"}, "role": {"operator"}}, 303, 403, 403, 404, 404},
	"GET /parties/{party}/delegations/{delegation}/revoke":  {"/parties/{firm}/delegations/{founder}/revoke", nil, 200, 200, 404, 404, 404}, // they see their own alone
	"POST /parties/{party}/delegations/{delegation}/revoke": {"/parties/{firm}/delegations/{founder}/revoke", nil, 409, 403, 403, 404, 404},
	"GET /invitations/{token}":                              {"/invitations/x", nil, 404, 404, 404, 404, 404},
	"POST /invitations":                                     {"/invitations", url.Values{"id": {"{founder}"}, "answer": {"accept"}}, 409, 409, 409, 409, 409},
	"GET /mandates":                                         {"/mandates", nil, 200, 200, 200, 200, 200},
	"GET /mandates/new":                                     {"/mandates/new", nil, 200, 200, 403, 200, 200}, // the last two for themselves
	"POST /mandates/new":                                    {"/mandates/new", nil, 422, 422, 403, 422, 422},
	"GET /mandates/{mandate}":                               {"{mandate}", nil, 200, 200, 200, 404, 404},
	"GET /mandates/{mandate}/document":                      {"{mandate}/document", nil, 200, 200, 200, 404, 404},
	"POST /mandates/{mandate}/answer":                       {"{mandate}/answer", url.Values{"answer": {"refuse"}}, 409, 409, 403, 404, 404}, // it is declared
	"POST /mandates/{mandate}/revoke":                       {"{mandate}/revoke", nil, 409, 303, 403, 404, 404},                              // once
	"GET /applications/{id}/mandate":                        {"{app}/mandate", nil, 303, 303, 303, 404, 404},
	"GET /staff/intermediaries":                             {"/staff/intermediaries", nil, 404, 404, 404, 404, 200},
	"POST /staff/intermediaries/{party}":                    {"/staff/intermediaries/{firm}", url.Values{"revision": {"1"}, "decision": {"approved"}}, 404, 404, 404, 404, 404}, // a company
}

func TestEveryRoleOnEveryRoute(t *testing.T) {
	o := newTown(t)
	for _, email := range []string{"manager@example.it", "operator@example.it", "stranger@example.it", "desk@example.it"} {
		o.Account(email)
	}
	owner, manager, operator, stranger := o.LoggedIn(mario), o.LoggedIn("manager@example.it"), o.LoggedIn("operator@example.it"), o.LoggedIn("stranger@example.it")
	officer, a := o.staff(), o.LoggedIn(anna)
	firm := sent(owner, "/parties/new", company(edil))
	founder := strings.Split(owner.Open(firm).Find("a[href$='/revoke']").AttrOr("href", ""), "/")[4]
	o.join(owner, firm, manager, "manager@example.it", url.Values{"role": {"manager"}})
	o.join(owner, firm, operator, "operator@example.it", url.Values{"role": {"operator"}})
	office := o.approved(a, officer)
	act(a, office)
	declared := upload(a, map[string]string{"employer": "Edil", "employer_code": edil, "how": "declare"}, "m.pdf", sheet(""))
	for _, b := range []*sitetest.Browser{owner, manager, operator} {
		act(b, firm)
	}
	app := readyFor(owner)
	sealed := readyFor(owner)
	sent(owner, sealed+"/seal", url.Values{"revision": {owner.Open(sealed+"/seal").Find("input[name=revision]").AttrOr("value", "")}})
	fill := strings.NewReplacer("{firm}", strings.TrimPrefix(firm, "/parties/"), "{founder}", founder, "{mandate}", declared.Location(), "{app}", app)
	routes := parties.New(nil, nil, nil).Room().Routes
	if len(routes) != len(rights) {
		t.Errorf("%d routes, %d in the table", len(routes), len(rights))
	}
	for _, rt := range routes {
		want, ok := rights[rt.Pattern]
		if !ok {
			t.Errorf("route %q is not in the table", rt.Pattern)
			continue
		}
		method, _, _ := strings.Cut(rt.Pattern, " ")
		var form url.Values
		if method == http.MethodPost {
			form = url.Values{}
			for k, v := range want.form {
				form.Set(k, fill.Replace(v[0]))
			}
		}
		for _, one := range []struct {
			who    string
			b      *sitetest.Browser
			status int
		}{{"staff", officer, want.officer}, {"a stranger", stranger, want.stranger}, {"an operator", operator, want.operator}, {"a manager", manager, want.manager}, {"the owner", owner, want.owner}} {
			p := one.b.Request(method, fill.Replace(want.path), form)
			if p.Status != one.status {
				t.Errorf("%s as %s: %d, want %d", rt.Pattern, one.who, p.Status, one.status)
			}
			if cc := p.Header.Get("Cache-Control"); cc != "no-store" {
				t.Errorf("%s: Cache-Control is %q", rt.Pattern, cc)
			}
		}
	}
	desk := o.Account("desk@example.it")
	if err := o.DB.GrantRole(context.Background(), desk.ID, accounts.HelpDesk, "test", o.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	if p := o.LoggedIn("desk@example.it").Get("/staff/intermediaries"); p.Status != 404 {
		t.Errorf("another role of staff: %d", p.Status)
	}
}

// TestAManagerWithLeaveHandsOn: through the pages, down to the end of what was
// given when the one above is revoked.
func TestAManagerWithLeaveHandsOn(t *testing.T) {
	o := newTown(t)
	o.Account("operator@example.it")
	m, a, op := o.LoggedIn(mario), o.LoggedIn(anna), o.LoggedIn("operator@example.it")
	firm := sent(m, "/parties/new", company(edil))
	end := o.Clock.Now().AddDate(0, 0, 30).Format("2006-01-02")
	o.join(m, firm, a, anna, url.Values{"role": {"manager"}, "until": {end}, "may": {"yes"}})
	for role, want := range map[string]int{"owner": 422, "operator": 422} { // the second has no end
		if p := a.Post(firm+"/invite", url.Values{"address": {"x@example.it"}, "role": {role}}); p.Status != want {
			t.Errorf("a manager gives %s without an end: %d", role, p.Status)
		}
	}
	if p := a.Open(firm + "/invite"); p.Find("input[value=owner]").Length() != 0 || !strings.Contains(p.Find(".note").Text(), "non può durare di più") {
		t.Error("the form offers what cannot be given, or does not say how long")
	}
	o.join(a, firm, op, "operator@example.it", url.Values{"role": {"operator"}, "until": {end}})
	act(op, firm)
	if p := op.Get("/applications"); who(p) != "operator per Edil Rossi S.r.l." {
		t.Fatalf("the sub-delegate acts: %q", who(p))
	}
	var of string
	m.Open(firm).Find("tbody tr").Each(func(i int, s *goquery.Selection) {
		if strings.Contains(s.Text(), "Responsabile") {
			of = s.Find("a").AttrOr("href", "")
		}
	})
	if p := m.Open(of); !strings.Contains(p.Find(".note.warn").Text(), "operator") {
		t.Errorf("%s does not say what ends with it: %s", of, p.Find("main").Text())
	}
	sent(m, of, url.Values{})
	if p := op.Get("/applications"); p.Status != http.StatusForbidden {
		t.Errorf("the sub-delegate after the revocation of the one above: %d", p.Status)
	}
	if p := m.Open(firm); !strings.Contains(p.Find("details").Text(), "Revocata") {
		t.Error("past delegations are not shown")
	}
}
