package registration

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/membership"
	"puntuale/internal/portal/site"
	"puntuale/internal/proofofwork"
)

// leastAge is how long a form must have been looked at when no work was done: no
// person fills it in faster, and it slows down programs.
const leastAge = 20 * time.Second

// group is a part of a long form.
type group struct {
	Title  string // key of the texts
	Fields []field
}

type registerView struct {
	site.Base
	Groups    []group
	Accepted  bool
	AcceptErr string
	Problems  []problem
	Notice    string // what is wrong with the form as a whole
	Challenge string
	Bits      int
}

// names of the groups' fields, in the order of the page.
var (
	accessFields = []string{membership.FieldEmail, membership.FieldPassword, "again"}
	personFields = []string{membership.FieldSurname, membership.FieldName, membership.FieldSex, membership.FieldBirth, membership.FieldBirthPlace, membership.FieldTaxCode}
	homeFields   = []string{membership.FieldHomeAddress, membership.FieldHomePlace, membership.FieldHomeCAP, membership.FieldPhone, membership.FieldPEC}
)

func (g *Registration) registerForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	if v.Person != nil {
		http.Redirect(w, r, "/account", http.StatusSeeOther)
		return nil
	}
	return g.showRegister(w, r, v, http.StatusOK, &registerView{Challenge: g.work.Challenge()}, nil)
}

func (g *Registration) showRegister(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, data *registerView, issues []membership.Issue) error {
	private(w)
	data.Base = g.base(v, "registration.title")
	data.Nav, data.Bits = "register", g.work.Bits()
	for _, part := range []struct {
		title string
		names []string
	}{{"registration.group.access", accessFields}, {"registration.group.person", personFields}, {"registration.group.home", homeFields}} {
		fields := g.fields(r, v, part.names)
		data.Problems = append(data.Problems, g.mark(v, fields, issues)...)
		data.Groups = append(data.Groups, group{part.title, fields})
	}
	data.Accepted = r.PostForm.Get(membership.FieldAccept) == "yes"
	for i := range issues {
		if issues[i].Field == membership.FieldAccept {
			data.AcceptErr = g.said(v, &issues[i])
			data.Problems = append(data.Problems, problem{membership.FieldAccept, data.AcceptErr})
		}
	}
	return g.site.Render(w, r, v, status, "register", data)
}

// fields are questions with what was typed.
func (g *Registration) fields(r *http.Request, v *site.Visit, names []string) []field {
	out := make([]field, len(names))
	for i, name := range names {
		out[i] = g.field(v, name, clip(r.PostForm.Get(name)))
	}
	return out
}

// clip keeps what no field holds out of the page.
func clip(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")
	if len(s) > 1000 {
		s = strings.ToValidUTF8(s[:1000], "")
	}
	return s
}

func typed(r *http.Request) *membership.Typed {
	get := func(name string) string { return clip(r.PostForm.Get(name)) }
	return &membership.Typed{
		Surname: get(membership.FieldSurname), Name: get(membership.FieldName), Sex: get(membership.FieldSex), Birth: get(membership.FieldBirth),
		BirthPlace: get(membership.FieldBirthPlace), TaxCode: get(membership.FieldTaxCode), HomePlace: get(membership.FieldHomePlace),
		HomeAddress: get(membership.FieldHomeAddress), HomeCAP: get(membership.FieldHomeCAP), Phone: get(membership.FieldPhone),
		PECField: get(membership.FieldPEC),
	}
}

func (g *Registration) registerSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	email, issues := membership.CheckEmail(strings.TrimSpace(clip(r.PostForm.Get(membership.FieldEmail))))
	password := r.PostForm.Get(membership.FieldPassword)
	issues = append(issues, passwordIssues(password, r.PostForm.Get("again"))...)
	identity, code, more := membership.Read(typed(r), g.members.Today())
	if issues = append(issues, more...); r.PostForm.Get(membership.FieldAccept) != "yes" {
		issues = append(issues, membership.Issue{Field: membership.FieldAccept, Key: "accept"})
	}
	if w := accounts.Weak(password, email, identity.Surname, identity.Name, code); w != "" && password != "" {
		issues = append(issues, membership.Issue{Field: membership.FieldPassword, Key: "weak" + string(w)})
	}
	data := &registerView{Challenge: r.PostForm.Get("challenge")}
	if _, err := g.work.Age(data.Challenge); err != nil {
		data.Challenge, data.Notice = g.work.Challenge(), g.site.Say(v, "registration.error.old")
	}
	if len(issues) > 0 || data.Notice != "" {
		return g.showRegister(w, r, v, http.StatusUnprocessableEntity, data, issues)
	}
	var err error
	if data.Notice, err = g.admit(w, r, v, email); err != nil {
		return err
	}
	if data.Notice != "" {
		return g.showRegister(w, r, v, http.StatusUnprocessableEntity, data, nil)
	}
	err = g.members.Register(r.Context(), &membership.Registration{Email: email, Password: password, Identity: identity, TaxCode: code, Lang: v.Lang})
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/register/sent", http.StatusSeeOther)
	return nil
}

