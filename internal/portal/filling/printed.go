package filling

import (
	"fmt"
	"net/http"
	"strings"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/portal/site"
	"puntuale/internal/receipt"
)

// printed is the preview of an application as a PDF, marked as what it is. Once
// it was sent its receipt has all of it.
func (f *Filling) printed(w http.ResponseWriter, r *http.Request, v *site.Visit) error {
	s, err := f.subject(r, v)
	if err != nil {
		return err
	}
	now := f.site.Clock().Now()
	employer, worker := s.model.SummaryOf(s.Answers)
	d := &receipt.Draft{
		Service: f.site.Name(), Application: s.ID, Model: s.Model, Lang: v.Lang, ModelTitle: s.model.Title.In(v.Lang),
		State: f.site.Say(v, states[s.State].Key), Employer: employer, Worker: worker, Made: now, MadeText: f.site.Minute(v, now),
		Preview: s.model.Preview(s.Answers, v.Lang), Sent: s.Sent(),
	}
	if s.day != nil {
		d.DayTitle, d.Opens = dayTitle(v, s.day), f.site.Second(v, s.day.OpensAt())
	}
	if s.State == clickday.Sealed {
		if err := f.sealed(r, v, s, d); err != nil {
			return err
		}
	} else {
		list, err := f.store.Files(r.Context(), v.Account.ID, s.ID)
		if err != nil {
			return err
		}
		for i := range list {
			d.Files = append(d.Files, list[i].Name)
		}
	}
	pdf, err := receipt.RenderDraft(d)
	if err != nil {
		return err
	}
	private(w.Header())
	download(w, "application/pdf", fmt.Sprintf("%s-%s.pdf", map[bool]string{true: "preview", false: "anteprima"}[v.Lang == "en"], s.ID), pdf)
	return nil
}

// sealed puts what the seal holds onto the preview: document and files.
func (f *Filling) sealed(r *http.Request, v *site.Visit, s *subject, d *receipt.Draft) error {
	seal, err := f.store.CurrentSeal(r.Context(), v.Account.ID, s.ID)
	if err != nil {
		return err
	}
	doc, err := forms.Thaw(seal.Document)
	if err != nil {
		return fmt.Errorf("stored seal of %s: %w", s.ID, err)
	}
	d.Sealed, d.Digest, d.Preview = true, seal.Digest, s.model.Preview(doc.Answers, v.Lang)
	for line := range strings.Lines(seal.Attachments) {
		if parts := strings.SplitN(strings.TrimSpace(line), " ", 4); len(parts) == 4 {
			d.Files = append(d.Files, parts[3])
		}
	}
	return nil
}
