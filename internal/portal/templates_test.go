package portal

import (
	"testing"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/portal/oauth"
	"puntuale/internal/portal/site"
	"puntuale/internal/portal/sitetest"
)

// evil must never reach a page as it is.
const evil = sitetest.Evil

// everyView is each page with every part of it switched on and hostile data.
func everyView() map[string][]site.View {
	b := func() site.Base {
		return site.Base{
			Site: "Puntuale", Text: evil, Nav: "home", Account: &accounts.Account{Name: evil, Email: evil},
			Crumbs: []site.Crumb{{Label: evil, URL: "/x"}, {Label: evil}}, Flash: "flash.sealed", Italian: "/?lang=it", English: "/?lang=en",
		}
	}
	day := dayView{ID: 1, Code: evil, Title: evil, Opens: evil, Closes: evil, State: "day.open", Class: "done", Models: []modelView{{"B", evil, evil}}}
	sections := []forms.Section{{Title: evil, Rows: []forms.Row{{Label: evil, Value: evil}, {Label: "vuoto"}}}}
	options := []site.Option{{ID: "f.x.0", Value: evil, Label: evil, Selected: true}, {ID: "f.x.1", Value: "b", Label: "B", Selected: false}}
	fields := []site.Field{}
	for _, control := range []string{site.ControlText, site.ControlMoney, site.ControlSelect, site.ControlRadio} {
		fields = append(fields, site.Field{
			ID: "x", Name: "f.x", Label: evil, Help: evil, Control: control, InputType: "text", InputMode: "numeric", Class: "w-short", Autocomplete: "off",
			MaxLength: 9, Value: evil, Options: options, Optional: true, Error: evil, Differs: true, Theirs: evil,
		}, site.Field{ID: "y", Name: "f.y", Label: "y", Control: control, InputType: "date", Differs: true})
	}
	seal := &sealView{1, evil, evil}
	out := func(protocol, receipt, reason string) *outcomeView {
		return &outcomeView{
			State: clickday.Receipted, Badge: sentBadges[clickday.Receipted], Protocol: protocol, Exact: evil, ExactUTC: evil, Bound: evil,
			Source: "outcome.source.kernel", Clock: "outcome.clock.ok", Node: 1, Submission: evil, Receipt: receipt, Segnatura: receipt, Reason: reason, ReasonText: evil,
		}
	}
	request := oauth.Request{RedirectURI: evil, Challenge: evil, State: evil}
	return map[string][]site.View{
		"home":    {&homeView{b(), []dayView{day}}, &homeView{Base: site.Base{Title: "home.title"}}},
		"devmail": {&devMailView{b(), []mailView{{evil, evil, evil, evil}}, 3}, &devMailView{Base: b()}},
		"new":     {&newView{b(), []dayView{day}, true, "new.choose"}, &newView{Base: b()}},
		"application": {
			&applicationView{b(), "/x", evil, &day, draftBadges[clickday.Ready], true, true, []stepView{{evil, "/x", site.Badge{Key: "step.done", Class: "done"}}}, "/x", nil, nil, false, nil},
			&applicationView{Base: b(), State: draftBadges[clickday.ToComplete], Draft: true, Continue: "/x"},
			&applicationView{Base: b(), State: draftBadges[clickday.Sealed], Seal: seal},
			&applicationView{Base: b(), State: sentBadges[clickday.Queued], Seal: seal, Outcome: out("", "", "")},
			&applicationView{Base: b(), State: sentBadges[clickday.Sequenced], Seal: seal, Outcome: out(evil, "", "")},
			&applicationView{Base: b(), State: sentBadges[clickday.Receipted], Seal: seal, Outcome: out(evil, "/x", ""), Standing: hostileStanding()},
			&applicationView{Base: b(), State: sentBadges[clickday.Refused], Seal: seal, Outcome: out("", "", evil), Refused: true},
		},
		"step": {&stepPageView{
			Base: b(), URL: "/x", Action: "/x", Intro: evil, Number: 1, Count: 2, Steps: []string{"here", ""}, Fields: fields,
			Issues: []issueView{{"x", "#f.x", evil}, {Text: evil}}, Revision: 1, Conflict: true, More: true, Previous: "/x", Next: "/x",
		}},
		"preview":       {&previewView{b(), "/x", draftBadges[clickday.Sealed], sections}, &previewView{Base: b(), State: draftBadges[clickday.ToComplete]}},
		"seal":          {&sealPageView{b(), "/x", &day, 1, sections}, &sealPageView{Base: b()}},
		"reopen":        {&reopenView{b(), "/x", true}, &reopenView{Base: b()}},
		"devices":       {&devicesView{b(), []deviceView{{1, evil, evil, false}, {2, evil, evil, true}}}, &devicesView{Base: b()}},
		"consent":       {&consentView{b(), request, oauth.ClientID}},
		"accessibility": {&infoView{Base: b()}},
		"privacy":       {&infoView{Base: b()}},
		"verify":        {&verifyView{b(), true, true, evil, evil, "B", evil, evil, evil, evil}, &verifyView{Base: b()}},
		"verifyfile":    verifyFileViews(b),
		"ledger":        ledgerViews(b),
		"lists":         listsViews(b),
		"list":          listPageViews(b),
		"quotas":        quotaPageViews(b),
	}
}

func ledgerViews(b func() site.Base) []site.View {
	day := dayView{ID: 1, Code: evil, Title: evil, Opens: evil, Closes: evil, State: "day.open", Class: "done"}
	full := ledgerDayView{day, "/x", evil, evil, evil, "3", evil, evil, evil, "2", evil, false, "1", true, true, evil, evil, evil, evil}
	empty := ledgerDayView{Day: day, URL: "/x", Granularity: evil, Commitment: evil}
	all := full
	all.StampedAll, all.Close, all.Seed, all.Key = true, false, "", ""
	return []site.View{
		&ledgerView{Base: b(), Days: []ledgerDayView{full}}, &ledgerView{Base: b(), Days: []ledgerDayView{empty}}, &ledgerView{Base: b()},
		&ledgerView{b(), true, []ledgerDayView{full}}, &ledgerView{b(), true, []ledgerDayView{all}}, &ledgerView{b(), true, []ledgerDayView{empty}},
	}
}

func TestTheRoom(t *testing.T) {
	sitetest.CheckRoom(t, (&Portal{}).room(), everyView())
}
