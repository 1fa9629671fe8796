package registration

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/accounts/membership"
	"puntuale/internal/places"
	"puntuale/internal/portal/site"
)

type accountView struct {
	site.Base
	Data      []row
	HasData   bool
	Email     string
	Factor    bool
	CodesLeft int
	Logins    int
	Accepted  []row
	Company   bool // an account that is no person's
}

// account is the page from which everything about an account is reached.
func (g *Registration) account(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	data := &accountView{Base: g.base(v, "registration.account.title"), Email: v.Person.Email, Company: v.Person.Kind != accounts.Person}
	data.Nav = "account"
	p, err := g.store.Identity(r.Context(), v.Person.ID)
	switch {
	case err == nil:
		data.HasData = true
	case !errors.Is(err, accounts.ErrNotFound):
		return err
	}
	data.Data = g.identityRows(v, &p, data.HasData)
	f, err := g.store.SecondFactor(r.Context(), v.Person.ID)
	if err != nil && !errors.Is(err, accounts.ErrNotFound) {
		return err
	}
	data.Factor, data.CodesLeft = f.Confirmed, f.CodesLeft
	logins, err := g.store.Logins(r.Context(), v.Person.ID, g.site.Clock().Now())
	if err != nil {
		return err
	}
	data.Logins = len(logins)
	accepted, err := g.store.Acceptances(r.Context(), v.Person.ID)
	if err != nil {
		return err
	}
	for _, a := range accepted {
		data.Accepted = append(data.Accepted, row{
			g.site.Say(v, "registration.document."+a.Document), g.site.Say(v, "registration.accepted", date(a.Version), g.site.Minute(v, a.AcceptedAt)),
		})
	}
	return g.site.Render(w, r, v, http.StatusOK, "account", data)
}

// identityRows are the data as they are read.
func (g *Registration) identityRows(v *site.Visit, p *accounts.Identity, known bool) []row {
	label := func(name string) string { return g.site.Say(v, "registration.field."+name) }
	rows := []row{{g.site.Say(v, "registration.fullname"), v.Person.Name}, {label(membership.FieldTaxCode), v.Person.TaxCode}}
	if !known {
		return rows
	}
	home := p.HomeAddress
	if p.HomeCAP != "" {
		home += ", " + p.HomeCAP
	}
	home += " " + placeName(p.HomePlace, v.Lang)
	return append(rows, row{label(membership.FieldBirth), p.Birth.Format("02/01/2006")},
		row{label(membership.FieldBirthPlace), placeName(p.BirthPlace, v.Lang)}, row{g.site.Say(v, "registration.home"), home},
		row{label(membership.FieldPhone), p.Phone}, row{label(membership.FieldPEC), p.PEC})
}

// placeName is a comune with its province, or a state.
func placeName(code, lang string) string {
	if c, ok := places.Comune(code); ok {
		return c.Label()
	}
	s, _ := places.State(code)
	return s.NameIn(lang)
}

type dataView struct {
	site.Base
	Groups   []group
	Problems []problem
}

func (g *Registration) dataForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	p, err := g.store.Identity(r.Context(), v.Person.ID)
	if err != nil && !errors.Is(err, accounts.ErrNotFound) {
		return err
	}
	values := map[string]string{
		membership.FieldSurname: p.Surname, membership.FieldName: p.Name, membership.FieldSex: p.Sex, membership.FieldTaxCode: v.Person.TaxCode,
		membership.FieldHomeAddress: p.HomeAddress, membership.FieldHomeCAP: p.HomeCAP, membership.FieldPhone: p.Phone, membership.FieldPEC: p.PEC,
		membership.FieldBirthPlace: placeName(p.BirthPlace, "it"), membership.FieldHomePlace: placeName(p.HomePlace, "it"),
	}
	if !p.Birth.IsZero() {
		values[membership.FieldBirth] = p.Birth.Format("2006-01-02")
	}
	return g.showData(w, r, v, http.StatusOK, func(name string) string { return values[name] }, nil)
}

func (g *Registration) showData(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, value func(string) string, issues []membership.Issue) error {
	data := &dataView{Base: g.base(v, "registration.data.title", g.under(v))}
	for _, part := range []struct {
		title string
		names []string
	}{{"registration.group.person", personFields}, {"registration.group.home", homeFields}} {
		fields := make([]field, len(part.names))
		for i, name := range part.names {
			fields[i] = g.field(v, name, value(name))
		}
		data.Problems = append(data.Problems, g.mark(v, fields, issues)...)
		data.Groups = append(data.Groups, group{part.title, fields})
	}
	return g.site.Render(w, r, v, status, "accountdata", data)
}

