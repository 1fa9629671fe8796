package issuer

import (
	"crypto/sha256"
	"fmt"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/forms"
	"puntuale/internal/receipt"
	"puntuale/internal/wire"
)

// titles returns the Italian names of the click days.
func (i *Issuer) titles(signed []byte) (map[clickday.DayID]string, error) {
	c, err := wire.OpenCalendar(signed, i.CalendarKey)
	if err != nil {
		return nil, fmt.Errorf("issuer: calendar: %w", err)
	}
	out := make(map[clickday.DayID]string, len(c.Days))
	for _, d := range c.Days {
		out[d.ID] = d.TitleIT
	}
	return out, nil
}

// make renders and seals one receipt. A panic on odd data is this receipt's
// failure and nobody else's.
func (i *Issuer) make(n *clickday.Numbered, title string, now time.Time) (pdf []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			pdf, err = nil, fmt.Errorf("issuer: panic: %v", p)
		}
	}()
	d, err := i.data(n, title, now)
	if err != nil {
		return nil, err
	}
	if pdf, err = i.Render(d); err != nil {
		return nil, err
	}
	return i.Seal.Sign(pdf, now)
}

// data gathers what stands on a receipt, and does not certify a stored document
// that is no longer the one that was sealed.
func (i *Issuer) data(n *clickday.Numbered, title string, now time.Time) (*receipt.Data, error) {
	if sha256.Sum256(n.Document) != n.Digest {
		return nil, fmt.Errorf("issuer: the stored document of application %s does not have the digest that was sent", n.Application)
	}
	doc, err := forms.Thaw(n.Document)
	if err != nil {
		return nil, err
	}
	m, ok := i.Models.Model(n.Model, n.ModelVersion)
	if !ok {
		return nil, fmt.Errorf("issuer: model %s version %d is not known to this program", n.Model, n.ModelVersion)
	}
	if title == "" {
		title = n.DayCode
	}
	evidence, err := i.evidence(n)
	if err != nil {
		return nil, err
	}
	employer, worker := m.SummaryOf(doc.Answers)
	return &receipt.Data{
		Body:   i.Body,
		Number: n.Number, ProtocolNumber: clickday.ProtocolNumber(n.DayCode, n.Number),
		DayCode: n.DayCode, DayTitle: title, Model: n.Model, ModelTitle: m.Title.IT,
		Stamp: n.Stamp, Submission: n.Submission, Application: n.Application, Digest: n.Digest,
		Applicant: n.Applicant, ApplicantTaxCode: n.ApplicantTaxCode, Employer: employer, Worker: worker,
		Ledger: &receipt.LedgerPlace{
			Index: n.LedgerIndex, Size: n.Ledger.Size, Root: n.Ledger.Root, Timestamped: n.Ledger.Timestamp != nil, Late: evidence.late,
		},
		Evidence: evidence.file, Edition: n.Edition, FirstIssued: n.FirstIssued, Renew: n.Renew,
		Issued: now, VerifyURL: i.VerifyURL + "/" + n.Submission.String(), Preview: m.Preview(doc.Answers, "it"),
	}, nil
}
