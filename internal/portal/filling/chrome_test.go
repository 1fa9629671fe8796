package filling_test

import (
	"fmt"
	"strings"
	"testing"

	"puntuale/internal/bulk"
	"puntuale/internal/portal/pagetest"
	"puntuale/internal/portal/portaltest"
	"puntuale/internal/portal/sitetest"
)

// TestInABrowser walks from a table to sealed applications, adds a file and a
// worker, and throws a draft away, with scripts and without.
func TestInABrowser(t *testing.T) {
	s := portaltest.New(t)
	chrome := pagetest.Start(t, s.Server.URL)
	for i, scripts := range []bool{true, false} {
		b := s.LoggedIn([]string{mario, anna}[i])
		chrome.Cookies(b.Cookies())
		chrome.Scripts(scripts)
		says := func(selector, want string) {
			t.Helper()
			if got := chrome.Text(selector); !strings.Contains(got, want) {
				t.Errorf("scripts %v: %q does not say %q", scripts, got, want)
			}
		}
		fromATable(t, s, chrome, fmt.Sprintf("/uploads/%d", i+1), says)
		withAFile(t, b, chrome, says)
		if complaints := chrome.Complaints(); len(complaints) > 0 {
			t.Errorf("scripts %v: %v", scripts, complaints)
		}
	}
}

// fromATable imports two applications and seals one of them.
func fromATable(t *testing.T, s *portaltest.Site, chrome *pagetest.Chrome, upload string, says func(selector, want string)) {
	t.Helper()
	var list []bulk.Exported
	for seed := range uint64(2) {
		list = append(list, bulk.Exported{Answers: answers(seed)})
	}
	chrome.Open("/applications/import")
	chrome.Fill(map[string]string{"choice": "1/B"})
	chrome.Attach("file", "elenco.csv", bulk.Export(model(t, s), list, "it"))
	chrome.Click("main form button[type=submit]")
	chrome.Arrive(upload)
	says("main .note", "bozze: 2")
	chrome.Click("main form button[type=submit]")
	chrome.See("main .measure .note.good", "2")
	chrome.Open("/days/FLUSSI-2027/seal")
	chrome.Fill(map[string]string{"a.1": "off"})
	chrome.Click("main form button[type=submit]")
	chrome.See("main .note.good", "sigillate: 1")
}

// withAFile adds a passport to what is left, makes an application of another
// worker from it, and deletes that one.
func withAFile(t *testing.T, b *sitetest.Browser, chrome *pagetest.Chrome, says func(selector, want string)) {
	t.Helper()
	id, _, _ := strings.Cut(b.Open("/days/FLUSSI-2027/seal").Find("input[name=application]").First().AttrOr("value", ""), ":")
	path := "/applications/" + id
	chrome.Open(path)
	chrome.Click(`a[href="` + path + `/files"]`)
	chrome.Arrive(path + "/files")
	chrome.Fill(map[string]string{"kind": "passport"})
	chrome.Attach("file", "passaporto.png", picture(t))
	chrome.Click("form[enctype] button[type=submit]")
	chrome.See("main", "passaporto.png")
	chrome.Open(path + "/copy?how=worker")
	chrome.Click("button[formmethod=post]")
	draft := strings.TrimSuffix(chrome.ArriveAt("/pages/worker"), "/pages/worker")
	says("[role=status]", "nuova bozza")
	chrome.Open(draft + "/delete")
	chrome.Click("main form button[type=submit]")
	chrome.Arrive("/applications")
	says("[role=status]", "eliminata")
}
