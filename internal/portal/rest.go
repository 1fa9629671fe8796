package portal

import (
	"context"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/portal/site"
	"puntuale/internal/portal/timetable"
)

// RestStore says how long the portal rests around single openings.
type RestStore interface {
	// Rests returns the times before and after an opening, of days for which
	// they were set.
	Rests(ctx context.Context) (map[clickday.DayID][2]time.Duration, error)
}

// rests is where the periphery reads when to rest.
type rests struct {
	calendar *timetable.Reader
	store    RestStore
}

// Calendar implements site.Freezes.
func (r *rests) Calendar(ctx context.Context) (clickday.Calendar, error) {
	cal, _, err := r.calendar.Current(ctx)
	return cal, err
}

// Freezes implements site.Freezes.
func (r *rests) Freezes(ctx context.Context) (map[clickday.DayID]site.Freeze, error) {
	set, err := r.store.Rests(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[clickday.DayID]site.Freeze, len(set))
	for day, f := range set {
		out[day] = site.Freeze{Before: f[0], After: f[1]}
	}
	return out, nil
}
