package crash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/journal"
	"puntuale/internal/keys"
	"puntuale/internal/wire"
)

// growers is how many wait for the disk at a time while a journal is filled.
const growers = 512

// Restart is the experiment of how long a node with a long journal takes from the
// start of its process to its first acknowledgement.
type Restart struct {
	Counts   []int // submissions in the journal, ascending
	Rounds   int   // restarts of each kind
	Progress io.Writer
}

// RestartResult is what was measured, by number of submissions.
type RestartResult struct {
	Count int
	// Warm and Cold have checkpoints, with the files in memory and not; Cold is
	// empty where the system does not let us empty its memory of files. Full has
	// no checkpoints, so everything is read; Full is warm.
	Warm, Cold, Full []time.Duration
}

// Figures turns the result into lines.
func (r *RestartResult) Figures() []Figure {
	var out []Figure
	for _, k := range []struct {
		name  string
		took  []time.Duration
		limit time.Duration
	}{{"warm", r.Warm, backLimit}, {"cold", r.Cold, backLimit}, {"without_checkpoints", r.Full, 0}} {
		if len(k.took) == 0 {
			continue
		}
		f := atMost(fmt.Sprintf("restart_%d_%s_max_seconds", r.Count, k.name), slices.Max(k.took), k.limit)
		if k.limit == 0 {
			f.Target, f.OK = "-", true
		}
		out = append(out, f)
	}
	return out
}

// Run fills one journal and restarts the node on it.
func (r *Restart) Run(ctx context.Context, s *Site) (out []RestartResult, err error) {
	n, err := s.NewNode(filepath.Join(s.Dir, "restart"))
	if err != nil {
		return nil, err
	}
	if err := n.Start(ctx); err != nil { // it keeps its calendar for the starts to come
		return nil, err
	}
	if err := n.Stop(); err != nil {
		return nil, err
	}
	for _, count := range r.Counts {
		if err := s.grow(ctx, n.Journal(), count); err != nil {
			return nil, err
		}
		res, err := r.measure(ctx, s, n, count)
		if err != nil {
			return nil, err
		}
		out = append(out, res)
	}
	return out, nil
}

func (r *Restart) measure(ctx context.Context, s *Site, n *Node, count int) (RestartResult, error) {
	res := RestartResult{Count: count}
	for _, k := range []struct {
		name    string
		took    *[]time.Duration
		prepare func(dir string) error
	}{
		{"warm", &res.Warm, func(string) error { return nil }},
		{"cold", &res.Cold, func(string) error { return dropCaches() }},
		{"without checkpoints", &res.Full, removeCheckpoints},
	} {
		for range r.Rounds {
			if err := k.prepare(n.Journal()); errors.Is(err, errNotAllowed) {
				fmt.Fprintf(r.Progress, "%s: skipped: %v\n", k.name, err)
				break
			} else if err != nil {
				return res, err
			}
			took, err := s.firstAnswer(ctx, n)
			if err != nil {
				return res, err
			}
			*k.took = append(*k.took, took)
			fmt.Fprintf(r.Progress, "%d submissions, %s: %s\n", count, k.name, took)
		}
	}
	return res, nil
}

// firstAnswer starts the process, sends until something is acknowledged, and
// kills it again.
func (s *Site) firstAnswer(ctx context.Context, n *Node) (took time.Duration, err error) {
	envelope := s.envelope()
	began := s.Clock.Now()
	if err := n.program.Start(); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, n.Kill()) }()
	ctx, cancel := context.WithTimeout(ctx, upTimeout)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if s.acknowledges(ctx, n, envelope) {
			return s.Clock.Now().Sub(began), nil
		}
		select {
		case <-n.program.Done():
			return 0, fmt.Errorf("%w:\n%s", errRefused, n.program.Tail())
		case <-ctx.Done():
			return 0, fmt.Errorf("crash: no acknowledgement after a restart: %w\n%s", ctx.Err(), n.program.Tail())
		case <-tick.C:
		}
	}
}

func (s *Site) acknowledges(ctx context.Context, n *Node, envelope []byte) bool {
	c, err := s.dial(ctx, n.Addr())
	if err != nil {
		return false
	}
	defer c.Close()
	answer, err := c.Submit(ctx, envelope)
	if err != nil || answer.Status != http.StatusOK {
		return false
	}
	ack, err := wire.ParseAcknowledgement(answer.Body)
	return err == nil && ack.Check(wire.IDOf(envelope), s.public) == nil
}

// grow fills a journal up to a number of submissions, as a node would, and waits
// for its checkpoints.
func (s *Site) grow(ctx context.Context, dir string, count int) (err error) {
	key, err := keys.ReadPrivate(filepath.Join(s.keys(), keys.NodeKeyFile(nodeID)))
	if err != nil {
		return err
	}
	j, err := journal.Open(journal.Options{Dir: dir, Node: nodeID, Key: key, Clock: clock.System{}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close(context.WithoutCancel(ctx))) }()
	if err := s.fill(ctx, j, count-j.Records()); err != nil {
		return err
	}
	tick := time.NewTicker(redialEvery)
	defer tick.Stop()
	for range 3000 { // a minute
		if j.Checkpointed() {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errors.New("crash: the checkpoints do not come")
}

// fill makes envelopes on all processors and stores them.
func (s *Site) fill(ctx context.Context, j *journal.Journal, count int) error {
	group, ctx := errgroup.WithContext(ctx)
	made := make(chan []byte, growers)
	var left atomic.Int64
	left.Store(int64(count))
	var makers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		makers.Add(1)
		group.Go(func() error {
			defer makers.Done()
			for left.Add(-1) >= 0 {
				select {
				case made <- s.envelope():
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
	}
	go func() { makers.Wait(); close(made) }()
	for range growers {
		group.Go(func() error { return s.store(ctx, j, made) })
	}
	return group.Wait()
}

func (s *Site) store(ctx context.Context, j *journal.Journal, made <-chan []byte) error {
	for envelope := range made {
		for {
			stamp := clickday.Stamp{UnixNano: s.Clock.Now().UnixNano(), Source: clickday.StampKernel, Clock: clickday.ClockUnknown}
			_, err := j.Append(ctx, wire.IDOf(envelope), stamp, envelope)
			if err == nil {
				break
			}
			if !errors.Is(err, journal.ErrFull) {
				return err
			}
			wait(ctx, pollEvery)
		}
	}
	return nil
}

func removeCheckpoints(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.idx"))
	for _, name := range names {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// errNotAllowed says that the memory of files cannot be emptied here.
var errNotAllowed = errors.New("crash: may not empty the system's memory of files")
