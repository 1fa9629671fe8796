package portal

import (
	"net/http"
	"strconv"

	"puntuale/internal/accounts"
)

type deviceView struct {
	ID      int64
	Name    string
	Paired  string
	Revoked bool
}

type devicesView struct {
	base
	Devices []deviceView
}

func (p *Portal) devices(w http.ResponseWriter, r *http.Request, v *visit) error {
	list, err := p.store.Devices(r.Context(), v.account.ID)
	if err != nil {
		return err
	}
	data := &devicesView{base: base{Title: "devices.title", Nav: "devices", Crumbs: []crumb{{Label: p.say(v, "devices.title")}}}}
	for _, d := range list {
		data.Devices = append(data.Devices, deviceView{d.ID, d.Name, p.minute(v, d.CreatedAt), d.Revoked})
	}
	return p.render(w, r, v, http.StatusOK, "devices", data)
}

func (p *Portal) revokeDevice(w http.ResponseWriter, r *http.Request, v *visit) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return accounts.ErrNotFound
	}
	if err := p.store.RevokeDevice(r.Context(), v.account.ID, id, p.clock.Now()); err != nil {
		return err
	}
	p.log.InfoContext(r.Context(), "device revoked", "account", v.account.ID, "device", id)
	p.flash(r, "flash.revoked")
	http.Redirect(w, r, "/devices", http.StatusSeeOther)
	return nil
}
