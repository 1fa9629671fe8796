package helpdesk

import (
	"errors"
	"net/http"
	"strconv"

	"puntuale/internal/accounts"
	"puntuale/internal/helpdesk"
	"puntuale/internal/portal/site"
)

// callForm is where an assistant writes down what a caller says.
func (d *Desk) callForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return d.showCall(w, r, v, http.StatusOK, &askView{})
}

func (d *Desk) showCall(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, data *askView) error {
	data.Title, data.Nav, data.Crumbs = "help.call", "desk", d.deskCrumbs(v, d.site.Say(v, "help.call"))
	data.Action, data.Call, data.Kinds = "/desk/call", true, kinds(data.New.Kind, "help.choose")
	return d.site.Render(w, r, v, status, "helpnew", data)
}

// call stores a call. Its number is on the page that follows, to be read out; it
// goes by e-mail too if the caller has given an address. Whoever calls is not
// known to be the owner of any account, so the ticket belongs to none.
func (d *Desk) call(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	n := formOf(r.PostForm, "it")
	n.Channel, n.Staff = helpdesk.Phone, v.Person.ID
	if problems := n.Check(); len(problems) > 0 {
		return d.showCall(w, r, v, http.StatusUnprocessableEntity, &askView{New: n, Problems: problems})
	}
	token := newToken()
	n.TokenHash = hashToken(token)
	t, err := d.store.OpenTicket(r.Context(), &n, d.confirmation(token), d.site.Clock().Now())
	if err != nil {
		return err
	}
	d.site.Log().InfoContext(r.Context(), "ticket opened", "ticket", t.Number, "channel", n.Channel)
	d.site.Flash(r, "help.flash.call")
	http.Redirect(w, r, deskAddress(t.ID), http.StatusSeeOther)
	return nil
}

type callerView struct {
	site.Base
	Key          string
	Unknown      bool
	Found        bool
	Name, Email  string
	Kind         string // key of the texts
	Since        string
	Applications []tallyView
	Devices      []helpdesk.Device
}

type tallyView struct {
	Day, Model, State string // State is a key of the texts
	Count             string
}

func (d *Desk) caller(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	return d.showCaller(w, r, v, http.StatusOK, &callerView{})
}

func (d *Desk) showCaller(w http.ResponseWriter, r *http.Request, v *site.Visit, status int, data *callerView) error {
	data.Base = site.Base{Title: "help.caller", Nav: "desk", Crumbs: d.deskCrumbs(v, d.site.Say(v, "help.caller"))}
	return d.site.Render(w, r, v, status, "deskcaller", data)
}

// findCaller finds an applicant by exactly what a caller knows of themselves. It
// is a form and not an address, so that nobody's data end up in a history.
func (d *Desk) findCaller(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	key, _ := helpdesk.Text(r.PostForm.Get("key"))
	if key == "" {
		return d.showCaller(w, r, v, http.StatusUnprocessableEntity, &callerView{})
	}
	c, err := d.store.Caller(r.Context(), key, d.look(v, "caller.search"))
	if errors.Is(err, accounts.ErrNotFound) {
		return d.showCaller(w, r, v, http.StatusOK, &callerView{Key: key, Unknown: true})
	}
	if err != nil {
		return err
	}
	data := &callerView{
		Key: key, Found: true, Name: c.Name, Email: c.Email, Kind: "help.account." + string(c.Kind), Since: d.site.Minute(v, c.Since), Devices: c.Devices,
	}
	for _, t := range c.Applications {
		data.Applications = append(data.Applications, tallyView{t.Day, t.Model, "state." + t.State, site.Thousands(v, t.Count)})
	}
	return d.showCaller(w, r, v, http.StatusOK, data)
}

type auditRow struct {
	At, Staff, Action, Subject, Account string
}

type auditView struct {
	site.Base
	Rows  []auditRow
	Older string // address, empty for none
}

// audit is the log of what staff looked at, for auditors.
func (d *Desk) audit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	before, err := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	if err != nil || before < 0 {
		before = 0
	}
	entries, err := d.store.AuditLog(r.Context(), before, perPage+1)
	if err != nil {
		return err
	}
	data := &auditView{Base: site.Base{Title: "help.audit", Nav: "audit", Crumbs: []site.Crumb{{Label: d.site.Say(v, "help.audit")}}}}
	if len(entries) > perPage {
		entries = entries[:perPage]
		data.Older = "/staff/audit?before=" + strconv.FormatInt(entries[perPage-1].ID, 10)
	}
	for i := range entries {
		e := &entries[i]
		row := auditRow{At: d.site.Second(v, e.At), Staff: strconv.FormatInt(int64(e.Staff), 10), Action: e.Action, Subject: e.Subject, Account: "–"}
		if e.Account != 0 {
			row.Account = strconv.FormatInt(int64(e.Account), 10)
		}
		data.Rows = append(data.Rows, row)
	}
	return d.site.Render(w, r, v, http.StatusOK, "audit", data)
}
