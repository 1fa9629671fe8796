package programs

import (
	"testing"

	"puntuale/internal/accounts"
	"puntuale/internal/portal/api"
	"puntuale/internal/portal/site"
	"puntuale/internal/portal/sitetest"
)

func TestPagesOfTheRoom(t *testing.T) {
	const evil = sitetest.Evil
	base := func() site.Base {
		return site.Base{Site: "Puntuale", Text: evil, Nav: "programs", Account: &accounts.Account{Name: evil}, Crumbs: []site.Crumb{{Label: evil}}, Italian: "/?lang=it", English: "/?lang=en"}
	}
	row := programView{1, evil, "programs.scope.read", evil, evil, evil, evil, site.Badge{Key: "programs.holds", Class: "done"}, true}
	sitetest.CheckRoom(t, New(&site.Site{}, nil).Room(), map[string][]site.View{
		"programs": {
			&programsView{
				Base: base(), Programs: []programView{row}, May: true, Token: evil, Made: evil, Name: evil, Error: "programs.error.name",
				Scopes: []choice{{"scope.read", "read", "programs.scope.read", true}}, Lives: []choice{{"", "30", evil, true}},
			},
			&programsView{Base: base(), Programs: []programView{row}},
			&programsView{Base: base()},
		},
		"apidocs": {&docsView{base(), api.NewGuide("http://portal.example")}},
	})
}
