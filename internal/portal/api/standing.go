package api

import (
	"time"

	"puntuale/internal/lists"
	"puntuale/internal/quota"
	"puntuale/internal/ranking"
)

// standingJSON says what a published list gave to a submission.
type standingJSON struct {
	Version     int          `json:"version"`
	Kind        ranking.Kind `json:"kind"`
	PublishedAt time.Time    `json:"published_at"`
	// Place is "admitted", "waiting" (not in quota at the moment), or empty
	// while a draw waits for its seed and where there are no quotas.
	Place  ranking.Place `json:"place"`
	Group  quota.Group   `json:"group,omitempty"`
	Rank   int64         `json:"rank,omitempty"`  // in the order of the group, from 1
	Demand int64         `json:"demand"`          // applications of the group
	Places int64         `json:"places"`          // of the group
	Round  int           `json:"round,omitempty"` // of the reallocation that admitted it
	Source quota.Group   `json:"source,omitempty"`
}

func standingOf(s *lists.Standing) *standingJSON {
	out := &standingJSON{
		Version: s.Version, Kind: s.Kind, PublishedAt: s.At.UTC(), Group: s.Group, Rank: s.Rank, Demand: s.Count.Demand, Places: s.Count.Places,
		Round: s.Round, Source: s.Source,
	}
	switch {
	case s.Admitted:
		out.Place = ranking.Admitted
	case s.Decided:
		out.Place = ranking.Waiting
	}
	return out
}
