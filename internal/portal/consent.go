package portal

import (
	"errors"
	"net/http"
	"strings"

	"puntuale/internal/portal/oauth"
	"puntuale/internal/portal/site"
)

type consentView struct {
	site.Base
	Request  oauth.Request
	ClientID string
}

// consentForm is where the mini-client sends the browser: it asks for a log-in
// if need be, then whether this computer may send for the account.
func (p *Portal) consentForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	req, done := p.authorizeRequest(w, r, v, r.URL.Query())
	if done {
		return nil
	}
	if v.Account == nil {
		p.site.AskLogin(w, r)
		return nil
	}
	allowFormTarget(w.Header(), req.RedirectURI)
	data := &consentView{Base: site.Base{Title: "consent.title"}, Request: req, ClientID: oauth.ClientID}
	data.Crumbs = []site.Crumb{{Label: p.site.Say(v, "consent.title")}}
	return p.site.Render(w, r, v, http.StatusOK, "consent", data)
}

// consentSubmit answers the mini-client through the browser.
func (p *Portal) consentSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	req, done := p.authorizeRequest(w, r, v, r.PostForm)
	if done {
		return nil
	}
	to := req.Refusal("access_denied")
	if r.PostForm.Get("decision") == "allow" {
		var err error
		if to, err = p.grants.Grant(r.Context(), v.Person.ID, v.Account.ID, &req); err != nil {
			return err
		}
		p.log.InfoContext(r.Context(), "pairing allowed", "account", v.Account.ID)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// authorizeRequest checks the request; when it reports done the answer is out.
func (p *Portal) authorizeRequest(w http.ResponseWriter, r *http.Request, v *site.Visit, params map[string][]string) (oauth.Request, bool) {
	req, err := oauth.ParseRequest(params)
	var refusal *oauth.Error
	switch {
	case errors.As(err, &refusal):
		http.Redirect(w, r, req.Refusal(refusal.Code), http.StatusSeeOther)
		return req, true
	case err != nil:
		p.site.RenderError(w, r, v, http.StatusBadRequest, "error.redirect")
		return req, true
	}
	return req, false
}

// allowFormTarget lets the form on this page end at the mini-client's loopback
// address, which browsers check after the redirect. The policy's grammar has no
// IPv6 addresses, so for [::1] that one directive is left out.
func allowFormTarget(h http.Header, redirect string) {
	target := ""
	if strings.HasPrefix(redirect, "http://127.0.0.1:") {
		target = "form-action 'self' " + strings.TrimSuffix(redirect, "/callback") + "; "
	}
	h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), site.FormTargets, target, 1))
}
