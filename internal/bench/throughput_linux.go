package bench

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"puntuale/internal/batch"
	"puntuale/internal/clickday"
	"puntuale/internal/clock"
	"puntuale/internal/devstack"
	"puntuale/internal/queue"
	"puntuale/internal/wire"
)

const (
	registerRate      = 8000 // submissions a second
	registerMemory    = 300  // MiB
	registerChunk     = 4 * commitRecords
	registerJournal   = 1
	registerSampling  = 100 * time.Millisecond
	registerGivesUpIn = 15 * time.Minute
)

// registerThroughput lets a real worker take real envelopes, which lie in a real
// Redis already, to numbers and leaves in a real PostgreSQL. The clock runs from
// the start of the worker's process to the commit of the last number.
func registerThroughput(ctx context.Context, plan RegisterPlan, w io.Writer) error {
	o, err := openOffice(ctx, plan.Dir, clock.System{})
	if err != nil {
		return err
	}
	return errors.Join(o.throughput(ctx, plan, w), o.close())
}

func (o *office) throughput(ctx context.Context, plan RegisterPlan, w io.Writer) error {
	fmt.Fprintln(plan.Log, "sealing", plan.Records, "applications; their envelopes go to Redis")
	if err := o.fill(ctx, plan.Records); err != nil {
		return err
	}
	if err := o.exec(ctx, "CHECKPOINT"); err != nil {
		return err
	}
	program := &devstack.Program{Name: "intake work", Path: plan.Program, Log: filepath.Join(o.dir, "work.log"), Args: []string{
		"work", "--database-url", o.pg.URL, "--redis-url", o.redis.URL, "--keys", o.keys(), "--verify-url", "https://portale.example.it/r",
		"--receipt-workers", "0", "--log-level", "warn", "--debug-listen", "127.0.0.1:0", "--addr-file", filepath.Join(o.dir, "work.addr"),
	}}
	before, err := o.serverTimes()
	if err != nil {
		return err
	}
	began := o.clock.Now()
	if err := program.Start(); err != nil {
		return err
	}
	r, err := o.follow(ctx, program, plan, began)
	after, terr := o.serverTimes() // while all its connections stand
	if err = errors.Join(err, terr, program.Stop()); err != nil {
		return err
	}
	if err := o.checkRegister(ctx, plan.Records); err != nil {
		return err
	}
	rate := float64(plan.Records) / r.took.Seconds()
	return write(w,
		atLeast("register: Redis to numbered, ledgered and committed in Postgres", rate, "/s", registerRate),
		plain("register: submissions of that measurement", float64(plan.Records), ""),
		plain("register: seconds of that measurement", r.took.Seconds(), "s"),
		each("worker", r.worker, plan.Records), each("PostgreSQL", after[0]-before[0], plan.Records), each("Redis", after[1]-before[1], plan.Records),
		atMost("register: largest resident memory of the worker", float64(r.memory)/(1<<20), "MiB", registerMemory),
		plain("register: growth of that memory from the second quarter to the last", float64(r.last-r.second)/(1<<20), "MiB"),
	)
}

// each is processor time spread over the submissions.
func each(whose string, d time.Duration, n int) Figure {
	return plain("register: processor time per submission of "+whose, d.Seconds()*1e6/float64(n), "µs")
}

// serverTimes returns the processor time of PostgreSQL and of Redis so far.
func (o *office) serverTimes() (t [2]time.Duration, err error) {
	for i, pid := range []int{o.pg.PID(), o.redis.PID()} {
		if t[i], err = familyTime(pid); err != nil {
			return t, err
		}
	}
	return t, nil
}

// fill puts n envelopes into Redis, in the frames and with the mark that a node
// would have sent.
func (o *office) fill(ctx context.Context, n int) error {
	if err := o.populate(ctx, n); err != nil {
		return err
	}
	var prev [32]byte
	next := batch.Header{Node: node, Journal: registerJournal, Batch: 1, First: 1}
	for from := 0; from < n; from += registerChunk {
		list, err := o.seal(ctx, from, min(from+registerChunk, n), n)
		if err != nil {
			return err
		}
		var frames [][]byte
		for len(list) > 0 {
			size := min(commitRecords, len(list))
			next.Prev = prev
			frame := o.frame(next, list[:size])
			f, err := batch.Parse(frame)
			if err != nil {
				return err
			}
			s := f.Statement()
			prev = s.Chain()
			frames, list = append(frames, frame), list[size:]
			next.Batch++
			next.First += uint64(size)
		}
		mark := queue.Mark{Watermark: o.opens.Add(time.Duration(next.First) * arrivalEvery).UnixNano(), Journal: registerJournal, LastBatch: next.Batch - 1}
		if err := o.append(ctx, frames, mark); err != nil {
			return err
		}
	}
	return nil
}

