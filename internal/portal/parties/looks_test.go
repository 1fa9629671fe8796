package parties_test

import (
	"net/url"
	"testing"

	"puntuale/internal/portal/pagetest"
)

// TestHowThePagesLook opens the pages that need somebody to act for in a real
// browser; the others are looked at with those of the whole portal.
func TestHowThePagesLook(t *testing.T) {
	o := newTown(t)
	m, a, staff := o.LoggedIn(mario), o.LoggedIn(anna), o.staff()
	firm := sent(m, "/parties/new", company(edil))
	sent(m, firm+"/invite", url.Values{"address": {anna}, "role": {"operator"}, "until": {"2027-06-30"}})
	invitation := o.letter(anna)
	office := o.approved(a, staff)
	act(m, firm)
	act(a, office)
	paper := upload(a, map[string]string{"employer": "Edil Rossi", "employer_code": edil, "how": "declare", "scope": "1"}, "m.pdf", sheet("")).Location()
	chrome := pagetest.Start(t, o.Server.URL)
	look := func(paths ...string) {
		for _, path := range paths {
			for _, screen := range pagetest.Screens {
				chrome.Look(path, screen)
			}
		}
	}
	chrome.Cookies(m.Cookies())
	look(firm, firm+"/edit", firm+"/close", m.Open(firm).Find("a[href$='/revoke']").First().AttrOr("href", ""), "/mandates", paper)
	chrome.Cookies(a.Cookies())
	look("/parties", invitation, "/acting", "/mandates/new?how=declare")
	chrome.Cookies(staff.Cookies())
	look("/staff/intermediaries?state=approved&lang=en")
}
