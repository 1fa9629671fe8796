package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"puntuale/internal/clock"
	"puntuale/internal/loadrun"
)

// Target is one address that requests go to.
type Target struct {
	Addr string      // host:port
	TLS  *tls.Config // nil speaks plain HTTP
}

// Open is an open loop: every request is sent at its planned instant, whatever
// became of those before it. Whoever builds one has made sure that its targets
// may be loaded (see Permission).
type Open struct {
	Part    *loadrun.Part
	Plan    []loadrun.Request
	Entries []loadrun.Entry
	Opening time.Time
	// Path and Type are of every request.
	Path, Type string
	Targets    []Target // connections are shared among them
	Conns      int
	Threads    int           // each drives a share of connections and requests; 0 for one for every two processors
	Patience   time.Duration // for an answer
	PingEvery  time.Duration // of idle connections, with PingPath; 0 for never
	PingPath   string        // answered with status 200 by everything that is a target
	Clock      clock.Clock

	Live Live
}

// Live is how far a run is. Safe to be read at any time.
type Live struct {
	Connected, Due, Sent, Accepted, Refused, Cut, Failed, Starved, Pings atomic.Int64
	Moved                                                                atomic.Int64 // nanoseconds by which the opening is later than at first
}

// InFlight returns how many requests wait for their answers.
func (l *Live) InFlight() int64 {
	return max(0, l.Sent.Load()-l.Accepted.Load()-l.Refused.Load()-l.Cut.Load()-l.Failed.Load())
}

// Errors of a run that cannot begin.
var (
	ErrNoPlan = errors.New("loadgen: nothing is planned")
	ErrLate   = errors.New("loadgen: the opening is too near: connections are not ready")
)

// openRun is a run in progress.
type openRun struct {
	*Open
	data    *os.File
	fd      int
	base    time.Time // the opening, on the monotonic clock
	workers []*openWorker
	chunks  chan []byte
	spare   sync.Pool
	over    context.Context
	redial  chan *openWorker // somebody lost a connection
	shifts  atomic.Pointer[[]shift]

	mu     sync.Mutex
	raised map[int]bool // guarded by mu: threads that go before others
}

const (
	chunkSize = 256 << 10
	// dialersOpen is how many connections are opened at a time.
	dialersOpen = 24
)

// Prepared is an open loop whose connections stand.
type Prepared struct{ run *openRun }

// Connect opens and warms all connections. The instants of the plan count from
// Opening, which may still be set until Run.
func (o *Open) Connect(ctx context.Context) (*Prepared, error) {
	if len(o.Plan) == 0 || len(o.Targets) == 0 || o.Conns < 1 || o.Patience <= 0 {
		return nil, fmt.Errorf("%w: want requests, targets, connections and patience", ErrNoPlan)
	}
	if o.Threads < 1 {
		o.Threads = max(1, runtime.NumCPU()/2) // the kernel carries what they send on the others
	}
	o.Threads = min(o.Threads, o.Conns)
	r := &openRun{Open: o, chunks: make(chan []byte, 256), redial: make(chan *openWorker, o.Conns)}
	r.spare.New = func() any { return make([]byte, 0, chunkSize+8<<10) }
	var err error
	if r.data, err = o.Part.Envelopes(); err != nil {
		return nil, err
	}
	r.fd = int(r.data.Fd())
	for i := range o.Threads {
		w, err := newOpenWorker(r, i)
		r.workers = append(r.workers, w)
		if err != nil {
			return nil, errors.Join(err, r.close())
		}
	}
	if err := r.dialAll(ctx); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return &Prepared{r}, nil
}

func (r *openRun) dialAll(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(dialersOpen)
	for i := range r.Conns {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			c, err := r.dial(i)
			if err != nil {
				return fmt.Errorf("loadgen: connection %d of %d: %w", i+1, r.Conns, err)
			}
			r.Live.Connected.Add(1)
			return r.workers[i%len(r.workers)].adopt(c)
		})
	}
	return group.Wait()
}

// Hold answers nothing and sends only pings until ctx ends: for whoever wants
// to know how many connections can be held.
func (p *Prepared) Hold(ctx context.Context) error {
	p.run.base = p.run.Clock.Now()
	for _, w := range p.run.workers {
		w.next = len(p.run.Plan)
		w.hold = true
	}
	return p.loop(ctx)
}

// Run sends, waits for the answers and closes the connections. Every request of
// the plan has an answer in the part then, be it that there was none. When ctx
// ends before, what has not been sent is recorded as unsent.
func (p *Prepared) Run(ctx context.Context) error {
	now := p.run.Clock.Now()
	p.run.base = now.Add(p.run.Opening.Sub(now))
	if first := p.run.base.Add(p.run.Plan[0].At); first.Before(now) {
		return errors.Join(fmt.Errorf("%w: the first request was due %s ago", ErrLate, now.Sub(first)), p.run.close())
	}
	return p.loop(ctx)
}

// Close gives up connections that are not run.
func (p *Prepared) Close() error { return p.run.close() }

func (p *Prepared) loop(ctx context.Context) error {
	r := p.run
	over, cancel := context.WithCancel(ctx)
	defer cancel()
	r.over = over
	file, err := r.Part.AnswersFile()
	if err != nil {
		return errors.Join(err, r.close())
	}
	written := make(chan error, 1)
	go func() { written <- r.write(file) }()
	var dialers sync.WaitGroup
	for range 8 {
		dialers.Go(r.redialer)
	}
	defer quiet()()
	group, gctx := errgroup.WithContext(ctx)
	for _, w := range r.workers {
		group.Go(func() error { return w.loop(gctx) })
	}
	err = group.Wait()
	r.lower()
	cancel()
	dialers.Wait()
	close(r.chunks)
	return errors.Join(err, <-written, file.Close(), r.close())
}

// garbageMax is how much garbage a run may make before it is collected.
const garbageMax = 256 << 20

// quiet lets garbage lie, within bounds: a collection stops all threads, and who
// stops them may be waiting for a processor.
func quiet() (end func()) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	limit := debug.SetMemoryLimit(int64(m.Sys-m.HeapReleased) + garbageMax)
	percent := debug.SetGCPercent(-1)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}

// write stores answers; after an error it only empties the channel.
func (r *openRun) write(file *os.File) error {
	var err error
	for b := range r.chunks {
		if err == nil {
			_, err = file.Write(b)
		}
		r.spare.Put(b[:0])
	}
	if err != nil {
		return fmt.Errorf("loadgen: answers: %w", err)
	}
	return nil
}

// redialer replaces connections that were cut or broke, and goes on trying.
func (r *openRun) redialer() {
	for {
		select {
		case <-r.over.Done():
			return
		case w := <-r.redial:
			c, err := r.dial(w.number)
			if err == nil {
				r.Live.Connected.Add(1)
				err = w.adopt(c)
			}
			if err == nil {
				continue
			}
			select { // the server is down: not too often
			case <-r.over.Done():
				return
			case <-time.After(100 * time.Millisecond):
				r.redial <- w
			}
		}
	}
}

func (r *openRun) close() error {
	for _, w := range r.workers {
		if w != nil {
			w.close()
		}
	}
	return r.data.Close()
}

// now is the time from the opening.
func (r *openRun) now() time.Duration { return r.Clock.Now().Sub(r.base) }
