package portal

import (
	"net/http"

	"puntuale/internal/clickday"
	"puntuale/internal/portal/site"
)

// setAhead says about how many receipts are made before the one that the
// applicant waits for.
func (p *Portal) setAhead(r *http.Request, v *site.Visit, s *subject, out *outcomeView) error {
	if out.State != clickday.Sequenced || out.Receipt != "" || s.day == nil {
		return nil
	}
	n, err := p.store.ReceiptsAhead(r.Context(), s.day.ID, s.Outcome.Number)
	if err != nil {
		return err
	}
	out.Ahead = p.site.Say(v, "outcome.receipt.ahead", n)
	return nil
}
