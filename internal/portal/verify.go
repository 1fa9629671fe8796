package portal

import (
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"puntuale/internal/accounts"
	"puntuale/internal/clickday"
	"puntuale/internal/portal/site"
)

type verifyView struct {
	site.Base
	Found    bool
	Played   bool // of a rehearsal: without value
	Protocol string
	Day      string
	Model    clickday.ModelCode
	Exact    string
	ExactUTC string
	Digest   string
	Receipt  string // SHA-256 of the PDF, empty while there is none
}

// verify is where the code on a receipt leads: what the register says about that
// submission, for anybody who holds its id, and nothing of a person.
func (p *Portal) verify(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	data := &verifyView{Base: site.Base{Title: "verify.title", Nav: "verify", Crumbs: []site.Crumb{{Label: p.site.Say(v, "verify.title")}}}}
	e, err := p.registerEntry(r)
	if errors.Is(err, accounts.ErrNotFound) {
		return p.site.Render(w, r, v, http.StatusNotFound, "verify", data)
	}
	if err != nil {
		return err
	}
	cal, _, err := p.calendar.Current(r.Context())
	if err != nil {
		return err
	}
	day := cal.Day(e.Day)
	if day == nil { // a numbered submission whose day has left the calendar
		day = &clickday.Day{}
	}
	at := time.Unix(0, e.Arrived).UTC()
	data.Found, data.Model, data.Digest = true, e.Model, e.Digest.String()
	data.Protocol, data.Day = clickday.ProtocolNumber(day.Code, e.Number), dayTitle(v, day)
	data.Played = day.Rehearsal
	data.Exact, data.ExactUTC = p.site.Exact(v, at), p.site.ExactUTC(v, at)
	if e.ReceiptSHA256 != [32]byte{} {
		data.Receipt = hex.EncodeToString(e.ReceiptSHA256[:])
	}
	return p.site.Render(w, r, v, http.StatusOK, "verify", data)
}

func (p *Portal) registerEntry(r *http.Request) (accounts.Entry, error) {
	id, err := clickday.ParseSubmissionID(r.PathValue("id"))
	if err != nil {
		return accounts.Entry{}, accounts.ErrNotFound
	}
	return p.store.RegisterEntry(r.Context(), id)
}
