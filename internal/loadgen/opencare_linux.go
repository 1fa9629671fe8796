package loadgen

import (
	"time"

	"golang.org/x/sys/unix"

	"puntuale/internal/loadrun"
)

// patience gives up requests that have waited too long.
func (w *openWorker) patience(now time.Duration) {
	n := 0
	for _, p := range w.inflight {
		if p.c.turn == p.turn && !p.c.dead && p.c.request != noRequest {
			if now-p.c.sent < w.run.Patience {
				break // those behind it were sent later
			}
			w.lose(p.c, loadrun.TimedOut)
		}
		n++
	}
	w.inflight = append(w.inflight[:0], w.inflight[n:]...)
	w.expire(now)
}

// expire ends the wait of requests for which no connection came free.
func (w *openWorker) expire(now time.Duration) {
	n := 0
	for n < len(w.waiting) && now-w.run.due(w.waiting[n]) >= w.run.Patience {
		w.unsent(w.waiting[n])
		n++
	}
	w.waiting = w.waiting[n:]
}

func (w *openWorker) unsent(i int) {
	a := loadrun.Answer{
		Request: uint32(i), Sent: loadrun.Never, First: loadrun.Never, Done: loadrun.Never, Failure: loadrun.Unsent, Starved: true,
		Moved: w.run.due(i) - w.run.Plan[i].At,
	}
	w.chunk = a.Append(w.chunk)
	w.hand(chunkSize)
}

// pings keeps idle connections from being closed, as mini-clients do.
func (w *openWorker) pings(now time.Duration) {
	if w.run.PingEvery <= 0 {
		return
	}
	for range pingsMax {
		c := w.idle.front()
		if c == nil || now-c.used < c.every {
			return
		}
		c = w.idle.pop()
		c.request, c.first, c.sent = pingRequest, loadrun.Never, now
		c.turn++
		if _, err := c.write(c.ping); err != nil {
			w.lose(c, loadrun.Broken)
			continue
		}
		w.inflight = append(w.inflight, pending{c, c.turn})
		w.listen(c)
	}
}

// giveUp records what has not been sent or answered.
func (w *openWorker) giveUp() {
	for _, p := range w.inflight {
		if p.c.turn == p.turn && !p.c.dead && p.c.request >= 0 {
			w.lose(p.c, loadrun.TimedOut)
		}
	}
	for _, i := range w.waiting {
		w.unsent(i)
	}
	for _, a := range w.again {
		w.unsent(a.index)
	}
	w.waiting, w.again = nil, nil
	for ; w.next < len(w.run.Plan); w.next += len(w.run.workers) {
		w.unsent(w.next)
	}
}

// close closes what is still open.
func (w *openWorker) close() {
	for _, c := range w.slots {
		if c != nil && !c.dead {
			unix.Close(c.raw.fd) // nothing is left to be told
		}
	}
	w.mu.Lock()
	for _, c := range w.fresh {
		unix.Close(c.raw.fd)
	}
	w.fresh, w.slots = nil, nil
	w.mu.Unlock()
	if w.epoll >= 0 {
		unix.Close(w.epoll)
	}
	w.epoll = -1
}

// turn is the shortest that an ordinary thread may ask for: whoever asks for
// little at a time gets it sooner (Linux 6.12; older ones ignore it).
const turn = 100 * time.Microsecond

// raise lets the present thread go before others, once. The goroutine of a worker
// is not locked to its thread: the scheduler interrupts it every 10 ms, and a
// locked one would then wait until a thread of less precedence hands it back.
func (r *openRun) raise(tid int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.raised == nil {
		r.raised = make(map[int]bool)
	}
	if !r.raised[tid] {
		r.raised[tid] = true
		urgent()
	}
}

// lower makes ordinary threads of those that were raised.
func (r *openRun) lower() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for tid := range r.raised {
		ordinary := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL}
		if unix.SchedSetAttr(tid, &ordinary, 0) != nil {
			continue // it has ended
		}
	}
	r.raised = nil
}

// urgent lets this thread go before others, as much as is allowed: real-time
// (root), else a high niceness, else short turns. Who sends late measures
// nothing; its lateness is measured whatever was allowed.
func urgent() {
	unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // without it timers are 50 µs later
	for _, want := range []unix.SchedAttr{
		{Policy: unix.SCHED_RR, Priority: 1, Flags: unix.SCHED_FLAG_RESET_ON_FORK},
		{Policy: unix.SCHED_NORMAL, Nice: -20, Runtime: uint64(turn)},
		{Policy: unix.SCHED_NORMAL, Runtime: uint64(turn)},
	} {
		want.Size = unix.SizeofSchedAttr
		if unix.SchedSetAttr(0, &want, 0) == nil {
			return
		}
	}
}
