package store

import "time"

// Standing says what the newest published list gave to a submission, as the portal
// tells it. Nobody changes it after it was read.
type Standing struct {
	Version     int       `json:"version"`
	Kind        string    `json:"kind"` // "provisional" or "final"
	PublishedAt time.Time `json:"published_at"`
	// Place is "admitted", "waiting" (not in the quota at the moment), or "" where
	// it is not decided yet or there are no quotas.
	Place  string `json:"place"`
	Group  string `json:"group,omitempty"` // who competes for the same places
	Rank   int64  `json:"rank,omitempty"`  // in the order of the group, from 1
	Demand int64  `json:"demand"`          // applications of the group
	Places int64  `json:"places"`          // of the group
	Round  int    `json:"round,omitempty"` // of the reallocation that admitted it
	Source string `json:"source,omitempty"`
}

// What a list says.
const (
	PlaceAdmitted = "admitted"
	PlaceWaiting  = "waiting"
	ListFinal     = "final"
)

// SameStanding reports whether two answers of the portal say the same.
func SameStanding(a, b *Standing) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, y := *a, *b
	at := x.PublishedAt.Equal(y.PublishedAt)
	x.PublishedAt, y.PublishedAt = time.Time{}, time.Time{}
	return at && x == y
}
