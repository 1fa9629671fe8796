package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"puntuale/internal/devstack"
)

// LoadtestPlan says what of the load tester is measured.
type LoadtestPlan struct {
	Self  string   // path of the load tester
	Dir   string   // directory for runs; the temporary one if empty
	Only  []string // rate, tls, held, memory, units, p3; all if empty
	Scale float64  // of P3
	Log   io.Writer
	// Measured takes the unit costs; may be nil.
	Measured func(*Units) error
}

// loadtestRun is a measurement in progress.
type loadtestRun struct {
	LoadtestPlan
	out           io.Writer
	ca, cert, key string
	servers       int
}

// Loadtest measures the load tester and writes figures as they come.
func Loadtest(ctx context.Context, plan LoadtestPlan, w io.Writer) (err error) {
	dir, err := os.MkdirTemp(plan.Dir, "puntuale-loadtest-")
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	plan.Dir = dir
	r := &loadtestRun{LoadtestPlan: plan, out: w}
	if r.ca, r.cert, r.key, err = blastTLS(filepath.Join(dir, "keys")); err != nil {
		return err
	}
	for _, p := range []struct {
		name    string
		measure func(context.Context) error
	}{{"rate", r.plainRate}, {"tls", r.tlsRate}, {"held", r.held}, {"memory", r.memory}, {"units", r.units}, {"p3", r.p3}} {
		if len(plan.Only) > 0 && !slices.Contains(plan.Only, p.name) {
			continue
		}
		if err := p.measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

// answering starts a server that only answers.
func (r *loadtestRun) answering(ctx context.Context, tls bool) (*devstack.Program, string, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, "", err
	}
	r.servers++
	args := []string{"answer", "--listen", addr}
	if tls {
		args = append(args, "--tls-cert", r.cert, "--tls-key", r.key)
	}
	p := &devstack.Program{Name: "answer", Path: r.Self, Args: args, Log: filepath.Join(r.Dir, fmt.Sprintf("answer-%d.log", r.servers))}
	if err := p.Start(); err != nil {
		return nil, "", err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !listens(addr) {
		select {
		case <-p.Done():
			return nil, "", fmt.Errorf("bench: the server ended:\n%s", p.Tail())
		case <-ctx.Done():
			return nil, "", errors.Join(ctx.Err(), p.Stop())
		case <-tick.C:
		}
	}
	return p, addr, nil
}

// blast runs one generator in a process of its own.
func (r *loadtestRun) blast(ctx context.Context, addr string, tls bool, args ...string) (Blasted, error) {
	var out Blasted
	dir, err := os.MkdirTemp(r.Dir, "blast-")
	if err != nil {
		return out, fmt.Errorf("bench: %w", err)
	}
	args = append([]string{"blast", "--target", addr, "--dir", dir}, args...)
	if tls {
		args = append(args, "--ca", r.ca)
	}
	cmd := exec.CommandContext(ctx, r.Self, args...)
	cmd.Stderr = r.Log
	b, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		return out, fmt.Errorf("bench: generator: %w", err)
	}
	return out, os.RemoveAll(dir)
}

const (
	blastSeconds = 5
	// lateAtMost is the lateness, p99, up to which a rate counts as offered.
	lateAtMost = 10 * time.Millisecond
)

func (r *loadtestRun) plainRate(ctx context.Context) error {
	return r.rates(ctx, "plain", false, []int{20000, 40000, 50000, 60000, 70000}, 40000)
}

func (r *loadtestRun) tlsRate(ctx context.Context) error {
	return r.rates(ctx, "tls", true, []int{7500, 15000, 20000, 25000, 30000}, 15000)
}

// rates climbs until the generator cannot keep its plan any more. The first step
// is half of the target, where the lateness is measured.
func (r *loadtestRun) rates(ctx context.Context, name string, tls bool, steps []int, target float64) error {
	server, addr, err := r.answering(ctx, tls)
	if err != nil {
		return err
	}
	best := 0.0
	for i, rate := range steps {
		b, err := r.blast(ctx, addr, tls, "--rate", fmt.Sprint(rate), "--requests", fmt.Sprint(rate*blastSeconds), "--conns", "4000")
		if err != nil {
			return errors.Join(err, server.Stop())
		}
		fmt.Fprintf(r.out, "# %s, %d/s planned: %.0f/s answered, lateness p50 %s, p99 %s, %d starved, %d unanswered\n",
			name, rate, b.Rate, b.Late50, b.Late99, b.Starved, b.Unanswered)
		if i == 0 {
			err = write(r.out, atMost("loadtest_lateness_p99_at_half_"+name, float64(b.Late99.Microseconds())/1000, "ms", 1))
		}
		if err != nil {
			return errors.Join(err, server.Stop())
		}
		if b.Late99 > lateAtMost || b.Starved > 0 || b.Unanswered > 0 {
			break
		}
		best = b.Rate
	}
	err = write(r.out, atLeast("loadtest_offered_"+name, best, "/s", target))
	if err == nil && !tls {
		err = r.wrk(ctx, addr)
	}
	return errors.Join(err, server.Stop())
}

// wrk asks an independent generator what the same server answers.
func (r *loadtestRun) wrk(ctx context.Context, addr string) error {
	out, err := exec.CommandContext(ctx, NameWrk, "-t", "2", "-c", "1000", "-d", fmt.Sprintf("%ds", blastSeconds), "http://"+addr+"/").CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("bench: wrk is not installed: scripts/deps.sh bench: %w", err)
	}
	if err != nil {
		return fmt.Errorf("bench: wrk: %w\n%s", err, out)
	}
	_, rate, err := parseWrk(string(out))
	if err != nil {
		return err
	}
	return write(r.out, plain("loadtest_same_server_by_wrk", rate, "/s"))
}

