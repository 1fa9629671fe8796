package sending

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"puntuale/internal/client/timing"
)

// await waits for the opening and sends. It returns early, with nil, when the
// calendar changes or the clock has to be measured again.
func (s *sender) await(ctx context.Context, items []*item) error {
	s.stage(StageWaiting)
	version := s.Calendars.Current().Version
	lead, err := s.finalLead(items)
	if err != nil {
		return err
	}
	for _, w := range s.workers {
		w.due = 0
	}
	for {
		s.realign()
		e, known := s.estimate(s.home)
		day := s.day()
		if !known || day == nil || s.Calendars.Current().Version != version {
			return nil
		}
		aim := e.Aim(day.Opens)
		remaining := time.Duration(aim - s.Base.Now())
		if remaining <= lead {
			return s.letGo(ctx, items, version)
		}
		next := s.tend(ctx, aim, lead)
		if err := timing.Pause(ctx, min(next, remaining-lead, lookEvery)); err != nil {
			return err
		}
	}
}

// finalLead is how long before the instant of sending the last check begins:
// enough to put "may have been sent" on disk for every item, judged by how long
// this disk takes for one.
func (s *sender) finalLead(items []*item) (time.Duration, error) {
	began := s.Base.Now()
	if err := s.Records.Put(items[0].record); err != nil {
		return 0, err
	}
	each := max(markCost, 2*time.Duration(s.Base.Now()-began))
	return s.Moments.FinalLead + rand.N(s.Moments.FinalSpread) + time.Duration(len(items))*each, nil
}

// tend uses the connections whose moment has come, and returns how long until
// the next one is due. It is over before the last check begins.
func (s *sender) tend(ctx context.Context, aim int64, lead time.Duration) time.Duration {
	now := s.Base.Now()
	remaining := time.Duration(aim - now)
	next := remaining
	var due []*worker
	for _, w := range s.workers {
		if w.due == 0 {
			w.due = s.firstDue(w, aim, now)
		}
		if w.due <= now {
			due = append(due, w)
		} else {
			next = min(next, time.Duration(w.due-now))
		}
	}
	if len(due) == 0 {
		return next
	}
	brief, cancel := context.WithTimeout(ctx, remaining-lead)
	defer cancel()
	s.sampleAll(brief, due, remaining <= s.Moments.WarmEarliest)
	now = s.Base.Now()
	for _, w := range due {
		w.due = now + int64(s.rest(w, time.Duration(aim-now)))
	}
	if remaining > farAway {
		s.closeLinks()
	}
	return 0
}

// firstDue draws the moment at which a connection is warmed; the first one is
// there already, and is only looked after.
func (s *sender) firstDue(w *worker, aim, now int64) int64 {
	remaining := time.Duration(aim - now)
	if w == s.workers[0] && remaining > s.Moments.WarmEarliest {
		return now + int64(pollEvery(remaining))
	}
	lead := s.Moments.WarmLatest + rand.N(s.Moments.WarmEarliest-s.Moments.WarmLatest+1)
	if moment := aim - int64(lead); moment > now {
		return moment
	}
	return now + int64(rand.N(max(1, min(remaining/8, time.Second)))) // late for that: soon, but not all at once
}

// rest is how long a connection is left alone after it was used.
func (s *sender) rest(w *worker, remaining time.Duration) time.Duration {
	if w == s.workers[0] {
		return min(pollEvery(remaining), max(lookEvery, remaining-s.Moments.WarmEarliest))
	}
	return timing.Jitter(s.Moments.KeepAlive)
}

// sampleAll exchanges the time on connections to the home node, and when asked
// to on those to the node that takes over, all at the same time.
func (s *sender) sampleAll(ctx context.Context, workers []*worker, standby bool) {
	var wg sync.WaitGroup
	for _, w := range workers {
		wg.Go(func() {
			if err := w.sample(ctx, s.home); err != nil {
				s.trouble(err)
			}
			if standby && w.standby && len(s.Nodes) > 1 {
				w.tendStandby(ctx)
			}
		})
	}
	wg.Wait()
	s.update(func(*Progress) {})
}

// letGo makes the last check, marks the records, waits for the exact instant
// and sends. When the last check shows a newer calendar, nothing is sent.
func (s *sender) letGo(ctx context.Context, items []*item, version uint64) error {
	brief, cancel := context.WithTimeout(ctx, s.Moments.FinalLead/2)
	s.sampleAll(brief, s.workers[:min(finalSamples, len(s.workers))], false)
	cancel()
	if s.Calendars.Current().Version != version {
		return nil
	}
	if err := s.mark(items); err != nil {
		return err
	}
	e, known := s.estimate(s.home)
	day := s.day()
	if !known || day == nil {
		return s.unmark(items)
	}
	aim := e.Aim(day.Opens)
	s.update(func(p *Progress) { p.Aim = e.Node(aim) })
	runtime.GC() // now, rather than while sending
	if err := s.Wait(ctx, s.Base.At(aim)); err != nil {
		if uerr := s.unmark(items); uerr != nil {
			return uerr
		}
		return err
	}
	return s.round(ctx, items)
}

// round sends the items over all connections until each is settled or has to
// wait for another opening.
func (s *sender) round(ctx context.Context, items []*item) error {
	if err := s.mark(items); err != nil {
		return err
	}
	q := newQueue(ctx, s.Base.Now, items)
	defer q.end()
	var wg sync.WaitGroup
	for _, w := range s.workers {
		wg.Go(func() { w.work(ctx, q) })
	}
	s.stage(StageSending)
	wg.Wait()
	for _, it := range items {
		s.unsure[it.record.Application] = it.unsure
	}
	// What was put on hold, or never had its turn, may be replaced again.
	if err := s.unmark(items); err != nil {
		return err
	}
	return ctx.Err()
}

// closeLinks closes every connection.
func (s *sender) closeLinks() {
	for _, w := range s.workers {
		w.close()
	}
}