func (g *Registration) dataSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	identity, code, issues := membership.Read(typed(r), g.members.Today())
	if len(issues) > 0 {
		return g.showData(w, r, v, http.StatusUnprocessableEntity, func(name string) string { return clip(r.PostForm.Get(name)) }, issues)
	}
	if err := g.members.SaveIdentity(r.Context(), v.Person, &identity, code); err != nil {
		return err
	}
	return g.back(w, r, "registration.data.done")
}

type sessionRow struct {
	ID          int64
	Device      string
	Begun, Seen string
	Here        bool
}

type sessionsView struct {
	site.Base
	Sessions []sessionRow
}

func (g *Registration) sessions(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	list, err := g.store.Logins(r.Context(), v.Person.ID, g.site.Clock().Now())
	if err != nil {
		return err
	}
	data := &sessionsView{Base: g.base(v, "registration.sessions.title", g.under(v))}
	for i := range list {
		l := &list[i]
		device := l.Device
		if device == "" {
			device = g.site.Say(v, "registration.sessions.unknown")
		}
		data.Sessions = append(data.Sessions, sessionRow{l.ID, device, g.site.Minute(v, l.BegunAt), g.seen(v, l.SeenAt), l.ID == v.Login})
	}
	return g.site.Render(w, r, v, http.StatusOK, "accountsessions", data)
}

// seen is exact to a minute, and "now" for the last one.
func (g *Registration) seen(v *site.Visit, t time.Time) string {
	if g.site.Clock().Now().Sub(t) < 2*time.Minute {
		return g.site.Say(v, "registration.sessions.now")
	}
	return g.site.Minute(v, t)
}

func (g *Registration) endSession(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return accounts.ErrNotFound
	}
	if err := g.store.EndLogin(r.Context(), v.Person.ID, id, g.site.Clock().Now()); err != nil {
		return err
	}
	g.site.Log().InfoContext(r.Context(), "log-in ended by its owner", "account", v.Person.ID)
	g.site.Flash(r, "registration.sessions.ended")
	http.Redirect(w, r, "/account/sessions", http.StatusSeeOther)
	return nil
}

func (g *Registration) endOthers(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	if err := g.store.EndOtherLogins(r.Context(), v.Person.ID, v.Login, g.site.Clock().Now()); err != nil {
		return err
	}
	g.site.Log().InfoContext(r.Context(), "all other log-ins ended by their owner", "account", v.Person.ID)
	g.site.Flash(r, "registration.sessions.others.done")
	http.Redirect(w, r, "/account/sessions", http.StatusSeeOther)
	return nil
}

func (g *Registration) leavePage(r *http.Request, v *site.Visit) (*formView, error) {
	kept, err := g.store.Submitted(r.Context(), v.Person.ID)
	if err != nil {
		return nil, err
	}
	key := "registration.leave.erase"
	if kept {
		key = "registration.leave.close"
	}
	return &formView{
		Base: g.base(v, "registration.leave.title", g.under(v)), Action: "/account/delete", Submit: "registration.leave.submit", Danger: true,
		Lead: g.site.Say(v, key), Warn: g.site.Say(v, "registration.leave.warn"), Fields: []field{g.field(v, "current", "")},
	}, nil
}

func (g *Registration) leaveForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	f, err := g.leavePage(r, v)
	if err != nil {
		return err
	}
	return g.form(w, r, v, http.StatusOK, f)
}

func (g *Registration) leaveSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	_, err := g.members.Leave(r.Context(), v.Person, r.PostForm.Get("current"), v.Lang)
	if text, status, refused := g.refusal(w, v, err, "registration.error.current"); refused {
		f, err := g.leavePage(r, v)
		if err != nil {
			return err
		}
		f.fail("current", text)
		return g.form(w, r, v, status, f)
	}
	if err != nil {
		return err
	}
	if err := g.site.LogOut(w, r); err != nil {
		return err
	}
	http.Redirect(w, r, "/account/closed", http.StatusSeeOther)
	return nil
}

func (g *Registration) leftPage(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return g.outcome(w, r, v, "registration.left")
}
