package portal

import (
	"github.com/PuerkitoBio/goquery"

	"puntuale/internal/lists"
	"puntuale/internal/portal/site"
)

// The pages of lists with every part of them switched on and hostile data.

func hostileStanding() *standingView {
	return &standingView{"warn", "standing.out", []string{evil, evil}, "/x", evil}
}

func hostileList() listView {
	return listView{"/x", 1, "lists.final", "done", evil, evil, evil, evil, evil}
}

func hostileQuotas() quotasView { return quotasView{"/x", 1, evil, evil, evil, evil, evil, evil, evil} }

func hostileDay() dayView {
	return dayView{ID: 1, Code: evil, Title: evil, Opens: evil, Closes: evil, State: "day.open", Class: "done"}
}

func listsViews(b func() site.Base) []site.View {
	bare := hostileList()
	bare.Reason, bare.Admitted = "", ""
	full := listDayView{hostileDay(), []quotasView{hostileQuotas(), hostileQuotas()}, []listView{hostileList(), bare}}
	return []site.View{&listsView{b(), []listDayView{full, {Day: dayView{ID: 2, State: "day.open"}}}}, &listsView{Base: b()}}
}

func listPageViews(b func() site.Base) []site.View {
	groups := []groupView{{evil, evil, evil, evil, evil, evil, evil}}
	full := &listPageView{
		Base: b(), List: hostileList(), Day: hostileDay(), Facts: []labelled{{"lists.first", evil}}, Rule: evil, RuleRaw: evil, Quotas: "/x",
		Decided: true, NoRace: true, Final: true, Groups: groups, Moves: []moveView{{1, evil, evil, evil}},
		Files: []fileView{{evil, "/x", evil, evil, "lists.file.csv"}},
	}
	return []site.View{full, &listPageView{Base: b(), List: hostileList(), Day: hostileDay(), Quotas: "/x"}, &listPageView{Base: b(), List: hostileList()}}
}

func quotaPageViews(b func() site.Base) []site.View {
	rows := []groupView{{Name: evil, Code: evil, Places: evil}}
	return []site.View{
		&quotaPageView{b(), hostileQuotas(), evil, rows, evil, []lists.NationWords{{Group: evil, States: evil}}},
		&quotaPageView{Base: b(), Quotas: hostileQuotas()},
	}
}

// selection is a part of a page.
type selection = goquery.Selection
