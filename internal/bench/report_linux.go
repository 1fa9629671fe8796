package bench

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"puntuale/internal/clickday"
)

// Plan says how much is measured.
type Plan struct {
	Only       []string // names of parts; all if empty
	Turns      int      // of the comparison; medians of them
	Lasting    time.Duration
	Threads    int // that make load
	Conns      []int
	CurveConns []int
	Rates      []float64 // of the paced runs
	PacedFor   time.Duration
	TLSConns   int
	Burst      int // envelopes within one second
}

// DefaultPlan takes a few minutes.
func DefaultPlan() Plan {
	return Plan{
		Turns: 5, Lasting: 3 * time.Second, Threads: 1, Conns: []int{256, 1024},
		CurveConns: []int{1, 4, 16, 64, 256, 1024}, Rates: []float64{1000, 5000, 10000, 20000},
		PacedFor: time.Second, TLSConns: 3000, Burst: 20000,
	}
}

// Targets of docs/performance.md.
const (
	overWebdis    = 1.5
	overOK        = 0.8
	cpuOverWebdis = 0.5
	memoryKiB     = 20
	burstSeconds  = 1
)

// Report measures everything and prints it as it comes.
func (g *Ground) Report(ctx context.Context, plan Plan, w io.Writer) error {
	parts := []struct {
		name    string
		measure func(context.Context, Plan, io.Writer) error
	}{{"compare", g.compare}, {"curve", g.curve}, {"orders", g.orders}, {"burst", g.burst}, {"memory", g.memory}}
	for _, p := range parts {
		if len(plan.Only) > 0 && !slices.Contains(plan.Only, p.name) {
			continue
		}
		if err := p.measure(ctx, plan, w); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

func write(w io.Writer, figures ...Figure) error {
	for i := range figures {
		if err := figures[i].Write(w); err != nil {
			return err
		}
	}
	return nil
}

// compare runs intake and peers in turns.
func (g *Ground) compare(ctx context.Context, plan Plan, w io.Writer) error {
	for _, conns := range plan.Conns {
		turns := make([]map[string]Sample, plan.Turns)
		for t := range turns {
			turns[t] = map[string]Sample{}
			for _, name := range []string{NameIntake, NameOK, NameWebdis, NameNginx, NameInMemory} {
				s, err := g.Measure(ctx, name, Load{Conns: conns, Threads: plan.Threads, Lasting: plan.Lasting})
				if err != nil {
					return err
				}
				turns[t][name] = s
				fmt.Fprintf(w, "# turn %d of %d, %d connections: %-22s %7.0f/s, %5.1f µs processor time each, p50 %s, p99 %s\n",
					t+1, plan.Turns, conns, name, s.Rate, s.PerAck.Seconds()*1e6, s.P50, s.P99)
			}
		}
		if err := write(w, compared(conns, turns)...); err != nil {
			return err
		}
	}
	return nil
}

// compared takes ratios within each turn and the median of the turns.
func compared(conns int, turns []map[string]Sample) []Figure {
	over := func(a, b string, of func(Sample) float64) float64 {
		var ratios []float64
		for _, t := range turns {
			ratios = append(ratios, of(t[a])/of(t[b]))
		}
		return median(ratios)
	}
	middle := func(name string, of func(Sample) float64) float64 {
		var v []float64
		for _, t := range turns {
			v = append(v, of(t[name]))
		}
		return median(v)
	}
	rate := func(s Sample) float64 { return s.Rate }
	cpu := func(s Sample) float64 { return s.PerAck.Seconds() * 1e6 }
	at := func(name string) string { return fmt.Sprintf("%s_at_%d_connections", name, conns) }
	return []Figure{
		plain(at("durable_acknowledgements"), middle(NameIntake, rate), "/s"),
		plain(at("ok_handler"), middle(NameOK, rate), "/s"),
		plain(at("webdis_xadd"), middle(NameWebdis, rate), "/s"),
		plain(at("nginx_static"), middle(NameNginx, rate), "/s"),
		plain(at("intake_processor_time"), middle(NameIntake, cpu), "µs/ack"),
		plain(at("webdis_processor_time"), middle(NameWebdis, cpu), "µs/ack"),
		atLeast(at("durable_over_webdis"), over(NameIntake, NameWebdis, rate), "ratio", overWebdis),
		atLeast(at("durable_over_ok"), over(NameIntake, NameOK, rate), "ratio", overOK),
		atMost(at("processor_time_over_webdis"), over(NameIntake, NameWebdis, cpu), "ratio", cpuOverWebdis),
		atLeast(at("durable_over_webdis_redis_in_memory"), over(NameInMemory, NameWebdis, rate), "ratio", overWebdis),
		atLeast(at("durable_over_ok_redis_in_memory"), over(NameInMemory, NameOK, rate), "ratio", overOK),
		atMost(at("processor_time_over_webdis_redis_in_memory"), over(NameInMemory, NameWebdis, cpu), "ratio", cpuOverWebdis),
	}
}

// curve shows what an acknowledgement costs as more connections make batches grow.
func (g *Ground) curve(ctx context.Context, plan Plan, w io.Writer) error {
	fmt.Fprintln(w, "# connections\tacks/s\tµs of processor time per ack\tacks per batch\tfdatasyncs per 1,000 acks")
	for _, conns := range plan.CurveConns {
		s, err := g.Measure(ctx, NameIntake, Load{Conns: conns, Threads: plan.Threads, Lasting: plan.Lasting})
		if err != nil {
			return err
		}
		answers := max(1, float64(s.Answers))
		fmt.Fprintf(w, "CURVE\t%d\t%.0f\t%.1f\t%.1f\t%.1f\n",
			conns, s.Rate, s.PerAck.Seconds()*1e6, answers/max(1, s.Batches), 1000*s.Batches/answers)
	}
	return nil
}

func (g *Ground) orders(ctx context.Context, plan Plan, w io.Writer) error {
	for _, rate := range plan.Rates {
		count := int(rate * plan.PacedFor.Seconds())
		a, err := g.Order(ctx, plan.TLSConns, count, rate)
		if err != nil {
			return err
		}
		at := func(name string) string { return fmt.Sprintf("%s_at_%.0f_per_second", name, rate) }
		if err := write(w,
			atMost(at("misplaced_arrivals"), float64(a.Kernel.Misplaced), "arrivals", 0),
			plain(at("misplaced_by_handler_time"), float64(a.Handlers.Misplaced), "arrivals"),
			plain(at("farthest_by_handler_time"), float64(a.Handlers.Farthest), "places"),
			plain(at("stamps_not_from_the_kernel"), float64(a.Sent-a.Source[clickday.StampKernel]), "arrivals"),
			atMost(at("lost"), float64(a.Lost), "arrivals", 0),
		); err != nil {
			return err
		}
	}
	return nil
}

func (g *Ground) burst(ctx context.Context, plan Plan, w io.Writer) error {
	a, err := g.Order(ctx, plan.TLSConns, plan.Burst, float64(plan.Burst))
	if err != nil {
		return err
	}
	return write(w,
		atMost("burst_lost", float64(a.Lost), "arrivals", 0),
		plain("burst_p50", a.Latency.Quantile(0.5).Seconds(), "s"),
		atMost("burst_p99", a.Latency.Quantile(0.99).Seconds(), "s", burstSeconds),
		plain("burst_longest", a.Latency.Max().Seconds(), "s"),
	)
}

func (g *Ground) memory(ctx context.Context, plan Plan, w io.Writer) error {
	bytes, err := g.IdleMemory(ctx, plan.TLSConns)
	if err != nil {
		return err
	}
	return write(w, atMost("memory_of_an_idle_TLS_connection", bytes/1024, "KiB", memoryKiB))
}
