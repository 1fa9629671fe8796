package portal

import (
	"net/http"
	"strconv"

	"puntuale/internal/accounts"
	"puntuale/internal/portal/site"
)

type deviceView struct {
	ID      int64
	Name    string
	Paired  string
	Revoked bool
}

type devicesView struct {
	site.Base
	Devices []deviceView
}

func (p *Portal) devices(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	list, err := p.store.Devices(r.Context(), v.Account.ID)
	if err != nil {
		return err
	}
	data := &devicesView{Base: site.Base{Title: "devices.title", Nav: "devices", Crumbs: []site.Crumb{{Label: p.site.Say(v, "devices.title")}}}}
	for _, d := range list {
		data.Devices = append(data.Devices, deviceView{d.ID, d.Name, p.site.Minute(v, d.CreatedAt), d.Revoked})
	}
	return p.site.Render(w, r, v, http.StatusOK, "devices", data)
}

func (p *Portal) revokeDevice(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return accounts.ErrNotFound
	}
	if err := p.store.RevokeDevice(r.Context(), v.Account.ID, id, p.clock.Now()); err != nil {
		return err
	}
	p.log.InfoContext(r.Context(), "device revoked", "account", v.Account.ID, "device", id)
	p.site.Flash(r, "flash.revoked")
	http.Redirect(w, r, "/devices", http.StatusSeeOther)
	return nil
}
