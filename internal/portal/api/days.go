package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"puntuale/internal/clickday"
)

func (a *API) dayRoutes() {
	register(a, public, huma.Operation{
		OperationID: "days", Method: http.MethodGet, Path: "/api/v1/days", Tags: []string{tagDays},
		Summary: "The click days, with their moments and models",
		Description: "The same as the signed calendar, to read. An opening may be moved up to the last second: `version` grows then. " +
			"Programs that send verify the signed calendar instead.",
	}, nil, a.days)
}

type dayJSON struct {
	ID       clickday.DayID       `json:"id"`
	Code     string               `json:"code"`
	Title    clickday.Text        `json:"title"`
	Models   []clickday.ModelCode `json:"models" nullable:"false" doc:"Codes of the models that the day takes."`
	Prepare  time.Time            `json:"prepare" doc:"From here on applications can be addressed to the day."`
	Sync     time.Time            `json:"sync" doc:"From here on mini-clients get tickets."`
	Opens    time.Time            `json:"opens"`
	Closes   time.Time            `json:"closes"`
	State    clickday.DayState    `json:"state" enum:"scheduled,suspended,closed"`
	Phase    clickday.Phase       `json:"phase" enum:"before,open,after,suspended"`
	Fillable bool                 `json:"in_preparation" doc:"Applications can be addressed to the day now."`
}

type daysJSON struct {
	Version    uint64    `json:"version" doc:"Of the calendar; 0 while there is none."`
	ServerTime time.Time `json:"server_time"`
	Days       []dayJSON `json:"days" nullable:"false"`
}

func (a *API) days(ctx context.Context, _ *struct{}) (*body[daysJSON], error) {
	cal, _, err := a.Calendar.Current(ctx)
	if err != nil {
		return nil, err
	}
	now := a.Clock.Now()
	cal.Days = cal.Real()
	out := daysJSON{Version: cal.Version, ServerTime: now.UTC(), Days: make([]dayJSON, len(cal.Days))}
	for i := range cal.Days {
		d := &cal.Days[i]
		out.Days[i] = dayJSON{
			ID: d.ID, Code: d.Code, Title: clickday.Text{IT: d.TitleIT, EN: d.TitleEN}, Models: d.Models,
			Prepare: time.Unix(0, d.Prepare).UTC(), Sync: time.Unix(0, d.Sync).UTC(), Opens: d.OpensAt(), Closes: d.ClosesAt(),
			State: d.State, Phase: d.PhaseAt(now.UnixNano()), Fillable: a.Drafts.InPreparation(d),
		}
	}
	return &body[daysJSON]{"no-cache", out}, nil
}
