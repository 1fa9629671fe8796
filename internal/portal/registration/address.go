package registration

import (
	"net/http"

	"puntuale/internal/accounts"
	"puntuale/internal/portal/site"
)

// addressLink is the page that a link about an address leads to. Nothing happens
// before its button: programs that look into mails follow links too.
func (g *Registration) addressLink(w http.ResponseWriter, r *http.Request, v *site.Visit, p accounts.Purpose, key, action string) error {
	token := r.URL.Query().Get("token")
	_, email, err := g.members.AddressTarget(r.Context(), token, p)
	if err != nil {
		return err
	}
	f := &formView{
		Base: g.base(v, key+".title"), Action: action, Token: token, Submit: key + ".submit", Lead: g.site.Say(v, key+".lead", email),
	}
	return g.form(w, r, v, http.StatusOK, f)
}

func (g *Registration) addressConfirmForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return g.addressLink(w, r, v, accounts.LinkEmail, "registration.address.confirm", "/account/email/confirm")
}

func (g *Registration) addressUndoForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return g.addressLink(w, r, v, accounts.LinkUndo, "registration.address.undo", "/account/email/undo")
}

func (g *Registration) addressConfirmSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	if err := g.members.ConfirmAddress(r.Context(), r.PostForm.Get("token"), v.Lang); err != nil {
		return err
	}
	return g.outcome(w, r, v, "registration.address.done")
}

func (g *Registration) addressUndoSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	if err := g.members.UndoAddress(r.Context(), r.PostForm.Get("token"), v.Lang); err != nil {
		return err
	}
	return g.outcome(w, r, v, "registration.address.undone")
}

// outcomeView says that something is done.
type outcomeView struct {
	site.Base
	Key string // of the texts: Key + ".title", Key + ".text"
}

func (g *Registration) outcome(w http.ResponseWriter, r *http.Request, v *site.Visit, key string) error {
	private(w)
	return g.site.Render(w, r, v, http.StatusOK, "accountdone", &outcomeView{g.base(v, key+".title"), key})
}
