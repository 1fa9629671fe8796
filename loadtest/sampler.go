//go:build linux

package main

import (
	"context"
	"errors"
	"os"
	"time"

	"puntuale/internal/loadreport"
	"puntuale/internal/loadrun"
)

const (
	sampleEvery = time.Second
	// progressShare bounds what the question for progress may cost the database:
	// one part in so many, but for a question that was held up.
	progressShare = 50
	progressPause = 5 * time.Second
)

// sampler looks at processes and progress once a second.
type sampler struct {
	*run
	out   *loadrun.SampleWriter
	last  chan loadrun.Progress
	again time.Time // when progress may be asked for again
}

func newSampler(r *run) (*sampler, error) {
	out, err := loadrun.NewSampleWriter(r.Dir)
	if err != nil {
		return nil, err
	}
	return &sampler{run: r, out: out, last: make(chan loadrun.Progress, 1)}, nil
}

// trees are the roots of all processes; a fault may have replaced one.
func (s *sampler) trees() map[string]int {
	trees := map[string]int{"loadtest": os.Getpid()}
	in := s.site.own
	if in == nil {
		return trees
	}
	trees["intake"], trees["worker"], trees["portal"] = in.Intake.PID(), in.Worker.PID(), in.Portal.PID()
	if in.Postgres != nil {
		trees["postgres"] = in.Postgres.PID()
	}
	if in.Redis != nil {
		trees["redis"] = in.Redis.PID()
	}
	return trees
}

// watch samples until ctx ends.
func (s *sampler) watch(ctx context.Context) error {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		if err := s.sample(ctx); err != nil {
			return errors.Join(err, s.out.Close())
		}
		select {
		case <-ctx.Done():
			return errors.Join(s.sample(context.WithoutCancel(ctx)), s.out.Close())
		case <-tick.C:
		}
	}
}

func (s *sampler) sample(ctx context.Context) error {
	now := s.clk.Now()
	x := loadrun.Sample{At: now.Sub(s.open.Opening), Processes: loadreport.Usages(s.trees())}
	if s.site.db != nil && !now.Before(s.again) {
		var p loadrun.Progress
		var err error
		if p.Stored, p.Numbered, p.Receipted, err = s.site.db.LoadProgress(ctx, s.site.dayID()); err == nil {
			x.Progress = &p
			select { // only the newest is of interest
			case <-s.last:
			default:
			}
			s.last <- p
		}
		s.again = now.Add(min(progressPause, progressShare*s.clk.Now().Sub(now))) // an error, as in a fault, is no sample
	}
	return s.out.Add(&x)
}

// settle waits until everything stored is decided and has its receipt, or for
// that long.
func (s *sampler) settle(ctx context.Context, patience time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	quiet := 0
	var before loadrun.Progress
	for quiet < 3 { // nothing moves, and nothing is owed
		select {
		case <-ctx.Done():
			return
		case p := <-s.last:
			if p == before && p.Numbered == p.Receipted && p.Stored >= s.expected() {
				quiet++
			} else {
				quiet = 0
			}
			before = p
		}
	}
}

// expected is how many submissions there must be at least in the end.
func (s *sampler) expected() int64 { return s.open.Live.Accepted.Load() - s.repeats() }

// repeats is how many of the accepted may have been stored before.
func (s *sampler) repeats() int64 { return int64(s.manifest.Counts.Kinds[loadrun.Repeat.String()]) }