// append tries again as a forwarder does when Redis is slow: what then lies there
// twice is the worker's to drop.
func (o *office) append(ctx context.Context, frames [][]byte, mark queue.Mark) error {
	var err error
	for range 10 {
		if err = o.queue.Append(ctx, node, frames, mark); !errors.Is(err, queue.ErrUnavailable) {
			break
		}
	}
	return err
}

// arrivalEvery is the distance of arrivals: 20,000 a second.
const arrivalEvery = 50 * time.Microsecond

func (o *office) frame(h batch.Header, list []sealed) []byte {
	records := make([]batch.Record, len(list))
	for i := range list {
		sequence := h.First + uint64(i)
		records[i] = batch.Record{Envelope: list[i].envelope, Leaf: wire.Leaf{ID: wire.IDOf(list[i].envelope), Stamp: clickday.Stamp{
			UnixNano: o.opens.Add(time.Duration(sequence) * arrivalEvery).UnixNano(), Source: clickday.StampKernel, Clock: clickday.ClockOK,
			Bound: 800 * time.Microsecond, Node: h.Node, Journal: h.Journal, Sequence: sequence,
		}}}
	}
	return batch.Encode(h, records, ed25519.PrivateKey(o.node))
}

// registered is what was seen of a worker at work.
type registered struct {
	took                 time.Duration
	worker               time.Duration // of processors
	memory, second, last int64         // bytes: largest, and the means of two quarters
}

// follow waits for the last number and watches the worker's memory.
func (o *office) follow(ctx context.Context, program *devstack.Program, plan RegisterPlan, began time.Time) (*registered, error) {
	ctx, cancel := context.WithTimeout(ctx, registerGivesUpIn)
	defer cancel()
	tick := time.NewTicker(registerSampling)
	defer tick.Stop()
	profile := o.profile(ctx, plan.Profile)
	var r registered
	var quarter [4][2]int64 // sum and count
	for {
		select {
		case <-program.Done():
			return nil, fmt.Errorf("bench: the worker ended:\n%s", program.Tail())
		case <-ctx.Done():
			return nil, fmt.Errorf("bench: %w:\n%s", context.Cause(ctx), program.Tail())
		case <-tick.C:
		}
		var done int
		if err := o.db.Pool.QueryRow(ctx, "SELECT last_number FROM click_days WHERE id = $1", day).Scan(&done); err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
		r.took = o.clock.Now().Sub(began)
		memory, err := residentBytes(program.PID())
		if err != nil {
			return nil, err
		}
		r.memory = max(r.memory, memory)
		q := &quarter[min(done*4/plan.Records, 3)]
		q[0], q[1] = q[0]+memory, q[1]+1
		if done < plan.Records {
			continue
		}
		r.second, r.last = quarter[1][0]/max(quarter[1][1], 1), quarter[3][0]/quarter[3][1]
		r.worker, err = cpuTime(program.PID())
		return &r, errors.Join(err, profile())
	}
}

// profile takes a processor profile in the background, if a file is named; the
// function that it returns waits for the end.
func (o *office) profile(ctx context.Context, file string) func() error {
	if file == "" {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() {
		b, err := fetchProfile(ctx, filepath.Join(o.dir, "work.addr"))
		if err == nil {
			err = os.WriteFile(file, b, 0o644)
		}
		done <- err
	}()
	return func() error { return <-done }
}

// checkRegister counts: one number, one leaf for each, no gap, nothing refused.
func (o *office) checkRegister(ctx context.Context, n int) error {
	var numbers, highest, places, size, arrivals int
	err := o.db.Pool.QueryRow(ctx, `SELECT count(number), max(number), count(DISTINCT ledger_index), (SELECT size FROM ledgers), (SELECT count(*) FROM arrivals)
		FROM submissions`).Scan(&numbers, &highest, &places, &size, &arrivals)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	for _, got := range []int{numbers, highest, places, size, arrivals} {
		if got != n {
			return fmt.Errorf("bench: %d numbers up to %d, %d places in a ledger of %d, %d arrivals; want %d of each", numbers, highest, places, size, arrivals, n)
		}
	}
	return nil
}
