package loadteam

import (
	"context"
	"errors"
	"net/http"
	"time"
)

const clockQuestions = 16

// Offset is how far the controller's clock is ahead of ours, and by how much
// that may be wrong.
type Offset struct {
	Ahead time.Duration `json:"ahead_ns"`
	Bound time.Duration `json:"bound_ns"`
}

// measure asks for the controller's time and keeps the answer that took least:
// however unequal its two ways were, it is not wrong by more than half of that.
func (a *Agent) measure(ctx context.Context) (Offset, error) {
	best := Offset{Bound: time.Hour}
	for range clockQuestions {
		var theirs int64
		asked := a.Clock.Now()
		if err := a.call(ctx, http.MethodGet, "/time", nil, &theirs); err != nil {
			return best, err
		}
		round := a.Clock.Now().Sub(asked)
		if round/2 < best.Bound {
			best = Offset{time.Unix(0, theirs).Sub(asked.Add(round / 2)), round/2 + 1}
		}
	}
	if best.Bound > BoundMax {
		return best, errFar
	}
	return best, nil
}

// BoundMax is how uncertain an agent's clock may be against the controller's.
const BoundMax = 50 * time.Millisecond

var errFar = errors.New("loadteam: the controller answers too slowly to agree on a time with it; bring the machines nearer to each other")
