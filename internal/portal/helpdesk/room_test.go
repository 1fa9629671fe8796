package helpdesk

import (
	"testing"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	hd "puntuale/internal/helpdesk"
	"puntuale/internal/portal/site"
	"puntuale/internal/portal/sitetest"
)

const evil = sitetest.Evil

func frame() site.Base {
	return site.Base{
		Site: "Puntuale", Text: evil, Nav: "help", Person: &accounts.Account{Name: evil}, Account: &accounts.Account{Name: evil, Email: evil},
		Crumbs: []site.Crumb{{Label: evil, URL: "/x"}, {Label: evil}}, Italian: "/?lang=it", English: "/?lang=en",
	}
}

// TestTheRoom executes every page with each of its parts and hostile data.
func TestTheRoom(t *testing.T) {
	rows := []ticketRow{{"/x", evil, evil, "help.kind.legal", evil, "", evil, stateBadge(hd.Open, true)}, {"/x", "1", "s", "help.kind.legal", "n", evil, "now", stateBadge(hd.Closed, false)}}
	some := []choice{{Key: "help.choose"}, {Value: evil, Text: evil, Key: "help.nobody", Selected: true}}
	kinds := kinds(hd.Legal, "help.choose")
	talk := []messageView{{"", evil, evil, evil, ""}, {"good", "a", "b", "c", "/x"}}
	asked := hd.New{Person: hd.Person{Name: evil, Email: evil, Phone: evil}, Subject: evil, Text: evil}
	var wrong []hd.Problem
	for _, field := range []string{"name", "email", "phone", "kind", "subject", "text"} {
		wrong = append(wrong, hd.Problem{Field: field, What: "long"})
	}
	ticket := func(change func(*ticketView)) *ticketView {
		v := &ticketView{Base: frame(), Number: evil, About: evil, Subject: evil, Kind: "help.kind.legal", Opened: evil, State: stateBadge(hd.Waiting, false), Messages: talk, Token: evil}
		change(v)
		return v
	}
	onDesk := func(change func(*deskTicketView)) *deskTicketView {
		v := &deskTicketView{ticketView: *ticket(func(*ticketView) {}), URL: "/x", Revision: 1, Name: evil, Channel: "help.channel.web", Assistants: some}
		change(v)
		return v
	}
	text := clickday.Text{IT: evil, EN: evil}
	sitetest.CheckRoom(t, (&Desk{}).Room(), map[string][]site.View{
		"help": {
			&hubView{Base: frame(), Phone: evil, Hours: evil, Email: evil, Search: evil, Questions: []questionView{{evil, evil, true}, {"q", "a", false}}, Desk: true, Auditor: true},
			&hubView{Base: frame()},
		},
		"helpnew": {
			&askView{Base: frame(), Action: "/x", Kinds: kinds, New: asked, Problems: wrong, Slow: true},
			&askView{Base: frame(), Owner: true, About: evil, Kinds: kinds}, &askView{Base: frame(), Call: true, Owner: true, Kinds: kinds},
		},
		"helpmine": {&mineView{frame(), rows}, &mineView{Base: frame()}},
		"helpticket": {
			ticket(func(v *ticketView) { v.New, v.Problem, v.Text = true, "help.wrong.text", evil }),
			ticket(func(v *ticketView) { v.New, v.Token, v.Closed = true, "", true }),
		},
		"desk": {&queueView{frame(), some, kinds, some, evil, rows, "/x"}, &queueView{Base: frame()}},
		"deskticket": {
			onDesk(func(v *deskTicketView) {
				v.Email, v.Phone, v.Problem, v.Answers, v.Assigned = evil, evil, "help.wrong.text", some, evil
			}),
			onDesk(func(v *deskTicketView) { v.WritesByPhone = true }),
			onDesk(func(v *deskTicketView) { v.HasAccount, v.ClosedNow = true, true }),
		},
		"deskcaller": {
			&callerView{Base: frame(), Key: evil, Unknown: true},
			&callerView{Base: frame(), Found: true, Name: evil, Email: evil, Kind: "help.account.person", Since: evil},
			&callerView{Base: frame(), Found: true, Kind: "help.account.company", Applications: []tallyView{{evil, evil, "help.state.open", "1"}}, Devices: []hd.Device{{Name: evil, Revoked: true}, {Name: "PC"}}},
		},
		"deskanswers": {
			&answersView{frame(), []answerRow{{1, "help.kind.legal", evil, evil}}, kinds, hd.Answer{ID: 1, Title: evil, Text: text}, "help.wrong.all"},
			&answersView{Base: frame(), Kinds: kinds},
		},
		"deskquestions": {
			&questionsView{frame(), []questionRow{{1, "help.kind.legal", evil, 1, true}, {2, "help.kind.legal", "q", 2, false}}, kinds,
				hd.Question{ID: 1, Question: text, Answer: text, Public: true}, "help.wrong.all"},
			&questionsView{Base: frame(), Kinds: kinds},
		},
		"audit": {&auditView{frame(), []auditRow{{evil, evil, evil, evil, evil}}, "/x"}, &auditView{Base: frame()}},
	})
}
