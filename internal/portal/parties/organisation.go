package parties

import (
	"errors"
	"net/http"
	"strconv"

	"puntuale/internal/accounts"
	rules "puntuale/internal/parties"
	"puntuale/internal/places"
	"puntuale/internal/portal/site"
)

// group is a part of the form.
type group struct {
	Title  string // key of the texts
	Fields []field
}

type organisationForm struct {
	site.Base
	Action   string
	Kind     string // company or intermediary
	New      bool
	Approval bool // saving asks for approval again, in some cases
	Revision int64
	Groups   []group
	Issues   []issue
	Declared string // error at the declaration, empty for none
	Taken    bool
	Back     string
}

// kindOf is what a form is for; anything but an intermediary is a company.
func kindOf(s string) string {
	if s == string(accounts.Intermediary) {
		return s
	}
	return string(accounts.Company)
}

func (p *Parties) newForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	kind := kindOf(r.URL.Query().Get("kind"))
	o := &rules.Organisation{Email: v.Person.Email, LegalName: v.Person.Name, LegalTaxCode: v.Person.TaxCode}
	if kind == string(accounts.Intermediary) {
		o.Trade = rules.Association
	}
	return p.showForm(w, r, v, http.StatusOK, o, &organisationForm{New: true, Kind: kind})
}

// showForm draws the form of an organisation with what is wrong.
func (p *Parties) showForm(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, o *rules.Organisation, data *organisationForm, wrong ...rules.Problem) error {
	data.Groups = p.groups(v, o, data)
	for _, problem := range wrong {
		line := issue{"#declared", p.site.Say(v, "parties.wrong."+problem.Key)}
		if problem.Field == "declared" {
			data.Declared = line.Text
		} else {
			for i := range data.Groups {
				if found := p.mark(v, data.Groups[i].Fields, problem.Field, problem.Key); found.Href != "" {
					line = found
				}
			}
		}
		data.Issues = append(data.Issues, line)
	}
	if data.New {
		data.Title, data.Action, data.Back = "parties.new."+data.Kind, "/parties/new", "/parties"
		data.Crumbs = p.crumbs(v, "", 0, data.Title)
	} else {
		data.Title, data.Action, data.Back = "parties.edit", partyURL(o.ID)+"/edit", partyURL(o.ID)
		data.Crumbs = p.crumbs(v, o.Name, o.ID, "parties.edit")
	}
	data.Nav = "parties"
	return p.site.Render(w, r, v, status, "organisation", data)
}

// groups are the fields of an organisation, with what stands in them.
func (p *Parties) groups(v *site.Visit, o *rules.Organisation, form *organisationForm) []group {
	short := func(f field, class, mode string, optional bool) field {
		f.Class, f.InputMode, f.Optional = class, mode, optional
		return f
	}
	who := []field{p.text(v, "name", o.Name, false), p.choice(v, "form", o.Form, "select", "parties.form.", rules.Forms())}
	if form.New {
		who = append(who, short(p.text(v, "tax_code", o.TaxCode, true), "w-medium", "", false))
	}
	who = append(who, short(p.text(v, "vat", o.VAT, true), "w-medium", "numeric", false))
	if form.Kind == string(accounts.Intermediary) {
		words := []string{}
		for _, t := range rules.Trades() {
			words = append(words, string(t))
		}
		who = append(who, p.choice(v, "trade", string(o.Trade), "radio", "parties.kind.", words), p.text(v, "register", o.Register, true))
	}
	if p := o.Place; p != "" && o.PlaceName == "" {
		if place, ok := places.Comune(p); ok {
			o.PlaceName = place.Label()
		}
	}
	where := []field{
		p.text(v, "street", o.Street, false), p.text(v, "place", o.PlaceName, true), short(p.text(v, "postcode", o.Postcode, false), "w-short", "numeric", false),
		p.text(v, "pec", o.PEC, true), p.text(v, "email", o.Email, true),
	}
	registers := []field{
		short(p.text(v, "chamber_province", o.ChamberProvince, true), "w-short", "", true),
		short(p.text(v, "chamber_number", o.ChamberNumber, false), "w-medium", "numeric", true),
		short(p.text(v, "inps", o.INPS, true), "w-medium", "numeric", true),
	}
	legal := []field{p.text(v, "legal_name", o.LegalName, true), short(p.text(v, "legal_tax_code", o.LegalTaxCode, false), "w-medium", "", false)}
	return []group{{"parties.group.who", who}, {"parties.group.where", where}, {"parties.group.registers", registers}, {"parties.group.legal", legal}}
}

