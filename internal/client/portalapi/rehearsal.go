package portalapi

import (
	"context"
	"net/http"
	"net/url"

	"puntuale/internal/clickday"
)

// Run is a rehearsal that has begun: applications with tickets for the click day
// of rehearsals, and what a sync has besides.
type Run struct {
	ID           string         `json:"run"`
	Day          clickday.DayID `json:"click_day"`
	Samples      bool           `json:"samples"` // invented: the account has no sealed applications
	Calendar     []byte         `json:"calendar"`
	Models       []Model        `json:"models"`
	Applications []Application  `json:"applications"`
}

// Codes of refusals to begin a rehearsal.
const (
	CodeRehearsalFrozen clickday.Code = "rehearsal_frozen"
	CodeNoRehearsal     clickday.Code = "rehearsal_none"
)

// BeginRehearsal begins a rehearsal with at most n applications, as many as there
// are when n is 0.
func (c *Client) BeginRehearsal(ctx context.Context, n int) (Run, error) {
	var r Run
	err := c.call(ctx, http.MethodPost, apiRoot+"/rehearsals", map[string]int{"applications": n}, &r)
	return r, err
}

// InRehearsal returns the same portal, whose Outcomes and Receipt are those of a
// rehearsal.
func (c *Client) InRehearsal(run string) *Client {
	d := *c
	d.root = apiRoot + "/rehearsals/" + url.PathEscape(run)
	return &d
}
