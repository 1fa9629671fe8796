package loadgen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"puntuale/internal/clock"
)

// spinBelow is how close to its time a request must be for the sender to spin
// rather than sleep; timers of the runtime are that late.
const spinBelow = 300 * time.Microsecond

// Paced is requests at planned times, Rate a second, whether answers come or not,
// each on a connection that waits for no answer. One sender writes them one after
// the other, so the order in which they reached the server's host is the order
// of the pool.
type Paced struct {
	Session      *Session
	Head         []byte
	Pool         *Pool
	First, Count int
	Rate         float64
	Patience     time.Duration // for the last answers
	Clock        clock.Clock
}

// Reply is what came back for one request.
type Reply struct {
	Status  int           // 0 for no answer
	Latency time.Duration // from the planned time to the answer
	Body    []byte
}

// Run sends and waits for the answers. Replies are in the order of sending;
// whoever has no answer has status 0. The session is closed afterwards.
func (p *Paced) Run(ctx context.Context) ([]Reply, error) {
	if p.First < 0 || p.Count < 1 || p.First+p.Count > p.Pool.Len() || p.Rate <= 0 {
		return nil, fmt.Errorf("loadgen: envelopes %d to %d of a pool of %d at %g/s", p.First, p.First+p.Count, p.Pool.Len(), p.Rate)
	}
	r := &pacedRun{Paced: p, replies: make([]Reply, p.Count)}
	r.began = p.Clock.Now().Add(10 * time.Millisecond)
	r.waiting.Add(p.Count)
	runtime.LockOSThread()
	err := r.send(ctx)
	runtime.UnlockOSThread()
	if err == nil {
		err = r.await(ctx)
	}
	return r.replies, errors.Join(err, p.Session.Close())
}

type pacedRun struct {
	*Paced
	began   time.Time
	replies []Reply
	waiting sync.WaitGroup
}

func (r *pacedRun) planned(i int) time.Time {
	return r.began.Add(time.Duration(float64(i) / r.Rate * float64(time.Second)))
}

func (r *pacedRun) send(ctx context.Context) error {
	request := make([]byte, len(r.Head)+r.Pool.Size())
	copy(request, r.Head)
	for i := range r.Count {
		if err := r.until(ctx, r.planned(i)); err != nil {
			return err
		}
		copy(request[len(r.Head):], r.Pool.Envelope(r.First+i))
		select {
		case l := <-r.Session.idle:
			r.on(l, i, request)
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(r.Patience):
			return errors.New("loadgen: every connection waits for an answer, for too long")
		}
	}
	return nil
}

// until waits for the planned time: with a timer, and at the end by looking at
// the clock.
func (r *pacedRun) until(ctx context.Context, at time.Time) error {
	for {
		left := at.Sub(r.Clock.Now())
		switch {
		case left <= 0:
			return ctx.Err()
		case left < spinBelow:
			runtime.Gosched()
		default:
			select {
			case <-time.After(left - spinBelow):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
}

// on sends request i and lets somebody else wait for the answer.
func (r *pacedRun) on(l *link, i int, request []byte) {
	_, err := l.conn.Write(request)
	r.Session.done.Go(func() {
		defer r.waiting.Done()
		if err != nil {
			return
		}
		status, body, err := l.answer()
		if err != nil {
			return // no answer is an answer too: status 0
		}
		r.replies[i] = Reply{status, r.Clock.Now().Sub(r.planned(i)), bytes.Clone(body)}
		r.Session.idle <- l
	})
}

// await waits for the answers that are still missing.
func (r *pacedRun) await(ctx context.Context) error {
	all := make(chan struct{})
	go func() { r.waiting.Wait(); close(all) }()
	select {
	case <-all:
		return nil
	case <-time.After(r.Patience):
		return r.Session.Close() // who has no answer by now stays without
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
