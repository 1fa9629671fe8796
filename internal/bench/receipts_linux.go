package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"puntuale/internal/clock"
	"puntuale/internal/devstack"
)

const (
	receiptRate  = 500    // a second, on the machine
	receiptSize  = 40_000 // bytes at most
	receiptCount = 20_000 // submissions of this measurement at most
)

// registerReceipts lets a real worker that does nothing else issue the receipts
// of real submissions, which a worker has numbered before, out of a real
// PostgreSQL and into it. The clock runs from the start of the worker's process
// to the commit of the last receipt.
func registerReceipts(ctx context.Context, plan RegisterPlan, w io.Writer) error {
	o, err := openOffice(ctx, plan.Dir, clock.System{})
	if err != nil {
		return err
	}
	return errors.Join(o.receipts(ctx, plan, w), o.close())
}

func (o *office) receipts(ctx context.Context, plan RegisterPlan, w io.Writer) error {
	n := min(plan.Records, receiptCount)
	fmt.Fprintln(plan.Log, "sealing and numbering", n, "applications")
	if err := o.fill(ctx, n); err != nil {
		return err
	}
	numbering := o.work(plan, "numbering", "--redis-url", o.redis.URL, "--receipt-workers", "0")
	if err := o.until(ctx, numbering, "SELECT last_number FROM click_days", n); err != nil {
		return err
	}
	if err := o.exec(ctx, "CHECKPOINT"); err != nil {
		return err
	}
	before, err := processorTimeBelow(o.pg.PID())
	if err != nil {
		return err
	}
	plan.Records = n
	issuing := o.work(plan, "issuing", "--issuers-only", "--debug-listen", "127.0.0.1:0", "--addr-file", filepath.Join(o.dir, "work.addr"))
	began := o.clock.Now()
	if err := issuing.Start(); err != nil {
		return err
	}
	profile := o.profile(ctx, plan.Profile)
	r, err := o.issued(ctx, issuing, n, began)
	if err == nil {
		r.database, err = processorTimeBelow(o.pg.PID())
		r.database -= before
	}
	if err = errors.Join(err, profile(), issuing.Stop()); err != nil {
		return err
	}
	return errors.Join(o.checkReceipts(ctx, n), r.write(ctx, o, n, w))
}

// work is a worker of this installation.
func (o *office) work(plan RegisterPlan, name string, args ...string) *devstack.Program {
	return &devstack.Program{Name: "intake work (" + name + ")", Path: plan.Program, Log: filepath.Join(o.dir, name+".log"), Args: append([]string{
		"work", "--database-url", o.pg.URL, "--keys", o.keys(), "--verify-url", "https://portale.example.it/verify",
		"--log-level", "warn",
	}, args...)}
}

// until runs a program until a query returns n.
func (o *office) until(ctx context.Context, program *devstack.Program, query string, n int) error {
	if err := program.Start(); err != nil {
		return err
	}
	_, err := o.watch(ctx, program, query, n)
	return errors.Join(err, program.Stop())
}

// watch waits until a query returns n and returns the program's largest memory.
func (o *office) watch(ctx context.Context, program *devstack.Program, query string, n int) (memory int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, registerGivesUpIn)
	defer cancel()
	tick := time.NewTicker(registerSampling)
	defer tick.Stop()
	for {
		select {
		case <-program.Done():
			return 0, fmt.Errorf("bench: the worker ended:\n%s", program.Tail())
		case <-ctx.Done():
			return 0, fmt.Errorf("bench: %w:\n%s", context.Cause(ctx), program.Tail())
		case <-tick.C:
		}
		var done int
		if err := o.db.Pool.QueryRow(ctx, query).Scan(&done); err != nil {
			return 0, fmt.Errorf("bench: %w", err)
		}
		now, err := residentBytes(program.PID())
		if err != nil {
			return 0, err
		}
		if memory = max(memory, now); done >= n {
			return memory, nil
		}
	}
}

// issuance is what was seen of an issuing worker.
type issuance struct {
	took, worker, database time.Duration // of the clock, and of processors
	memory                 int64         // bytes
}

func (o *office) issued(ctx context.Context, program *devstack.Program, n int, began time.Time) (*issuance, error) {
	// The first that waits is cheap to find; counting would be part of the load.
	query := fmt.Sprintf("SELECT coalesce((SELECT min(number) - 1 FROM submissions WHERE click_day_id = %d AND state = 'sequenced'), %d)", day, n)
	memory, err := o.watch(ctx, program, query, n)
	if err != nil {
		return nil, err
	}
	r := &issuance{took: o.clock.Now().Sub(began), memory: memory}
	r.worker, err = cpuTime(program.PID())
	return r, err
}

// checkReceipts counts: one receipt for each number, each with its own bytes.
func (o *office) checkReceipts(ctx context.Context, n int) error {
	var receipts, numbers, different int
	err := o.db.Pool.QueryRow(ctx, `SELECT count(*), count(DISTINCT s.number), count(DISTINCT r.sha256) FROM receipts r
		JOIN submissions s ON s.id = r.submission_id AND s.state = 'receipted' AND sha256(r.pdf) = r.sha256`).Scan(&receipts, &numbers, &different)
	if err == nil && (receipts != n || numbers != n || different != n) {
		err = fmt.Errorf("%d receipts, %d numbers, %d different files; want %d of each", receipts, numbers, different, n)
	}
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	return nil
}

func (r *issuance) write(ctx context.Context, o *office, n int, w io.Writer) error {
	var largest, mean float64
	if err := o.db.Pool.QueryRow(ctx, "SELECT max(length(pdf)), avg(length(pdf)) FROM receipts").Scan(&largest, &mean); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	each := func(d time.Duration) float64 { return d.Seconds() * 1e6 / float64(n) }
	return write(w,
		atLeast("register: signed receipts issued and stored, Postgres beside it", float64(n)/r.took.Seconds(), "/s", receiptRate),
		plain("register: receipts of that measurement", float64(n), ""),
		plain("register: processor time of the worker per receipt", each(r.worker), "µs"),
		plain("register: processor time of Postgres per receipt", each(r.database), "µs"),
		plain("register: receipts that two idle cores would make in a second", 2e6/(each(r.worker)+each(r.database)), "/s"),
		atMost("register: largest receipt", largest, "bytes", receiptSize),
		plain("register: mean receipt", mean, "bytes"),
		plain("register: largest resident memory of the issuing worker", float64(r.memory)/(1<<20), "MiB"),
	)
}

// processorTimeBelow is what a process and its children have used so far, those
// that have ended included.
func processorTimeBelow(pid int) (time.Duration, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, fmt.Errorf("bench: %w", err)
	}
	var sum time.Duration
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended meanwhile; then its parent's share has it
		}
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		const parent, ended = 4 - 3, 16 - 3
		own, err := parseStat(b)
		switch {
		case err != nil:
			return 0, err
		case path == fmt.Sprintf("/proc/%d/stat", pid):
			for _, f := range fields[ended : ended+2] {
				ticks, err := strconv.ParseInt(f, 10, 64)
				if err != nil {
					return 0, fmt.Errorf("bench: %s: %w", path, err)
				}
				own += time.Duration(ticks) * time.Second / clockTicks
			}
			sum += own
		case fields[parent] == strconv.Itoa(pid):
			sum += own
		}
	}
	return sum, nil
}
