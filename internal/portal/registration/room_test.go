package registration

import (
	"testing"

	"puntuale/internal/accounts"
	"puntuale/internal/portal/site"
	"puntuale/internal/portal/sitetest"
)

// everyView is each page with every part of it switched on and hostile data.
func everyView() map[string][]site.View {
	const evil = sitetest.Evil
	person := &accounts.Account{Name: evil, Email: evil}
	b := func() site.Base {
		return site.Base{Site: "Puntuale", Text: evil, Person: person, Account: person, Crumbs: []site.Crumb{{Label: evil, URL: "/x"}, {Label: evil}}}
	}
	anonymous := site.Base{Site: "Puntuale", Text: "x"}
	f := func(name string) field {
		return field{Name: name, Label: evil, Help: evil, Control: "text", InputType: "text", Value: evil, Error: evil, Autocomplete: "off"}
	}
	radio := field{Name: "sex", Label: evil, Control: "radio", Error: evil, Options: []option{{ID: "sex.0", Value: evil, Label: evil, Selected: true}, {ID: "sex.1", Value: "M", Label: "M", Selected: false}}}
	groups := []group{{"registration.group.access", []field{f("email"), radio}}}
	problems := []problem{{"email", evil}, {"sex.0", evil}}
	rows := []row{{evil, evil}, {"x", ""}}
	return map[string][]site.View{
		"login":     {&loginView{b(), evil, evil, evil}, &loginView{Base: anonymous}},
		"logincode": {&codeView{b(), f("code"), evil}, &codeView{Base: anonymous, Field: f("code")}},
		"register": {
			&registerView{Base: b(), Groups: groups, Accepted: true, AcceptErr: evil, Problems: append(problems, problem{"accept", evil}), Notice: evil, Challenge: evil, Bits: 18},
			&registerView{Base: anonymous, Groups: groups},
		},
		"registersent":    {&plainView{Base: b()}},
		"askaddress":      {&askView{b(), "registration.resend", "/register/resend", f("email"), problems[:1]}, &askView{Base: anonymous, Key: "registration.forgot", Field: f("email")}},
		"registerconfirm": {&plainView{Base: b(), Email: evil, Token: evil, Error: evil, Field: f("current")}},
		"passwordsent":    {&plainView{Base: b()}},
		"passwordchanged": {&plainView{Base: b()}},
		"accountform": {
			&formView{b(), evil, "/x", evil, []field{f("email")}, problems[:1], "registration.leave.submit", evil, true},
			&formView{Base: anonymous, Submit: "registration.leave.submit"},
		},
		"accountdone": {&outcomeView{b(), "registration.left"}, &outcomeView{anonymous, "registration.address.done"}},
		"account": {
			&accountView{b(), rows, true, evil, true, 3, 2, rows, false}, &accountView{Base: b(), Data: rows, Company: true},
		},
		"accountdata":     {&dataView{b(), groups, problems}},
		"accountsessions": {&sessionsView{b(), []sessionRow{{1, evil, evil, evil, true}, {2, evil, evil, evil, false}}}, &sessionsView{Base: b()}},
		"accountfactor": {
			&factorView{Base: b(), On: true, CodesLeft: 3, Password: f("current"), Problems: []problem{{"current", evil}}},
			&factorView{Base: b(), QR: "data:image/png;base64,AA==", Secret: evil, Code: f("code"), Problems: []problem{{"code", evil}}},
		},
		"accountcodes": {&factorView{Base: b(), Fresh: []string{evil, "AAAA"}}},
		"conditions":   {&conditionsView{b(), evil}},
	}
}

func TestTheRoom(t *testing.T) {
	sitetest.CheckRoom(t, (&Registration{}).Room(), everyView())
}

func TestLoginLeadsOnlyWithinThePortal(t *testing.T) {
	for next, want := range map[string]string{
		"/devices": "/devices", "/oauth/authorize?a=b": "/oauth/authorize?a=b", "": "/applications", "//evil.example": "/applications",
		"https://evil.example/": "/applications", `/\evil.example`: "/applications", "javascript:alert(1)": "/applications", "devices": "/applications",
	} {
		if got := target(next); got != want {
			t.Errorf("target(%q) = %q, want %q", next, got, want)
		}
	}
}
