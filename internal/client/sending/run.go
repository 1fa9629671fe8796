package sending

import (
	"context"
	"time"

	"puntuale/internal/clickday"
	"puntuale/internal/client/store"
	"puntuale/internal/client/timing"
)

// run goes round until nothing is pending: find out where the day stands by the
// node's clock and the newest calendar, do what that asks for, look again.
func (s *sender) run(ctx context.Context) error {
	s.recall()
	for settled := 0; ; {
		items := s.pending()
		if len(items) == 0 {
			s.stage(StageDone)
			return nil
		}
		phase, err := s.phase(ctx)
		if err != nil {
			return err
		}
		switch phase {
		case clickday.PhaseBefore:
			err = s.await(ctx, items)
		case clickday.PhaseSuspended:
			err = s.suspended(ctx)
		case clickday.PhaseOpen:
			err = s.round(ctx, items)
		default:
			if settled++; settled > settleTries {
				return nil // what is still unknown stays on disk for the next run
			}
			err = s.settle(ctx, items, settled)
		}
		if err != nil {
			return err
		}
	}
}

// recall notes which applications an earlier run may have sent.
func (s *sender) recall() {
	for _, r := range s.Records.Day(s.Day) {
		if r.State == store.Sending {
			s.unsure[r.Application] = true
		}
	}
}

// phase connects if need be and returns where the node's clock stands in the day.
func (s *sender) phase(ctx context.Context) (clickday.Phase, error) {
	for attempt := 0; ; attempt++ {
		s.realign()
		e, known := s.estimate(s.home)
		day := s.day()
		if day == nil {
			return "", ErrUnknownDay
		}
		if known {
			return day.PhaseAt(e.Node(s.Base.Now())), nil
		}
		if time.Duration(s.Base.Now()-day.Closes) > giveUp {
			return "", ErrNoNode
		}
		if err := s.connect(ctx); err != nil {
			s.trouble(err)
			s.home = (s.home + 1) % len(s.Nodes)
			s.update(func(p *Progress) { p.Home = s.Nodes[s.home].ID })
			if err := timing.Pause(ctx, timing.Backoff(attempt)); err != nil {
				return "", err
			}
		}
	}
}

// connect warms the first connection and measures the node's clock on it.
func (s *sender) connect(ctx context.Context) error {
	w := s.workers[0]
	for range firstSamples {
		if err := w.sample(ctx, s.home); err != nil {
			return err
		}
	}
	s.update(func(p *Progress) { p.Trouble = nil })
	return nil
}

// realign forgets every measurement after a suspend or a step of the clock.
func (s *sender) realign() {
	slept := int64(s.Base.Slept())
	if time.Duration(slept-s.slept).Abs() < sleptLimit {
		return
	}
	s.log().Warn("the computer slept or its clock was set: measuring again")
	s.slept = slept
	for i := range s.estimators {
		s.estimators[i].Reset()
	}
	s.closeLinks()
}

// suspended waits for a calendar that lets the day go on.
func (s *sender) suspended(ctx context.Context) error {
	s.stage(StageSuspended)
	if err := timing.Pause(ctx, timing.Jitter(5*time.Second)); err != nil {
		return err
	}
	s.sampleAll(ctx, s.workers[:1], false)
	return nil
}

// settle finds out, after the close, what became of the items: those never sent
// are too late, for the others the nodes are asked.
func (s *sender) settle(ctx context.Context, items []*item, try int) error {
	s.stage(StageSettling)
	w := s.workers[0]
	var changed []store.Record
	missing := false
	for _, it := range items {
		rec, found := it.record, false
		if it.unsure {
			var err error
			if rec, found, err = w.lookUp(ctx, it.record); err != nil && !found {
				s.trouble(err)
				missing = true
				continue
			}
		}
		if !found {
			rec.State, rec.Code = store.Refused, clickday.CodeTooLate
		}
		changed = append(changed, rec)
	}
	if err := s.Records.Put(changed...); err != nil {
		return err
	}
	if missing {
		return timing.Pause(ctx, timing.Backoff(try))
	}
	return ctx.Err()
}
