package intake

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// errStalled says that the disk took too long. The record may become durable all
// the same; the same envelope again tells, and has the earliest stamp.
var errStalled = errors.New("intake: the disk takes too long")

// patienceSteps is in how many steps time is measured: a wait ends after three
// quarters of the longest one at the earliest.
const patienceSteps = 4

// patience bounds how long requests wait for the disk. Requests share a few
// contexts that end one after the other, so that a bound costs a request nothing.
type patience struct {
	cur atomic.Pointer[bout]
}

// bout is the waiting that began within one step.
type bout struct {
	ctx context.Context
	end context.CancelCauseFunc
}

func newPatience(parent context.Context) *patience {
	p := new(patience)
	p.next(parent)
	return p
}

// next begins a bout.
func (p *patience) next(parent context.Context) *bout {
	b := new(bout)
	b.ctx, b.end = context.WithCancelCause(parent)
	p.cur.Store(b)
	return b
}

// wait returns the context of a request that begins to wait now.
func (p *patience) wait() context.Context { return p.cur.Load().ctx }

// run ends bouts in time until the parent ends.
func (p *patience) run(parent context.Context, longest time.Duration) {
	tick := time.NewTicker(longest / patienceSteps)
	defer tick.Stop()
	running := []*bout{p.cur.Load()}
	for {
		select {
		case <-parent.Done():
			for _, b := range running {
				b.end(parent.Err())
			}
			return
		case <-tick.C:
		}
		running = append(running, p.next(parent))
		if len(running) > patienceSteps {
			running[0].end(errStalled)
			running = running[1:]
		}
	}
}