// typed reads a form.
func typed(r *http.Request, kind string) *rules.Organisation {
	f := r.PostForm.Get
	o := &rules.Organisation{
		Name: f("name"), Form: f("form"), TaxCode: f("tax_code"), VAT: f("vat"), Street: f("street"), PlaceName: f("place"), Postcode: f("postcode"),
		PEC: f("pec"), Email: f("email"), ChamberProvince: f("chamber_province"), ChamberNumber: f("chamber_number"), INPS: f("inps"),
		LegalName: f("legal_name"), LegalTaxCode: f("legal_tax_code"),
	}
	if kind == string(accounts.Intermediary) {
		o.Trade, o.Register = rules.Trade(f("trade")), f("register")
	}
	return o
}

func (p *Parties) newSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	kind := kindOf(r.PostForm.Get("kind"))
	o := typed(r, kind)
	o.Clean()
	wrong := o.Check()
	if kind == string(accounts.Intermediary) && o.Trade == "" {
		wrong = append(wrong, rules.Problem{Field: "trade", Key: "choose"})
	}
	if r.PostForm.Get("declared") != "yes" {
		wrong = append(wrong, rules.Problem{Field: "declared", Key: "declared"})
	}
	form := &organisationForm{New: true, Kind: kind}
	if len(wrong) > 0 {
		return p.showForm(w, r, v, http.StatusUnprocessableEntity, o, form, wrong...)
	}
	id, err := p.store.CreateOrganisation(r.Context(), v.Person.ID, o, p.site.Clock().Now())
	if errors.Is(err, rules.ErrTaken) {
		form.Taken = true
		return p.showForm(w, r, v, http.StatusConflict, o, form, rules.Problem{Field: "tax_code", Key: "taken"})
	}
	if err != nil {
		return err
	}
	p.site.Log().InfoContext(r.Context(), "organisation created", "person", v.Person.ID, "account", id)
	p.site.Flash(r, "parties.flash.created."+kind)
	http.Redirect(w, r, partyURL(id), http.StatusSeeOther)
	return nil
}

// editable reads an organisation that the visitor may change.
func (p *Parties) editable(r *http.Request, v *site.Visit) (rules.Actor, rules.Organisation, error) {
	who, err := p.actor(r, v)
	if err != nil {
		return who, rules.Organisation{}, err
	}
	o, err := p.store.Organisation(r.Context(), who)
	if err != nil {
		return who, o, err
	}
	acting, err := p.store.ActingFor(r.Context(), who)
	if err == nil && !acting.Role.Covers(rules.Manager) {
		err = rules.ErrRole
	}
	return who, o, err
}

func (p *Parties) editForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	_, o, err := p.editable(r, v)
	if err != nil {
		return err
	}
	return p.showForm(w, r, v, http.StatusOK, &o, &organisationForm{
		Kind: string(o.Kind()), Revision: o.Revision, Approval: o.Trade != "",
	})
}

func (p *Parties) editSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	who, old, err := p.editable(r, v)
	if err != nil {
		return err
	}
	revision, err := strconv.ParseInt(r.PostForm.Get("revision"), 10, 64)
	if err != nil {
		return site.ErrBadRequest
	}
	kind := string(old.Kind())
	o := typed(r, kind)
	o.ID, o.TaxCode, o.Revision = old.ID, old.TaxCode, revision
	o.Clean()
	wrong := o.Check()
	if old.Trade != "" && o.Trade == "" {
		wrong = append(wrong, rules.Problem{Field: "trade", Key: "choose"})
	}
	form := &organisationForm{Kind: kind, Revision: revision, Approval: old.Trade != ""}
	if len(wrong) > 0 {
		return p.showForm(w, r, v, http.StatusUnprocessableEntity, o, form, wrong...)
	}
	err = p.store.SaveOrganisation(r.Context(), who, o)
	if errors.Is(err, accounts.ErrChanged) { // what was typed is kept, and saved the next time
		form.Revision = old.Revision
		return p.showForm(w, r, v, http.StatusConflict, o, form, rules.Problem{Key: "changed"})
	}
	if err != nil {
		return err
	}
	p.site.Log().InfoContext(r.Context(), "organisation saved", "person", v.Person.ID, "account", o.ID)
	p.site.Flash(r, "parties.flash.saved")
	http.Redirect(w, r, partyURL(o.ID), http.StatusSeeOther)
	return nil
}
