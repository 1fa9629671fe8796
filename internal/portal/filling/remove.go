package filling

import (
	"net/http"

	"puntuale/internal/clickday"
	"puntuale/internal/portal/site"
)

type deleteView struct {
	site.Base
	URL    string
	Can    bool
	Sealed bool // it is sealed and was not sent: re-open it first
	Sent   bool // it cannot be withdrawn here
	Files  int
}

// deleteForm asks before a draft is thrown away, and says what can be done about
// an application that is no draft any more.
func (f *Filling) deleteForm(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	s, err := f.subject(r, v)
	if err != nil {
		return err
	}
	files, err := f.store.Files(r.Context(), v.Account.ID, s.ID)
	if err != nil {
		return err
	}
	data := &deleteView{
		Base: site.Base{Title: "filling.delete.title", Nav: "applications", Crumbs: f.crumbs(v, s, "filling.delete.title")},
		URL:  s.url(""), Sent: s.Outcome != nil, Sealed: s.Outcome == nil && s.State == clickday.Sealed, Files: len(files),
	}
	data.Can = !data.Sent && !data.Sealed
	return f.site.Render(w, r, v, http.StatusOK, "delete", data)
}

func (f *Filling) deleteSubmit(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	s, err := f.subject(r, v)
	if err != nil {
		return err
	}
	if err := f.drafts.Delete(r.Context(), v.Account.ID, s.ID); err != nil {
		return err
	}
	f.site.Log().InfoContext(r.Context(), "draft deleted", "account", v.Account.ID, "application", s.ID)
	f.site.Flash(r, "filling.flash.deleted")
	http.Redirect(w, r, "/applications", http.StatusSeeOther)
	return nil
}
