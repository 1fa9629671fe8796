package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"puntuale/internal/loadgen"
	"puntuale/internal/wire"
)

const (
	// warmRequests go to every server before it is measured.
	warmRequests = 5000
	warmLasting  = 2 * time.Second
	// sampleEvery is how many acknowledgements one is fully verified of.
	sampleEvery  = 997
	drainTimeout = 30 * time.Second
)

// Sample is one server measured once.
type Sample struct {
	Peer        string
	Conns       int
	Rate        float64       // answers a second
	PerAck      time.Duration // processor time of all server processes, queue caught up
	P50         time.Duration
	P99         time.Duration
	Answers     int
	RedisPerAck time.Duration // share of the Redis behind it in PerAck
	Batches     float64       // group commits during the run; intake only
}

// acknowledgements checks what the intake answers: the id of every one at once,
// a sample in full after the run, so as not to disturb it.
type acknowledgements struct {
	ground *Ground
	mu     sync.Mutex
	kept   map[int][]byte // guarded by mu
}

func (a *acknowledgements) check(envelope, status int, body []byte) error {
	if status != http.StatusOK {
		return fmt.Errorf("bench: status %d: %s", status, body)
	}
	id := a.ground.Pool.ID(envelope)
	if len(body) < wire.LeafSize || string(body[4:4+len(id)]) != string(id[:]) {
		return fmt.Errorf("bench: the answer to %s is not its acknowledgement", id)
	}
	if envelope%sampleEvery == 0 {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.kept[envelope] = append([]byte(nil), body...)
	}
	return nil
}

// verify checks the sample in full.
func (a *acknowledgements) verify() error {
	for envelope, b := range a.kept {
		ack, err := wire.ParseAcknowledgement(b)
		if err == nil {
			err = ack.Check(a.ground.Pool.ID(envelope), a.ground.Node)
		}
		if err != nil {
			return fmt.Errorf("bench: acknowledgement of envelope %d: %w", envelope, err)
		}
	}
	return nil
}

func answered(_, status int, body []byte) error {
	if status != http.StatusOK {
		return fmt.Errorf("bench: status %d: %s", status, body)
	}
	return nil
}

// Load says how a server is loaded.
type Load struct {
	Conns, Threads int
	Lasting        time.Duration
	// Profile, if not empty, is a file for a processor profile of the intake.
	Profile string
}

// Measure starts a server afresh, warms it, loads it and stops it. Every
// acknowledgement of an intake must be in its journal afterwards.
func (g *Ground) Measure(ctx context.Context, name string, l Load) (s Sample, err error) {
	p, err := g.Start(ctx, name)
	if err != nil {
		return s, err
	}
	acks := &acknowledgements{ground: g, kept: map[int][]byte{}}
	check := answered
	intake := name == NameIntake || name == NameInMemory
	if intake {
		check = acks.check
	}
	s, err = g.measure(ctx, p, l, check)
	err = errors.Join(err, p.Stop(), acks.verify())
	if err == nil && intake {
		err = g.journalHolds(p.Journal, warmRequests+s.Answers)
	}
	return s, errors.Join(err, p.Remove())
}

func (g *Ground) measure(ctx context.Context, p *Peer, l Load, check func(int, int, []byte) error) (Sample, error) {
	s := Sample{Peer: p.Name, Conns: l.Conns}
	run := loadgen.Closed{
		Addr: p.Addr, Head: p.Head, Pool: g.Pool, Count: warmRequests, Conns: l.Conns,
		Threads: l.Threads, Lasting: warmLasting + l.Lasting, Check: check, Clock: g.Clock,
	}
	if err := finished(run.Run(ctx)); err != nil {
		return s, fmt.Errorf("%s, warming: %w", p.Name, err)
	}
	before, err := g.gauge(ctx, p)
	if err != nil {
		return s, err
	}
	run.First, run.Count, run.Lasting = warmRequests, g.Pool.Len()-warmRequests, l.Lasting
	profiled := make(chan error, 1)
	go func() { profiled <- profile(ctx, p.Admin, l) }()
	out, err := run.Run(ctx)
	err = errors.Join(err, <-profiled)
	if err := finished(out, err); err != nil {
		return s, fmt.Errorf("%s: %w", p.Name, err)
	}
	after, err := g.gauge(ctx, p)
	if err != nil {
		return s, err
	}
	s.Rate, s.Answers = out.Rate(), out.Answers
	s.PerAck = (after.cpu - before.cpu) / time.Duration(max(1, out.Answers))
	s.RedisPerAck = (after.redis - before.redis) / time.Duration(max(1, out.Answers))
	s.P50, s.P99 = out.Latency.Quantile(0.5), out.Latency.Quantile(0.99)
	s.Batches = after.batches - before.batches
	return s, nil
}

func finished(out *loadgen.Outcome, err error) error {
	if err == nil && out.Failed > 0 {
		return fmt.Errorf("bench: %d requests failed: %w", out.Failed, out.Err)
	}
	return err
}

// reading is what a server has done so far.
type reading struct {
	cpu, redis time.Duration
	batches    float64
}

// gauge waits until everything that the intake has acknowledged is in Redis, so
// that the processor time of carrying it there is counted.
func (g *Ground) gauge(ctx context.Context, p *Peer) (r reading, err error) {
	if p.Admin != "" {
		if r.batches, err = g.drained(ctx, p.Admin); err != nil {
			return r, err
		}
	}
	if p.redis != nil {
		if r.redis, err = cpuTime(p.redis.PID()); err != nil {
			return r, err
		}
	}
	r.cpu, err = cpuOf(p.PIDs())
	return r, err
}

func (g *Ground) drained(ctx context.Context, admin string) (batches float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		m, err := metrics(ctx, admin)
		if err != nil {
			return 0, err
		}
		if batches = m["puntuale_journal_batches"]; m["puntuale_forwarder_batches_total"] >= batches {
			return batches, nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("bench: the queue does not catch up: %w", context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// profile keeps a processor profile of the intake while it is loaded, if one is
// wanted.
func profile(ctx context.Context, admin string, l Load) error {
	if l.Profile == "" || admin == "" {
		return nil
	}
	b, err := get(ctx, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", admin, max(1, int(l.Lasting.Seconds()))))
	if err != nil {
		return err
	}
	return os.WriteFile(l.Profile, b, 0o644)
}

// metrics reads the figures without labels that an intake publishes.
func metrics(ctx context.Context, admin string) (map[string]float64, error) {
	b, err := get(ctx, "http://"+admin+"/metrics")
	return parseMetrics(string(b)), err
}

func get(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %s", res.StatusCode, b)
	}
	if err != nil {
		return nil, fmt.Errorf("bench: %s: %w", url, err)
	}
	return b, nil
}
