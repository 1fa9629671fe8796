package archive

import (
	"testing"

	"puntuale/internal/forms"
	"puntuale/internal/portal/site"
	"puntuale/internal/portal/sitetest"
)

func TestPages(t *testing.T) {
	evil := sitetest.Evil
	base := func() site.Base {
		return site.Base{Title: "list.title", Crumbs: []site.Crumb{{Label: "a", URL: "/"}, {Label: evil, URL: "/x"}, {Label: evil}}}
	}
	few := func() []choice { return []choice{{evil, evil, true}, {Value: "b", Label: "b"}} }
	full := &listView{
		Base: base(), Count: evil, F: filters{evil, evil, evil, evil, evil, evil, evil, evil}, Open: true, Searched: true, Clear: "/applications",
		Rows:   []rowView{{"/archive/1", evil, evil, "B", evil, evil, evil, badge("ready"), evil, "/x", evil, true}, {URL: "/applications/1", State: badge("sealed")}},
		O:      options{few(), few(), few(), few(), few(), few(), "<option>x</option>"},
		Before: "/applications?before=x", After: "/applications?after=x", First: "/applications", Export: "/applications/export.csv", Receipts: "/applications/receipts.zip", Zip: evil,
	}
	sitetest.CheckRoom(t, New(mustSite(t), nil, nil, mustModels(t)).Room(), map[string][]site.View{
		"archive-list":    {full, &listView{Base: base(), F: filters{Q: evil}, Searched: true, Clear: "/"}, &listView{Base: base()}},
		"archive-history": {&historyView{base(), "/x", "/y", badge("ready"), []eventView{{evil, evil, evil, evil, true}, {}}}},
		"archive-record":  {&recordView{base(), badge("accepted"), []forms.Row{{Label: evil, Value: evil}}, []forms.Section{{Title: evil, Rows: []forms.Row{{Label: evil, Value: evil}}}}, "/x"}},
	})
}

func mustSite(t *testing.T) *site.Site {
	t.Helper()
	s, err := site.New(site.Config{PublicURL: "http://portal.example", Name: "Puntuale"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustModels(t *testing.T) *forms.Catalogue {
	t.Helper()
	c, err := forms.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestEveryStateHasABadge: each state that can be filtered for, and each that an
// application or a submission can have.
func TestEveryStateHasABadge(t *testing.T) {
	texts := mustSite(t)
	if err := texts.Add(New(texts, nil, nil, mustModels(t)).Room()); err != nil {
		t.Fatal(err)
	}
	for state := range stateClass {
		if _, ok := texts.Texts()["archive.state."+state]; !ok {
			t.Errorf("state %s has no words", state)
		}
	}
}

func TestSpreadsheetsRunNothing(t *testing.T) {
	for text, want := range map[string]string{"=1+1": "'=1+1", "+39": "'+39", "-1": "'-1", "@x": "'@x", "Rossi": "Rossi", "": ""} {
		if got := inert(text); got != want {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

func TestPlacesOfTheList(t *testing.T) {
	for _, s := range []string{"", "x", "AAAA", "////////////////////////////////", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="} {
		if c, ok := decode(s); ok {
			t.Errorf("%q is taken for %v", s, c)
		}
	}
	c, ok := decode("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	if !ok || encode(c) != "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" {
		t.Errorf("%v, %v", c, ok)
	}
}
