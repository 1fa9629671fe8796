package parties

import (
	"testing"

	"puntuale/internal/accounts"
	rules "puntuale/internal/parties"
	"puntuale/internal/portal/site"
	"puntuale/internal/portal/sitetest"
)

const evil = sitetest.Evil

// everyView is each page with every part of it switched on and hostile data.
func everyView() map[string][]site.View {
	b := func() site.Base {
		return site.Base{
			Site: "Puntuale", Text: evil, Nav: "parties", Person: &accounts.Account{ID: 1, Name: evil}, Account: &accounts.Account{ID: 2, Name: evil, Email: evil},
			Crumbs: []site.Crumb{{Label: evil, URL: "/x"}, {Label: evil}}, Flash: "parties.flash.saved", Italian: "/?lang=it", English: "/?lang=en",
		}
	}
	seat := func(s rules.State, own, current bool) seatView {
		return seatView{1, "/x", evil, evil, "parties.kind.company", "parties.role.owner", evil, stateBadges[s], own, current}
	}
	seats := []seatView{seat(rules.Pending, false, true), seat(rules.Active, true, false), {Name: "x", Kind: "parties.kind.person", Role: "parties.role.operator"}}
	asked := invitationView{1, evil, evil, "parties.role.manager", evil, evil}
	open := asked
	open.Until = ""
	fields := []field{
		{Name: "a", Label: evil, Help: evil, Control: "text", InputType: "text", Autocomplete: "off", Value: evil, Error: evil, MaxLength: 9, InputMode: "numeric"},
		{Name: "b", Label: evil, Control: "radio", Options: []option{{ID: "b.1", Value: evil, Label: evil, Selected: true}, {ID: "b.2", Value: "x", Label: "x", Selected: false}}, Error: evil},
		{Name: "c", Label: evil, Control: "select", Options: []option{{ID: "c.1", Value: evil, Label: evil, Selected: true}}, Optional: true},
	}
	issues := []issue{{"", evil}}
	badge := site.Badge{Key: "parties.mandate.asked", Class: "todo"}
	one := delegationView{1, evil, evil + "2", "parties.role.operator", evil, evil, badge, true, true, "/x"}
	other := delegationView{ID: 2, Name: evil, Email: evil, Role: "parties.role.owner", State: badge, Revoke: "/x"}
	mandate := &rules.Mandate{ID: 1, Document: evil, IntermediaryName: evil}
	line := mandateRow{"/x", evil, evil, evil, evil, evil, badge}
	return map[string][]site.View{
		"parties": {&seatsView{b(), seats, []invitationView{asked, open}}, &seatsView{Base: b()}},
		"acting":  {&actingView{b(), seats}},
		"party": {
			&partyView{b(), 1, "/x", "parties.kind.company", "parties.role.owner", stateBadges[rules.Refused], evil, []row{{evil, evil}}, true, true, true, true, false, false, []delegationView{one, other}, []delegationView{one}},
			&partyView{Base: b(), Kind: "parties.kind.person", Role: "parties.role.owner", State: stateBadges[rules.Pending], Chosen: true, Own: true, Manage: true},
		},
		"organisation": {
			&organisationForm{b(), "/x", "company", true, false, 1, []group{{"parties.group.who", fields}}, issues, evil, true, "/x"},
			&organisationForm{Base: b(), New: true, Kind: "intermediary"}, &organisationForm{Base: b(), Approval: true},
		},
		"invite":     {&inviteView{b(), "/x", evil, evil, true, true, fields, issues}, &inviteView{Base: b()}},
		"invitation": {&invitationPage{b(), &asked, evil}, &invitationPage{b(), &open, evil}, &invitationPage{Base: b(), Email: evil}},
		"close":      {&closeView{b(), "/x", evil, true}, &closeView{Base: b()}},
		"revoke":     {&revokeView{b(), "/x", one, []delegationView{other}, false}, &revokeView{Base: b(), One: one, Leave: true}},
		"mandates": {
			&mandatesView{b(), true, true, stateBadges[rules.Pending], "/x", evil, []mandateRow{line, {Other: "x", State: badge}}, 2, "/x", "/x", true},
			&mandatesView{Base: b(), May: true, Rows: []mandateRow{line}, Next: "/x"}, &mandatesView{Base: b(), Words: evil}, &mandatesView{Base: b()},
		},
		"mandate": {
			&mandateView{b(), "/x", badge, mandate, []row{{evil, evil}}, "/x", true, true, true, 3, true},
			&mandateView{Base: b(), State: badge, Mandate: mandate, Revoke: true},
		},
		"mandatenew": {
			&mandateForm{b(), true, fields, evil, issues, evil, nil, "", false},
			&mandateForm{Base: b(), Fields: fields, Search: evil, Found: []option{{ID: "i.1", Value: "1", Label: evil, Selected: true}}}, &mandateForm{Base: b(), None: true},
		},
		"missing": {&missingView{b(), "parties.obstacle.ends", evil, evil, evil, "/x", "/x", "/x", "/x"}, &missingView{Base: b(), Kind: "parties.obstacle.none"}},
		"staffintermediaries": {
			&staffView{b(), rules.Pending, []tab{{"/x", evil, true}, {"/x", evil, false}}, []staffRow{{1, evil, "parties.kind.patronato", []row{{evil, evil}}, evil, 1, evil}}, evil, 1},
			&staffView{Base: b(), State: rules.Approved, List: []staffRow{{ID: 2, Kind: "parties.kind.patronato"}}},
			&staffView{Base: b(), State: rules.Refused, List: []staffRow{{ID: 2, Kind: "parties.kind.patronato"}}}, &staffView{Base: b()},
		},
	}
}

func TestTheRoom(t *testing.T) {
	sitetest.CheckRoom(t, (&Parties{}).Room(), everyView())
}