func passwordIssues(password, again string) []membership.Issue {
	switch {
	case password == "":
		return []membership.Issue{{Field: membership.FieldPassword, Key: "missing"}}
	case password != again:
		return []membership.Issue{{Field: "again", Key: "again"}}
	}
	return nil
}

// admit lets a registration pass that did its work, or that took its time and is
// one of few. notice is what the person may do about it otherwise.
func (g *Registration) admit(w http.ResponseWriter, r *http.Request, v *site.Visit, email string) (notice string, err error) {
	challenge, solution := r.PostForm.Get("challenge"), r.PostForm.Get("solution")
	if solution != "" {
		err := g.work.Check(challenge, strings.ToLower(email), solution)
		if errors.Is(err, proofofwork.ErrUnsolved) {
			return g.site.Say(v, "registration.error.work"), nil
		}
		if err != nil {
			return "", err
		}
		return "", g.slow(w, r, g.solved)
	}
	age, err := g.work.Age(challenge)
	if err != nil {
		return "", err
	}
	if age < leastAge {
		w.Header().Set("Retry-After", strconv.Itoa(int((leastAge-age).Seconds())+1))
		return g.site.Say(v, "registration.error.fast", int((leastAge-age).Seconds())+1), nil
	}
	return "", g.slow(w, r, g.plain)
}

type plainView struct {
	site.Base
	Email string
	Token string
	Error string
	Field field
	Rows  []row
}

// row is one line of data.
type row struct{ Label, Value string }

func (g *Registration) registerSent(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	data := &plainView{Base: g.base(v, "registration.sent.title")}
	return g.site.Render(w, r, v, http.StatusOK, "registersent", data)
}

func (g *Registration) resendForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return g.showAsk(w, r, v, http.StatusOK, "registration.resend", nil)
}

// askView asks for an e-mail address, to which a letter goes.
type askView struct {
	site.Base
	Key      string // of the texts of this page
	Action   string
	Field    field
	Problems []problem
}

// asks are the pages that ask for an address, by their texts.
var asks = map[string]string{"registration.resend": "/register/resend", "registration.forgot": "/password"}

func (g *Registration) showAsk(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, key string, issues []membership.Issue) error {
	data := &askView{Base: g.base(v, key+".title"), Key: key, Action: asks[key]}
	fields := g.fields(r, v, []string{membership.FieldEmail})
	fields[0].Help = ""
	data.Problems = g.mark(v, fields, issues)
	data.Field = fields[0]
	return g.site.Render(w, r, v, status, "askaddress", data)
}

func (g *Registration) resendSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	email, issues := membership.CheckEmail(strings.TrimSpace(clip(r.PostForm.Get(membership.FieldEmail))))
	if len(issues) > 0 {
		return g.showAsk(w, r, v, http.StatusUnprocessableEntity, "registration.resend", issues)
	}
	if err := g.slow(w, r, g.letters); err != nil {
		return err
	}
	if err := g.members.Resend(r.Context(), email, v.Lang); err != nil {
		return err
	}
	http.Redirect(w, r, "/register/sent", http.StatusSeeOther)
	return nil
}

func (g *Registration) confirmForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return g.showConfirm(w, r, v, http.StatusOK, r.URL.Query().Get("token"), "")
}

func (g *Registration) showConfirm(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, token, problem string) error {
	private(w)
	p, err := g.members.Pending(r.Context(), token)
	if err != nil {
		return err
	}
	data := &plainView{Base: g.base(v, "registration.confirm.title"), Email: p.Email, Token: token, Error: problem, Field: g.field(v, "current", "")}
	data.Field.Label, data.Field.Error = g.site.Say(v, "registration.confirm.password"), problem
	return g.site.Render(w, r, v, status, "registerconfirm", data)
}

func (g *Registration) confirmSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	private(w)
	token := r.PostForm.Get("token")
	acc, err := g.members.Confirm(r.Context(), token, r.PostForm.Get("current"))
	if text, status, refused := g.refusal(w, v, err, "registration.confirm.wrong"); refused {
		return g.showConfirm(w, r, v, status, token, text)
	}
	if err != nil {
		return err
	}
	g.site.Flash(r, "registration.confirm.done")
	return g.enter(w, r, &acc, "/account")
}

type conditionsView struct {
	site.Base
	Version string
}

func (g *Registration) conditions(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return g.site.Render(w, r, v, http.StatusOK, "conditions", &conditionsView{g.base(v, "registration.conditions.title"), date(accounts.ConditionsVersion)})
}

// date writes a version, which is a day, as people do.
func date(version string) string {
	t, err := time.Parse("2006-01-02", version)
	if err != nil {
		return version
	}
	return t.Format("02/01/2006")
}
