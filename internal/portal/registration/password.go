package registration

import (
	"net/http"
	"strings"

	"puntuale/internal/accounts/membership"
	"puntuale/internal/portal/site"
)

func (g *Registration) forgotForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return g.showAsk(w, r, v, http.StatusOK, "registration.forgot", nil)
}

func (g *Registration) forgotSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	email, issues := membership.CheckEmail(strings.TrimSpace(clip(r.PostForm.Get(membership.FieldEmail))))
	if len(issues) > 0 {
		return g.showAsk(w, r, v, http.StatusUnprocessableEntity, "registration.forgot", issues)
	}
	if err := g.slow(w, r, g.letters); err != nil {
		return err
	}
	if err := g.members.AskReset(r.Context(), email, v.Lang); err != nil {
		return err
	}
	http.Redirect(w, r, "/password/sent", http.StatusSeeOther)
	return nil
}

func (g *Registration) forgotSent(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return g.site.Render(w, r, v, http.StatusOK, "passwordsent", &plainView{Base: g.base(v, "registration.forgot.sent.title")})
}

// formView is a page with one form of a few fields.
type formView struct {
	site.Base
	Lead     string // text
	Action   string
	Token    string
	Fields   []field
	Problems []problem
	Submit   string // key of the texts
	Warn     string // text, may be empty
	Danger   bool   // the button does something that cannot be undone
}

// fail writes a text to one field of the form.
func (f *formView) fail(name, text string) {
	for i := range f.Fields {
		if f.Fields[i].Name == name {
			f.Fields[i].Error = text
			f.Problems = append(f.Problems, problem{f.Fields[i].Anchor(), f.Fields[i].Label + ": " + text})
		}
	}
}

func (g *Registration) form(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, f *formView) error {
	private(w)
	return g.site.Render(w, r, v, status, "accountform", f)
}

func (g *Registration) resetPage(v *site.Visit, token string) *formView {
	return &formView{
		Base: g.base(v, "registration.reset.title"), Action: "/password/new", Token: token, Submit: "registration.reset.submit",
		Lead:   g.site.Say(v, "registration.reset.lead"),
		Fields: []field{g.field(v, membership.FieldPassword, ""), g.field(v, "again", "")},
	}
}

func (g *Registration) resetForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	token := r.URL.Query().Get("token")
	if _, err := g.members.ResetTarget(r.Context(), token); err != nil {
		return err
	}
	return g.form(w, r, v, http.StatusOK, g.resetPage(v, token))
}

// chosen checks that a new password was typed twice, and marks the form if not.
func (g *Registration) chosen(v *site.Visit, r *http.Request, f *formView) bool {
	for _, i := range passwordIssues(r.PostForm.Get(membership.FieldPassword), r.PostForm.Get("again")) {
		f.fail(i.Field, g.said(v, &i))
	}
	return len(f.Problems) == 0
}

func (g *Registration) resetSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	token := r.PostForm.Get("token")
	f := g.resetPage(v, token)
	if !g.chosen(v, r, f) {
		return g.form(w, r, v, http.StatusUnprocessableEntity, f)
	}
	err := g.members.Reset(r.Context(), token, r.PostForm.Get(membership.FieldPassword), v.Lang)
	if text, weak := g.weakness(v, err); weak {
		f.fail(membership.FieldPassword, text)
		return g.form(w, r, v, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return g.site.Render(w, r, v, http.StatusOK, "passwordchanged", &plainView{Base: g.base(v, "registration.reset.done.title")})
}

func (g *Registration) passwordPage(v *site.Visit) *formView {
	return &formView{
		Base: g.base(v, "registration.password.title", g.under(v)), Action: "/account/password", Submit: "registration.password.submit",
		Lead:   g.site.Say(v, "registration.password.lead"),
		Fields: []field{g.field(v, "current", ""), g.field(v, membership.FieldPassword, ""), g.field(v, "again", "")},
	}
}

func (g *Registration) passwordForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return g.form(w, r, v, http.StatusOK, g.passwordPage(v))
}

func (g *Registration) passwordSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	f := g.passwordPage(v)
	if !g.chosen(v, r, f) {
		return g.form(w, r, v, http.StatusUnprocessableEntity, f)
	}
	err := g.members.ChangePassword(r.Context(), v.Person, r.PostForm.Get("current"), r.PostForm.Get(membership.FieldPassword), v.Login, v.Lang)
	if text, status, refused := g.refusal(w, v, err, "registration.error.current"); refused {
		f.fail("current", text)
		return g.form(w, r, v, status, f)
	}
	if text, weak := g.weakness(v, err); weak {
		f.fail(membership.FieldPassword, text)
		return g.form(w, r, v, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	if err := g.site.Sessions().RenewToken(r.Context()); err != nil {
		return err
	}
	return g.back(w, r, "registration.password.done")
}

// back leads to the account with a message.
func (g *Registration) back(w http.ResponseWriter, r *http.Request, key string) error {
	g.site.Flash(r, key)
	http.Redirect(w, r, "/account", http.StatusSeeOther)
	return nil
}

func (g *Registration) addressPage(v *site.Visit, r *http.Request) *formView {
	f := &formView{
		Base: g.base(v, "registration.address.title", g.under(v)), Action: "/account/email", Submit: "registration.address.submit",
		Lead:   g.site.Say(v, "registration.address.lead", v.Person.Email),
		Fields: []field{g.field(v, membership.FieldEmail, clip(r.PostForm.Get(membership.FieldEmail))), g.field(v, "current", "")},
	}
	f.Fields[0].Label, f.Fields[0].Help = g.site.Say(v, "registration.address.new"), ""
	return f
}

func (g *Registration) addressForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return g.form(w, r, v, http.StatusOK, g.addressPage(v, r))
}

func (g *Registration) addressSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	f := g.addressPage(v, r)
	email, issues := membership.CheckEmail(strings.TrimSpace(clip(r.PostForm.Get(membership.FieldEmail))))
	if len(issues) > 0 {
		f.fail(membership.FieldEmail, g.said(v, &issues[0]))
		return g.form(w, r, v, http.StatusUnprocessableEntity, f)
	}
	err := g.members.AskAddress(r.Context(), v.Person, r.PostForm.Get("current"), email, v.Lang)
	if text, status, refused := g.refusal(w, v, err, "registration.error.current"); refused {
		f.fail("current", text)
		return g.form(w, r, v, status, f)
	}
	if err != nil {
		return err
	}
	return g.back(w, r, "registration.address.asked")
}
