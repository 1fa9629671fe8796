package registration

import (
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"net/http"

	"rsc.io/qr"

	"puntuale/internal/accounts"
	"puntuale/internal/portal/site"
)

// qrScale is how many pixels a module of a QR code is wide.
const qrScale = 5

type factorView struct {
	site.Base
	On        bool
	CodesLeft int
	QR        template.URL // PNG
	Secret    string       // for typing
	Code      field
	Password  field
	Problems  []problem
	Fresh     []string // recovery codes, shown this once
}

func (g *Registration) factorForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return g.showFactor(w, r, v, http.StatusOK, "", "")
}

// showFactor is the page to set up the second step, or about one that is on;
// wrong says what is wrong with the field of that name.
func (g *Registration) showFactor(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, name, wrong string) error {
	private(w)
	data := &factorView{
		Base: g.base(v, "registration.factor.title", g.under(v)), Code: g.field(v, "code", ""), Password: g.field(v, "current", ""),
	}
	for _, f := range []*field{&data.Code, &data.Password} {
		if f.Name == name {
			f.Error = wrong
			data.Problems = []problem{{f.Anchor(), f.Label + ": " + wrong}}
		}
	}
	secret, err := g.members.BeginFactor(r.Context(), v.Person)
	if errors.Is(err, accounts.ErrState) {
		f, err := g.store.SecondFactor(r.Context(), v.Person.ID)
		if err != nil {
			return err
		}
		data.On, data.CodesLeft = true, f.CodesLeft
		return g.site.Render(w, r, v, status, "accountfactor", data)
	}
	if err != nil {
		return err
	}
	data.Secret = accounts.SecretText(secret)
	if data.QR, err = picture(accounts.SecretURL(secret, g.site.Name(), v.Person.Email)); err != nil {
		return err
	}
	return g.site.Render(w, r, v, status, "accountfactor", data)
}

// picture is a QR code as an address that holds it.
func picture(text string) (template.URL, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", fmt.Errorf("registration: QR code: %w", err)
	}
	code.Scale = qrScale
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(code.PNG())), nil
}

func (g *Registration) factorSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	codes, err := g.members.ConfirmFactor(r.Context(), v.Person, r.PostForm.Get("code"), v.Lang)
	if text, status, refused := g.refusal(w, v, err, "registration.factor.wrong"); refused {
		return g.showFactor(w, r, v, status, "code", text)
	}
	if err != nil {
		return err
	}
	return g.showCodes(w, r, v, codes)
}

// showCodes shows recovery codes, once: they are nowhere else.
func (g *Registration) showCodes(w http.ResponseWriter, r *http.Request, v *site.Visit, codes []string) error {
	private(w)
	data := &factorView{Base: g.base(v, "registration.codes.title", g.under(v)), Fresh: codes}
	return g.site.Render(w, r, v, http.StatusOK, "accountcodes", data)
}

func (g *Registration) factorCodes(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	codes, err := g.members.NewCodes(r.Context(), v.Person, r.PostForm.Get("current"))
	if text, status, refused := g.refusal(w, v, err, "registration.error.current"); refused {
		return g.showFactor(w, r, v, status, "current", text)
	}
	if err != nil {
		return err
	}
	return g.showCodes(w, r, v, codes)
}

func (g *Registration) factorOff(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	err := g.members.DropFactor(r.Context(), v.Person, r.PostForm.Get("current"), v.Lang)
	if text, status, refused := g.refusal(w, v, err, "registration.error.current"); refused {
		return g.showFactor(w, r, v, status, "current", text)
	}
	if err != nil {
		return err
	}
	return g.back(w, r, "registration.factor.off.done")
}