// heldEach is how many connections each of two generators holds: one process may
// open 20,000 files here, the server's and the generator's alike.
const heldEach = 10050

func (r *loadtestRun) held(ctx context.Context) error {
	type result struct {
		b   Blasted
		err error
	}
	results := make(chan result, 2)
	var servers []*devstack.Program
	for range 2 {
		server, addr, err := r.answering(ctx, true)
		if err != nil {
			return err
		}
		servers = append(servers, server)
		go func() {
			b, err := r.blast(ctx, addr, true, "--hold", "45s", "--requests", "100", "--rate", "100", "--conns", fmt.Sprint(heldEach))
			results <- result{b, err}
		}()
	}
	var sum int64
	var memory float64
	var err error
	for range servers {
		got := <-results
		err = errors.Join(err, got.err)
		sum += got.b.Connected
		memory += got.b.PeakMiB
	}
	for _, s := range servers {
		err = errors.Join(err, s.Stop())
	}
	if err != nil {
		return err
	}
	return errors.Join(write(r.out, atLeast("loadtest_tls_connections_held", float64(sum), "connections", 20000)),
		write(r.out, plain("loadtest_memory_of_their_generators", memory, "MiB")))
}

const million = 1000000

func (r *loadtestRun) memory(ctx context.Context) error {
	server, addr, err := r.answering(ctx, false)
	if err != nil {
		return err
	}
	b, err := r.blast(ctx, addr, false, "--rate", "25000", "--requests", fmt.Sprint(million), "--conns", "1000")
	if err = errors.Join(err, server.Stop()); err != nil {
		return err
	}
	fmt.Fprintf(r.out, "# %d planned, %d answered\n", million, b.Answered)
	return write(r.out, atMost("loadtest_memory_per_million_planned", b.PeakMiB, "MiB", 500))
}

// p3 runs the whole on this machine.
func (r *loadtestRun) p3(ctx context.Context) error {
	dir := filepath.Join(r.Dir, "p3")
	cmd := exec.CommandContext(ctx, r.Self, "run", "--own", "--profile", "P3", "--scale", fmt.Sprint(r.Scale), "--dir", dir,
		"--p99", "250ms", "--receipts-within", "10m")
	cmd.Stdout, cmd.Stderr = r.Log, r.Log
	ended := cmd.Run()
	b, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		return errors.Join(ended, fmt.Errorf("bench: %w", err))
	}
	var report struct {
		Outcome string
		Latency struct {
			P99 float64 `json:"p99_ms"`
		}
		Receipts struct {
			Numbered, Receipted int64
			After               float64 `json:"after_s"`
		}
		Verdict struct{ Checks []struct{ Wrong int64 } }
	}
	if err := json.Unmarshal(b, &report); err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	var wrong int64
	for _, c := range report.Verdict.Checks {
		wrong += c.Wrong
	}
	fmt.Fprintf(r.out, "# P3 at %g: %s\n", r.Scale, report.Outcome)
	return errors.Join(
		write(r.out, atMost("loadtest_p3_acknowledgement_p99", report.Latency.P99, "ms", 250)),
		write(r.out, atMost("loadtest_p3_violations", float64(wrong), "violations", 0)),
		write(r.out, atMost("loadtest_p3_receipts_missing", float64(report.Receipts.Numbered-report.Receipts.Receipted), "receipts", 0)),
		write(r.out, atMost("loadtest_p3_last_receipt", report.Receipts.After, "s", 600)))
}
