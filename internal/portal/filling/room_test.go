package filling

import (
	"testing"

	"puntuale/internal/accounts"
	"puntuale/internal/bulk"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/portal/site"
	"puntuale/internal/portal/sitetest"
)

// evil must never reach a page as it is.
const evil = sitetest.Evil

// TestTheRoom draws each page with every part of it and hostile data.
func TestTheRoom(t *testing.T) {
	sitetest.CheckRoom(t, (&Filling{}).Room(), map[string][]site.View{
		"days": {&daysView{base(), []dayView{hostileDay()}}, &daysView{Base: site.Base{Title: "filling.days.title"}}},
		"day": {
			&dayPageView{base(), hostileDay(), []groupView{{evil, evil}}, evil, "/x"},
			&dayPageView{Base: site.Base{Text: "x"}, Day: dayView{Title: evil, URL: "/x", State: states[clickday.Ready]}},
		},
		"sealmany": {
			&sealManyView{Base: base(), Day: hostileDay(), Ready: []readyView{{evil, "a.0", "/x", evil, evil, "B", "filling.seal.unready", true}, {Control: "a.1"}}, Sealed: 1, Refused: 1, Done: true, Limit: 3, Limited: true, Over: true},
			&sealManyView{Base: base(), Day: hostileDay(), Chosen: true},
		},
		"copy": {
			&copyView{Base: base(), URL: "/x", Back: "/x", Kept: 2, Days: hostileChoices(), Left: []leftView{{evil, evil, "filling.why.gone"}},
				Hows: []howView{{forms.CarryAll, "filling.how.clone", "filling.how.clone.help", true}}},
			&copyView{Base: base(), Archive: true, Problem: "filling.copy.nodays"},
		},
		"delete": {&deleteView{base(), "/x", true, false, false, 2}, &deleteView{Base: base(), Sealed: true}, &deleteView{Base: base(), Sent: true}},
		"files": {
			&filesView{Base: base(), URL: "/x", Kinds: []kindView{{"a", evil, evil, true, hostileFiles()}, {Kind: "b"}}, Other: hostileFiles(), Missing: 1, Problem: "filling.file.type"},
			&filesView{Base: base(), Sealed: true, Kinds: []kindView{{Files: hostileFiles()}}, Other: hostileFiles()}, &filesView{Base: base(), Full: true},
		},
		"import": {
			&importView{base(), hostileChoices(), []uploadRow{{evil, "/x", evil, evil, "B", true, 1, 1}, {Name: evil}}, 8, "5", "filling.import.choose"},
			&importView{Base: base()},
		},
		"upload": {
			hostileUpload(func(*uploadView) {}), hostileUpload(func(u *uploadView) { u.Applied, u.Refused = evil, 1 }), hostileUpload(func(u *uploadView) { u.Expired = true }),
			hostileUpload(func(u *uploadView) { u.Fatal = evil }), hostileUpload(func(u *uploadView) { u.Counts, u.Open = bulk.Counts{}, false }),
			hostileUpload(func(u *uploadView) { u.Open = false }), &uploadView{Base: base()},
		},
	})
}

func base() site.Base {
	return site.Base{
		Site: "Puntuale", Text: evil, Nav: "applications", Account: &accounts.Account{Name: evil, Email: evil}, Person: &accounts.Account{Name: evil, Email: evil},
		Crumbs: []site.Crumb{{Label: evil, URL: "/x"}, {Label: evil}}, Flash: "filling.flash.copied", Italian: "/?lang=it", English: "/?lang=en",
	}
}

func hostileDay() dayView {
	return dayView{
		Code: evil, Title: evil, URL: "/days/X", State: states[clickday.Ready], Moments: []momentView{{"filling.moment.opens", evil, true}},
		Flows: []flowView{{evil, []modelView{{"B", evil, evil}, {"A", evil, evil}}}}, Places: evil, Mine: []countView{{states[clickday.Ready], 3}}, Ready: 3, Sealed: 1,
		CanFill: true, Chosen: []choiceView{{"1/B", evil, true}, {"1/A", evil, false}},
	}
}

func hostileChoices() []dayChoices {
	return []dayChoices{{evil, evil, []choiceView{{"1/B", evil, true}, {"1/A", evil, false}}}}
}

func hostileFiles() []fileView { return []fileView{{1, evil, "/x", evil, evil, evil}} }

func hostileUpload(change func(*uploadView)) site.View {
	u := &uploadView{
		Base: base(), URL: "/x", Name: evil, At: evil, Day: evil, Opens: evil, Model: evil, Open: true, Taken: 1, Counts: bulk.Counts{Rows: 3, Good: 2, Ready: 1, Bad: 1},
		Notices: 1, Alphabet: "UTF-8", Comma: "filling.comma.tab", Problems: []problemView{{2, evil, evil, evil, true}, {Text: evil}}, More: 2,
	}
	change(u)
	return u
}
