package crash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"
)

const (
	// backLimit is the target from SIGKILL to the next acknowledgement.
	backLimit = 3 * time.Second
	// killEarliest and killSpread say when after coming back the next kill is.
	killEarliest = 50 * time.Millisecond
	killSpread   = 900 * time.Millisecond
)

// Kill is the experiment of figure "acknowledged lost, doubled or re-stamped
// over SIGKILLs at random points".
type Kill struct {
	Rounds   int
	Rate     int // requests a second, all connections together
	Conns    int
	Seed     uint64
	Progress io.Writer
}

// KillResult is what happened.
type KillResult struct {
	Loss
	Kills   int
	Unknown int64           // requests that a kill left without an answer
	Back    []time.Duration // from each SIGKILL to the next acknowledgement
	Rate    float64         // acknowledgements a second between kills
}

// Figures turns the result into lines; rate is what was to be reached.
func (r *KillResult) Figures(rate int) []Figure {
	back := slices.Sorted(slices.Values(r.Back))
	var p50, most time.Duration
	if len(back) > 0 {
		p50, most = back[len(back)/2], back[len(back)-1]
	}
	least := float64(rate) * 9 / 10
	return []Figure{
		{"kill_rounds", float64(r.Kills), "kills", "-", true},
		{"kill_rate", r.Rate, "acknowledgements/s", fmt.Sprintf(">= %g", least), r.Rate >= least},
		some("kill_acknowledged", r.Acked, "submissions"),
		{"kill_unanswered", float64(r.Unknown), "requests", "-", true},
		none("kill_lost", r.Lost),
		none("kill_doubled", r.Doubled),
		none("kill_restamped", r.Restamped),
		atMost("kill_back_p50_seconds", p50, backLimit),
		atMost("kill_back_max_seconds", most, backLimit),
	}
}

// Run kills the node again and again, on one journal that grows.
func (k *Kill) Run(ctx context.Context, s *Site) (out KillResult, err error) {
	n, err := s.NewNode(filepath.Join(s.Dir, "kill"))
	if err != nil {
		return out, err
	}
	if err := n.Start(ctx); err != nil {
		return out, err
	}
	defer func() { err = errors.Join(n.Stop(), err) }()
	w := NewWitness(s.public)
	c := &Crowd{
		site: s, witness: w, addr: n.Addr(), conns: k.Conns, next: s.envelope, returning: true,
		every: time.Duration(k.Conns) * time.Second / time.Duration(k.Rate),
	}
	l := c.start(ctx)
	err = errors.Join(k.rounds(ctx, s, n, l, &out), l.stop())
	if err != nil {
		return out, err
	}
	out.Unknown = l.unknown.Load()
	asked, err := w.Ask(ctx, s, n.Addr(), k.Conns)
	if err = errors.Join(err, n.Stop()); err != nil {
		return out, err
	}
	compared, err := w.Compare(n.Journal())
	out.Loss = worse(asked, compared)
	return out, err
}

func (k *Kill) rounds(ctx context.Context, s *Site, n *Node, l *load, out *KillResult) error {
	r := NewRand(k.Seed)
	if err := l.until(ctx, int64(k.Conns)); err != nil {
		return err
	}
	var up time.Duration
	var acked int64
	for i := range k.Rounds {
		began, before := s.Clock.Now(), l.acked.Load()
		wait(ctx, killEarliest+time.Duration(r.Int64N(int64(killSpread))))
		up += s.Clock.Now().Sub(began)
		acked += l.acked.Load() - before
		back, err := k.kill(ctx, s, n, l)
		if err != nil {
			return fmt.Errorf("kill %d: %w", i+1, err)
		}
		out.Kills++
		out.Back = append(out.Back, back)
		fmt.Fprintf(k.Progress, "kill %d: %d acknowledged so far, back after %s\n", i+1, l.acked.Load(), back)
	}
	out.Rate = float64(acked) / up.Seconds()
	return nil
}

// kill ends the node, starts it again and returns how long it took until it
// acknowledged again.
func (k *Kill) kill(ctx context.Context, s *Site, n *Node, l *load) (time.Duration, error) {
	killed := s.Clock.Now()
	if err := n.Kill(); err != nil {
		return 0, err
	}
	first := l.Mark(s.Clock.Now())
	if err := n.program.Start(); err != nil {
		return 0, err
	}
	select {
	case at := <-first:
		return at.Sub(killed), nil
	case <-n.program.Done():
		return 0, fmt.Errorf("%w:\n%s", errRefused, n.program.Tail())
	case <-l.ended:
		return 0, errors.Join(errors.New("crash: the senders ended"), l.err)
	case <-time.After(upTimeout):
		return 0, fmt.Errorf("crash: no acknowledgement after a restart:\n%s", n.program.Tail())
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}
