package sending

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"puntuale/internal/client/timing"
)

// await waits for the opening and sends. It returns early, with nil, when the
// calendar changes or the clock has to be measured again; then nothing is marked
// as sent that was not.
func (s *sender) await(ctx context.Context, items []*item) error {
	s.stage(StageWaiting)
	version := s.Calendars.Current().Version
	markLead, err := s.markLead(items)
	if err != nil {
		return err
	}
	for _, w := range s.workers {
		w.due = 0
	}
	err = s.countdown(ctx, items, version, markLead)
	if uerr := s.unmark(items); uerr != nil {
		return uerr
	}
	return err
}

// countdown looks after connections and records until it is time to let go.
func (s *sender) countdown(ctx context.Context, items []*item, version uint64, markLead time.Duration) error {
	lead := s.Moments.FinalLead + s.Moments.FinalSpread + finalMargin
	unready := func() {}
	defer func() { unready() }()
	for marked := false; ; {
		s.realign()
		e, known := s.estimate(s.home)
		day := s.day()
		if !known || day == nil || s.Calendars.Current().Version != version {
			return nil
		}
		aim := e.Aim(day.Opens)
		remaining := time.Duration(aim - s.Base.Now())
		if remaining <= markLead && !marked {
			if err := s.mark(items); err != nil {
				return err
			}
			marked = true
			if s.Ready != nil {
				unready = s.Ready(ctx)
			}
			continue
		}
		if remaining <= lead {
			return s.letGo(ctx, items, version)
		}
		next := s.tend(ctx, aim, lead)
		if err := timing.Pause(ctx, min(next, remaining-lead, lookEvery)); err != nil {
			return err
		}
	}
}

// markLead is how long before the instant of sending "may have been sent" is put
// on disk: early enough for a disk that is slow or busy, judged by how long it
// takes for one record now.
func (s *sender) markLead(items []*item) (time.Duration, error) {
	began := s.Base.Now()
	if err := s.Records.Put(items[0].record); err != nil {
		return 0, err
	}
	each := max(markCost, 2*time.Duration(s.Base.Now()-began))
	return s.Moments.Mark + time.Duration(len(items))*each, nil
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
	if e, known := s.estimate(s.home); known {
		s.quickest = e.RoundTrip
	}
	s.update(func(*Progress) {})
}

// letGo makes the last check, waits for the exact instant and sends. When the
// last check shows a newer calendar, nothing is sent.
func (s *sender) letGo(ctx context.Context, items []*item, version uint64) error {
	s.warmRest(ctx)
	s.lastCheck(ctx, version)
	e, known := s.estimate(s.home)
	day := s.day()
	if !known || day == nil || s.Calendars.Current().Version != version {
		return nil
	}
	aim := e.Aim(day.Opens)
	s.update(func(p *Progress) { p.Aim = e.Node(aim) })
	if err := s.Wait(ctx, s.Base.At(aim)); err != nil {
		return err
	}
	return s.round(ctx, items)
}

// warmRest opens the connections that are missing: those that broke, or all when
// the opening was near from the start.
func (s *sender) warmRest(ctx context.Context) {
	e, known := s.estimate(s.home)
	day := s.day()
	if !known || day == nil {
		return
	}
	var cold []*worker
	for _, w := range s.workers {
		if w.links[s.home] == nil {
			cold = append(cold, w)
		}
	}
	left := time.Duration(e.Aim(day.Opens) - s.Base.Now())
	if len(cold) == 0 || left <= 0 {
		return
	}
	brief, cancel := context.WithTimeout(ctx, left/2)
	defer cancel()
	s.sampleAll(brief, cold, true)
}

// lastCheck looks at the node's clock and calendar once more, at a random moment
// shortly before the opening, for the error of a sample grows with its age. One
// exchange is enough when it went as quickly as the best before; on a machine or
// network that is busy there are a few.
func (s *sender) lastCheck(ctx context.Context, version uint64) {
	e, known := s.estimate(s.home)
	day := s.day()
	if !known || day == nil {
		return
	}
	aim, quickest := e.Aim(day.Opens), s.quickest
	lead := max(s.Moments.FinalLead, 6*quickest)
	if timing.Pause(ctx, time.Duration(aim-s.Base.Now())-lead-rand.N(s.Moments.FinalSpread)) != nil {
		return
	}
	budget := min(lead, time.Duration(aim-s.Base.Now())) * 3 / 4
	if budget < 2*quickest {
		return // there is no time for it, and a connection cut short would be missing
	}
	brief, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	for range finalTries {
		s.sampleAll(brief, s.workers[:min(finalLinks, len(s.workers))], false)
		e, known := s.estimate(s.home)
		if !known || brief.Err() != nil || s.Calendars.Current().Version != version || e.Bound <= quickest*3/4+finalEnough {
			return
		}
	}
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
	for _, w := range s.workers[1:] {
		wg.Go(func() { w.work(ctx, q) })
	}
	wg.Go(func() { s.stage(StageSending) })
	s.workers[0].work(ctx, q) // on the thread that has just woken for it
	wg.Wait()
	q.judging.Wait()
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
